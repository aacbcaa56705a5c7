"""What came of any number of tracks as counts, so that memory grows with the weeks and not with the symbols.

A track is counted and forgotten. Falls are counted to 0.01 %, the score to 0.01 points, a baseline to 0.1 %
of itself (all ten times coarser for the interval by weeks): within such a class, ranks count as tied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from risk.ranking import WEEK_S, Area, auc_of_counts, drawn_weeks, interval, resampled_areas
from risk.recurrence import Series
from risk.score_study import BASELINES, HOUR_S, Judgement
from risk.state import LEVELS

DEPTH_STEP = 1e-4
DEPTHS = 10_001  # falls from 0 to 100 %
POINT_STEP = 0.01
LEAST_SIGMA, MOST_SIGMA, SIGMA_STEP = 1e-6, 10.0, 1e-3
FINE = 1 + int(np.log(MOST_SIGMA / LEAST_SIGMA) / np.log1p(SIGMA_STEP))
COARSER = 10
COARSE = 1 + FINE // COARSER
BIN_POINTS = 10
BINS = 100 // BIN_POINTS
RANKINGS = ("score", *BASELINES)

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRow:
    """One level over some tracks: its share of time and the falls that followed, fractions."""

    level: str
    evaluations: int
    share: float
    median_1h: float
    worst_5pct_1h: float  # one fall in twenty was at least this deep
    median_24h: float
    worst_5pct_24h: float
    event_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Scores from `low` to below `high`, and how often the event followed.

    Attributes:
        event_low, event_high: 95 % interval by weeks; NaN where too few weeks hold such scores.
    """

    low: int
    high: int
    evaluations: int
    event_share: float
    event_low: float
    event_high: float


def _zeros(*shape: int) -> Counts:
    return np.zeros(shape, dtype=np.int64)


@dataclass(slots=True)
class Tally:
    """Counts of the tracks seen so far; index 0 is "no event followed" where an axis is of two.

    Attributes:
        evaluations, hours: per level; tracks weigh by their hours, not their rows.
        unscored_hours: without a score.
        falls_1h, falls_24h: per level, by depth.
        ranked: per ranking, without and with the event, by fine class.
        weeks: the same by coarse class (4, 2, COARSE) for each week since 1970.
        bins: (2, BINS) for each week: without and with the event, by tens of the score.
    """

    evaluations: Counts = field(default_factory=lambda: _zeros(len(LEVELS)))
    hours: Series = field(default_factory=lambda: np.zeros(len(LEVELS)))
    events: Counts = field(default_factory=lambda: _zeros(len(LEVELS)))
    falls_1h: Counts = field(default_factory=lambda: _zeros(len(LEVELS), DEPTHS))
    falls_24h: Counts = field(default_factory=lambda: _zeros(len(LEVELS), DEPTHS))
    ranked: Counts = field(default_factory=lambda: _zeros(len(RANKINGS), 2, FINE))
    weeks: dict[int, NDArray[np.int32]] = field(default_factory=dict)
    bins: dict[int, Counts] = field(default_factory=dict)

    def add(self, said: Judgement) -> None:
        """Count one track."""
        self._add_levels(said)
        self._add_ranks(said)
        self._add_bins(said)

    def _add_levels(self, said: Judgement) -> None:
        level = said.said.level.astype(np.int64)
        count = np.bincount(level[level >= 0], minlength=len(LEVELS))
        self.evaluations += count
        self.hours += count * (said.track.bar_s / HOUR_S)
        for counts, fall in ((self.falls_1h, said.fall_1h), (self.falls_24h, said.fall_24h)):
            known = (level >= 0) & np.isfinite(fall)
            depth = np.clip(np.rint(-fall[known] / DEPTH_STEP), 0, DEPTHS - 1).astype(np.int64)
            counts += np.bincount(level[known] * DEPTHS + depth, minlength=counts.size).reshape(counts.shape)
        happened = level[(level >= 0) & said.event]
        self.events += np.bincount(happened, minlength=len(LEVELS))

    def _add_ranks(self, said: Judgement) -> None:
        table = np.vstack([said.said.composite, *(said.track.baselines[name] for name in BASELINES)])
        known = np.isfinite(said.fall_24h) & np.isfinite(table).all(axis=0)
        classes = np.vstack([point_class(table[:1, known]), sigma_class(table[1:, known])])
        event = said.event[known].astype(np.int64)
        for ranking, place in enumerate(classes):
            found = np.bincount(event * FINE + place, minlength=2 * FINE)
            self.ranked[ranking] += found.reshape(2, FINE)
        for week, rows in _weeks(said.track.at[known]):
            held = self.weeks.setdefault(week, np.zeros((len(RANKINGS), 2, COARSE), dtype=np.int32))
            for ranking, place in enumerate(classes[:, rows] // COARSER):
                counted = np.bincount(event[rows] * COARSE + place, minlength=2 * COARSE)
                held[ranking] += counted.reshape(2, COARSE).astype(np.int32)

    def _add_bins(self, said: Judgement) -> None:
        score = said.said.composite
        known = np.isfinite(score) & np.isfinite(said.fall_24h)
        place = np.minimum(score[known] // BIN_POINTS, BINS - 1).astype(np.int64)
        place += BINS * said.event[known]
        for week, rows in _weeks(said.track.at[known]):
            held = self.bins.setdefault(week, _zeros(2, BINS))
            held += np.bincount(place[rows], minlength=2 * BINS).reshape(2, BINS)


def _weeks(at: Series) -> Iterator[tuple[int, slice]]:
    """(week since 1970, its rows) of ascending times."""
    week = np.floor(at / WEEK_S).astype(np.int64)
    firsts = np.flatnonzero(np.diff(week, prepend=-1))
    for first, end in pairwise([*firsts.tolist(), len(week)]):
        yield int(week[first]), slice(first, end)


def point_class(score: Series) -> Counts:
    """The class of scores of 0 to 100."""
    return np.asarray(np.rint(score / POINT_STEP), dtype=np.int64)


def sigma_class(value: Series) -> Counts:
    """The class of baselines, fractions above 0; what lies outside the classes counts with the nearest."""
    inside = np.clip(value, LEAST_SIGMA, MOST_SIGMA)
    return np.asarray(np.log(inside / LEAST_SIGMA) / np.log1p(SIGMA_STEP), dtype=np.int64)


def merged(one: Tally, other: Tally) -> Tally:
    """Both together; neither is changed."""
    sums = {
        name: getattr(one, name) + getattr(other, name)
        for name in ("evaluations", "hours", "events", "falls_1h", "falls_24h", "ranked")
    }
    weeks, bins = dict(one.weeks), dict(one.bins)
    for week, counts in other.weeks.items():
        weeks[week] = weeks[week] + counts if week in weeks else counts
    for week, more in other.bins.items():
        bins[week] = bins[week] + more if week in bins else more
    return Tally(**sums, weeks=weeks, bins=bins)


def level_rows(tally: Tally) -> tuple[LevelRow, ...]:
    """Each level's share of the scored time, and the falls that followed where the time ahead is known."""
    total = float(tally.hours.sum())
    rows = []
    for i, name in enumerate(LEVELS):
        hour, day = tally.falls_1h[i], tally.falls_24h[i]
        rows.append(
            LevelRow(
                level=name,
                evaluations=int(tally.evaluations[i]),
                share=float(tally.hours[i]) / total if total else float("nan"),
                median_1h=-_quantile(hour, 0.5),
                worst_5pct_1h=-_quantile(hour, 0.95),
                median_24h=-_quantile(day, 0.5),
                worst_5pct_24h=-_quantile(day, 0.95),
                event_share=float(tally.events[i] / day.sum()) if day.any() else float("nan"),
            )
        )
    return tuple(rows)


def ranking(tally: Tally) -> tuple[dict[str, Area], Mapping[str, tuple[float, float]]]:
    """(area of the score and of each baseline, 95 % interval of the score's minus each baseline's).

    All on the rows where all of them are known, and on the same draws of weeks.
    """
    held = np.array([tally.weeks[week] for week in sorted(tally.weeks)]).reshape(-1, len(RANKINGS), 2, COARSE)
    drawn = [
        resampled_areas(held[:, i, 1], held[:, i, 0]) if len(held) else np.empty(0)
        for i in range(len(RANKINGS))
    ]
    areas = {}
    for i, name in enumerate(RANKINGS):
        without, with_event = tally.ranked[i].astype(np.float64)
        value = float(auc_of_counts(with_event[None, :], without[None, :])[0])
        rows, events = int(tally.ranked[i].sum()), int(tally.ranked[i, 1].sum())
        areas[name] = Area(value, *interval(drawn[i]), rows, events)
    return areas, {name: interval(drawn[0] - drawn[i]) for i, name in enumerate(RANKINGS) if i}


def reliability(tally: Tally) -> tuple[Bin, ...]:
    """How often the event followed scores of each ten points; empty tens are left out."""
    if not tally.bins:
        return ()
    held = np.array([tally.bins[week] for week in sorted(tally.bins)], dtype=np.float64)
    draws = drawn_weeks(len(held))
    happened, all_of = draws @ held[:, 1], draws @ held.sum(axis=1)
    found = []
    for i in range(BINS):
        count = held[:, :, i].sum()
        if count:
            with np.errstate(invalid="ignore"):
                low, high = interval(happened[:, i] / np.where(all_of[:, i] > 0, all_of[:, i], np.nan))
            found.append(
                Bin(
                    low=BIN_POINTS * i,
                    high=BIN_POINTS * (i + 1),
                    evaluations=int(count),
                    event_share=float(held[:, 1, i].sum() / count),
                    event_low=low,
                    event_high=high,
                )
            )
    return tuple(found)


def _quantile(counts: Counts, share: float) -> float:
    """Of depths by class, interpolated between the two ranks around it; NaN where there are none."""
    upto = np.cumsum(counts)
    if not upto[-1]:
        return float("nan")
    place = (int(upto[-1]) - 1) * share
    low, high = (int(np.searchsorted(upto, rank, side="right")) for rank in (int(place), int(np.ceil(place))))
    return (low + (high - low) * (place - int(place))) * DEPTH_STEP
