"""Where a symbol's bars stop being about the same coin."""

from __future__ import annotations

import numpy as np
import pytest

from risk import lineage
from risk.volatility import atr, log_returns

HOUR_S, DAY_S = 3_600.0, 86_400.0

# LUNAUSDT on the spot market: the old coin's last close was 0.00005 on 2022-05-13, the new one opened
# 18 days later; 9.5 stands for its first prices.
LUNA_AT = np.array([0.0, 1.0, 2.0, 20.0, 21.0]) * DAY_S
LUNA_OPEN = np.array([1.07, 0.0061, 0.00008, 9.5, 8.9])
LUNA_CLOSE = np.array([0.0061, 0.00008, 0.00005, 8.9, 9.6])


def test_a_name_that_was_used_again_begins_a_new_series() -> None:
    assert lineage.beginnings(LUNA_AT, LUNA_OPEN, LUNA_CLOSE, DAY_S).tolist() == [3]
    assert lineage.newest(LUNA_AT, LUNA_OPEN, LUNA_CLOSE, DAY_S) == 3


def test_a_crash_to_near_zero_is_the_market_s_own_and_stays() -> None:
    at, opened, closed = LUNA_AT[:3], LUNA_OPEN[:3], LUNA_CLOSE[:3]
    assert lineage.beginnings(at, opened, closed, DAY_S).tolist() == []
    # ln(0.00008 / 0.0061) = -4.334, ln(0.00005 / 0.00008) = -0.470: real moves, finite ones
    assert log_returns(closed)[1:].tolist() == pytest.approx([-4.3340, -0.4700], abs=1e-4)


@pytest.mark.parametrize(
    ("pause_s", "times", "begins"),
    [
        (DAY_S, 3.01, True),
        (DAY_S, 2.99, False),
        (DAY_S, 1 / 3.01, True),
        (DAY_S - HOUR_S, 3.01, False),
        (0.0, 9.9, False),
        (0.0, 10.1, True),  # a thousand old contracts for one new
        (700 * DAY_S, 1.9, False),  # months that nobody fetched are a gap, no other coin
    ],
)
def test_a_pause_and_a_price_apart_make_another_coin(pause_s: float, times: float, begins: bool) -> None:
    at = [0.0, HOUR_S, 2 * HOUR_S + pause_s]
    found = lineage.beginnings(at, [1.0, 1.0, times], [1.0, 1.0, times], HOUR_S)
    assert found.tolist() == ([2] if begins else [])


def test_no_bar_and_one_bar_have_no_beginning_but_their_own() -> None:
    assert lineage.newest([], [], [], HOUR_S) == 0
    assert lineage.newest([0.0], [1.0], [1.0], HOUR_S) == 0


def test_a_price_that_is_missing_begins_nothing() -> None:
    found = lineage.beginnings([0.0, HOUR_S, 2 * HOUR_S], [1, np.nan, 1], [1, np.nan, 1], HOUR_S)
    assert found.tolist() == []


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        lineage.beginnings([0.0, 1.0], [1.0], [1.0], HOUR_S)


def test_prices_near_zero_have_the_same_atr_over_close_as_the_same_prices_a_million_times_higher() -> None:
    rng = np.random.default_rng(5)
    close = np.exp(np.cumsum(rng.normal(0.0, 0.02, 200)))
    high, low = close * 1.01, close * 0.99
    tiny = 1e-8
    usual, small = atr(high, low, close) / close, atr(high * tiny, low * tiny, close * tiny) / (close * tiny)
    np.testing.assert_allclose(small, usual, rtol=1e-12)


def test_a_pause_of_one_length_that_another_sees_through_is_the_same_coin() -> None:
    # days 0 to 19 without a gap, from 20,000 to 58,000; hours of the first and the last day only
    days = np.arange(20) * 86_400.0
    price = np.linspace(20_000.0, 62_000.0, 20)
    hours = np.concatenate((np.arange(24), 19 * 24 + np.arange(24))) * 3600.0
    short = np.where(hours < 86_400, 20_000.0, 62_000.0)
    assert lineage.beginnings(hours, short, short, 3600.0).tolist() == [24], "the hours alone cannot know"
    assert lineage.of_lengths([(days, price, price, 86_400.0), (hours, short, short, 3600.0)]) == ()
    # the days pause too: nobody saw what was between
    kept = np.r_[0:1, 19:20]
    apart = lineage.of_lengths(
        [(days[kept], price[kept], price[kept], 86_400.0), (hours, short, short, 3600.0)]
    )
    assert apart == (19 * 86_400.0,)
