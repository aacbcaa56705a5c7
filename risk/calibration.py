"""Curves proposed by the past, and whether they would have been better in the time that followed.

A curve keeps its scores; its values are stretched by one factor. The factors of five components are chosen
on everything before a cut (largest area for a fall of more than 5 % within 24 h, with high in at most 5 %
and extreme in at most 1 % of the calm time), and judged on the group of months behind the cut, which had
no part in them. The next cut knows more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from risk.chapters import Chapter, Grid
from risk.limits import Limits
from risk.ranking import auc
from risk.recurrence import Series
from risk.replay import replay
from risk.score_study import DAY_S, EVENT_FALL, HIGH, HOUR_S, calm, judged
from risk.tracks import Track

FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0)
FITTED = ("sigma_24h", "atr_15m", "vol_ratio", "kline_liquidity", "funding_8h")
MOST_HIGH, MOST_EXTREME = 0.05, 0.01
LEAST_GAIN = 1e-4  # of area; less is noise and keeps the factor as it is

GROUPS = (
    ("May 2021", "2021-04-15", "2022-05-01"),
    ("June 2022", "2022-06-01", "2022-10-16"),
    ("January 2024", "2023-11-01", "2024-06-01"),
    ("August 2024", "2024-06-01", "2024-10-01"),
    ("March 2026", "2026-02-20", "2026-03-20"),
)
"""Months that are judged, in order; March 2020 is before the first and only ever trains."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One group out of sample: the factors of the time before it, and both profiles judged on it.

    Each judgement is (area, share of calm time at high or above, share at extreme), NaN where there is none.
    """

    group: str
    factors: Mapping[str, float]
    own: tuple[float, float, float]
    proposed: tuple[float, float, float]

    @property
    def wins(self) -> bool:
        """Whether the proposal ranks better and stays within the calm time's bounds."""
        area, high, extreme = self.proposed
        bounded = not high > MOST_HIGH and not extreme > MOST_EXTREME
        return area > self.own[0] and bounded


@dataclass(frozen=True, slots=True)
class Sample:
    """A track with what does not depend on the limits."""

    track: Track
    fall: Series
    is_calm: Series


def stretched(base: Limits, factors: Mapping[str, float], profile: str = "calibrated") -> Limits:
    """The limits with the values of some curves multiplied, scores as they are.

    Raises:
        KeyError: a component without a curve.
    """
    curves = dict(base.curves)
    for name, factor in factors.items():
        curves[name] = tuple((x * factor, y) for x, y in base.curves[name])
    return replace(base, profile=profile, curves=curves)


def chained(tracks: Sequence[Track], base: Limits) -> tuple[Fold, ...]:
    """Every group judged by factors of the time before it; the day before a cut, whose falls reach over it,
    trains nobody."""
    folds = []
    for group, first, end in GROUPS:
        begin, until = (datetime.fromisoformat(x).replace(tzinfo=UTC).timestamp() for x in (first, end))
        before = hourly_samples(tracks, base, -np.inf, begin - DAY_S)
        there = hourly_samples(tracks, base, begin, until)
        if not before or not there:
            continue
        factors = proposed(before, base)
        folds.append(Fold(group, factors, _judge(there, base), _judge(there, stretched(base, factors))))
    return tuple(folds)


def proposed(samples: Sequence[Sample], base: Limits) -> dict[str, float]:
    """The factors of largest area within the bounds, one component after the other, twice round."""
    factors = dict.fromkeys(FITTED, 1.0)
    best = _judge(samples, base)
    for _ in range(2):
        for name in FITTED:
            if not any(_has(sample.track, name) for sample in samples):
                continue
            for factor in FACTORS:
                trial = factors | {name: factor}
                found = _judge(samples, stretched(base, trial))
                if _is_better(found, best):
                    factors, best = trial, found
    return factors


def _is_better(found: tuple[float, float, float], best: tuple[float, float, float]) -> bool:
    """Within bounds before outside; then the larger area."""
    excess = [max(one[1] - MOST_HIGH, 0.0) + max(one[2] - MOST_EXTREME, 0.0) for one in (found, best)]
    if excess[0] < excess[1] - 1e-12:
        return True
    return excess[0] <= excess[1] + 1e-12 and found[0] > best[0] + LEAST_GAIN


def hourly_samples(tracks: Sequence[Track], base: Limits, begin: float, end: float) -> list[Sample]:
    """What of each track closes from `begin` to before `end`, one evaluation an hour; a day at least."""
    found = []
    for track in tracks:
        rows = slice(*np.searchsorted(track.at, [begin, end]).tolist())
        if rows.stop - rows.start > DAY_S // track.bar_s:
            part = hourly(track, rows)
            said = judged(part, base)
            found.append(Sample(part, said.fall_24h, calm(said).astype(np.float64)))
    return found


def hourly(track: Track, rows: slice) -> Track:
    """One evaluation an hour of a stretch of a track: enough to rank by, and four times faster.

    The low of an evaluation is that of every bar since the one before; what follows the stretch has no part.
    """
    step = max(1, HOUR_S // track.bar_s)
    kept = np.arange(rows.start, rows.stop)
    if step > 1:
        kept = rows.start + np.flatnonzero(track.at[rows] % HOUR_S == 0.0)
    columns = {name: column[kept] for name, column in track.columns.items()}
    parts = pairwise([rows.start, *(kept + 1).tolist()])
    low = np.array([track.low[first:end].min() for first, end in parts])
    names = ("at", "high", "close")
    return replace(
        track, bar_s=track.bar_s * step, columns=columns, baselines={}, low=low,
        **{name: getattr(track, name)[kept] for name in names},
    )  # fmt: skip


def _judge(samples: Sequence[Sample], by: Limits) -> tuple[float, float, float]:
    said = [replay(sample.track, by) for sample in samples]
    fall = np.concatenate([sample.fall for sample in samples])
    known = np.isfinite(fall)
    score = np.concatenate([one.composite for one in said])
    quiet = np.concatenate([sample.is_calm for sample in samples]) > 0
    level = np.concatenate([one.level for one in said])[quiet]
    shares = [float((level >= k).mean()) if len(level) else float("nan") for k in (HIGH, HIGH + 1)]
    return auc(score[known], fall[known] < -EVENT_FALL), shares[0], shares[1]


def _has(track: Track, component: str) -> bool:
    return component not in track.absent


def chapter(folds: Sequence[Fold]) -> Chapter:
    """What came of it, in words and numbers."""
    lost = [fold.group for fold in folds if not fold.wins]
    if not folds:
        said = "Too little history to calibrate on."
    elif lost:
        said = (
            f"The proposed curves do not win in every group out of sample (not in {', '.join(lost)}), so the "
            "profile `default` keeps its own curves, and no calibrated profile is offered."
        )
    else:
        said = "The proposed curves win out of sample in every group."
    head = ("group", "factors from the time before", "area, default", "area, proposed", "calm high, default",
            "calm high, proposed", "calm extreme, default", "calm extreme, proposed", "wins")  # fmt: skip
    rows = []
    for fold in folds:
        factors = ", ".join(f"{name} × {factor:g}" for name, factor in fold.factors.items() if factor != 1.0)
        pairs = zip(fold.own, fold.proposed, strict=True)
        cells = [_cell(value, i) for i, pair in enumerate(pairs) for value in pair]
        rows.append((fold.group, factors or "none", *cells, "yes" if fold.wins else "no"))
    words = (
        "The values of a curve are stretched by one factor per component, chosen on all months before a "
        "group and judged on that group, on one evaluation an hour.",
        said,
    )
    return Chapter("Calibration", words, (Grid(head, tuple(rows)),))


def _cell(value: float, place: int) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.3f}" if place == 0 else f"{100.0 * value:.2f} %"
