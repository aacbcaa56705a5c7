"""How well a number ranks what happened after it: area under the curve, with an interval by whole weeks.

Hours that follow one another share their fate, so the interval resamples weeks, all symbols of a week
together, and not single rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.recurrence import Series, series

WEEK_S = 7 * 86_400
RESAMPLES = 1_000
BINS = 1_000
INTERVAL = (0.025, 0.975)
SEED = 20_240_805


@dataclass(frozen=True, slots=True)
class Area:
    """Probability that an instant before an event ranks above one before none; ties count half.

    Attributes:
        low, high: 95 % interval by weeks; NaN where fewer than two weeks hold both kinds.
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


def area(score: ArrayLike, event: ArrayLike, at: ArrayLike) -> Area:
    """The area with its interval; the same digits every time.

    Args:
        at: seconds since 1970 of each row; the week that it falls into is its block.
    """
    values, happened = series(score), np.asarray(event, dtype=bool)
    known = np.isfinite(values)
    values, happened, times = values[known], happened[known], series(at)[known]
    drawn = resampled_areas(values[None, :], happened, times)[0] if len(values) else np.empty(0)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, INTERVAL) if len(drawn) > RESAMPLES // 2 else (np.nan, np.nan)
    return Area(auc(values, happened), float(low), float(high), len(values), int(happened.sum()))


def resampled_areas(scores: NDArray[np.float64], event: NDArray[np.bool_], at: Series) -> NDArray[np.float64]:
    """(k, RESAMPLES) areas of k scores (k, n) on the same draws of weeks, so that they can be compared.

    Each score is cut into BINS classes of equal count, within which ranks count as tied.
    """
    weeks, block = np.unique(np.floor(at / WEEK_S), return_inverse=True)
    chance = np.random.default_rng(SEED)
    drawn = chance.multinomial(len(weeks), np.full(len(weeks), 1.0 / len(weeks)), size=RESAMPLES)
    draws = drawn.astype(np.float64)
    found = np.empty((len(scores), RESAMPLES))
    for k, score in enumerate(scores):
        edges = np.unique(np.quantile(score, np.linspace(0.0, 1.0, BINS + 1)[1:-1]))
        place = block * (len(edges) + 1) + np.searchsorted(edges, score, side="right")
        shape = (len(weeks), len(edges) + 1)
        positive = np.bincount(place[event], minlength=shape[0] * shape[1]).reshape(shape)
        negative = np.bincount(place[~event], minlength=shape[0] * shape[1]).reshape(shape)
        found[k] = _areas(draws @ positive.astype(np.float64), draws @ negative.astype(np.float64))
    return found


def _areas(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> Series:
    """Areas from counts per class, one row each."""
    below = np.cumsum(negative, axis=1) - 0.5 * negative
    total = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((positive * below).sum(axis=1) / np.where(total > 0, total, np.nan))
