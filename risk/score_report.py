"""The words and tables of a backtest of the score: what a trader may believe of it, in each language."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

from risk.catalogue import figure, say
from risk.chapters import Chapter, Grid
from risk.crash_study import CRASHES, PositionRow
from risk.score_findings import ALL, FINE, FINE_S, HOURLY, Findings
from risk.score_study import BASELINES, EVENT_FALL

BARS = {ALL: "all", FINE: "quarter", HOURLY: "hour"}
PREFIX = "backtest.score"
CALM_HIGH, CALM_EXTREME = 0.05, 0.01  # of calm time, at most


def verdict(found: Findings, language: str = "en") -> tuple[str, ...]:
    """Whether the score ranks the days ahead, and whether better than one number alone, in words."""
    tell = partial(_say, language)
    score, event = found.areas[ALL]["score"], percent(EVENT_FALL, 0)
    if math.isnan(score.value):
        words = [tell("verdict.nothing", event=event)]
    else:
        edges = {name: _three(getattr(score, name)) for name in ("value", "low", "high")}
        words = [tell("verdict.area", event=event, **edges)]
    for name in BASELINES:
        low, high = found.advantages[ALL][name]
        if math.isnan(low):
            continue
        which = "better" if low > 0 else "worse" if high < 0 else "same"
        edges = {"low": f"{low:+.3f}", "high": f"{high:+.3f}", "area": _three(found.areas[ALL][name].value)}
        words.append(tell(f"verdict.{which}", name=tell(f"ranked.{name}"), **edges))
    if score.rows:
        words.append(tell("verdict.base", event=event, share=percent(score.events / score.rows)))
    return (*words, *_warnings(found, language))


def _warnings(found: Findings, language: str) -> Iterable[str]:
    rises, false = (sum(getattr(row, n) for row in found.tracks) for n in ("rises", "false"))
    weeks = sum(row.weeks for row in found.tracks)
    if rises:
        counts = {"rises": str(rises), "weeks": f"{weeks:.0f}", "false": str(false)}
        yield _say(language, "verdict.alarms", rate=f"{false / weeks:.2f}", **counts)
    early = sum(row.lead_s is not None and row.lead_s > 0 for row in found.crashes)
    before = sum(row.high_before for row in found.crashes)
    if found.crashes:
        counts = {"early": str(early), "before": str(before), "crashes": str(len(found.crashes))}
        yield _say(language, "verdict.early", **counts)


def chapters(found: Findings, language: str = "en") -> tuple[Chapter, ...]:
    """The whole report."""
    tell = partial(_say, language)
    parts: tuple[tuple[str, tuple[str, ...], tuple[Grid, ...]], ...] = (
        ("verdict", verdict(found, language), ()),
        ("levels", (tell("levels.words"),), tuple(_levels(found, language))),
        ("ranking", (tell("ranking.words"),), (_ranking(found, language),)),
        ("reliability", (tell("reliability.words"),), (_bins(found, language),)),
        (
            "crashes",
            (tell("crashes.words"), *_uncovered(found, language)),
            (_crashes(found, language), _positions(found, language)),
        ),
        ("calm", (tell("calm.words"), *_aim(found, language)), (_calm(found, language),)),
        ("tracks", (tell("tracks.words"),), (_tracks(found, language),)),
    )
    return tuple(Chapter(tell(f"{name}.heading"), words, grids, name) for name, words, grids in parts)


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction as percent; a dash where it is not known."""
    return "–" if value is None or not math.isfinite(value) else f"{100.0 * value:.{digits}f} %"


def moment(at: float | None) -> str:
    """Seconds since 1970 as UTC to the minute; a dash where it never was."""
    return "–" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def hours(seconds: float | None, *, at_least: bool = False) -> str:
    """Seconds as hours."""
    return "–" if seconds is None else f"{'≥ ' if at_least else ''}{seconds / 3600.0:+.1f} h"


def _say(language: str, name: str, /, **figures: str) -> str:
    return say(language, f"{PREFIX}.{name}", **figures)


def _three(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"


def _between(language: str, low: str, high: str) -> str:
    return "–" if "–" in (low, high) else _say(language, "between", low=low, high=high)


def _head(language: str, *names: str) -> tuple[str, ...]:
    return tuple(_say(language, f"column.{name}") for name in names)


def _levels(found: Findings, language: str) -> Iterable[Grid]:
    head = _head(
        language, "level", "evaluations", "share", "median_1h", "worst_1h", "median_24h", "worst_24h", "event"
    )
    for name, rows in found.levels.items():
        cells = tuple(
            (figure(language, r.level, "level"), f"{r.evaluations:,}", percent(r.share),
             percent(r.median_1h, 2), percent(r.worst_5pct_1h, 2), percent(r.median_24h, 2),
             percent(r.worst_5pct_24h, 2), percent(r.event_share))
            for r in rows
        )  # fmt: skip
        yield Grid(head, cells, _say(language, f"bars.{BARS[name]}"))


def _ranking(found: Findings, language: str) -> Grid:
    tell = partial(_say, language)
    rows = []
    for group, members in found.areas.items():
        for name, one in members.items():
            low, high = found.advantages[group].get(name, (math.nan, math.nan))
            beside = "" if math.isnan(low) else _between(language, f"{low:+.3f}", f"{high:+.3f}")
            own = _between(language, _three(one.low), _three(one.high))
            rows.append((tell(f"bars.{BARS[group]}"), tell(f"ranked.{name}"), _three(one.value), own, beside,
                         f"{one.rows:,}", f"{one.events:,}"))  # fmt: skip
    head = _head(language, "bars", "ranked_by", "area", "interval", "beside", "rows", "falls")
    return Grid(head, tuple(rows))


def _bins(found: Findings, language: str) -> Grid:
    rows = tuple(
        (_between(language, str(b.low), str(b.high)), f"{b.evaluations:,}", percent(b.event_share),
         _between(language, percent(b.event_low), percent(b.event_high)))
        for b in found.bins
    )  # fmt: skip
    return Grid(_head(language, "score", "evaluations", "event", "interval"), rows)


def _uncovered(found: Findings, language: str) -> tuple[str, ...]:
    reached = {row.crash for row in found.crashes}
    missing = [_say(language, f"crash.{c.name}") for c in CRASHES if c.name not in reached]
    if not missing:
        return ()
    return (_say(language, "crashes.uncovered", crashes=("、" if language == "zh" else ", ").join(missing)),)


def _crashes(found: Findings, language: str) -> Grid:
    head = _head(
        language, "crash", "symbol", "bars", "fall_at", "fall", "first_high", "first_extreme", "lead",
        "high_before", "false_a_week", "cost_high", "cost_fall",
    )  # fmt: skip
    rows = tuple(
        (_say(language, f"crash.{r.crash}"), r.symbol, _bar(r.bar_s), moment(r.fall_at), percent(r.fall),
         moment(r.first_high), moment(r.first_extreme), hours(r.lead_s, at_least=r.was_high),
         _say(language, "yes" if r.high_before else "no"),
         f"{r.false_a_week:.2f}", percent(r.cost_high, 2), percent(r.cost_fall, 2))
        for r in found.crashes
    )  # fmt: skip
    caption = _say(language, "crashes.caption", notional=f"{found.notional_usdt:,.0f}", profile=found.profile)
    return Grid(head, rows, caption)


def _positions(found: Findings, language: str) -> Grid:
    head = _head(language, "crash", "symbol", "leverage", "entry", "liquidation_at", "liquidated", "warned",
                 "critical", "level_high")  # fmt: skip

    def before(row: PositionRow, at: float | None) -> str:
        if at is None:
            return _say(language, "never")
        return moment(at) if row.liquidated_at is None else hours(row.liquidated_at - at)

    rows = tuple(
        (_say(language, f"crash.{r.crash}"), r.symbol, f"{r.leverage:g}x", f"{r.entry_price:g}",
         "–" if r.liquidation_price is None else f"{r.liquidation_price:.6g}",
         _say(language, "survived") if r.liquidated_at is None else moment(r.liquidated_at),
         before(r, r.warned_at), before(r, r.critical_at), before(r, r.level_at))
        for r in found.positions
    )  # fmt: skip
    side = "long" if found.side > 0 else "short"
    return Grid(head, rows, _say(language, f"positions.{side}", notional=f"{found.notional_usdt:,.0f}"))


def _aim(found: Findings, language: str) -> Iterable[str]:
    """In how many years of calm time the level kept to its aim, and where it did not."""
    outside = [
        f"{r.symbol} {r.year} ({_bar(r.bar_s)})"
        for r in found.years
        if r.high_share > CALM_HIGH or r.extreme_share > CALM_EXTREME
    ]
    counts = {"met": str(len(found.years) - len(outside)), "all": str(len(found.years))}
    if found.years:
        yield _say(language, "calm.met", **counts)
    if outside:
        separator = "、" if language == "zh" else ", "
        yield _say(language, "calm.missed", names=separator.join(outside))


def _calm(found: Findings, language: str) -> Grid:
    rows = tuple(
        (r.symbol, _bar(r.bar_s), str(r.year), percent(r.calm_share), percent(r.high_share, 2),
         percent(r.extreme_share, 2), f"{r.evaluations:,}")
        for r in found.years
    )  # fmt: skip
    return Grid(_head(language, "symbol", "bars", "year", "calm", "high", "extreme", "evaluations"), rows)


def _tracks(found: Findings, language: str) -> Grid:
    head = _head(language, "symbol", "bars", "first", "last", "evaluations", "absent", "garch", "rises",
                 "false", "false_a_week")  # fmt: skip
    rows = tuple(
        (r.symbol, _bar(r.bar_s), moment(r.first), moment(r.last), f"{r.evaluations:,}",
         figure(language, r.absent, "components"), percent(r.is_garch, 0), str(r.rises), str(r.false),
         f"{r.false / r.weeks:.2f}")
        for r in found.tracks
    )  # fmt: skip
    return Grid(head, rows)


def _bar(bar_s: int) -> str:
    return "15m" if bar_s == FINE_S else "1h"
