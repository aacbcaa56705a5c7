"""Everything that a backtest of the score found, and its words: what a trader may believe of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from risk.chapters import Chapter, Grid
from risk.crash_study import CRASHES, CrashRow, PositionRow
from risk.ranking import Area
from risk.score_study import (
    BASELINES,
    EVENT_FALL,
    Bin,
    Judgement,
    LevelRow,
    advantage,
    alarms,
    areas,
    level_rows,
    reliability,
    shares_by_year,
)

NAMES = {
    "score": "score",
    "atr": "ATR / close alone",
    "ewma": "EWMA sigma alone",
    "garch": "GARCH sigma alone",
}
ALL, FINE, HOURLY = "all", "15-minute bars", "hourly bars"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One track: what it holds, how often the level rose to high, and how often for nothing."""

    symbol: str
    bar_s: int
    first: float
    last: float
    evaluations: int
    absent: tuple[str, ...]
    is_garch: float
    rises: int
    false: int
    weeks: float


@dataclass(frozen=True, slots=True, kw_only=True)
class YearRow:
    """Calm time of one symbol in one year: its share of the year's evaluations, and the levels in it."""

    symbol: str
    bar_s: int
    year: int
    calm_share: float
    high_share: float
    extreme_share: float
    evaluations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One run. Groups are "all", "15-minute bars" and "hourly bars"; absent where there are no such bars."""

    profile: str
    limits_version: str
    notional_usdt: float
    side: int
    levels: Mapping[str, tuple[LevelRow, ...]]
    areas: Mapping[str, Mapping[str, Area]]
    advantages: Mapping[str, Mapping[str, tuple[float, float]]]
    bins: tuple[Bin, ...]
    tracks: tuple[AlarmRow, ...]
    years: tuple[YearRow, ...]
    crashes: tuple[CrashRow, ...]
    positions: tuple[PositionRow, ...]
    sources: tuple[str, ...]


def findings(
    judged: Sequence[Judgement],
    crashes: Iterable[CrashRow],
    positions: Iterable[PositionRow],
    *,
    profile: str,
    limits_version: str,
    notional_usdt: float,
    side: int,
) -> Findings:
    """The tracks' judgements summed up, all and apart by the length of their bars."""
    groups = {ALL: list(judged), FINE: [j for j in judged if j.track.bar_s == 900]}
    groups[HOURLY] = [j for j in judged if j.track.bar_s != 900]
    groups = {name: found for name, found in groups.items() if found}
    return Findings(
        profile=profile,
        limits_version=limits_version,
        notional_usdt=notional_usdt,
        side=side,
        levels={name: level_rows(found) for name, found in groups.items()},
        areas={name: areas(found) for name, found in groups.items()},
        advantages={name: advantage(found) for name, found in groups.items()},
        bins=reliability(judged),
        tracks=tuple(map(_alarm_row, judged)),
        years=tuple(row for j in judged for row in _years(j)),
        crashes=tuple(crashes),
        positions=tuple(positions),
        sources=tuple(sorted({name for j in judged for name in j.track.sources})),
    )


def _alarm_row(j: Judgement) -> AlarmRow:
    rises, false, weeks = alarms(j)
    return AlarmRow(
        symbol=j.track.symbol, bar_s=j.track.bar_s, first=float(j.track.at[0]), last=float(j.track.at[-1]),
        evaluations=len(j.track), absent=tuple(sorted(j.track.absent)), is_garch=j.track.is_garch,
        rises=rises, false=false, weeks=weeks,
    )  # fmt: skip


def _years(j: Judgement) -> list[YearRow]:
    return [
        YearRow(symbol=j.track.symbol, bar_s=j.track.bar_s, year=year, calm_share=calm, high_share=high,
                extreme_share=extreme, evaluations=int(count))
        for year, calm, high, extreme, count in shares_by_year(j)
    ]  # fmt: skip


def verdict(found: Findings) -> tuple[str, ...]:
    """Whether the score ranks the days ahead, and whether better than one number alone, in words."""
    score = found.areas[ALL]["score"]
    words = [
        f"Of two instants, one before a fall of more than {100 * EVENT_FALL:g} % within 24 h and one before "
        f"none, the score is higher at the first with a probability of {score.value:.3f} (95 % interval by "
        f"weeks {score.low:.3f} to {score.high:.3f}); 0.5 would be a coin."
    ]
    for name in BASELINES:
        low, high = found.advantages[ALL][name]
        own = found.areas[ALL][name].value
        if math.isnan(low):
            continue
        said = "ranks better than" if low > 0 else "ranks worse than" if high < 0 else "cannot be told from"
        words.append(f"The score {said} {NAMES[name]} ({own:.3f}; difference {low:+.3f} to {high:+.3f}).")
    rises, false = (sum(getattr(row, n) for row in found.tracks) for n in ("rises", "false"))
    weeks = sum(row.weeks for row in found.tracks)
    if rises:
        words.append(
            f"The level rose to high {rises} times in {weeks:.0f} symbol-weeks; {false} of them were not "
            f"followed by such a fall: {false / weeks:.2f} false alarms per symbol and week."
        )
    early = sum(row.lead_s is not None and row.lead_s > 0 for row in found.crashes)
    words.append(
        f"It stood at high before the largest fall in {early} of {len(found.crashes)} crashes and symbols."
    )
    return tuple(words)


def chapters(found: Findings) -> tuple[Chapter, ...]:
    """The whole report."""
    return (
        Chapter("Verdict", verdict(found)),
        Chapter("Levels and what followed", (LEVEL_WORDS,), tuple(_levels(found))),
        Chapter("Ranking", (RANKING_WORDS,), (_ranking(found),)),
        Chapter("Reliability", (BIN_WORDS,), (_bins(found),)),
        Chapter("Crashes", (CRASH_WORDS, *_uncovered(found)), (_crashes(found), _positions(found))),
        Chapter("Calm time", (CALM_WORDS,), (_calm(found),)),
        Chapter("What was judged", (TRACK_WORDS,), (_tracks(found),)),
    )


LEVEL_WORDS = (
    'A fall is from a close to the lowest low of the time ahead. "1 in 20" is the fall that one evaluation '
    "in twenty exceeded. Shares weigh hours, not rows."
)
RANKING_WORDS = (
    "Area under the ROC curve for a fall of more than 5 % within 24 h, on the same rows for all; the "
    "interval resamples whole weeks, all symbols together. Part of every area is that some coins "
    "always move more."
)
BIN_WORDS = (
    "A score is no probability. How often the fall followed, by tens of the score: it should rise from line "
    "to line."
)
CRASH_WORDS = (
    "First times are looked for from three days before the crash's first day. The lead is from the first "
    "high to the close of the bar with the largest fall; below zero it came after. An exit's cost is the "
    "square-root law, sigma 24 h · √(notional / volume of the day), because no archive holds the books. A "
    "position is isolated, entered at the close three days before, on today's brackets, with the last price "
    "as mark; times are hours before its liquidation."
)
CALM_WORDS = (
    "A week is calm where no close of it or of its neighbours begins a fall of 10 % within 24 h. The aim is "
    "high in at most 5 % and extreme in at most 1 % of that time."
)
TRACK_WORDS = (
    "What an archive cannot hold is named and not expected; all else that is missing counts as missing. A "
    " settled funding rate stands for the running one for at most 1.5 intervals. There is no account: "
    "leverage is not judged but for the positions above. GARCH: share of evaluations whose forecast came "
    "from it; elsewhere fewer than 1,000 hours were known, or the fit was refused and EWMA stood in."
)


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction as percent; a dash where it is not known."""
    return "–" if value is None or not math.isfinite(value) else f"{100.0 * value:.{digits}f} %"


def moment(at: float | None) -> str:
    """Seconds since 1970 as UTC to the minute; a dash where it never was."""
    return "–" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def hours(seconds: float | None, *, at_least: bool = False) -> str:
    """Seconds as hours."""
    return "–" if seconds is None else f"{'≥ ' if at_least else ''}{seconds / 3600.0:+.1f} h"


def _levels(found: Findings) -> Iterable[Grid]:
    head = ("level", "evaluations", "share of time", "median 1 h", "1 in 20, 1 h", "median 24 h",
            "1 in 20, 24 h", "fell > 5 % in 24 h")  # fmt: skip
    for name, rows in found.levels.items():
        cells = tuple(
            (r.level, f"{r.evaluations:,}", percent(r.share), percent(r.median_1h, 2),
             percent(r.worst_5pct_1h, 2), percent(r.median_24h, 2), percent(r.worst_5pct_24h, 2),
             percent(r.event_share))
            for r in rows
        )  # fmt: skip
        yield Grid(head, cells, name)


def _ranking(found: Findings) -> Grid:
    rows = []
    for group, members in found.areas.items():
        for name, one in members.items():
            low, high = found.advantages[group].get(name, (math.nan, math.nan))
            beside = "" if name == "score" else f"{low:+.3f} to {high:+.3f}"
            rows.append((group, NAMES[name], f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", beside,
                         f"{one.rows:,}", f"{one.events:,}"))  # fmt: skip
    return Grid(("bars", "ranked by", "area", "95 %", "score minus it, 95 %", "rows", "falls"), tuple(rows))


def _bins(found: Findings) -> Grid:
    rows = tuple((f"{b.low} to {b.high}", f"{b.evaluations:,}", percent(b.event_share)) for b in found.bins)
    return Grid(("score", "evaluations", "fell > 5 % in 24 h"), rows)


def _uncovered(found: Findings) -> tuple[str, ...]:
    missing = [c.name for c in CRASHES if c.name not in {row.crash for row in found.crashes}]
    if not missing:
        return ()
    return (f"No archive has bars of an hour or less for {', '.join(missing)}: nothing can be said of it.",)


def _crashes(found: Findings) -> Grid:
    head = ("crash", "symbol", "bars", "largest fall at", "fall", "first high", "first extreme", "lead",
            "exit at first high", "exit at the fall")  # fmt: skip
    rows = tuple(
        (r.crash, r.symbol, _bar(r.bar_s), moment(r.fall_at), percent(r.fall), moment(r.first_high),
         moment(r.first_extreme), hours(r.lead_s, at_least=r.was_high), percent(r.cost_high, 2),
         percent(r.cost_fall, 2))
        for r in found.crashes
    )  # fmt: skip
    return Grid(head, rows, f"exit of {found.notional_usdt:,.0f} USDT, by score profile {found.profile}")


def _positions(found: Findings) -> Grid:
    head = ("crash", "symbol", "leverage", "entry", "liquidation at", "liquidated", "distance warning",
            "critical", "level high")  # fmt: skip

    def before(row: PositionRow, at: float | None) -> str:
        if at is None:
            return "never"
        return moment(at) if row.liquidated_at is None else hours(row.liquidated_at - at)

    rows = tuple(
        (r.crash, r.symbol, f"{r.leverage:g}x", f"{r.entry_price:g}",
         "–" if r.liquidation_price is None else f"{r.liquidation_price:.6g}",
         "survived" if r.liquidated_at is None else moment(r.liquidated_at),
         before(r, r.warned_at), before(r, r.critical_at), before(r, r.level_at))
        for r in found.positions
    )  # fmt: skip
    side = "longs" if found.side > 0 else "shorts"
    return Grid(head, rows, f"hypothetical {side} of {found.notional_usdt:,.0f} USDT")


def _calm(found: Findings) -> Grid:
    rows = tuple(
        (r.symbol, _bar(r.bar_s), str(r.year), percent(r.calm_share), percent(r.high_share, 2),
         percent(r.extreme_share, 2), f"{r.evaluations:,}")
        for r in found.years
    )  # fmt: skip
    return Grid(("symbol", "bars", "year", "of it calm", "high or above", "extreme", "evaluations"), rows)


def _tracks(found: Findings) -> Grid:
    head = ("symbol", "bars", "first", "last", "evaluations", "cannot be there", "GARCH", "rises to high",
            "false", "false a week")  # fmt: skip
    rows = tuple(
        (r.symbol, _bar(r.bar_s), moment(r.first), moment(r.last), f"{r.evaluations:,}",
         ", ".join(r.absent), percent(r.is_garch, 0), str(r.rises), str(r.false), f"{r.false / r.weeks:.2f}")
        for r in found.tracks
    )  # fmt: skip
    return Grid(head, rows)


def _bar(bar_s: int) -> str:
    return "15m" if bar_s == 900 else "1h"
