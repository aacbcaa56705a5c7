"""The measures of one symbol at its newest closed bar, as the records that scoring reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from risk.liquidity import kline_proxy
from risk.records import Divergence, Indicator, VolatilityFit
from risk.technical import divergences, macd, rsi
from risk.volatility import (
    atr,
    beta,
    filter_sigma,
    forecast_sigma,
    from_record,
    log_returns,
    realised,
    vol_ratio,
)

Series = NDArray[np.float64]

BARS_PER_DAY = {"15m": 96, "1h": 24, "1d": 1}
SECONDS_PER_BAR = {"15m": 900, "1h": 3_600, "1d": 86_400}
BARS_WANTED = {"15m": 96 * 22, "1h": 1_000, "1d": 400}
"""How many closed bars make every measure of an interval exact to its warm-up."""

BETA_BARS = 30 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Closed bars of one symbol in time order; float64 arrays of one shape. `open_at`: seconds since 1970."""

    open_at: Series
    open: Series
    high: Series
    low: Series
    close: Series
    volume: Series

    def __len__(self) -> int:
        return len(self.open_at)


def indicator(
    symbol: str,
    interval: str,
    bars: Bars,
    *,
    fit: VolatilityFit | None,
    market: Bars | None,
    received_at: datetime,
) -> Indicator | None:
    """Everything measured at the newest bar; None without a bar. A measure without enough bars is None.

    Args:
        bars: at least BARS_WANTED of the interval for exact values; fewer give what they can.
        fit: the stored fit of the same symbol and interval, for `sigma_24h`; None leaves it out.
        market: BTCUSDT's bars of the same interval, for beta (1h only); None leaves it out.
    """
    if not len(bars):
        return None
    proxy = kline_proxy(bars.high[-40:], bars.low[-40:], bars.close[-40:], bars.volume[-40:])
    line, signal, histogram = macd(bars.close)
    has_day = interval == "15m"
    return Indicator(
        event_at=close_at(bars, interval, -1),
        received_at=received_at,
        source="derived",
        symbol=symbol,
        interval=interval,
        close=Decimal(repr(float(bars.close[-1]))),
        atr_ratio=_last(atr(bars.high, bars.low, bars.close) / bars.close),
        rsi=_last(rsi(bars.close)),
        macd=_last(line),
        macd_signal=_last(signal),
        macd_histogram=_last(histogram),
        realised=_last(realised(bars.close)) if has_day else None,
        vol_ratio=_last(vol_ratio(bars.close)) if has_day else None,
        kline_spread=_last(proxy.spread),
        volume_ratio=_last(proxy.volume_ratio),
        kline_risk=_last(proxy.risk),
        beta=_beta(symbol, interval, bars, market),
        sigma_24h=_sigma_24h(interval, bars, fit),
        sigma_method=fit.method if fit else None,
    )


def newest_divergences(
    symbol: str, interval: str, bars: Bars, received_at: datetime
) -> tuple[Divergence, ...]:
    """Divergences of RSI and of MACD that stand at the newest bar; none for 15m, which is noise."""
    if interval == "15m" or len(bars) < 60:
        return ()
    found = []
    for name, reading in (("rsi", rsi(bars.close)), ("macd", macd(bars.close)[0])):
        for pair in divergences(bars.high, bars.low, reading):
            found.append(
                Divergence(
                    event_at=close_at(bars, interval, pair.second),
                    received_at=received_at,
                    source="derived",
                    symbol=symbol,
                    interval=interval,
                    indicator=name,
                    kind=pair.kind,
                    first_pivot_at=close_at(bars, interval, pair.first),
                    second_pivot_at=close_at(bars, interval, pair.second),
                )
            )
    return tuple(found)


def _sigma_24h(interval: str, bars: Bars, fit: VolatilityFit | None) -> float | None:
    """Forecast sigma of the next 24 hours, filtered from the fit's last bar to the newest one."""
    if fit is None or interval not in ("1h", "1d"):
        return None
    parameters = from_record(fit)
    returns = log_returns(bars.close)
    closes_at = bars.open_at + SECONDS_PER_BAR[interval]
    newer = returns[closes_at > fit.event_at.timestamp() + 1.0]
    path = filter_sigma(parameters, newer, is_after_fit=True) if len(newer) else np.empty(0)
    sigma_next = float(path[-1]) if len(path) else parameters.sigma_next
    sigma = float(forecast_sigma(parameters, sigma_next, BARS_PER_DAY[interval]))
    return sigma if math.isfinite(sigma) and sigma > 0.0 else None


def _beta(symbol: str, interval: str, bars: Bars, market: Bars | None) -> float | None:
    if interval != "1h":
        return None
    if symbol == "BTCUSDT":
        return 1.0
    if market is None or not len(market):
        return None
    _, own_at, market_at = np.intersect1d(bars.open_at, market.open_at, return_indices=True)
    own, other = own_at[-BETA_BARS - 1 :], market_at[-BETA_BARS - 1 :]
    return beta(log_returns(bars.close[own]), log_returns(market.close[other]))


def close_at(bars: Bars, interval: str, index: int) -> datetime:
    """When a bar closed, UTC. The exchange stamps a bar's close one millisecond before the next one opens."""
    seconds = float(bars.open_at[index]) + SECONDS_PER_BAR[interval] - 0.001
    return datetime.fromtimestamp(seconds, UTC)


def _last(values: Series) -> float | None:
    value = float(values[-1])
    return value if math.isfinite(value) else None
