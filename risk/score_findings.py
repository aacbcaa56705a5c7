"""Everything that a backtest of the score found: counted track by track, and summed up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from risk.crash_study import CRASHES, CrashRow, PositionRow
from risk.ranking import Area
from risk.score_study import Judgement, alarms, shares_by_year
from risk.score_tally import Bin, LevelRow, Tally, level_rows, merged, ranking, reliability

ALL, FINE, HOURLY = "all", "15-minute bars", "hourly bars"
FINE_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One track: what it holds, how often the level rose to high, and how often for nothing.

    Attributes:
        first, last: seconds since 1970.
        absent: components that the archives cannot give.
        is_garch: share of evaluations whose forecast came from GARCH.
        rises, false: rises to high with a known day ahead, and those that no fall followed.
    """

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
    """Calm time of one track in one year: its share of the year's evaluations, and the levels in it."""

    symbol: str
    bar_s: int
    first: float
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


@dataclass(slots=True)
class Collected:
    """What was found so far; a track that was added may be forgotten."""

    fine: Tally = field(default_factory=Tally)
    hourly: Tally = field(default_factory=Tally)
    tracks: list[AlarmRow] = field(default_factory=list)
    years: list[YearRow] = field(default_factory=list)
    crashes: list[CrashRow] = field(default_factory=list)
    positions: list[PositionRow] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)

    def add(
        self, judged: Judgement, crashes: Iterable[CrashRow] = (), positions: Iterable[PositionRow] = ()
    ) -> None:
        """Count one track, with what it was in past crashes."""
        (self.fine if judged.track.bar_s == FINE_S else self.hourly).add(judged)
        self.tracks.append(_alarm_row(judged))
        self.years += _years(judged)
        self.crashes += crashes
        self.positions += positions
        self.sources |= set(judged.track.sources)


def findings(
    found: Collected, *, profile: str, limits_version: str, notional_usdt: float, side: int
) -> Findings:
    """Everything summed up, all together and apart by the length of the bars."""
    groups = {FINE: found.fine, HOURLY: found.hourly}
    groups = {name: tally for name, tally in groups.items() if tally.evaluations.any()}
    groups = {ALL: merged(found.fine, found.hourly)} | groups
    ranked = {name: ranking(tally) for name, tally in groups.items()}
    order = {crash.name: i for i, crash in enumerate(CRASHES)}
    return Findings(
        profile=profile,
        limits_version=limits_version,
        notional_usdt=notional_usdt,
        side=side,
        levels={name: level_rows(tally) for name, tally in groups.items()},
        areas={name: areas for name, (areas, _) in ranked.items()},
        advantages={name: beside for name, (_, beside) in ranked.items()},
        bins=reliability(groups[ALL]),
        tracks=tuple(found.tracks),
        years=tuple(found.years),
        crashes=tuple(sorted(found.crashes, key=lambda row: (order[row.crash], row.symbol, row.bar_s))),
        positions=tuple(
            sorted(found.positions, key=lambda row: (order[row.crash], row.symbol, row.leverage))
        ),
        sources=tuple(sorted(found.sources)),
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
        YearRow(symbol=j.track.symbol, bar_s=j.track.bar_s, first=float(j.track.at[0]), year=year,
                calm_share=calm, high_share=high, extreme_share=extreme, evaluations=int(count))
        for year, calm, high, extreme, count in shares_by_year(j)
    ]  # fmt: skip
