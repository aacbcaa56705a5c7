"""RSI and MACD against TA-Lib (the installed one), divergences against drawn examples."""

from __future__ import annotations

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk.technical import PivotPair, divergences, macd, pivots, rsi

Series = NDArray[np.float64]


def walk(n: int, seed: int = 3, price: float = 60_000.0, sigma: float = 0.01) -> Series:
    return price * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, sigma, n)))


def assert_same(ours: Series, theirs: Series, scale: float) -> None:
    assert (np.isnan(ours) == np.isnan(theirs)).all()
    assert ours == pytest.approx(theirs, abs=1e-9 * scale, nan_ok=True)


@pytest.mark.parametrize("n", [1, 13, 14, 15, 33, 34, 35, 500, 40_000])
@pytest.mark.parametrize("price", [1e-6, 60_000.0, 1e12])
def test_rsi_equals_talib(n: int, price: float) -> None:
    close = walk(n, price=price)
    assert_same(rsi(close), talib.RSI(close), 100.0)


@pytest.mark.parametrize("period", [2, 3, 14, 50])
def test_rsi_of_other_periods_equals_talib(period: int) -> None:
    close = walk(300)
    assert_same(rsi(close, period), talib.RSI(close, period), 100.0)


@pytest.mark.parametrize("n", [1, 25, 26, 33, 34, 500, 40_000])
@pytest.mark.parametrize("price", [1e-6, 60_000.0, 1e12])
def test_macd_equals_talib(n: int, price: float) -> None:
    close = walk(n, price=price)
    for ours, theirs in zip(macd(close), talib.MACD(close), strict=True):
        assert_same(ours, theirs, price)


@pytest.mark.parametrize(("fast", "slow", "signal"), [(2, 3, 1), (5, 35, 5), (12, 13, 20)])
def test_macd_of_other_periods_equals_talib(fast: int, slow: int, signal: int) -> None:
    close = walk(300)
    for ours, theirs in zip(
        macd(close, fast, slow, signal), talib.MACD(close, fast, slow, signal), strict=True
    ):
        assert_same(ours, theirs, 60_000.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=200))
def test_any_series_of_prices_gives_talibs_rsi_and_macd(prices: list[int]) -> None:
    close = np.array(prices, dtype=np.float64)
    assert_same(rsi(close), talib.RSI(close), 100.0)
    for ours, theirs in zip(macd(close), talib.MACD(close), strict=True):
        assert_same(ours, theirs, 10_000.0)


def test_rsi_of_a_series_that_does_not_move_is_zero_and_of_one_that_only_rises_is_a_hundred() -> None:
    flat, rising = np.full(20, 5.0), np.arange(1.0, 21.0)
    assert rsi(flat)[14:].tolist() == [0.0] * 6 == talib.RSI(flat)[14:].tolist()
    assert rsi(rising)[14:].tolist() == [100.0] * 6
    assert rsi(rising[::-1])[14:].tolist() == [0.0] * 6


def test_macd_of_a_series_that_does_not_move_is_zero() -> None:
    line, signal, histogram = macd(np.full(50, 5.0))
    assert np.isnan(line[:33]).all() and line[33:] == pytest.approx(0.0, abs=1e-14)
    assert signal[33:] == pytest.approx(0.0, abs=1e-14) and histogram[33:] == pytest.approx(0.0, abs=1e-14)


def test_a_gap_is_missing_and_starts_the_warm_up_anew() -> None:
    close = walk(200)
    close[100] = np.nan
    for ours, apart in (
        (rsi(close), rsi(close[101:])),
        (macd(close)[0], macd(close[101:])[0]),
        (macd(close)[1], macd(close[101:])[1]),
    ):
        assert np.isnan(ours[100])
        assert ours[101:] == pytest.approx(apart, nan_ok=True)
        assert np.isfinite(ours[-1]) and np.isfinite(ours[99])


def test_before_a_gap_nothing_changes() -> None:
    close = walk(200)
    broken = close.copy()
    broken[150] = np.inf
    assert rsi(broken)[:150] == pytest.approx(rsi(close)[:150], nan_ok=True)
    assert macd(broken)[2][:150] == pytest.approx(macd(close)[2][:150], nan_ok=True)


@pytest.mark.parametrize("close", [[], [1.0]])
def test_too_few_bars_are_all_missing(close: list[float]) -> None:
    assert np.isnan(rsi(close)).all() and len(rsi(close)) == len(close)
    assert all(np.isnan(part).all() and len(part) == len(close) for part in macd(close))


@pytest.mark.parametrize(("fast", "slow", "signal"), [(26, 12, 9), (12, 12, 9), (0, 26, 9), (12, 26, 0)])
def test_impossible_macd_periods_are_refused(fast: int, slow: int, signal: int) -> None:
    with pytest.raises(ValueError, match="fast < slow"):
        macd(np.ones(100), fast, slow, signal)


def test_an_rsi_of_one_bar_and_a_table_are_refused() -> None:
    with pytest.raises(ValueError, match="period"):
        rsi(np.ones(5), 1)
    with pytest.raises(ValueError, match="dimension"):
        rsi(np.ones((5, 2)))


def peaks(*, heights: dict[int, float], n: int = 60) -> Series:
    """A flat 100 with triangles of half-width 5 that rise to the given heights."""
    bars = np.arange(n, dtype=np.float64)
    line = np.full(n, 100.0)
    for at, height in heights.items():
        line = np.maximum(line, 100.0 + (height - 100.0) * (1.0 - np.abs(bars - at) / 6.0))
    return line


def test_higher_high_of_the_price_with_a_lower_high_of_the_indicator_is_bearish() -> None:
    high = peaks(heights={20: 110.0, 40: 112.0})
    indicator = peaks(heights={20: 170.0, 40: 165.0})
    assert divergences(high, high - 1.0, indicator) == (PivotPair(kind="bearish", first=20, second=40),)


def test_lower_low_of_the_price_with_a_higher_low_of_the_indicator_is_bullish() -> None:
    low = 200.0 - peaks(heights={20: 110.0, 40: 112.0})
    indicator = 200.0 - peaks(heights={20: 170.0, 40: 165.0})
    assert divergences(low + 1.0, low, indicator) == (PivotPair(kind="bullish", first=20, second=40),)


def test_an_indicator_that_confirms_or_is_missing_at_a_pivot_says_nothing() -> None:
    high = peaks(heights={20: 110.0, 40: 112.0})
    confirming = peaks(heights={20: 165.0, 40: 170.0})
    assert divergences(high, high - 1.0, confirming) == ()
    hidden = peaks(heights={20: 170.0, 40: 165.0})
    hidden[20] = np.nan
    assert divergences(high, high - 1.0, hidden) == ()


def test_a_pivot_counts_only_after_five_bars_and_within_sixty() -> None:
    high = peaks(heights={20: 110.0, 54: 112.0})
    indicator = peaks(heights={20: 170.0, 54: 165.0})
    assert divergences(high[:59], high[:59], indicator[:59]) == ()  # 54 has four bars behind it
    assert divergences(high, high, indicator) == (PivotPair(kind="bearish", first=20, second=54),)
    longer = np.concatenate((high, np.full(21, 100.0)))  # bar 20 is now the 61st from the end
    reading = np.concatenate((indicator, np.full(21, 100.0)))
    assert divergences(longer[:-1], longer[:-1], reading[:-1]) != ()
    assert divergences(longer, longer, reading) == ()


def test_a_flat_top_is_one_pivot_and_a_flat_series_none() -> None:
    high = peaks(heights={20: 110.0})
    high[21] = high[20]
    assert pivots(high) == [20]
    assert pivots(np.full(60, 1.0)) == []
    assert pivots(np.arange(10.0)) == []


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        divergences([1.0], [1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="side"):
        divergences([1.0], [1.0], [1.0], side=0)
