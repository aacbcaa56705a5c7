"""The indicators that are scored, from the newest inputs of n symbols (or of one symbol at n instants)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.exposure import Exposure
from risk.limits import Limits
from risk.liquidity import slippage_from_ladder, spread
from risk.records import SLIPPAGE_LADDER_USDT
from risk.sentiment import funding_8h, oi_change
from risk.state import COMPONENTS, Column

Grid = NDArray[np.float64]
Clock = float | Column
"""Seconds since 1970: one instant for all rows, or one per row in a replay."""

INDEX: Mapping[str, int] = {name: i for i, name in enumerate(COMPONENTS)}

AGE_OF: Mapping[str, str] = {
    "atr_15m": "kline_15m", "vol_ratio": "kline_15m", "sigma_24h": "sigma",
    "spread": "depth", "depth_1pct": "depth", "coverage": "depth", "slippage": "depth",
    "cover": "account", "distance": "account", "distance_sigmas": "account",
    "funding_8h": "mark", "oi_change_3d": "open_interest", "kline_liquidity": "kline_15m",
}  # fmt: skip
"""Which age of the limits a component's input time is held against."""

LEAST: Mapping[str, float] = {
    "cover": -np.inf, "distance": -np.inf, "distance_sigmas": -np.inf, "oi_change_3d": -1.0,
}  # fmt: skip
"""Lowest value that can be true; 0 where a component is not named."""

DEPTH_COLUMNS: Mapping[str, tuple[str, str]] = {
    "1pct": ("bid_depth_1pct_usdt", "ask_depth_1pct_usdt"),
    "01pct": ("bid_depth_01pct_usdt", "ask_depth_01pct_usdt"),
    "5_levels": ("bid_depth_5_usdt", "ask_depth_5_usdt"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Value and oldest input time, each (len(COMPONENTS), n); NaN where missing."""

    values: Grid
    input_at: Grid


def measure(
    columns: Mapping[str, Column],
    sell_slippage: Grid | None,
    buy_slippage: Grid | None,
    exposure: Exposure,
    limits: Limits,
    now_s: Clock,
) -> Measured:
    """All component values, ages not yet judged except where two inputs of different ages meet.

    A column that is absent counts as missing. Units: COMPONENTS' own (fractions, USDT, multiples);
    distance is +inf where there is no liquidation, cover where the exchange asks for no maintenance.
    """
    n = exposure.has_position.size
    measured = Measured(np.full((len(COMPONENTS), n), np.nan), np.full((len(COMPONENTS), n), np.nan))
    get = _Getter(columns, n)
    _market(measured, get)
    if "best_bid" in columns:
        _book(measured, get, sell_slippage, buy_slippage, exposure, limits, now_s)
    _leverage(measured, get, exposure, limits, now_s)
    _sentiment(measured, get, limits, now_s)
    _set(measured, "kline_liquidity", get("kline_risk"), get("bar_15m_at"))
    return measured


def is_fresh(at: Column, now_s: Clock, max_age_s: float, limits: Limits) -> NDArray[np.bool_]:
    """Whether inputs are young enough; a stamp from beyond the near future tells no age and is not."""
    age = now_s - at
    fresh: NDArray[np.bool_] = (age <= max_age_s) & (age >= -limits.ages_s["ahead"])
    return fresh


def exit_notionals(exposure: Exposure, limits: Limits) -> tuple[Column, Column]:
    """Notional, in USDT, that an exit sells and buys: the position's, or the expected order both ways."""
    expected = limits.expected_order_notional_usdt
    held = exposure.has_position
    return np.where(held, exposure.sell_usdt, expected), np.where(held, exposure.buy_usdt, expected)


def exit_cost(ladder: Grid, notional: Column, sigma_1d: Column, volume_usdt: Column) -> Column:
    """Cost of a market order of `notional` USDT (n,), fraction of mid, from its ladder (n, 10).

    Where the book ends first and the square-root law has no sigma or volume, the last known rung's cost
    grows with the notional: dearer than the law, because a book that ends is no sign of safety. NaN: no
    rung is known, since the law prices what a book lacks, not a book that nobody sees.
    """
    cost = slippage_from_ladder(ladder, notional, sigma_1d, volume_usdt).cost
    known = ~np.isnan(ladder)
    cost = np.where(known.any(axis=1), cost, np.nan)
    if not np.isnan(cost).any():
        return cost
    points = np.asarray(SLIPPAGE_LADDER_USDT, dtype=np.float64)
    last = points.size - 1 - np.argmax(known[:, ::-1], axis=1)
    by_size = ladder[np.arange(len(ladder)), last] * np.maximum(notional / points[last], 1.0)
    return np.where(np.isnan(cost), by_size, cost)


class _Getter:
    """Columns by name; NaN where one is absent."""

    def __init__(self, columns: Mapping[str, Column], n: int) -> None:
        self._columns, self._absent = columns, np.full(n, np.nan)

    def __call__(self, name: str) -> Column:
        return self._columns.get(name, self._absent)

    def positive(self, name: str) -> Column:
        """The column with everything that cannot be a price, size or variance taken as missing."""
        column = self(name)
        return np.where(column > 0, column, np.nan)


def _set(measured: Measured, name: str, values: Column, *times: Column) -> None:
    measured.values[INDEX[name]] = values
    oldest = times[0]
    for time in times[1:]:
        oldest = np.minimum(oldest, time)
    measured.input_at[INDEX[name]] = oldest


def _market(measured: Measured, get: _Getter) -> None:
    _set(measured, "atr_15m", get("atr_ratio_15m"), get("bar_15m_at"))
    _set(measured, "vol_ratio", get("vol_ratio"), get("bar_15m_at"))
    _set(measured, "sigma_24h", get.positive("sigma_24h"), get("sigma_at"))


def _book(
    measured: Measured,
    get: _Getter,
    sell_slippage: Grid | None,
    buy_slippage: Grid | None,
    exposure: Exposure,
    limits: Limits,
    now_s: Clock,
) -> None:
    bid, ask, at = get.positive("best_bid"), get.positive("best_ask"), get("depth_at")
    frozen = (now_s - get("book_changed_at")) > limits.ages_s["book_unchanged"]
    usable = (ask > bid) & ~frozen
    selling, buying = exit_notionals(exposure, limits)
    deep = [_not_negative(get(name)) for name in DEPTH_COLUMNS[limits.depth_band]]
    near = [_not_negative(get(name)) for name in DEPTH_COLUMNS[limits.coverage_band]]
    coverage = np.minimum(_per(near[0], selling), _per(near[1], buying))
    found = {
        "spread": spread(bid, ask),
        "depth_1pct": np.minimum(deep[0], deep[1]),
        "coverage": coverage,
        "slippage": _exit_slippage(get, sell_slippage, buy_slippage, selling, buying),
    }
    for name, values in found.items():
        _set(measured, name, np.where(usable, values, np.nan), at)


def _not_negative(column: Column) -> Column:
    return np.where(column >= 0, column, np.nan)


def _per(depth: Column, notional: Column) -> Column:
    """Depth over notional; +inf where nothing has to go that way."""
    wanted = notional > 0
    return np.where(wanted, depth / np.where(wanted, notional, 1.0), np.inf)


def _exit_slippage(
    get: _Getter, sell: Grid | None, buy: Grid | None, selling: Column, buying: Column
) -> Column:
    worst = np.zeros(selling.size)
    for ladder, notional in ((sell, selling), (buy, buying)):
        if ladder is None:
            return np.full(selling.size, np.nan)
        cost = exit_cost(ladder, notional, get.positive("sigma_24h"), get.positive("quote_volume_24h"))
        worst = np.maximum(worst, np.where(notional > 0, cost, 0.0))
    return worst


def _leverage(measured: Measured, get: _Getter, exposure: Exposure, limits: Limits, now_s: Clock) -> None:
    held = exposure.has_position
    if not held.any():
        return
    at = np.where(held, exposure.at, np.nan)
    sigma = np.where(
        is_fresh(get("sigma_at"), now_s, limits.ages_s["sigma"], limits), get.positive("sigma_24h"), np.nan
    )
    sigmas = np.where(np.isinf(exposure.distance), exposure.distance, exposure.distance / sigma)
    _set(measured, "cover", np.where(held, exposure.cover, np.nan), at)
    _set(measured, "distance", np.where(held, exposure.distance, np.nan), at)
    _set(measured, "distance_sigmas", np.where(held, sigmas, np.nan), at)


def _sentiment(measured: Measured, get: _Getter, limits: Limits, now_s: Clock) -> None:
    known = is_fresh(get("terms_at"), now_s, limits.ages_s["terms"], limits)
    hours = np.where(known, get.positive("interval_hours"), np.nan)
    _set(measured, "funding_8h", np.abs(funding_8h(get("funding_rate"), hours)), get("mark_at"))
    change = oi_change(get("open_interest"), get("open_interest_72h"))
    _set(measured, "oi_change_3d", change, get("open_interest_at"))
