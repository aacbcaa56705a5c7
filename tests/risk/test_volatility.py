"""ATR against TA-Lib, GARCH against published benchmarks and arch, the rest against shown arithmetic."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from arch import arch_model
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk.errors import DataError
from risk.records import VolatilityFit
from risk.volatility import (
    GarchFit,
    atr,
    beta,
    composite,
    ewma_sigma,
    filter_sigma,
    fit_garch,
    forecast_sigma,
    from_record,
    log_returns,
    realised,
    record_fields,
    true_range,
    vol_ratio,
)

Series = NDArray[np.float64]


def bars(n: int, price: float = 60_000.0, seed: int = 5) -> tuple[Series, Series, Series]:
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, 0.01, n)))
    return close * (1.0 + rng.exponential(0.005, n)), close * (1.0 - rng.exponential(0.005, n)), close


def table(file: Path) -> NDArray[np.float64]:
    return np.genfromtxt(file, delimiter=",", skip_header=1)


# --- true range and ATR


@pytest.mark.parametrize("n", [1, 14, 15, 16, 500, 40_000])
@pytest.mark.parametrize("price", [1e-7, 60_000.0, 1e12])
def test_atr_equals_talib(n: int, price: float) -> None:
    ours, theirs = atr(*bars(n, price)), talib.ATR(*bars(n, price))
    assert (np.isnan(ours) == np.isnan(theirs)).all()
    assert ours == pytest.approx(theirs, rel=1e-9, abs=0.0, nan_ok=True)


@pytest.mark.parametrize("period", [1, 2, 50])
def test_atr_of_other_periods_equals_talib(period: int) -> None:
    assert atr(*bars(200), period) == pytest.approx(talib.ATR(*bars(200), period), rel=1e-9, nan_ok=True)


def test_true_range_equals_talib_and_has_none_at_bar_zero() -> None:
    ours = true_range(*bars(300))
    assert math.isnan(ours[0])
    assert ours[1:] == pytest.approx(talib.TRANGE(*bars(300))[1:], rel=1e-12)


def test_atr_of_bars_that_do_not_move_is_zero() -> None:
    flat = np.full(20, 7.0)
    assert atr(flat, flat, flat)[14:].tolist() == [0.0] * 6


def test_a_missing_bar_is_missing_and_starts_the_warm_up_anew() -> None:
    high, low, close = bars(100)
    high[50] = close[50] = np.nan  # bar 50's own range and bar 51's, which needs the close before it
    ours = atr(high, low, close)
    assert np.isnan(ours[50:65]).all() and np.isfinite(ours[65:]).all()
    assert ours[65:] == pytest.approx(atr(high[51:], low[51:], close[51:])[14:], rel=1e-12)
    assert ours[:50] == pytest.approx(atr(high[:50], low[:50], close[:50]), nan_ok=True)


def test_arrays_of_different_length_and_impossible_periods_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        true_range([1.0], [1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="period"):
        atr(*bars(20), 0)


# --- composite


def test_composite_weighs_the_three_horizons() -> None:
    # 0.40 · 0.01 + 0.35 · 0.02 + 0.25 · 0.04 = 0.021
    assert composite((0.01, 0.02, 0.04)) == pytest.approx(0.021)
    assert composite({"1d": 0.04, "15m": 0.01, "1h": 0.02}) == pytest.approx(0.021)


def test_daily_composite_brings_each_to_a_day_first() -> None:
    # a random walk of sigma s per day: s/√96 in 15m, s/√24 in 1h, s in 1d: all weights sum to 1
    day = 0.048
    assert composite((day / 96**0.5, day / 24**0.5, day), "daily") == pytest.approx(day)


def test_composite_over_symbols_is_missing_where_one_part_is() -> None:
    answer = composite((np.array([0.01, 0.01]), np.array([0.02, np.nan]), np.array([0.04, 0.04])))
    assert answer == pytest.approx([0.021, np.nan], nan_ok=True)
    assert math.isnan(composite((0.01, math.nan, 0.04)))


def test_composite_of_two_horizons_or_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="2 ratios"):
        composite((0.01, 0.02))
    with pytest.raises(ValueError, match="weekly"):
        composite((0.01, 0.02, 0.04), "weekly")  # type: ignore[arg-type]


# --- realised volatility


def test_realised_volatility_is_the_root_of_the_summed_squares() -> None:
    close = np.exp(np.array([0.0, 0.03, -0.01, 0.01]))  # log returns 0.03, −0.04, 0.02
    # √(0.03² + 0.04²) = 0.05; √(0.04² + 0.02²) = √0.002
    assert realised(close, 2) == pytest.approx([np.nan, np.nan, 0.05, 0.002**0.5], nan_ok=True)


def test_a_price_that_cannot_be_leaves_only_its_windows_unknown() -> None:
    close = np.exp(np.arange(12.0) / 100.0)
    close[5] = 0.0
    answer = realised(close, 2)
    assert np.isnan(answer[5:8]).all()  # returns 5 and 6 are unknown
    assert answer[[2, 3, 4, 8, 9, 10, 11]] == pytest.approx(0.01 * 2**0.5)
    assert math.isnan(log_returns(close)[6])


def test_vol_ratio_is_one_when_nothing_changes_and_two_when_the_last_day_doubles() -> None:
    steps = np.tile([0.01, -0.01], 4 * 22)  # 8 bars a day, 22 days
    close = np.exp(np.concatenate(([0.0], np.cumsum(steps))))
    answer = vol_ratio(close, bars=8, days=20)
    assert np.isnan(answer[: 8 * 21]).all()
    assert answer[8 * 21 :] == pytest.approx(1.0)
    steps[-8:] *= 2.0
    close = np.exp(np.concatenate(([0.0], np.cumsum(steps))))
    assert vol_ratio(close, bars=8, days=20)[-1] == pytest.approx(2.0)


def test_vol_ratio_against_days_that_stood_still_is_missing() -> None:
    close = np.full(8 * 22 + 1, 5.0)
    close[-1] = 6.0
    assert np.isnan(vol_ratio(close, bars=8, days=20)).all()
    assert np.isnan(vol_ratio([5.0], bars=8)).all()


@pytest.mark.parametrize(("bars_", "days"), [(0, 20), (96, 0)])
def test_windows_of_nothing_are_refused(bars_: int, days: int) -> None:
    with pytest.raises(ValueError, match="below 1"):
        vol_ratio(np.ones(10), bars_, days)


# --- beta


def test_beta_is_the_slope_clamped_and_one_without_enough_pairs() -> None:
    market = np.random.default_rng(2).normal(0.0, 0.01, 500)
    assert beta(1.7 * market + 0.001, market) == pytest.approx(1.7)
    assert beta(9.0 * market, market) == 3.0
    assert beta(-market, market) == 0.2
    assert beta(1.7 * market[:239], market[:239]) == 1.0
    assert beta(np.full(500, 0.01), np.zeros(500)) == 1.0
    holes = np.where(np.arange(500) % 2 == 0, np.nan, 1.7 * market)
    assert beta(holes, market) == pytest.approx(1.7)  # 250 pairs are left
    with pytest.raises(ValueError, match="lengths differ"):
        beta(market, market[1:])


# --- EWMA


def test_ewma_follows_riskmetrics_recursion() -> None:
    # start: mean square (0.01² + 0.03²)/2 = 5e-4; then 0.9·5e-4 + 0.1·1e-4 = 4.6e-4;
    # 0.9·4.6e-4 + 0.1·9e-4 = 5.04e-4
    assert ewma_sigma([0.01, -0.03], 0.9) ** 2 == pytest.approx([4.6e-4, 5.04e-4])


def test_ewma_skips_what_is_missing() -> None:
    answer = ewma_sigma([np.nan, 0.01, np.nan, -0.03], 0.9)
    assert answer**2 == pytest.approx([np.nan, 4.6e-4, 4.6e-4, 5.04e-4], nan_ok=True)
    assert np.isnan(ewma_sigma([np.nan], 0.9)).all()
    assert len(ewma_sigma([], 0.9)) == 0


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.5, float("nan")])
def test_a_decay_outside_zero_to_one_is_refused(decay: float) -> None:
    with pytest.raises(ValueError, match="decay"):
        ewma_sigma([0.01], decay)


@settings(deadline=None)
@given(st.floats(1e-8, 1.0), st.integers(1, 300))
def test_ewma_of_moves_of_one_size_is_that_size(size: float, n: int) -> None:
    moves = size * np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    assert ewma_sigma(moves, 0.94) == pytest.approx(size, rel=1e-9)


# --- GARCH


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "data/ref_expected_values.json").read_text())
    return found


@pytest.fixture(scope="module")
def dmbp(shared: Path) -> Series:
    """DEM/GBP daily returns, fractions."""
    return table(shared / "data/ref_dmbp_returns.csv.gz") / 100.0


@pytest.fixture(scope="module")
def btc_hours(shared: Path) -> Series:
    close = table(shared / "data/kl_um_BTCUSDT_1h_20190908_20220430.csv.gz")[:, 4]
    return np.diff(np.log(close[-4_001:]))


def test_the_published_garch_benchmark_is_met(dmbp: Series, published: dict[str, Any]) -> None:
    # Bollerslev–Ghysels data; Fiorentini, Calzolari & Panattoni (1996), reproduced by rugarch and gretl.
    # arch with this backcast comes to about four digits (the file's note).
    expected = published["garch_dmbp"]["published"]
    fit = fit_garch(dmbp, is_asymmetric=False, errors="normal")
    assert fit.reason == "" and fit.observations == 1974 and fit.gamma == 0.0
    assert fit.mu == pytest.approx(expected["mu"], abs=5e-5)
    assert fit.omega == pytest.approx(expected["omega"], rel=1e-3)
    assert fit.alpha == pytest.approx(expected["alpha"], rel=1e-3)
    assert fit.beta == pytest.approx(expected["beta"], rel=1e-3)
    assert fit.log_likelihood == pytest.approx(expected["loglik"], abs=5e-3)


def test_sigma_of_the_last_and_the_next_bar_are_fgarchs(dmbp: Series, published: dict[str, Any]) -> None:
    expected = published["garch_dmbp"]["fGarch"]
    fit = fit_garch(dmbp, is_asymmetric=False, errors="normal")
    assert fit.last_variance is not None
    assert math.sqrt(fit.last_variance) == pytest.approx(expected["sig_last"], rel=2e-4)
    assert 100.0 * fit.sigma_next == pytest.approx(expected["f1"], rel=2e-4)


def test_btc_daily_with_normal_errors_is_what_two_programs_find(
    shared: Path, published: dict[str, Any]
) -> None:
    expected = published["garch_btc_um_1d"]["arch_8_0_0_normal_backcast_var"]
    close = table(shared / "data/kl_um_BTCUSDT_1d_20190908_20240930.csv.gz")[:, 4]
    fit = fit_garch(np.diff(np.log(close)), is_asymmetric=False, errors="normal")
    for name in ("mu", "omega", "alpha", "beta"):
        assert getattr(fit, name) == pytest.approx(expected[name], rel=1e-3)
    assert fit.log_likelihood == pytest.approx(expected["loglik"], abs=1e-3)
    assert 100.0 * fit.sigma_next == pytest.approx(expected["sigma_f1"], rel=1e-4)
    fgarch = published["garch_btc_um_1d"]["fGarch_normal"]
    assert 100.0 * fit.sigma_next == pytest.approx(fgarch["f1"], rel=1e-3)


def test_btc_daily_with_t_errors_sits_on_the_bound_and_falls_back(shared: Path) -> None:
    # ref_expected_values.json, garch_btc_um_1d: arch's estimate lies ON alpha + beta = 1.
    close = table(shared / "data/kl_um_BTCUSDT_1d_20190908_20240930.csv.gz")[:, 4]
    returns = np.diff(np.log(close))
    fit = fit_garch(returns, is_asymmetric=False)
    assert fit.method == "ewma" and fit.decay == 0.94
    assert fit.reason.startswith("persistence 1.000000")
    assert fit.sigma_next == pytest.approx(ewma_sigma(returns, 0.94)[-1], rel=1e-12)


def test_the_filter_repeats_archs_conditional_volatility_and_forecasts(btc_hours: Series) -> None:
    fit = fit_garch(btc_hours, "1h")
    assert fit.method == "gjr-garch-t" and fit.nu is not None and fit.gamma is not None
    percent = 100.0 * btc_hours
    model = arch_model(percent, mean="Constant", vol="GARCH", p=1, o=1, q=1, dist="t", rescale=False)
    start = float(np.mean((percent - percent.mean()) ** 2))
    fitted = model.fit(disp="off", backcast=start)
    assert fit.log_likelihood == pytest.approx(fitted.loglikelihood, abs=1e-9)
    sigma = filter_sigma(fit, btc_hours)
    assert 100.0 * sigma[:-1] == pytest.approx(np.asarray(fitted.conditional_volatility)[1:], rel=1e-9)
    forecast = fitted.forecast(horizon=24, reindex=False).variance.to_numpy()[-1]
    assert sigma[-1] == fit.sigma_next
    assert 100.0 * fit.sigma_next == pytest.approx(math.sqrt(forecast[0]), rel=1e-9)
    assert 100.0 * forecast_sigma(fit, fit.sigma_next, 24) == pytest.approx(
        math.sqrt(forecast.sum()), rel=1e-9
    )


def test_the_t_quantiles_are_those_of_unit_variance(btc_hours: Series) -> None:
    fit = fit_garch(btc_hours, "1h")
    assert fit.nu is not None
    draws = np.random.default_rng(4).standard_t(fit.nu, 2_000_000) * math.sqrt((fit.nu - 2.0) / fit.nu)
    assert fit.quantile_01 == pytest.approx(np.quantile(draws, 0.01), rel=0.02)
    assert fit.quantile_05 == pytest.approx(np.quantile(draws, 0.05), rel=0.02)


def test_filtering_on_from_a_stored_row_equals_filtering_everything(btc_hours: Series) -> None:
    fit = fit_garch(btc_hours[:3_000], "1h")
    now = datetime(2022, 4, 30, tzinfo=UTC)
    record = VolatilityFit(
        event_at=now, received_at=now, source="derived", symbol="BTCUSDT", interval="1h", **record_fields(fit)
    )
    stored = from_record(record)
    assert stored == fit
    on = filter_sigma(stored, btc_hours[3_000:], is_after_fit=True)
    assert on == pytest.approx(filter_sigma(fit, btc_hours)[3_000:], rel=1e-12)
    assert len(filter_sigma(stored, [], is_after_fit=True)) == 0


def test_an_ewma_fallback_filters_on_as_well(btc_hours: Series) -> None:
    fit = fit_garch(btc_hours[:999], "1h")
    assert fit.method == "ewma" and fit.reason == "999 returns, 1000 needed" and fit.decay == 0.97
    on = filter_sigma(fit, btc_hours[999:1_500], is_after_fit=True)
    whole = filter_sigma(fit, btc_hours[:1_500])
    assert on == pytest.approx(whole[999:], rel=1e-12)
    assert fit.sigma_next == pytest.approx(whole[998], rel=1e-12)
    assert forecast_sigma(fit, 0.01, 24) == pytest.approx(0.01 * math.sqrt(24))


@pytest.mark.parametrize(("n", "method"), [(249, "ewma"), (250, "gjr-garch-t")])
def test_two_hundred_and_fifty_days_are_needed(dmbp: Series, n: int, method: str) -> None:
    fit = fit_garch(dmbp[700 : 700 + n], "1d")
    assert fit.observations == n
    assert (fit.method, fit.reason) == (method, "" if method != "ewma" else "249 returns, 250 needed")


def test_missing_returns_are_left_out_of_the_fit(dmbp: Series) -> None:
    holes = np.insert(dmbp, [10, 500, 1974], np.nan)
    with_holes = fit_garch(holes, is_asymmetric=False, errors="normal")
    assert with_holes == fit_garch(dmbp, is_asymmetric=False, errors="normal")
    whole = filter_sigma(with_holes, dmbp)
    assert filter_sigma(with_holes, holes)[[10, 11, 500, 501, 1976]] == pytest.approx(
        whole[[9, 10, 499, 499, 1973]], rel=1e-12
    )


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 100.0])
def test_very_quiet_and_very_wild_series_fit_as_well_as_ordinary_ones(dmbp: Series, scale: float) -> None:
    ordinary = fit_garch(dmbp, is_asymmetric=False, errors="normal")
    other = fit_garch(scale * dmbp, is_asymmetric=False, errors="normal")
    assert other.alpha == pytest.approx(ordinary.alpha, rel=1e-2)
    assert other.beta == pytest.approx(ordinary.beta, rel=1e-2)
    assert other.sigma_next == pytest.approx(scale * ordinary.sigma_next, rel=1e-2)
    assert other.log_likelihood == pytest.approx(
        (ordinary.log_likelihood or 0.0) - len(dmbp) * math.log(scale), abs=0.1
    )


@pytest.mark.parametrize("returns", [[], [0.01], [0.0] * 300, [0.01] * 300, [math.nan] * 300])
def test_returns_that_do_not_vary_have_no_volatility(returns: list[float]) -> None:
    with pytest.raises(DataError, match="no volatility"):
        fit_garch(returns)


HAND = GarchFit(
    method="gjr-garch-t",
    observations=1_000,
    mu=0.1,
    omega=0.2,
    alpha=0.05,
    gamma=0.1,
    beta=0.8,
    nu=5.0,
    backcast=2.0,
    sigma_next=0.0,
)


def test_the_filter_by_hand() -> None:
    # first variance 0.2 + (0.05 + 0.1/2 + 0.8)·2 = 2.0
    # r = −0.9 %: e = −1, negative: 0.2 + 0.15·1 + 0.8·2.0 = 1.95
    # r = 2.1 %: e = 2, positive: 0.2 + 0.05·4 + 0.8·1.95 = 1.96
    sigma = filter_sigma(HAND, [-0.009, 0.021])
    assert (100.0 * sigma) ** 2 == pytest.approx([1.95, 1.96])


def test_the_forecast_by_hand() -> None:
    # variance 1, then 0.2 + 0.9·1 = 1.1, then 0.2 + 0.9·1.1 = 1.19: sum 3.29 percent²
    assert forecast_sigma(HAND, 0.01, 3) == pytest.approx(math.sqrt(3.29) / 100.0)
    assert forecast_sigma(HAND, np.array([0.01, 0.01]), 1) == pytest.approx([0.01, 0.01])
    with pytest.raises(ValueError, match="bars"):
        forecast_sigma(HAND, 0.01, 0)


@pytest.mark.parametrize("missing", ["mu", "omega", "alpha", "gamma", "beta", "backcast"])
def test_a_fit_that_lacks_a_parameter_is_refused(missing: str) -> None:
    lacking: dict[str, Any] = {missing: None}
    with pytest.raises(ValueError, match="fit"):
        filter_sigma(replace(HAND, **lacking), [0.01])
    with pytest.raises(ValueError, match="last bar"):
        filter_sigma(HAND, [0.01], is_after_fit=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=200))
def test_the_filter_equals_the_plain_loop(returns: list[float]) -> None:
    variance, expected = 2.0, []
    for r in returns:
        e = 100.0 * r - 0.1
        variance = 0.2 + (0.05 + (0.1 if e < 0 else 0.0)) * e * e + 0.8 * variance
        expected.append(math.sqrt(variance) / 100.0)
    assert filter_sigma(HAND, returns) == pytest.approx(expected, rel=1e-10)


def test_the_five_second_path_does_not_meet_arch() -> None:
    code = (
        "import sys, risk.volatility, risk.technical, risk.book, risk.liquidity, risk.sentiment;"
        "print([m for m in ('arch', 'pandas', 'scipy.signal', 'statsmodels') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
