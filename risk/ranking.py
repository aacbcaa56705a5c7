"""How well a number ranks what happened after it: area under the curve, with an interval by whole weeks.

Hours that follow one another share their fate, so an interval resamples weeks, all symbols of a week
together, and not single rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.recurrence import Series, series

WEEK_S = 7 * 86_400
RESAMPLES = 1_000
INTERVAL = (0.025, 0.975)
SEED = 20_240_805
AT_A_TIME = 250  # draws of weeks multiplied out together: what they need is small


@dataclass(frozen=True, slots=True)
class Area:
    """Probability that an instant before an event ranks above one before none; ties count half.

    Attributes:
        low, high: 95 % interval by weeks; NaN where too few draws of weeks hold both kinds.
        rows, events: how many instants were judged, and how many were followed by the event.
    """

    value: float
    low: float
    high: float
    rows: int
    events: int


def auc(score: ArrayLike, event: ArrayLike) -> float:
    """Area under the ROC curve (Mann–Whitney), NaN where all or none are events or a score is NaN-only.

    Rows without a score are left out.

    >>> auc([1.0, 2.0, 2.0, 3.0], [False, False, True, True])
    0.875
    """
    values, happened = series(score), np.asarray(event, dtype=bool)
    known = np.isfinite(values)
    positive, negative = values[known & happened], np.sort(values[known & ~happened])
    if not len(positive) or not len(negative):
        return float("nan")
    below = np.searchsorted(negative, positive, side="left").astype(np.float64)
    upto = np.searchsorted(negative, positive, side="right")
    return float(np.mean(below + upto) / (2.0 * len(negative)))


def auc_of_counts(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> Series:
    """The same from how many of each kind fall into each class, in ascending order; one area per row.

    >>> auc_of_counts(np.array([[0.0, 1.0, 1.0]]), np.array([[1.0, 1.0, 0.0]])).tolist()
    [0.875]
    """
    below = np.cumsum(negative, axis=1) - 0.5 * negative
    total = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((positive * below).sum(axis=1) / np.where(total > 0, total, np.nan))


def drawn_weeks(weeks: int) -> NDArray[np.float64]:
    """(RESAMPLES, weeks): how often each draw of as many weeks holds each week; the same every time."""
    chance = np.random.default_rng(SEED)
    return chance.multinomial(weeks, np.full(weeks, 1.0 / weeks), size=RESAMPLES).astype(np.float64)


def resampled_areas(positive: NDArray[np.integer], negative: NDArray[np.integer]) -> Series:
    """(RESAMPLES,) areas from counts by week and class (weeks, classes), on the draws of `drawn_weeks`.

    Rankings whose counts have the same weeks meet the same draws, so that their areas can be subtracted.
    """
    found = [
        auc_of_counts(part @ positive.astype(np.float64), part @ negative.astype(np.float64))
        for part in _parts(drawn_weeks(len(positive)))
    ]
    return np.concatenate(found)


def interval(drawn: Series) -> tuple[float, float]:
    """95 % interval of what the draws gave; NaN where half of them or more gave nothing."""
    known = drawn[np.isfinite(drawn)]
    if len(known) <= RESAMPLES // 2:
        return float("nan"), float("nan")
    low, high = np.quantile(known, INTERVAL)
    return float(low), float(high)


def _parts(draws: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    for first in range(0, len(draws), AT_A_TIME):
        yield draws[first : first + AT_A_TIME]
