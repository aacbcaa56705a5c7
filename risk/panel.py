"""Closes of several symbols on one grid of bars, and their returns. What is missing is NaN and stays so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.errors import DataError
from risk.recurrence import Series, series

BAR_S: Mapping[str, int] = {"1h": 3_600, "1d": 86_400}
MOST_BARS = 500_000  # of one grid: 57 years of hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Closes on every bar from the first to the last known one.

    Attributes:
        open_at: seconds since 1970, evenly spaced.
        close: (bars, symbols), USDT per coin, NaN where missing.
    """

    interval: str
    symbols: tuple[str, ...]
    open_at: Series
    close: NDArray[np.float64]

    def returns(self) -> NDArray[np.float64]:
        """(bars, symbols) simple returns, fractions: what one USDT held long over the bar gained.

        NaN on the first bar, and wherever one of the two closes is missing: a move over a gap is the move
        of no bar.
        """
        answer = np.full_like(self.close, np.nan)
        answer[1:] = self.close[1:] / self.close[:-1] - 1.0
        return answer


def closes(open_at: ArrayLike, close: ArrayLike, bar_s: int, interval: str) -> tuple[Series, Series]:
    """(open_at, close) of bars of the interval, taken from bars of `bar_s` seconds, as long or shorter.

    A bar closes where its last part does; without that part it is missing.

    Raises:
        ValueError: the interval is no multiple of `bar_s`, or unknown, or the lengths differ.
    """
    times, prices = series(open_at), series(close)
    length = BAR_S.get(interval, 0)
    if not length or bar_s < 1 or length % bar_s:
        raise ValueError(f"bars of {bar_s} s make none of {interval!r}")
    if len(times) != len(prices):
        raise ValueError(f"lengths differ: {len(times)}, {len(prices)}")
    ends = (times + bar_s) % length == 0.0
    return times[ends] + bar_s - length, prices[ends]


def aligned(found: Mapping[str, tuple[ArrayLike, ArrayLike]], interval: str) -> Panel:
    """All symbols' (open_at, close) on one grid; of two closes of a bar the later one given counts.

    A close that is not above 0 is missing.

    Raises:
        DataError: no bar at all, bars off the grid, or more than MOST_BARS between first and last.
        KeyError: unknown interval.
    """
    bar = BAR_S[interval]
    times = [series(at) for at, _ in found.values()]
    known = np.concatenate([*times, np.zeros(0)])
    if not len(known):
        raise DataError(f"no {interval} bars of {', '.join(found) or 'any symbol'}")
    if (known % bar != 0.0).any():
        raise DataError(f"bars that do not open on whole {interval} of UTC")
    first, last = float(known.min()), float(known.max())
    count = round((last - first) / bar) + 1
    if count > MOST_BARS:
        raise DataError(f"{count} bars of {interval} between the first and the last, at most {MOST_BARS}")
    table = np.full((count, len(found)), np.nan)
    for column, (at, (_, close)) in enumerate(zip(times, found.values(), strict=True)):
        prices = series(close)
        good = np.isfinite(prices) & (prices > 0.0)
        table[np.rint((at[good] - first) / bar).astype(np.int64), column] = prices[good]
    grid = first + bar * np.arange(count, dtype=np.float64)
    return Panel(interval=interval, symbols=tuple(found), open_at=grid, close=table)


def book_returns(weights: ArrayLike, returns: NDArray[np.float64]) -> Series:
    """Return of a book per unit of its gross weight: Σ weight · return / Σ |weight|.

    NaN where a held symbol's return is missing. Symbols of weight 0 are not held and may be missing.

    >>> book_returns([1.0, -1.0], np.array([[0.02, 0.01]])).tolist()
    [0.005]

    Raises:
        ValueError: another number of weights than of symbols, one that is not finite, or nothing held.
    """
    w = series(weights)
    if returns.ndim != 2 or returns.shape[1] != len(w) or not np.isfinite(w).all() or not w.any():
        raise ValueError(f"{len(w)} weights for returns of shape {returns.shape}: finite and not all 0")
    held = w != 0.0
    return np.asarray(returns[:, held] @ w[held] / np.abs(w).sum())
