"""What leaving costs: spread, depth, slippage of a market order, and a stand-in made of klines.

Costs are fractions of mid, never negative for a book that is not crossed. Prices are USDT per coin,
quantities coins. Functions over symbols take and return float64 arrays; NaN means missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.levels import LADDER, Side, slippage_ladder, two_arrays, value_of_best, value_within

Column = NDArray[np.float64]
Price = TypeVar("Price", Decimal, float, Column)

IMPACT = 1.0
"""Y of the square-root law: an order of a whole day's volume moves the price by one day's sigma."""

PROXY_BARS = 20
LOWEST_VOLUME_RATIO = 0.05


def spread(bid: Price, ask: Price) -> Price:
    """Quoted spread as a fraction of mid.

    >>> spread(Decimal("99.95"), Decimal("100.05"))
    Decimal('0.001')

    Args:
        bid, ask: two numbers, or two arrays over symbols: there a pair that is missing, crosses or
            touches is NaN, because one symbol's bad quote must not take the others along.

    Raises:
        ValueError: two numbers that cross or touch, or a price that is not above zero.
    """
    if isinstance(bid, np.ndarray) or isinstance(ask, np.ndarray):
        bids, asks = np.asarray(bid, dtype=np.float64), np.asarray(ask, dtype=np.float64)
        is_quote = (bids > 0.0) & (asks > bids) & np.isfinite(asks)
        answer = np.full(is_quote.shape, np.nan)
        np.divide(asks - bids, (asks + bids) / 2.0, out=answer, where=is_quote)
        return answer
    if not 0 < bid < ask:
        raise ValueError(f"bid {bid} and ask {ask}: not a quote")
    return (ask - bid) / ((ask + bid) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What a book gives for a market order. Without any fill the prices are NaN."""

    vwap: float  # USDT per coin
    filled: float  # coins
    unfilled: float  # coins the book did not have
    worst: float  # price of the last level touched


def walk(levels: ArrayLike, quantity: float) -> Fill:
    """Fill of a market order of `quantity` coins against one side's levels, best first.

    >>> walk([(100.0, 1.0), (101.0, 2.0)], 2.0)
    Fill(vwap=100.5, filled=2.0, unfilled=0.0, worst=101.0)

    Raises:
        ValueError: quantity not above zero, or impossible levels.
    """
    prices, quantities = two_arrays(levels)
    if not quantity > 0.0 or not np.isfinite(quantity):
        raise ValueError(f"quantity {quantity} is not above zero")
    prices, quantities = prices[quantities > 0.0], quantities[quantities > 0.0]
    before = np.cumsum(quantities) - quantities
    taken = np.clip(quantity - before, 0.0, quantities)
    touched = taken > 0.0
    if not touched.any():
        return Fill(vwap=np.nan, filled=0.0, unfilled=quantity, worst=np.nan)
    available = float(quantities.sum())
    filled = min(quantity, available)
    return Fill(
        vwap=float(prices @ taken / taken.sum()),
        filled=filled,
        unfilled=quantity - filled,
        worst=float(prices[touched][-1]),
    )


class Slippage(NamedTuple):
    """Cost of a market order. `extrapolated` is the share of it that the book did not have."""

    cost: float  # fraction of mid
    extrapolated: float  # 0…1
    fill: Fill


def slippage(levels: ArrayLike, quantity: float, mid: float, sigma: float, daily_volume: float) -> Slippage:
    """What a market order of `quantity` coins pays against mid, book first, square-root law for the rest.

    The rest is priced at Y · sigma · √(quantity / daily_volume), Y = 1, with the whole order's quantity
    (what came before has moved the price too), and at no less than the last level's price. NaN when the
    book does not suffice and sigma or the volume is missing.

    Args:
        sigma: of one day, a fraction.
        daily_volume: coins.

    Raises:
        ValueError: quantity or mid not above zero, or impossible levels.
    """
    if not mid > 0.0:
        raise ValueError(f"mid {mid} is not above zero")
    fill = walk(levels, quantity)
    book_cost = abs(fill.vwap - mid) / mid if fill.filled else 0.0
    if fill.unfilled <= 0.0:
        return Slippage(book_cost, 0.0, fill)
    share = fill.unfilled / quantity
    last = abs(fill.worst - mid) / mid if fill.filled else 0.0
    rest = float(np.maximum(square_root_law(quantity, sigma, daily_volume), last))
    return Slippage((1.0 - share) * book_cost + share * rest, share, fill)


def square_root_law(size: ArrayLike, sigma: ArrayLike, daily_volume: ArrayLike) -> Any:
    """Y · sigma · √(size / daily_volume), a fraction; size and volume in one unit (coins or USDT).

    NaN where sigma is missing or negative, or the volume is not above zero.
    """
    sizes, sigmas, volumes = (np.asarray(x, dtype=np.float64) for x in (size, sigma, daily_volume))
    is_known = (volumes > 0.0) & (sigmas >= 0.0) & (sizes >= 0.0) & np.isfinite(volumes) & np.isfinite(sigmas)
    share = np.full(is_known.shape, np.nan)
    np.divide(sizes, volumes, out=share, where=is_known)
    answer = IMPACT * sigmas * np.sqrt(share)
    return float(answer) if np.ndim(answer) == 0 else answer


def depth_within(levels: ArrayLike, mid: float, fraction: float) -> float:
    """USDT of one side's levels within `fraction` of mid.

    Raises:
        ValueError: impossible levels.
    """
    return value_within(*two_arrays(levels), mid, fraction)


def depth_of_best(levels: ArrayLike, count: int = 5) -> float:
    """USDT of one side's best `count` levels.

    Raises:
        ValueError: impossible levels.
    """
    return value_of_best(*two_arrays(levels), count)


def ladder(levels: ArrayLike, mid: float, notionals_usdt: ArrayLike = LADDER) -> Column:
    """Slippage of market orders of these notionals (USDT), fractions; NaN where the book ends first.

    Raises:
        ValueError: impossible levels.
    """
    return slippage_ladder(*two_arrays(levels), mid, np.asarray(notionals_usdt, dtype=np.float64))


class LadderCost(NamedTuple):
    """Per symbol: fraction of mid, and the share of the order that no stored rung covers."""

    cost: Column
    extrapolated: Column


def slippage_from_ladder(
    rungs: ArrayLike,
    notional_usdt: ArrayLike,
    sigma: ArrayLike,
    daily_volume_usdt: ArrayLike,
    *,
    ladder_usdt: Side = LADDER,
) -> LadderCost:
    """Slippage of one exit per symbol from stored ladders, over symbols at once.

    Between rungs the cost in USDT (notional · slippage) is interpolated. It is convex (but for terms of
    the slippage squared), so the chord lies above it: an upper bound. Beyond the last known rung the
    rest is priced by the square-root law of the whole order, and at no less than what the last stretch
    between two rungs paid. NaN where the notional is missing or negative, and where the law is needed
    and sigma or volume is missing. An order of 0 pays the first rung's fraction.

    Args:
        rungs: (n, k) fractions per rung, NaN from where the book ended.
        notional_usdt, sigma, daily_volume_usdt: (n,); sigma of one day as a fraction.
        ladder_usdt: (k,) notionals of the rungs, rising.
    """
    fractions = np.atleast_2d(np.asarray(rungs, dtype=np.float64))
    shape = (len(fractions),)
    order, sigmas, volumes = (
        np.broadcast_to(np.asarray(x, dtype=np.float64), shape)
        for x in (notional_usdt, sigma, daily_volume_usdt)
    )
    known = np.logical_and.accumulate(np.isfinite(fractions), axis=1).sum(axis=1)
    notionals = np.concatenate(([0.0], ladder_usdt))
    costs = np.zeros((len(fractions), len(notionals)))
    np.multiply(fractions, ladder_usdt, out=costs[:, 1:])

    row = np.arange(len(fractions))
    covered = np.minimum(order, notionals[known])
    upper = np.clip(np.searchsorted(ladder_usdt, covered) + 1, 1, np.maximum(known, 1))
    chord = _chord(costs, notionals, row, upper)
    inside = costs[row, upper - 1] + chord * (covered - notionals[upper - 1])
    inside = np.where(known > 0, inside, 0.0)

    rest = np.maximum(order - covered, 0.0)
    last = np.where(known > 0, _chord(costs, notionals, row, np.maximum(known, 1)), 0.0)
    law = np.maximum(np.atleast_1d(square_root_law(order, sigmas, volumes)), last)
    total = inside + np.where(rest > 0.0, rest * law, 0.0)
    has_size = order > 0.0
    cost = np.divide(total, order, out=np.full(shape, np.nan), where=has_size)
    share = np.divide(rest, order, out=np.zeros(shape), where=has_size)
    cost = np.where(order == 0.0, fractions[:, 0], cost)
    return LadderCost(cost, np.where(np.isnan(cost), np.nan, share))


def _chord(costs: Column, notionals: Column, row: NDArray[np.intp], upper: NDArray[np.intp]) -> Column:
    """Cost per USDT between the rung `upper` and the one below it."""
    slope: Column = (costs[row, upper] - costs[row, upper - 1]) / (notionals[upper] - notionals[upper - 1])
    return slope


def coverage(depth_usdt: ArrayLike, exit_notional_usdt: ArrayLike) -> Column:
    """Depth on the side that the exit hits over the exit's notional; NaN where one is missing or no exit."""
    depth, notional = np.broadcast_arrays(
        np.asarray(depth_usdt, dtype=np.float64), np.asarray(exit_notional_usdt, dtype=np.float64)
    )
    is_known = (notional > 0.0) & (depth >= 0.0)
    answer = np.full(depth.shape, np.nan)
    np.divide(depth, notional, out=answer, where=is_known)
    return answer


class KlineProxy(NamedTuple):
    """Stand-in for a book, per bar."""

    spread: Column  # (high − low) / close
    volume_ratio: Column  # volume over its 20-bar mean, this bar included
    risk: Column  # spread / max(volume_ratio, 0.05)


def kline_proxy(high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike) -> KlineProxy:
    """Liquidity guessed from bars, in time order; risk and volume ratio are NaN for the first 19.

    A quiet bar divides by no less than 0.05. Where the 20 bars carry no volume at all, or a number in
    them is missing or negative, there is no statement: NaN.

    Raises:
        ValueError: the arrays differ in length.
    """
    highs, lows, closes, volumes = (np.asarray(x, dtype=np.float64) for x in (high, low, close, volume))
    if not highs.shape == lows.shape == closes.shape == volumes.shape:
        raise ValueError("high, low, close and volume differ in length")
    is_price = np.isfinite(highs) & (lows > 0.0) & (highs >= lows) & (closes > 0.0)
    width = np.divide(highs - lows, closes, out=np.full(highs.shape, np.nan), where=is_price)
    traded = np.where(np.isfinite(volumes) & (volumes >= 0.0), volumes, np.nan)
    mean = np.full(highs.shape, np.nan)
    if len(traded) >= PROXY_BARS:
        mean[PROXY_BARS - 1 :] = np.convolve(traded, np.full(PROXY_BARS, 1.0 / PROXY_BARS), "valid")
    ratio = np.divide(traded, mean, out=np.full(highs.shape, np.nan), where=mean > 0.0)
    return KlineProxy(width, ratio, width / np.maximum(ratio, LOWEST_VOLUME_RATIO))
