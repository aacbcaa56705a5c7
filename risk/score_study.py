"""What came after each level: how often it occurs, how far the price fell, how well the score ranks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.limits import Limits
from risk.ranking import Area, area, resampled_areas
from risk.recurrence import Series
from risk.replay import Replayed, forward_fall, replay
from risk.state import LEVELS
from risk.tracks import Track

EVENT_FALL = 0.05  # a drawdown of more than this within 24 h is what the score should rank
HOUR_S, DAY_S, WEEK_S = 3_600, 86_400, 604_800
HIGH = LEVELS.index("high")
BASELINES = ("atr", "ewma", "garch")
BIN_POINTS = 10
CALM_FALL = 0.10  # a UTC week is calm where no close is followed by such a fall within 24 h
CALM_PAD_WEEKS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A track, what the score said of it, and what came after."""

    track: Track
    said: Replayed
    fall_1h: Series  # from each close to the lowest low ahead, fractions, NaN unknown
    fall_24h: Series

    @property
    def event(self) -> NDArray[np.bool_]:
        """Whether more than EVENT_FALL was lost within 24 h; only where `fall_24h` is known."""
        return self.fall_24h < -EVENT_FALL


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
    """Scores from `low` to below `high`, and how often the event followed."""

    low: int
    high: int
    evaluations: int
    event_share: float


def judged(track: Track, limits: Limits) -> Judgement:
    """A track replayed without a position, with the falls that followed."""
    return Judgement(
        track=track,
        said=replay(track, limits),
        fall_1h=forward_fall(track, HOUR_S),
        fall_24h=forward_fall(track, DAY_S),
    )


def level_rows(found: Sequence[Judgement]) -> tuple[LevelRow, ...]:
    """Each level over all evaluations with a known day ahead; tracks weigh by their hours, not their rows."""
    level = np.concatenate([j.said.level for j in found])
    weight = np.concatenate([np.full(len(j.track), j.track.bar_s / HOUR_S) for j in found])
    hour, day = (np.concatenate([getattr(j, n) for j in found]) for n in ("fall_1h", "fall_24h"))
    rows = []
    for i, name in enumerate(LEVELS):
        here = level == i
        known = here & np.isfinite(day)
        soon = here & np.isfinite(hour)
        rows.append(
            LevelRow(
                level=name,
                evaluations=int(here.sum()),
                share=float(weight[here].sum() / weight[level >= 0].sum()),
                median_1h=_quantile(hour[soon], 0.5),
                worst_5pct_1h=_quantile(hour[soon], 0.05),
                median_24h=_quantile(day[known], 0.5),
                worst_5pct_24h=_quantile(day[known], 0.05),
                event_share=float((day[known] < -EVENT_FALL).mean()) if known.any() else float("nan"),
            )
        )
    return tuple(rows)


def areas(found: Sequence[Judgement]) -> dict[str, Area]:
    """Area of the score and of each baseline, on the rows where all of them are known."""
    table, event, at = _pooled(found)
    return {name: area(table[i], event, at) for i, name in enumerate(("score", *BASELINES))}


def advantage(found: Sequence[Judgement]) -> Mapping[str, tuple[float, float]]:
    """95 % interval of the score's area minus each baseline's, on the same draws of weeks."""
    table, event, at = _pooled(found)
    if not event.any() or event.all():
        return {name: (float("nan"), float("nan")) for name in BASELINES}
    drawn = resampled_areas(table, event, at)
    edges = {}
    for i, name in enumerate(BASELINES, 1):
        low, high = np.nanquantile(drawn[0] - drawn[i], (0.025, 0.975))
        edges[name] = float(low), float(high)
    return edges


def _pooled(found: Sequence[Judgement]) -> tuple[NDArray[np.float64], NDArray[np.bool_], Series]:
    columns = [[j.said.composite, *(j.track.baselines[name] for name in BASELINES)] for j in found]
    table = np.hstack([np.vstack(c) for c in columns])
    fall = np.concatenate([j.fall_24h for j in found])
    at = np.concatenate([j.track.at for j in found])
    known = np.isfinite(fall) & np.isfinite(table).all(axis=0)
    return table[:, known], fall[known] < -EVENT_FALL, at[known]


def reliability(found: Sequence[Judgement]) -> tuple[Bin, ...]:
    """How often the event followed scores of each ten points; empty tens are left out."""
    score = np.concatenate([j.said.composite for j in found])
    fall = np.concatenate([j.fall_24h for j in found])
    known = np.isfinite(score) & np.isfinite(fall)
    place = np.minimum(score[known] // BIN_POINTS, 100 // BIN_POINTS - 1).astype(int)
    event = fall[known] < -EVENT_FALL
    return tuple(
        Bin(
            low=BIN_POINTS * i,
            high=BIN_POINTS * (i + 1),
            evaluations=int((place == i).sum()),
            event_share=float(event[place == i].mean()),
        )
        for i in range(100 // BIN_POINTS)
        if (place == i).any()
    )


def alarms(said: Judgement) -> tuple[int, int, float]:
    """(times that the level rose to high or above, those not followed by the event in 24 h, weeks).

    A rise whose day ahead is unknown counts in neither.
    """
    level = said.said.level
    rose = np.flatnonzero((level[1:] >= HIGH) & (level[:-1] < HIGH)) + 1
    rose = rose[np.isfinite(said.fall_24h[rose])]
    false = int((~said.event[rose]).sum())
    return len(rose), false, len(said.track) * said.track.bar_s / WEEK_S


def calm(said: Judgement) -> NDArray[np.bool_]:
    """Evaluations in calm weeks: no close of the week or of its neighbours begins a fall of CALM_FALL."""
    week = np.floor(said.track.at / WEEK_S)
    wild = np.unique(week[said.fall_24h < -CALM_FALL])
    near = np.unique(wild[:, None] + np.arange(-CALM_PAD_WEEKS, CALM_PAD_WEEKS + 1))
    return ~np.isin(week, near)


def shares_by_year(said: Judgement) -> tuple[tuple[int, float, float, float, float], ...]:
    """(year, share of calm time, share at high or above, share at extreme, both of the calm time) by year."""
    year = said.track.at.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    quiet, level = calm(said), said.said.level
    rows = []
    for one in np.unique(year).tolist():
        here = (year == one) & quiet
        if here.any():
            high, extreme = (float((level[here] >= k).mean()) for k in (HIGH, HIGH + 1))
            rows.append((int(one), float(here.sum() / (year == one).sum()), high, extreme, float(here.sum())))
    return tuple(rows)


def _quantile(values: Series, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")
