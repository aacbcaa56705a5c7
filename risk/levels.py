"""Arithmetic on one side of an order book: value near the mid, and what a market order pays.

A side is two float64 arrays, best price first: prices in USDT per coin, quantities in coins. Whether
it is the bids or the asks follows from the prices themselves and is never asked.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.records import SLIPPAGE_LADDER_USDT

Side = NDArray[np.float64]

LADDER: Final = np.array(SLIPPAGE_LADDER_USDT, dtype=np.float64)
NEAR = 512
"""Levels that usually hold the largest rung: they are tried before the whole side."""


def two_arrays(levels: ArrayLike) -> tuple[Side, Side]:
    """(prices, quantities) of a sequence of (price, quantity) pairs, best first.

    Raises:
        ValueError: not pairs, a price that is not above zero, a negative quantity, or NaN.
    """
    table = np.asarray(levels, dtype=np.float64)
    if table.size == 0:
        return np.empty(0), np.empty(0)
    if table.ndim != 2 or table.shape[1] != 2:
        raise ValueError(f"levels of shape {table.shape}: expected (n, 2)")
    prices, quantities = table[:, 0], table[:, 1]
    if not (np.isfinite(table).all() and (prices > 0.0).all() and (quantities >= 0.0).all()):
        raise ValueError("a level has a price that is not above zero, a negative quantity, or NaN")
    return prices, quantities


def value_within(prices: Side, quantities: Side, mid: float, fraction: float) -> float:
    """USDT of the levels whose price lies within `fraction` of mid, the edge included.

    >>> value_within(np.array([99.9, 99.0]), np.array([1.0, 2.0]), 100.0, 0.001)
    99.9
    """
    count = len(prices)
    reach = fraction * mid * (1.0 + 1e-12)  # the edge survives rounding
    if count and prices[0] < mid:
        near = count - int(prices[::-1].searchsorted(mid - reach, side="left"))
    else:
        near = int(prices.searchsorted(mid + reach, side="right"))
    return float(prices[:near] @ quantities[:near])


def value_of_best(prices: Side, quantities: Side, levels: int) -> float:
    """USDT of the best `levels` levels, or of all when there are fewer."""
    return float(prices[:levels] @ quantities[:levels])


def slippage_ladder(prices: Side, quantities: Side, mid: float, notionals_usdt: Side = LADDER) -> Side:
    """What market orders of these notionals pay against mid, as fractions of mid; NaN: the book ends first.

    An order of notional N takes levels until it has spent or received N USDT; the notionals must rise.
    N times the fraction is convex in N but for terms of the fraction squared: each further coin pays the
    same or a worse price.

    >>> asks = np.array([101.0, 102.0]), np.array([1.0, 1.0])
    >>> slippage_ladder(*asks, 100.0, np.array([50.0, 203.0, 300.0])).tolist()
    [0.01, 0.015, nan]
    """
    if len(prices) == 0:
        return np.full(len(notionals_usdt), np.nan)
    value = np.cumsum(prices[:NEAR] * quantities[:NEAR])
    if value[-1] >= notionals_usdt[-1]:
        prices, quantities = prices[:NEAR], quantities[:NEAR]
    elif len(prices) > NEAR:
        value = np.cumsum(prices * quantities)
    spent, coins = np.concatenate(([0.0], value)), np.concatenate(([0.0], np.cumsum(quantities)))
    cost = np.concatenate(([0.0], np.cumsum(quantities * np.abs(prices - mid))))
    taken = np.interp(notionals_usdt, spent, coins)
    paid: Side = np.interp(notionals_usdt, spent, cost) / (taken * mid)
    return np.where(notionals_usdt <= value[-1], paid, np.nan)
