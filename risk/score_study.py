"""One track judged: what the score said and what came after, its false alarms and its calm time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.limits import Limits
from risk.ranking import WEEK_S
from risk.recurrence import Series
from risk.replay import Replayed, forward_fall, replay
from risk.state import LEVELS
from risk.tracks import Track

EVENT_FALL = 0.05  # a drawdown of more than this within 24 h is what the score should rank
HOUR_S, DAY_S = 3_600, 86_400
HIGH = LEVELS.index("high")
BASELINES = ("atr", "ewma", "garch")
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


def judged(track: Track, limits: Limits) -> Judgement:
    """A track replayed without a position, with the falls that followed."""
    return Judgement(
        track=track,
        said=replay(track, limits),
        fall_1h=forward_fall(track, HOUR_S),
        fall_24h=forward_fall(track, DAY_S),
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
