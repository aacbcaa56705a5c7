"""Ranking by hand arithmetic and against scikit's definition; the same digits each time."""

from __future__ import annotations

import numpy as np
import pytest

from risk.ranking import WEEK_S, area, auc


def test_the_area_counts_pairs_in_order_and_ties_half() -> None:
    # events 2 and 3, others 1 and 2: pairs (2,1) 1, (2,2) 0.5, (3,1) 1, (3,2) 1 = 3.5 of 4
    assert auc([1, 2, 2, 3], [False, False, True, True]) == 0.875
    assert auc([1, 2], [True, False]) == 0.0
    assert auc([5, 5, 5], [True, False, False]) == 0.5


def test_without_both_kinds_there_is_no_area_and_unknown_scores_are_left_out() -> None:
    assert np.isnan(auc([1, 2], [True, True]))
    assert np.isnan(auc([np.nan, np.nan], [True, False]))
    assert auc([1, 2, np.nan], [False, True, True]) == 1.0


def test_the_interval_is_by_weeks_holds_the_area_and_repeats_to_the_digit() -> None:
    chance = np.random.default_rng(5)
    at = np.arange(40 * 7 * 24, dtype=np.float64) * 3600.0
    by_week = chance.normal(size=40)[(at // WEEK_S).astype(int)]
    event = by_week + chance.normal(size=len(at)) > 1.0
    score = by_week + chance.normal(size=len(at))
    first, again = area(score, event, at), area(score, event, at)
    assert first == again
    assert first.low < first.value < first.high
    # one draw per row would be some 6 times narrower than one per week of 168 rows
    p = event.mean()
    by_rows = np.sqrt(first.value * (1 - first.value) / (len(at) * min(p, 1 - p)))
    assert first.high - first.low > 4 * by_rows


def test_a_score_that_knows_nothing_is_no_better_than_a_coin() -> None:
    chance = np.random.default_rng(7)
    at = np.arange(30 * 7 * 24, dtype=np.float64) * 3600.0
    one = area(chance.normal(size=len(at)), chance.random(len(at)) < 0.2, at)
    assert one.low < 0.5 < one.high
    assert one.value == pytest.approx(0.5, abs=0.03)
