"""The judge put before the past: `decide` on a virtual clock, and the same score many rows at a time.

`walk` makes the state of every instant and calls `decide`, alerts and all, as the live flow does. `replay`
gives `score_columns` and the hysteresis one symbol at n instants instead of n symbols at one; both paths
give the same composite and the same level, which a test holds them to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk import exposure
from risk.decision import decide
from risk.hypothetical import Hypothetical
from risk.hysteresis import reported_levels
from risk.limits import Limits
from risk.open_orders import READ_FACTS
from risk.records import SLIPPAGE_LADDER_USDT, AccountSnapshot, Alert, PositionSnapshot
from risk.recurrence import Series
from risk.scorecard import Judged, score_columns
from risk.state import INPUT_COLUMNS, Column, Decision, State
from risk.tracks import Track

CHUNK = 16_384  # rows scored at a time: what they need fits the cache
ANSWERED = ("exchange_answered_at", *(f"{name}_at" for name in READ_FACTS.values()))
"""Facts whose time is always now: a hypothetical position has no orders, and that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A track judged; arrays over its evaluations.

    Attributes:
        composite, weighted: before rounding, NaN without a score.
        raw_level, level: indices into LEVELS, -1 without a score; `level` is the reported one.
        dimensions: (n, 4).
        missing: bit mask of expected components that are not there.
    """

    composite: Column
    weighted: Column
    raw_level: NDArray[np.int8]
    level: NDArray[np.int8]
    dimensions: NDArray[np.float32]
    missing: NDArray[np.int32]


def replay(track: Track, limits: Limits, held: Hypothetical | None = None) -> Replayed:
    """Every evaluation of a track by the live arithmetic, CHUNK rows at a time.

    Args:
        held: a position open from the close of the first evaluation until a later bar reaches its
            liquidation price.
    """
    n = len(track)
    composite, weighted = np.empty(n), np.empty(n)
    raw, missing = np.empty(n, dtype=np.int8), np.empty(n, dtype=np.int32)
    dimensions = np.empty((n, 4), dtype=np.float32)
    gone = 1 + held.gone_at(track.high[1:], track.low[1:]) if held else 0
    for first in range(0, n, CHUNK):
        rows = slice(first, min(first + CHUNK, n))
        judged = _judged(track, rows, limits, held, gone)
        composite[rows], weighted[rows] = judged.composite, judged.weighted
        raw[rows], missing[rows] = judged.raw_level, judged.missing
        dimensions[rows] = judged.dimensions
    return Replayed(
        composite=composite,
        weighted=weighted,
        raw_level=raw,
        level=reported_levels(composite, limits),
        dimensions=dimensions,
        missing=missing,
    )


def _judged(track: Track, rows: slice, limits: Limits, held: Hypothetical | None, gone: int) -> Judged:
    at = track.at[rows]
    columns = {name: column[rows] for name, column in track.columns.items()}
    if held is None:
        pool = exposure.flat(len(at))
    else:
        pool = held.exposure(at, track.close[rows], np.arange(rows.start, rows.stop) < gone)
    return score_columns(columns, None, None, pool, limits, at, absent=track.absent)


def walk(
    track: Track, limits: Limits, held: Hypothetical | None = None, *, start: int = 0, stop: int | None = None
) -> Iterator[tuple[State, Decision]]:
    """One decision after another, each told what the one before remembered.

    Args:
        held: open from the close of evaluation `start` until a later bar reaches its liquidation price.
        start, stop: evaluations of the track; the hysteresis begins at `start`.
    """
    last = len(track) if stop is None else min(stop, len(track))
    ahead = slice(start + 1, last)
    gone = start + 1 + held.gone_at(track.high[ahead], track.low[ahead]) if held else 0
    carried: dict[str, Any] = {}
    for i in range(start, last):
        now = datetime.fromtimestamp(float(track.at[i]), UTC)
        state = _state(track, i, now, held, is_open=i < gone, carried=carried)
        decision = decide(state, limits, now)
        yield state, decision
        carried = {"memory": decision.scores.memory, "alerts": standing(state, decision)}


def standing(state: State, decision: Decision) -> Mapping[tuple[str, str], Alert]:
    """The alerts that the next evaluation finds, as the database would hand them over."""
    alerts = dict(state.alerts)
    for alert in sorted(decision.alerts, key=lambda a: a.phase != "resolved"):
        if alert.phase == "resolved":
            alerts.pop((alert.name, alert.scope), None)
        else:
            alerts[alert.name, alert.scope] = alert
    return alerts


def _state(
    track: Track, i: int, now: datetime, held: Hypothetical | None, *, is_open: bool, carried: dict[str, Any]
) -> State:
    known, gap = track.columns, np.array([np.nan])
    columns = {name: known[name][i : i + 1] if name in known else gap for name in INPUT_COLUMNS}
    rungs = np.full((1, len(SLIPPAGE_LADDER_USDT)), np.nan)
    account: AccountSnapshot | None = None
    positions: tuple[PositionSnapshot, ...] = ()
    if held is not None:
        account, positions = held.account(now, float(track.close[i]), is_open=is_open)
    return State(
        symbols=(track.symbol,),
        columns=columns,
        sell_slippage=rungs,
        buy_slippage=rungs,
        account=account,
        positions=positions,
        watches_account=held is not None,
        brackets={track.symbol: held.ladder} if held else {},
        facts={name: now.timestamp() for name in ANSWERED} | {"key_can_trade": 0.0},
        absent=track.absent,
        **carried,
    )


def forward_fall(track: Track, horizon_s: float) -> Series:
    """From each close to the lowest low of the `horizon_s` seconds that follow, a fraction, 0 or below.

    NaN where a bar of that time is missing, and at the end.
    """
    steps = round(horizon_s / track.bar_s)
    n = len(track)
    found = np.full(n, np.nan)
    if n <= steps:
        return found
    lowest, width = track.low[1:].copy(), 1
    while width < steps:  # the minimum over twice the width from two of the width
        shift = min(width, steps - width)
        lowest = np.minimum(lowest[:-shift], lowest[shift:])
        width += shift
    ends = track.at[steps:] - track.at[:-steps]
    ahead = np.minimum(lowest[: n - steps] / track.close[: n - steps] - 1.0, 0.0)
    found[: n - steps] = np.where(np.abs(ends - steps * track.bar_s) < 1.0, ahead, np.nan)
    return found
