"""Ranking by hand arithmetic and against scikit's definition; the same digits each time."""

from __future__ import annotations

import numpy as np
import pytest

from risk.ranking import WEEK_S, auc, auc_of_counts, interval, resampled_areas


def test_the_area_counts_pairs_in_order_and_ties_half() -> None:
    # events 2 and 3, others 1 and 2: pairs (2,1) 1, (2,2) 0.5, (3,1) 1, (3,2) 1 = 3.5 of 4
    assert auc([1, 2, 2, 3], [False, False, True, True]) == 0.875
    assert auc([1, 2], [True, False]) == 0.0
    assert auc([5, 5, 5], [True, False, False]) == 0.5


def test_without_both_kinds_there_is_no_area_and_unknown_scores_are_left_out() -> None:
    assert np.isnan(auc([1, 2], [True, True]))
    assert np.isnan(auc([np.nan, np.nan], [True, False]))
    assert auc([1, 2, np.nan], [False, True, True]) == 1.0


def test_counts_by_class_give_the_same_area() -> None:
    chance = np.random.default_rng(3)
    place, event = chance.integers(0, 50, 2_000), chance.random(2_000) < 0.3
    positive, negative = (np.bincount(place[event == k], minlength=50)[None, :] for k in (True, False))
    assert auc_of_counts(positive, negative)[0] == pytest.approx(auc(place, event), rel=1e-12)
    assert np.isnan(auc_of_counts(positive, 0 * negative)[0])


def counted(score: np.ndarray, event: np.ndarray, week: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(weeks, classes) of events and of the others, by thousandths of the scores' order."""
    edges = np.quantile(score, np.linspace(0, 1, 1_001)[1:-1])
    place = np.searchsorted(edges, score, side="right")
    kinds = []
    for kind in (event, ~event):
        made = np.zeros((int(week.max()) + 1, 1_000), dtype=np.int64)
        np.add.at(made, (week[kind], place[kind]), 1)
        kinds.append(made)
    return kinds[0], kinds[1]


def test_the_interval_is_by_weeks_holds_the_area_and_repeats_to_the_digit() -> None:
    chance = np.random.default_rng(5)
    week = (np.arange(40 * 7 * 24) * 3600 // WEEK_S).astype(int)
    by_week = chance.normal(size=40)[week]
    event = by_week + chance.normal(size=len(week)) > 1.0
    score = by_week + chance.normal(size=len(week))
    positive, negative = counted(score, event, week)
    low, high = interval(resampled_areas(positive, negative))
    assert (low, high) == interval(resampled_areas(positive, negative))
    value = auc(score, event)
    assert low < value < high
    # one draw per row would be some 6 times narrower than one per week of 168 rows
    p = event.mean()
    by_rows = np.sqrt(value * (1 - value) / (len(week) * min(p, 1 - p)))
    assert high - low > 4 * by_rows


def test_a_score_that_knows_nothing_is_no_better_than_a_coin() -> None:
    chance = np.random.default_rng(7)
    week = (np.arange(30 * 7 * 24) * 3600 // WEEK_S).astype(int)
    score, event = chance.normal(size=len(week)), chance.random(len(week)) < 0.2
    low, high = interval(resampled_areas(*counted(score, event, week)))
    assert low < 0.5 < high


def test_draws_that_hold_one_kind_only_give_no_interval() -> None:
    positive = np.zeros((3, 4), dtype=np.int64)
    assert np.isnan(interval(resampled_areas(positive, positive + 1))).all()
