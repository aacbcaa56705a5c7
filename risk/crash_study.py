"""Past crashes one by one: when the score spoke, how long before the fall, what it meant to a position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from risk.hypothetical import Hypothetical
from risk.limits import Limits
from risk.liquidity import square_root_law
from risk.records import LeverageBracket
from risk.replay import walk
from risk.score_study import HIGH, Judgement, alarms
from risk.state import ACCOUNT_SCOPE
from risk.tracks import Track

LEAD_S = 3 * 86_400  # the score is looked at from here before the first day of the crash
LEVERAGES = (5, 10, 20)


@dataclass(frozen=True, slots=True)
class Crash:
    """A crash by its days (UTC); `end` is exclusive."""

    name: str
    begin: datetime
    end: datetime


def _days(name: str, first: str, end: str) -> Crash:
    begin, until = (datetime.fromisoformat(x).replace(tzinfo=UTC) for x in (first, end))
    return Crash(name, begin, until)


CRASHES = (
    _days("March 2020", "2020-03-08", "2020-03-15"),
    _days("May 2021", "2021-05-12", "2021-05-25"),
    _days("May-June 2022", "2022-06-10", "2022-06-20"),
    _days("November 2022", "2022-11-06", "2022-11-11"),
    _days("January 2024", "2024-01-02", "2024-01-13"),
    _days("August 2024", "2024-08-02", "2024-08-07"),
    _days("October 2025", "2025-10-10", "2025-10-13"),
)
"""Of May-June 2022 the days of June: the archives begin there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashRow:
    """One crash in one symbol. Times are seconds since 1970, None: it never happened.

    Attributes:
        fall_at, fall: the close of the bar with the largest fall from close to close, and that fall.
        first_high, first_extreme: first evaluation of the window at that level or above.
        was_high: whether the window began at high, so that the lead is at least what it says.
        high_before: whether the level was high at the close before the bar with the largest fall.
        lead_s: from the first high to the largest fall; below 0: it came after.
        cost_high, cost_fall: what selling `notional` at market would have paid at the first high and at the
            largest fall, fraction of mid by the square-root law on the day's volume.
        false_a_week: rises to high of the whole track that no such fall followed, per week.
    """

    crash: str
    symbol: str
    bar_s: int
    fall_at: float
    fall: float
    first_high: float | None
    first_extreme: float | None
    was_high: bool
    high_before: bool
    lead_s: float | None
    cost_high: float | None
    cost_fall: float | None
    false_a_week: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """What happened to a hypothetical position entered at the close of the window's first evaluation.

    Attributes:
        liquidated_at: seconds since 1970, None: it survived the window.
        warned_at, critical_at, level_at: first time that the alert on its distance stood as a warning, as
            critical, and that the symbol's level was high or above.
    """

    crash: str
    symbol: str
    side: int
    leverage: float
    entry_price: float
    liquidation_price: float | None
    liquidated_at: float | None
    warned_at: float | None
    critical_at: float | None
    level_at: float | None


def window(track: Track, crash: Crash) -> slice | None:
    """The evaluations from LEAD_S before the crash to its end; None where the track has none of its days."""
    first, begin, end = np.searchsorted(
        track.at, [crash.begin.timestamp() - LEAD_S, crash.begin.timestamp(), crash.end.timestamp() + 1.0]
    ).tolist()
    return slice(first, end) if end - begin > 1 else None


def crash_row(said: Judgement, crash: Crash, notional_usdt: float) -> CrashRow | None:
    """What the score said around a crash; None where the track does not reach it."""
    rows = window(said.track, crash)
    if rows is None:
        return None
    track, level = said.track, said.said.level[rows]
    at, close = track.at[rows], track.close[rows]
    moves = np.where(np.diff(at) <= 1.5 * track.bar_s, np.diff(close) / close[:-1], 0.0)
    worst = int(np.argmin(moves)) + 1
    high, extreme = (np.flatnonzero(level >= k) for k in (HIGH, HIGH + 1))
    turnover = track.columns["quote_volume_24h"][rows]
    cost = square_root_law(np.full(len(at), notional_usdt), track.columns["sigma_24h"][rows], turnover)
    first = int(high[0]) if len(high) else None
    _, false, weeks = alarms(said)
    return CrashRow(
        crash=crash.name,
        symbol=track.symbol,
        bar_s=track.bar_s,
        fall_at=float(at[worst]),
        fall=float(moves[worst - 1]),
        first_high=None if first is None else float(at[first]),
        first_extreme=float(at[extreme[0]]) if len(extreme) else None,
        was_high=first == 0,
        high_before=bool(level[worst - 1] >= HIGH),
        lead_s=None if first is None else float(at[worst] - at[first]),
        cost_high=None if first is None else _known(cost[first]),
        cost_fall=_known(cost[worst]),
        false_a_week=false / weeks,
    )


def position_rows(
    track: Track,
    crash: Crash,
    limits: Limits,
    ladder: tuple[LeverageBracket, ...],
    *,
    side: int,
    notional_usdt: float,
    leverages: Sequence[float] = LEVERAGES,
) -> tuple[PositionRow, ...]:
    """A position of each leverage, judged row by row by `decide` with its alerts."""
    rows = window(track, crash)
    if rows is None or not ladder:
        return ()
    return tuple(
        _lived(track, rows, crash.name, limits, Hypothetical(
            symbol=track.symbol, side=side, leverage=leverage, entry_price=float(track.close[rows.start]),
            notional_usdt=notional_usdt, ladder=ladder,
        ))
        for leverage in leverages
    )  # fmt: skip


def _lived(track: Track, rows: slice, crash: str, limits: Limits, held: Hypothetical) -> PositionRow:
    scope = f"{track.symbol}/{'LONG' if held.side > 0 else 'SHORT'}"
    first: dict[str, float] = {}
    gone: float | None = None
    for state, decision in walk(track, limits, held, start=rows.start, stop=rows.stop):
        at = decision.decided_at.timestamp()
        if not state.positions:
            gone = at
            break
        if (
            max(decision.scores.level[decision.scores.scopes.index(s)] for s in (track.symbol, ACCOUNT_SCOPE))
            >= HIGH
        ):
            first.setdefault("level", at)
        alert = next(
            (a for a in decision.alerts if (a.name, a.scope) == ("liquidation_distance", scope)), None
        )
        if alert is not None and alert.phase == "firing":
            first.setdefault("warned", at)
            if alert.severity == "critical":
                first.setdefault("critical", at)
    return PositionRow(
        crash=crash, symbol=track.symbol, side=held.side, leverage=held.leverage,
        entry_price=held.entry_price, liquidation_price=held.liquidation.price, liquidated_at=gone,
        warned_at=first.get("warned"), critical_at=first.get("critical"), level_at=first.get("level"),
    )  # fmt: skip


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
