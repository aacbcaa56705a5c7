"""Closes on one grid: nothing is filled, nothing is moved."""

from __future__ import annotations

import numpy as np
import pytest

from risk.errors import DataError
from risk.panel import aligned, book_returns, closes

HOUR = 3_600.0


def test_a_bar_closes_where_its_last_part_does_and_is_missing_without_it() -> None:
    # 15m bars of 00:00 to 02:00 without the one of 00:45: hour 0 has no close, hour 1 has the last one's
    at = np.array([0, 900, 1800, 3600, 4500, 5400, 6300.0])
    times, prices = closes(at, [1, 2, 3, 5, 6, 7, 8.0], 900, "1h")
    assert times.tolist() == [3600.0]
    assert prices.tolist() == [8.0]


def test_bars_of_the_interval_itself_stay_as_they_are() -> None:
    times, prices = closes([0, HOUR], [5.0, 6.0], 3_600, "1h")
    assert (times.tolist(), prices.tolist()) == ([0.0, HOUR], [5.0, 6.0])


@pytest.mark.parametrize(("bar_s", "interval"), [(7_200, "1h"), (900, "15m"), (0, "1h")])
def test_bars_that_do_not_fit_are_refused(bar_s: int, interval: str) -> None:
    with pytest.raises(ValueError, match="make none of"):
        closes([0.0], [1.0], bar_s, interval)


def test_a_gap_is_the_move_of_no_bar() -> None:
    panel = aligned({"A": ([0, HOUR, 3 * HOUR], [100.0, 110.0, 121.0])}, "1h")
    assert panel.close[:, 0].tolist() == pytest.approx([100.0, 110.0, np.nan, 121.0], nan_ok=True)
    # 110/100 − 1; the two moves beside the gap are not known, and 121/110 is of two hours
    assert panel.returns()[:, 0].tolist() == pytest.approx([np.nan, 0.1, np.nan, np.nan], nan_ok=True)


def test_symbols_of_other_lengths_share_one_grid_and_later_files_count() -> None:
    found = {"A": ([0, HOUR], [1.0, 2.0]), "B": ([HOUR, 2 * HOUR, HOUR], [3.0, 4.0, 5.0])}
    panel = aligned(found, "1h")
    assert panel.open_at.tolist() == [0.0, HOUR, 2 * HOUR]
    np.testing.assert_array_equal(panel.close, [[1.0, np.nan], [2.0, 5.0], [np.nan, 4.0]])


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf])
def test_a_price_that_is_none_is_missing(price: float) -> None:
    panel = aligned({"A": ([0, HOUR, 2 * HOUR], [1.0, price, 2.0])}, "1h")
    assert np.isnan(panel.close[1, 0])


def test_bars_off_the_grid_too_many_or_none_are_refused() -> None:
    with pytest.raises(DataError, match="whole 1h"):
        aligned({"A": ([60.0], [1.0])}, "1h")
    with pytest.raises(DataError, match="at most"):
        aligned({"A": ([0.0, 600_000 * HOUR], [1.0, 1.0])}, "1h")
    with pytest.raises(DataError, match="no 1h bars of A"):
        aligned({"A": ([], [])}, "1h")


def test_a_books_return_is_that_of_its_gross_weight() -> None:
    # 300 long at +1 %, 100 short at +2 %: (3 − 2) / 400 = 0.25 %
    moves = np.array([[0.01, 0.02, np.nan], [0.01, np.nan, 0.0]])
    assert book_returns([300.0, -100.0, 0.0], moves).tolist() == pytest.approx([0.0025, np.nan], nan_ok=True)
    for weights in ([0.0, 0.0, 0.0], [1.0], [np.inf, 1.0, 1.0]):
        with pytest.raises(ValueError, match="not all 0"):
            book_returns(weights, moves)
