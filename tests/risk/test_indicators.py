"""The newest bar's measures beside TA-Lib and hand arithmetic."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import talib

from risk.indicators import Bars, indicator, newest_divergences
from risk.records import VolatilityFit

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def bars(count: int, *, interval_s: int = 900, seed: int = 3, scale: float = 0.004) -> Bars:
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, scale, count)))
    opened = np.concatenate(([100.0], close[:-1]))
    return Bars(
        open_at=NOW.timestamp() - interval_s * np.arange(count, 0, -1.0),
        open=opened,
        high=np.maximum(opened, close) * 1.001,
        low=np.minimum(opened, close) * 0.999,
        close=close,
        volume=rng.uniform(50, 150, count),
    )


def ewma_fit(sigma_next: float, last_at: datetime) -> VolatilityFit:
    return VolatilityFit(
        event_at=last_at, received_at=last_at, source="derived", symbol="X", interval="1h", method="ewma",
        reason="too short", observations=100, mu=None, omega=None, alpha=None, gamma=None, beta=None, nu=None,
        decay=0.97, backcast=None, log_likelihood=None, convergence_flag=None, persistence=None,
        last_variance=(sigma_next * 100) ** 2, last_residual=sigma_next * 100, sigma_next=sigma_next,
        quantile_01=None, quantile_05=None,
    )  # fmt: skip


def test_measures_of_15m_bars_are_talibs() -> None:
    given = bars(2_200)
    row = indicator("BTCUSDT", "15m", given, fit=None, market=None, received_at=NOW)
    assert row is not None
    atr = talib.ATR(given.high, given.low, given.close, 14)[-1] / given.close[-1]
    line, signal, histogram = (x[-1] for x in talib.MACD(given.close))
    assert row.atr_ratio == pytest.approx(atr, rel=1e-9)
    assert row.rsi == pytest.approx(talib.RSI(given.close, 14)[-1], rel=1e-9)
    assert (row.macd, row.macd_signal, row.macd_histogram) == pytest.approx(
        (line, signal, histogram), rel=1e-6
    )
    steps = np.diff(np.log(given.close))
    assert row.realised == pytest.approx(math.sqrt(float(np.sum(steps[-96:] ** 2))), rel=1e-12)
    days = [math.sqrt(float(np.sum(steps[-96 * (k + 1) : -96 * k] ** 2))) for k in range(1, 21)]
    assert row.vol_ratio == pytest.approx(row.realised / (sum(days) / 20), rel=1e-9)
    assert row.event_at == NOW - timedelta(milliseconds=1)
    assert row.sigma_24h is None


def test_too_few_bars_give_none_and_never_zero() -> None:
    row = indicator("BTCUSDT", "15m", bars(10), fit=None, market=None, received_at=NOW)
    assert row is not None
    assert (row.atr_ratio, row.rsi, row.realised, row.vol_ratio, row.kline_risk) == (None,) * 5
    assert indicator("BTCUSDT", "15m", bars(0), fit=None, market=None, received_at=NOW) is None


def test_sigma_is_filtered_from_the_fits_last_bar_to_the_newest() -> None:
    given = bars(200, interval_s=3_600)
    behind = NOW - timedelta(hours=2)
    row = indicator("X", "1h", given, fit=ewma_fit(0.01, behind), market=None, received_at=NOW)
    assert row is not None
    returns = np.diff(np.log(given.close))[-2:]
    variance = 0.01**2
    for step in returns:  # sigma² = 0.97·sigma² + 0.03·r², twice; 24 hours by √24
        variance = 0.97 * variance + 0.03 * step**2
    assert row.sigma_24h == pytest.approx(math.sqrt(24 * variance), rel=1e-9)
    at_fit = indicator("X", "1h", given, fit=ewma_fit(0.01, NOW), market=None, received_at=NOW)
    assert at_fit is not None
    assert at_fit.sigma_24h == pytest.approx(0.01 * math.sqrt(24), rel=1e-12)


def test_beta_is_the_slope_on_bitcoin_over_common_hours() -> None:
    market = bars(900, interval_s=3_600)
    twice = Bars(
        open_at=market.open_at, open=market.open, high=market.high**2, low=market.low**2,
        close=market.close**2, volume=market.volume,
    )  # fmt: skip
    row = indicator("SOLUSDT", "1h", twice, fit=None, market=market, received_at=NOW)
    assert row is not None
    assert row.beta == pytest.approx(2.0, rel=1e-9)  # ln(p²) = 2·ln(p)
    own = indicator("BTCUSDT", "1h", market, fit=None, market=None, received_at=NOW)
    assert own is not None
    assert own.beta == 1.0


def test_divergences_are_dated_by_the_close_of_their_pivots() -> None:
    # two rising peaks, the second climbed much more slowly: price higher high, RSI lower high
    first = np.concatenate((np.linspace(100, 101, 40), np.linspace(101, 120, 10), np.linspace(119, 110, 12)))
    close = np.concatenate(
        (first, np.linspace(110.2, 121, 24) + 0.3 * (-1.0) ** np.arange(24), [119, 118, 117, 116, 115, 114])
    )
    count = len(close)
    given = Bars(
        open_at=NOW.timestamp() - 3_600 * np.arange(count, 0, -1.0), open=close, high=close + 0.1,
        low=close - 0.1, close=close, volume=np.ones(count),
    )  # fmt: skip
    found = [d for d in newest_divergences("X", "1h", given, NOW) if d.indicator == "rsi"]
    assert [d.kind for d in found] == ["bearish"]
    assert found[0].first_pivot_at < found[0].second_pivot_at == found[0].event_at
    assert newest_divergences("X", "15m", given, NOW) == ()
