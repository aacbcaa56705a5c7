"""How much the price moves: ATR, realised volatility, and the forecast by GJR-GARCH or EWMA.

Arrays are float64 in time order, one value per closed bar; the value at t is known at the close of
bar t, and a sigma at t is the one of the bar that follows. Warm-up values are NaN. A bar that is not
finite is NaN in the answer; ATR starts its warm-up anew behind it. Returns and sigmas are fractions
per bar (0.02 is 2 %). The GARCH part lives in `risk.garch` and is offered from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from risk.garch import (
    EWMA,
    FEWEST_RETURNS,
    GARCH,
    MOST_RETURNS,
    GarchFit,
    ewma_sigma,
    filter_sigma,
    fit_garch,
    forecast_sigma,
    from_record,
    record_fields,
)
from risk.recurrence import Series, finite_runs, series, wilder

__all__ = [
    "EWMA", "FEWEST_RETURNS", "GARCH", "MOST_RETURNS", "GarchFit",
    "atr", "beta", "composite", "ewma_sigma", "filter_sigma", "fit_garch", "forecast_sigma",
    "from_record", "log_returns", "realised", "record_fields", "true_range", "vol_ratio",
]  # fmt: skip

HORIZONS = ("15m", "1h", "1d")
COMPOSITE_WEIGHTS = (0.40, 0.35, 0.25)
BARS_PER_DAY = (96, 24, 1)


def true_range(high: ArrayLike, low: ArrayLike, close: ArrayLike) -> Series:
    """max(high − low, |high − close before|, |low − close before|) in units of price.

    Bar 0 has no close before it and is NaN, as in TA-Lib.

    >>> true_range([11, 12.0, 9.5], [9, 11.5, 9.0], [10, 12.0, 9.0]).tolist()
    [nan, 2.0, 3.0]

    Raises:
        ValueError: the arrays differ in length.
    """
    highs, lows, closes = (series(x) for x in (high, low, close))
    if not len(highs) == len(lows) == len(closes):
        raise ValueError(f"lengths differ: {len(highs)}, {len(lows)}, {len(closes)}")
    answer = np.empty(len(highs))
    answer[:1] = np.nan
    np.maximum(highs[1:], closes[:-1], out=answer[1:])
    answer[1:] -= np.minimum(lows[1:], closes[:-1])
    return answer


def atr(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int = 14) -> Series:
    """Wilder's average true range in units of price; first value at bar `period`.

    The first value is the mean of the first `period` true ranges (bar 0 has none), then
    ((period − 1) · last + true range) / period. Equal to TA-Lib's ATR to 1e-9 relative; a spreadsheet
    that counts bar 0's high − low differs for some hundred bars.

    Raises:
        ValueError: period below 1, or the arrays differ in length.
    """
    if period < 1:
        raise ValueError(f"period {period} is below 1")
    ranges = true_range(high, low, close)
    for run in finite_runs(ranges):
        wilder(ranges[run], period, out=ranges[run])
    return ranges


def composite(
    atr_ratios: Mapping[str, ArrayLike] | Sequence[ArrayLike], horizon: Literal["mixed", "daily"] = "mixed"
) -> Any:
    """0.40 · ATR/close of 15m + 0.35 · of 1h + 0.25 · of 1d, a fraction; NaN when one is missing.

    Args:
        atr_ratios: three numbers or three arrays of one shape (symbols), in the order 15m, 1h, 1d, or by
            those names. ATR itself is a price and must be divided by its close first.
        horizon: "mixed" as they are; "daily" brings each to one day by √time (× √96, √24, 1).

    Returns:
        float for three numbers, else an array of their shape.

    >>> round(composite((0.005, 0.01, 0.03)), 6)
    0.013

    Raises:
        ValueError: not three ratios, or another horizon.
    """
    parts = [atr_ratios[h] for h in HORIZONS] if isinstance(atr_ratios, Mapping) else list(atr_ratios)
    if len(parts) != len(HORIZONS) or horizon not in ("mixed", "daily"):
        raise ValueError(f"{len(parts)} ratios for {HORIZONS}, horizon {horizon!r}")
    scale = np.sqrt(BARS_PER_DAY) if horizon == "daily" else np.ones(len(HORIZONS))
    weights = np.array(COMPOSITE_WEIGHTS) * scale
    value = sum(w * np.asarray(part, dtype=np.float64) for w, part in zip(weights, parts, strict=True))
    return float(value) if np.ndim(value) == 0 else value


def log_returns(close: ArrayLike) -> Series:
    """ln(close / close before) per bar, same length; NaN at bar 0 and where a price is not above zero."""
    prices = series(close)
    logs = np.log(np.where(np.isfinite(prices) & (prices > 0.0), prices, np.nan))
    return np.diff(logs, prepend=np.nan)


def realised(close: ArrayLike, bars: int = 96) -> Series:
    """√(Σ r²) over the last `bars` log returns, a fraction; first value at bar `bars`.

    96 bars of 15 minutes are one day. A window with a missing return is NaN.

    Raises:
        ValueError: bars below 1.
    """
    if bars < 1:
        raise ValueError(f"bars {bars} is below 1")
    squares = log_returns(close) ** 2
    answer = np.full(len(squares), np.nan)
    if len(squares) > bars:
        answer[bars:] = np.sqrt(np.convolve(squares[1:], np.ones(bars), "valid"))
    return answer


def vol_ratio(close: ArrayLike, bars: int = 96, days: int = 20) -> Series:
    """The last `bars` bars' realised volatility over the mean of the `days` such periods before them.

    First value at bar bars · (days + 1); NaN where the days before did not move.

    Raises:
        ValueError: bars or days below 1.
    """
    if days < 1:
        raise ValueError(f"days {days} is below 1")
    now = realised(close, bars)
    answer = np.full(len(now), np.nan)
    start = bars * (days + 1)
    if len(now) > start:
        past = [now[start - bars * k : len(now) - bars * k] for k in range(1, days + 1)]
        mean = np.mean(past, axis=0)
        np.divide(now[start:], mean, out=answer[start:], where=mean > 0.0)
    return answer


def beta(
    returns: ArrayLike,
    market_returns: ArrayLike,
    *,
    fewest: int = 240,
    lowest: float = 0.2,
    highest: float = 3.0,
) -> float:
    """Slope of a symbol's returns on the market's, clamped; 1 when fewer than `fewest` pairs are there.

    Pairs with a missing side are left out. 240 hours are a third of the 30 days that are asked for.

    Raises:
        ValueError: the arrays differ in length.
    """
    own, market = series(returns), series(market_returns)
    if len(own) != len(market):
        raise ValueError(f"lengths differ: {len(own)}, {len(market)}")
    both = np.isfinite(own) & np.isfinite(market)
    own, market = own[both], market[both]
    if len(own) < fewest or np.ptp(market) == 0.0:
        return 1.0
    centred = market - market.mean()
    slope = float(centred @ own / (centred @ centred))
    return min(max(slope, lowest), highest)
