"""RSI, MACD and divergences, with TA-Lib's start conventions.

Arrays are float64 in time order, one value per closed bar. The value at t is known at the close of
bar t; warm-up values are NaN. A close that is not finite (a gap) is NaN in the answer and starts the
warm-up anew: averages never run across a hole. TA-Lib itself carries one NaN to the end of the series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from risk.recurrence import Series, exponential, finite_runs, series, wilder

ZERO = 1e-14
"""TA-Lib's own zero: gains plus losses below it count as no movement."""


def rsi(close: ArrayLike, period: int = 14) -> Series:
    """Relative strength index (Wilder), 0…100; first value at bar `period`.

    A series that does not move gives 0, as TA-Lib's does (not 50). Equal to TA-Lib to 1e-9.

    Raises:
        ValueError: period below 2, or the closes are not one-dimensional.
    """
    if period < 2:
        raise ValueError(f"period {period} is below 2")
    prices = series(close)
    answer = np.full(len(prices), np.nan)
    for run in finite_runs(prices):
        fall = np.diff(prices[run])
        rise = np.maximum(fall, 0.0)
        np.subtract(rise, fall, out=fall)  # what is not a rise, as a positive number
        wilder(rise, period, out=rise)
        wilder(fall, period, out=fall)
        rise, total = rise[period - 1 :], np.add(rise, fall, out=fall)[period - 1 :]
        index = answer[run][period:]
        index[:] = 0.0
        np.divide(rise, total, out=index, where=total >= ZERO)
        index *= 100.0
    return answer


def macd(close: ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[Series, Series, Series]:
    """MACD line, signal and histogram, in units of price; all three start at bar slow + signal − 2.

    Both averages are seeded at bar slow − 1 with the mean of their own last `fast` and `slow` closes,
    and the signal with the mean of the line's first `signal` values: TA-Lib's convention, which
    spreadsheets do not share. Equal to TA-Lib to 1e-9 of the price.

    Raises:
        ValueError: not 1 ≤ fast < slow, or signal below 1.
    """
    if not 1 <= fast < slow or signal < 1:
        raise ValueError(f"periods {fast}, {slow}, {signal}: need 1 ≤ fast < slow and signal ≥ 1")
    prices = series(close)
    line, smooth, histogram = (np.full(len(prices), np.nan) for _ in range(3))
    first, start = slow - 1, slow + signal - 2
    for run in finite_runs(prices):
        part, gap, average = prices[run], line[run], histogram[run]
        if len(part) <= start:
            continue
        exponential(part[slow - fast :], fast, out=gap[slow - fast :])
        exponential(part, slow, out=average)
        gap[first:] -= average[first:]
        exponential(gap[first:], signal, out=smooth[run][first:])
        gap[:start] = average[:start] = np.nan
        np.subtract(gap[start:], smooth[run][start:], out=average[start:])
    return line, smooth, histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class PivotPair:
    """Two pivots of the price that the indicator does not confirm. Positions are bar numbers."""

    kind: Literal["bearish", "bullish"]
    first: int
    second: int


def divergences(
    high: ArrayLike, low: ArrayLike, indicator: ArrayLike, *, side: int = 5, within: int = 60
) -> tuple[PivotPair, ...]:
    """Divergences that stand at the last bar: at most one bearish and one bullish.

    A pivot high stands above the `side` bars before it and is not exceeded by the `side` bars after it
    (the first bar of a flat top counts); only then is it confirmed. Compared are the last two pivots
    that lie in the last `within` bars. Bearish: the price made a higher high and the indicator, read at
    the same two bars, a lower one. Bullish: the mirror on lows. A NaN at a pivot means no statement.

    Raises:
        ValueError: the arrays differ in length, or side is below 1.
    """
    highs, lows, reading = series(high), series(low), series(indicator)
    if not len(highs) == len(lows) == len(reading):
        raise ValueError(f"lengths differ: {len(highs)}, {len(lows)}, {len(reading)}")
    found = (
        _pair("bearish", highs, reading, side, within),
        _pair("bullish", -lows, -reading, side, within),
    )
    return tuple(pair for pair in found if pair)


def _pair(
    kind: Literal["bearish", "bullish"], price: Series, reading: Series, side: int, within: int
) -> PivotPair | None:
    last_two = [p for p in pivots(price, side) if p >= len(price) - within][-2:]
    if len(last_two) < 2:
        return None
    first, second = last_two
    if price[second] > price[first] and reading[second] < reading[first]:
        return PivotPair(kind=kind, first=first, second=second)
    return None


def pivots(price: Series, side: int = 5) -> list[int]:
    """Bars above the `side` bars before and not exceeded by the `side` bars after; confirmed ones only.

    Raises:
        ValueError: side below 1.
    """
    if side < 1:
        raise ValueError(f"side {side} is below 1")
    if len(price) < 2 * side + 1:
        return []
    windows = sliding_window_view(price, 2 * side + 1)
    middle = windows[:, side]
    is_pivot = (middle > windows[:, :side].max(axis=1)) & (middle >= windows[:, side + 1 :].max(axis=1))
    return (np.flatnonzero(is_pivot) + side).tolist()
