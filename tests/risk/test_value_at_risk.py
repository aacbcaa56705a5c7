"""VaR against closed forms and plain loops; its tests against rugarch's numbers and published tables."""

from __future__ import annotations

import doctest
import importlib
import json
import math
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from risk.backtests import chi_squared_tail
from risk.errors import DataError
from risk.garch_fast import fit_fast
from risk.student import Student, fit_student, normal_tail, student_tail, unit_student_tail
from risk.value_at_risk import (
    METHODS,
    Method,
    Zone,
    acerbi_szekely_z2,
    backtest,
    basel_multiplier,
    book_var,
    christoffersen,
    dynamic_quantile,
    fewest_returns,
    forecast_path,
    forecasts,
    fz0_score,
    hits,
    kupiec,
    quantile_score,
    rolling_zones,
    traffic_light,
    var_es,
)
from risk.var_forecasts import rolling_tails

Series = NDArray[np.float64]
LEVELS = (0.95, 0.99)


def heavy(n: int, seed: int = 0, sigma: float = 0.02) -> Series:
    return sigma * np.random.default_rng(seed).standard_t(4.0, n)


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "data/ref_expected_values.json").read_text())
    return found


@pytest.fixture(scope="module")
def ibm(shared: Path) -> dict[str, Series]:
    """Returns under "IBM" and the 1 % quantile forecasts of five methods."""
    table = np.genfromtxt(shared / "data/ref_ibm_returns_and_quantiles.csv.gz", delimiter=",", skip_header=1)
    names = ("IBM", "N", "HS", "RM", "GARCH-N", "GARCH-t")
    return {name: table[:, k] for k, name in enumerate(names, 1)}


@pytest.fixture(scope="module")
def btc_days(shared: Path) -> Series:
    table = np.genfromtxt(
        shared / "data/kl_um_BTCUSDT_1d_20190908_20240930.csv.gz", delimiter=",", skip_header=1
    )
    return np.diff(np.log(table[:, 4]))


# --- Kupiec


@pytest.mark.parametrize("probability", ["0.01", "0.025", "0.05", "0.075", "0.1"])
@pytest.mark.parametrize("n", ["255", "510", "1000"])
def test_kupiecs_table_of_what_is_not_rejected(published: dict[str, Any], probability: str, n: str) -> None:
    low, high = published["kupiec_nonrejection_95"]["table"][probability][n]
    passes = [x for x in range(int(n) + 1) if kupiec(x, int(n), float(probability)).statistic < 3.841]
    assert (passes[0], passes[-1]) == (low, high)
    assert len(passes) == high - low + 1


@pytest.mark.parametrize("method", ["N", "HS", "RM", "GARCH-N", "GARCH-t"])
def test_ibm_is_judged_as_rugarch_judges_it(
    ibm: dict[str, Series], published: dict[str, Any], method: str
) -> None:
    expected = published["var_tests_ibm"]["results"][method]
    found = hits(ibm["IBM"], -ibm[method])
    assert (int(found.sum()), len(found)) == (expected["hits"], expected["T"])
    rate = kupiec(int(found.sum()), len(found), 0.01)
    assert rate.statistic == pytest.approx(expected["LR_uc"], rel=1e-8)
    assert rate.p_value == pytest.approx(expected["p_uc"], rel=1e-6)
    independence, conditional = christoffersen(found, 0.01)
    assert conditional.statistic == pytest.approx(expected["LR_cc"], rel=1e-8)
    assert conditional.p_value == pytest.approx(expected["p_cc"], rel=1e-6)
    assert independence.statistic == pytest.approx(expected["LR_cc"] - expected["LR_uc"], rel=1e-6)


def test_no_exception_and_all_exceptions_have_their_statistics() -> None:
    # −2·n·ln(1 − p), −2·n·ln p; ref_expected_values.json tells 5.126 for n 255, p 0.01
    assert kupiec(0, 255, 0.01).statistic == pytest.approx(5.1257, abs=5e-5)
    assert kupiec(10, 10, 0.01).statistic == pytest.approx(-20.0 * math.log(0.01))
    assert kupiec(10, 1_000, 0.01).statistic == pytest.approx(0.0, abs=1e-12)
    assert kupiec(10, 1_000, 0.01).p_value == pytest.approx(1.0)
    assert kupiec(500_000, 1_000_000, 0.01).p_value == 0.0  # no underflow of a product on the way


@pytest.mark.parametrize(
    ("x", "n", "p"), [(0, 0, 0.01), (-1, 5, 0.01), (6, 5, 0.01), (1, 5, 0.0), (1, 5, 1.0)]
)
def test_impossible_counts_are_refused(x: int, n: int, p: float) -> None:
    with pytest.raises(ValueError, match=r"exceptions|probability"):
        kupiec(x, n, p)


@pytest.mark.parametrize("degrees", range(1, 9))
@pytest.mark.parametrize("statistic", [0.0, 1e-6, 0.5, 3.0, 20.0, 300.0])
def test_the_tail_of_chi_squared_is_scipys(statistic: float, degrees: int) -> None:
    expected = float(stats.chi2.sf(statistic, degrees))
    assert chi_squared_tail(statistic, degrees) == pytest.approx(expected, rel=1e-9)


# --- Christoffersen


def test_runs_are_counted_by_hand() -> None:
    # 0 0 1 1 0 0 0 1 0 0: transitions 00: 4, 01: 2, 10: 2, 11: 1
    found = [0, 0, 1, 1, 0, 0, 0, 1, 0, 0]
    same = 6 * math.log(6 / 9) + 3 * math.log(3 / 9)
    free = 4 * math.log(4 / 6) + 2 * math.log(2 / 6) + 2 * math.log(2 / 3) + math.log(1 / 3)
    rate = 7 * math.log(0.7 / 0.9) + 3 * math.log(0.3 / 0.1)
    independence, conditional = christoffersen(found, 0.1)
    assert independence.statistic == pytest.approx(2.0 * (free - same), abs=1e-12)
    assert conditional.statistic == pytest.approx(2.0 * (rate + free - same))
    assert conditional.p_value == pytest.approx(math.exp(-conditional.statistic / 2.0))


def test_a_gap_breaks_the_chain_and_counts_for_nobody() -> None:
    nan = math.nan
    whole, rate = christoffersen([0, 0, 1, 1, 0, nan, 0, 0, 1, 0, 0], 0.1)
    # transitions 00: 1+2, 01: 1+1, 10: 1+1, 11: 1: the 0→0 across the gap is missing
    same = 5 * math.log(5 / 8) + 3 * math.log(3 / 8)
    free = 3 * math.log(3 / 5) + 2 * math.log(2 / 5) + 2 * math.log(2 / 3) + math.log(1 / 3)
    assert whole.statistic == pytest.approx(2.0 * (free - same), abs=1e-12)
    assert rate.statistic == pytest.approx(kupiec(3, 10, 0.1).statistic + whole.statistic)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nothing_but_one_kind_of_bar_says_nothing_of_runs(value: float) -> None:
    independence, conditional = christoffersen(np.full(250, value), 0.01)
    assert (independence.statistic, independence.p_value) == (0.0, 1.0)
    assert conditional.statistic == pytest.approx(kupiec(int(250 * value), 250, 0.01).statistic)


@pytest.mark.parametrize("found", [[], [1.0], [0.0, math.nan, 1.0], [0.0, 2.0], [0.0, math.inf]])
def test_hits_without_a_transition_or_of_another_kind_are_refused(found: list[float]) -> None:
    with pytest.raises(ValueError, match=r"follow one another|a hit is"):
        christoffersen(found, 0.01)


# --- Basle


# Basle Committee, supervisory framework for backtesting (January 1996):
# 250 days at 99 %: green up to 4 exceptions, yellow 5 to 9, red from 10.
@pytest.mark.parametrize(
    ("exceptions", "zone"),
    [(0, Zone.GREEN), (4, Zone.GREEN), (5, Zone.YELLOW), (9, Zone.YELLOW), (10, Zone.RED), (250, Zone.RED)],
)
def test_zones_of_one_year_at_99_percent(exceptions: int, zone: Zone) -> None:
    assert traffic_light(exceptions) is zone


@pytest.mark.parametrize(("n", "level"), [(250, 0.95), (500, 0.99), (2_000, 0.95), (20_000, 0.99)])
def test_other_lengths_follow_the_frameworks_own_rule(n: int, level: float) -> None:
    for exceptions in range(0, int(4 * n * (1.0 - level))):
        share = stats.binom.cdf(exceptions, n, 1.0 - level)
        expected = Zone.GREEN if share < 0.95 else Zone.YELLOW if share < 0.9999 else Zone.RED
        assert traffic_light(exceptions, n, level) is expected


def test_the_multipliers_are_basles(published: dict[str, Any]) -> None:
    for text, multiplier in published["basel_traffic_light"]["multiplier"].items():
        low, _, high = text.replace("10+", "10-60").partition("-")
        for exceptions in range(int(low), int(high or low) + 1):
            assert basel_multiplier(exceptions) == multiplier
    with pytest.raises(ValueError, match="below 0"):
        basel_multiplier(-1)


def test_rolling_zones_count_windows_of_judged_bars() -> None:
    found = np.zeros(300)
    found[100:105] = 1.0
    # 51 windows of 250; the one that starts at bar s holds all five while s ≤ 100: all of them
    assert rolling_zones(found) == {Zone.GREEN: 0, Zone.YELLOW: 51, Zone.RED: 0}
    found[0] = found[103] = math.nan  # 298 left: four exceptions
    assert rolling_zones(found) == {Zone.GREEN: 49, Zone.YELLOW: 0, Zone.RED: 0}
    assert sum(rolling_zones(found[:100]).values()) == 0


# --- dynamic quantile


def plain_dynamic_quantile(returns: Series, var: Series, level: float, lags: int) -> float:
    """Engle & Manganelli (2004), the in-sample form of eq. 10, row by row."""
    p = 1.0 - level
    hit = np.array([(1.0 if -r > v else 0.0) - p for r, v in zip(returns, var, strict=True)])
    rows = [[1.0, *(hit[t - k] for k in range(1, lags + 1)), var[t]] for t in range(lags, len(hit))]
    x, y = np.array(rows), hit[lags:]
    return float(y @ x @ np.linalg.solve(x.T @ x, x.T @ y) / (p * (1.0 - p)))


@pytest.mark.parametrize("method", ["N", "RM", "GARCH-t"])
def test_the_dynamic_quantile_test_is_its_definition(ibm: dict[str, Series], method: str) -> None:
    found = dynamic_quantile(ibm["IBM"], -ibm[method], 0.99)
    assert found.statistic == pytest.approx(
        plain_dynamic_quantile(ibm["IBM"], -ibm[method], 0.99, 4), rel=1e-8
    )
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 6), rel=1e-6)


def test_a_regression_on_one_repeated_column_has_its_rank_as_degrees() -> None:
    # without an exception and with a constant VaR only the constant is left: n·p²/(p·(1 − p)), n = 96
    found = dynamic_quantile(np.full(100, 0.01), np.full(100, 0.02), 0.99)
    assert found.statistic == pytest.approx(96 * 0.01 / 0.99)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1), rel=1e-9)


def test_every_bar_an_exception_is_no_crash_and_no_pass() -> None:
    found = dynamic_quantile(np.full(300, -0.1), np.full(300, 0.02), 0.99)
    assert found.statistic == pytest.approx(296 * 0.99 / 0.01)
    assert found.p_value < 1e-12


def test_too_few_bars_are_refused() -> None:
    with pytest.raises(ValueError, match="5 complete bars, 6 needed"):
        dynamic_quantile(np.ones(9), np.ones(9), 0.99)
    with pytest.raises(ValueError, match="lags"):
        dynamic_quantile(np.ones(9), np.ones(9), 0.99, -1)


# --- scores of the shortfall


def test_z2_by_hand() -> None:
    # two exceptions of 0.04 and 0.06 with ES 0.05 in 40 bars at 95 %: 1 − (0.8 + 1.2)/(40·0.05) = 0
    moves = np.zeros(40)
    moves[[3, 9]] = -0.04, -0.06
    flat = np.ones(40)
    assert acerbi_szekely_z2(moves, 0.03 * flat, 0.05 * flat, 0.95) == pytest.approx(0.0, abs=1e-12)
    assert acerbi_szekely_z2(moves, 0.03 * flat, 0.025 * flat, 0.95) == pytest.approx(-1.0)
    assert acerbi_szekely_z2(np.zeros(40), 0.03 * flat, 0.05 * flat, 0.95) == 1.0


def test_scores_by_hand() -> None:
    # pinball: (0.05 − 1)·(−0.03 + 0.02) = 0.0095; 0.05·(0.01 + 0.02) = 0.0015
    assert quantile_score([-0.03, 0.01], [0.02, 0.02], 0.95) == pytest.approx(0.0055)
    # FZ0: 0.01/(0.05·0.025) + 0.8 + ln 0.025 − 1 and 0.8 + ln 0.025 − 1
    calm = 0.8 + math.log(0.025) - 1.0
    expected = (8.0 + calm + calm) / 2.0
    assert fz0_score([-0.03, 0.01], [0.02, 0.02], [0.025, 0.025], 0.95) == pytest.approx(expected)


def test_the_true_forecast_has_the_best_scores() -> None:
    moves = 0.01 * np.random.default_rng(2).normal(size=200_000)
    true = 0.01 * np.array(normal_tail(0.05))
    one = np.ones(len(moves))
    best = quantile_score(moves, true[0] * one, 0.95), fz0_score(moves, true[0] * one, true[1] * one, 0.95)
    for factor in (0.8, 1.25):
        var, es = factor * true[0] * one, factor * true[1] * one
        assert quantile_score(moves, var, 0.95) > best[0]
        assert fz0_score(moves, var, es, 0.95) > best[1]
        assert abs(acerbi_szekely_z2(moves, true[0] * one, true[1] * one, 0.95)) < 0.05


def test_gaps_are_left_out_of_every_score_and_nothing_at_all_is_refused() -> None:
    moves, var, es = heavy(300), np.full(300, 0.04), np.full(300, 0.06)
    holes = np.insert(moves, [5, 200], math.nan)
    longer, further = np.full(302, 0.04), np.full(302, 0.06)
    assert quantile_score(holes, longer, 0.95) == quantile_score(moves, var, 0.95)
    assert fz0_score(holes, longer, further, 0.95) == fz0_score(moves, var, es, 0.95)
    assert acerbi_szekely_z2(holes, longer, further, 0.95) == acerbi_szekely_z2(moves, var, es, 0.95)
    with pytest.raises(ValueError, match="no bar"):
        quantile_score([math.nan], [0.1], 0.95)
    with pytest.raises(ValueError, match="not above 0"):
        fz0_score([0.1], [0.0], [0.0], 0.95)
    with pytest.raises(ValueError, match="lengths differ"):
        hits([0.1, 0.2], [0.1])


def test_an_exception_is_a_loss_larger_than_var() -> None:
    assert hits([-0.02, -0.0200001, 0.5], [0.02, 0.02, 0.02]).tolist() == [0.0, 1.0, 0.0]


def test_a_backtest_gathers_what_its_parts_say(ibm: dict[str, Series]) -> None:
    moves, var = ibm["IBM"], -ibm["GARCH-t"]
    found = backtest(moves, var, 1.3 * var, 0.99)
    assert (found.observations, found.exceptions) == (4_930, 54)
    assert found.rate == pytest.approx(54 / 4_930)
    assert found.kupiec == kupiec(54, 4_930, 1.0 - 0.99)
    assert sum(found.zones.values()) == 4_930 - 249
    assert found.zone is traffic_light(int(hits(moves, var)[-250:].sum()))
    assert not found.has_failed()
    assert backtest(moves, -ibm["N"], -1.3 * ibm["N"], 0.99).has_failed()
    with pytest.raises(ValueError, match="no bar"):
        backtest([math.nan] * 20, [0.1] * 20, [0.1] * 20, 0.99)


# --- tails and the t


@pytest.mark.parametrize("probability", [0.05, 0.01, 0.001])
@pytest.mark.parametrize("nu", [1.5, 3.0, 8.0, 400.0])
def test_tails_are_the_integrals_that_they_stand_for(probability: float, nu: float) -> None:
    found = student_tail(probability, nu)
    assert found.quantile == pytest.approx(-stats.t.ppf(probability, nu), rel=1e-9)
    beyond = stats.t.expect(args=(nu,), ub=-found.quantile, limit=200) if nu > 2.5 else None
    if beyond is not None:
        assert found.shortfall == pytest.approx(-beyond / probability, rel=1e-4)
    assert found.shortfall > found.quantile
    if nu > 2.0:
        scale = math.sqrt((nu - 2.0) / nu)
        assert unit_student_tail(probability, nu).shortfall == pytest.approx(scale * found.shortfall)


def test_the_tail_of_the_normal_is_published() -> None:
    # McNeil, Frey & Embrechts (2005), example 2.18: z = 2.326, ES = φ(z)/0.01 = 2.665
    assert normal_tail(0.01) == pytest.approx((2.326348, 2.665214), abs=1e-6)
    assert student_tail(0.01, 1e6) == pytest.approx(normal_tail(0.01), rel=1e-5)


@pytest.mark.parametrize(("nu", "seed"), [(3.0, 0), (5.0, 1), (12.0, 2)])
def test_the_t_is_the_one_scipy_finds(nu: float, seed: int) -> None:
    values = 0.01 * np.random.default_rng(seed).standard_t(nu, 2_000) + 0.001
    found = fit_student(values)
    theirs = stats.t.fit(values)
    heights = [
        float(stats.t.logpdf(values, degrees, at, scale).sum())
        for degrees, at, scale in ((found.nu, found.location, found.scale), theirs)
    ]
    assert heights[0] >= heights[1] - 1e-6
    assert found.nu == pytest.approx(theirs[0], rel=2e-3)
    assert found.scale == pytest.approx(theirs[2], rel=2e-3)


def test_a_warm_start_changes_the_way_and_not_the_end() -> None:
    values = heavy(1_000, 4)
    cold, warm = fit_student(values), fit_student(values, Student(0.01, 0.05, 30.0))
    assert warm.nu == pytest.approx(cold.nu, rel=1e-3)
    assert warm.scale == pytest.approx(cold.scale, rel=1e-4)


def test_a_t_without_a_maximum_is_refused() -> None:
    rng = np.random.default_rng(0)
    piled = np.where(rng.random(500) < 0.8, 0.0, rng.normal(size=500))
    for values in (piled, np.full(100, 0.1), np.array([1.0, 2.0])):
        with pytest.raises(DataError, match="no Student t"):
            fit_student(values)
    assert fit_student(rng.uniform(size=500)).nu == 500.0  # lighter than any t: the bound


# --- one forecast


def test_var_by_hand() -> None:
    values = np.arange(-50.0, 50.0) / 1_000.0
    # numpy's quantile at 5 %: position 4.95 of −0.050, −0.049, …: −0.04505; worst five: −0.050 … −0.046
    assert var_es(values, 0.95, "historical") == pytest.approx((0.04505, 0.048))
    mean, s = float(values.mean()), float(values.std(ddof=1))
    z = stats.norm.ppf(0.95)
    assert var_es(values, 0.95, "normal") == pytest.approx(
        (z * s - mean, s * stats.norm.pdf(z) / 0.05 - mean)
    )


def test_ewma_by_hand() -> None:
    values, variance = heavy(60, 3), 0.0
    variance = float(np.mean(values**2))
    for value in values.tolist():
        variance = 0.94 * variance + 0.06 * value**2
    sigma = math.sqrt(variance)
    assert var_es(values, 0.95, "ewma") == pytest.approx((1.644854 * sigma, 2.062713 * sigma), rel=1e-6)
    hourly = var_es(values, 0.95, "ewma", interval="1h")
    assert hourly[0] != pytest.approx(1.644854 * sigma, rel=1e-3)


def test_gjr_and_the_filtered_method_by_their_fit(btc_days: Series) -> None:
    values = btc_days[:800]
    fit = fit_fast(values)
    assert fit.mu is not None and fit.nu is not None and fit.quantile_01 is not None
    expected = -(fit.mu / 100.0 + fit.quantile_01 * fit.sigma_next)
    assert var_es(values, 0.99, "gjr_garch_t")[0] == pytest.approx(expected, rel=1e-8)
    variance = (fit.omega or 0.0) + (fit.persistence or 0.0) * (fit.backcast or 0.0)
    errors = []
    for move in (100.0 * values).tolist():
        error = move - fit.mu
        errors.append(error / math.sqrt(variance))
        rise = (fit.alpha or 0.0) + ((fit.gamma or 0.0) if error < 0.0 else 0.0)
        variance = (fit.omega or 0.0) + rise * error**2 + (fit.beta or 0.0) * variance
    expected = -(fit.mu + float(np.quantile(errors, 0.01)) * math.sqrt(variance)) / 100.0
    assert var_es(values, 0.99, "filtered_historical")[0] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(1e-4, 10.0))
def test_var_scales_with_the_returns_and_shortfall_lies_beyond_it(
    method: Method, seed: int, scale: float
) -> None:
    values = heavy(300, seed)
    var, es = var_es(values, 0.95, method)
    assert es >= var
    assert var_es(scale * values, 0.95, method) == pytest.approx((scale * var, scale * es), rel=1e-4)
    assert var_es(values, 0.99, method)[0] > var
    assert var_es(np.insert(values, 7, math.nan), 0.95, method) == pytest.approx((var, es), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_too_few_or_unmoving_returns_have_no_var(method: Method) -> None:
    with pytest.raises(DataError, match="99 returns, 100 needed"):
        var_es(heavy(99), 0.99, method)
    assert math.isfinite(var_es(heavy(100), 0.99, method)[0])
    with pytest.raises(DataError, match="do not vary"):
        var_es(np.full(300, 0.001), 0.99, method)
    with pytest.raises(DataError, match="0 returns"):
        var_es([math.nan] * 300, 0.95, method)


def test_a_short_history_says_that_ewma_stood_in() -> None:
    values = heavy(249)
    assert var_es(values, 0.95, "gjr_garch_t") == var_es(values, 0.95, "ewma")
    found = forecasts(values, (0.95,), ("gjr_garch_t",), 249, 1, steps_beyond=1)
    assert dict(found.refused) == {"249 returns, 250 needed": 1} and found.fits == 0
    assert var_es(heavy(300), 0.95, "gjr_garch_t") != var_es(heavy(300), 0.95, "ewma")


@pytest.mark.parametrize("level", [0.5, 1.0, 0.05, math.nan])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        fewest_returns(level)


# --- the path


@pytest.mark.parametrize("method", METHODS)
def test_the_path_looks_at_nothing_that_comes_later(method: Method, btc_days: Series) -> None:
    values = btc_days[:340].copy()
    var, es = forecast_path(values, 0.95, method, 300, 7)
    assert np.isnan(var[:300]).all() and np.isfinite(var[300:]).all() and len(var) == len(values)
    changed = values.copy()
    changed[320:] *= -3.0
    again = forecast_path(changed, 0.95, method, 300, 7)
    assert (again[0][300:321] == var[300:321]).all() and (again[1][300:321] == es[300:321]).all()
    assert (es[300:] >= var[300:]).all()


@pytest.mark.parametrize("method", METHODS)
def test_at_a_refit_the_path_is_the_forecast_from_the_window(method: Method, btc_days: Series) -> None:
    values = btc_days[:380]
    for level in LEVELS:
        path = forecast_path(values, level, method, 360, 10)
        for at in (360, 370):
            expected = var_es(values[at - 360 : at], level, method)
            assert (path[0][at], path[1][at]) == pytest.approx(expected, rel=1e-5)


def test_between_refits_parameters_stand_and_sigma_is_filtered(btc_days: Series) -> None:
    values = btc_days[:330]
    fit = fit_fast(values[:300])
    assert fit.mu is not None and fit.quantile_05 is not None
    variance = (100.0 * fit.sigma_next) ** 2
    var = forecast_path(values, 0.95, "gjr_garch_t", 300, 30)[0]
    for t in range(300, 330):
        expected = -(fit.mu + fit.quantile_05 * math.sqrt(variance)) / 100.0
        assert var[t] == pytest.approx(expected, rel=1e-8)
        error = 100.0 * values[t] - fit.mu
        rise = (fit.alpha or 0.0) + ((fit.gamma or 0.0) if error < 0.0 else 0.0)
        variance = (fit.omega or 0.0) + rise * error**2 + (fit.beta or 0.0) * variance


def test_rolling_methods_equal_the_plain_loop() -> None:
    values = np.round(heavy(400, 6), 3)  # rounded: many ties
    for level in LEVELS:
        historical = forecast_path(values, level, "historical", 120, 1)
        normal = forecast_path(values, level, "normal", 120, 1)
        for t in range(120, 400):
            window = values[t - 120 : t]
            assert historical[0][t] == pytest.approx(-np.quantile(window, 1.0 - level), abs=1e-15)
            z = stats.norm.ppf(level)
            assert normal[0][t] == pytest.approx(z * window.std(ddof=1) - window.mean(), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1.0, 1.0), min_size=40, max_size=90),
    st.integers(30, 40),
    st.sampled_from([0.05, 0.01, 0.1, 0.25, 0.037]),
)
def test_rolling_tails_are_numpys_quantile_and_the_mean_of_the_worst_share(
    values: list[float], window: int, probability: float
) -> None:
    (found,) = rolling_tails(np.array(values), window, (probability,))
    for i in range(len(values) - window + 1):
        part = np.sort(values[i : i + window])
        assert found[0, i] == pytest.approx(-np.quantile(part, probability), abs=1e-12)
        share = window * probability
        weights = np.clip(share - np.arange(window), 0.0, 1.0)
        worst = -float(weights @ part) / share
        assert found[1, i] == pytest.approx(max(worst, -float(np.quantile(part, probability))), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_gaps_are_skipped_and_still_forecast(method: Method, btc_days: Series) -> None:
    values = btc_days[:330]
    plain = forecast_path(values, 0.95, method, 300, 10)[0]
    holes = np.insert(values, [10, 310, 310], math.nan)
    var = forecast_path(holes, 0.95, method, 300, 10)[0]
    assert np.isnan(var[:301]).all()
    assert var[[301, 310, 311, 312, 313, 332]] == pytest.approx(plain[[300, 309, 310, 310, 310, 329]])


@pytest.mark.parametrize("method", METHODS)
def test_a_feed_that_stands_still_has_no_var(method: Method) -> None:
    values = heavy(400, 2)
    values[100:260] = 0.0
    var = forecast_path(values, 0.95, method, 100, 5)[0]
    assert np.isnan(var[201:260]).all()  # windows of nothing but zeros
    assert np.isfinite(var[330:]).all()  # a t asks for less than 55 % at one point


def test_many_paths_at_once_are_the_paths_one_by_one(btc_days: Series) -> None:
    values, seen = btc_days[:340], []
    found = forecasts(
        values, LEVELS, METHODS, 300, 7, steps_beyond=1, on_refit=lambda done, of: seen.append((done, of))
    )
    assert set(found.paths) == {(m, level) for m in METHODS for level in LEVELS}
    assert seen[-1] == (41, 41) and len(seen) == 6 and found.fits == 6
    for (method, level), (var, es) in found.paths.items():
        alone = forecast_path(values, level, method, 300, 7)
        assert len(var) == 341 and np.isfinite(var[-1])
        assert (var[300:340] == alone[0][300:]).all() and (es[300:340] == alone[1][300:]).all()


def test_a_series_cut_at_a_refit_gives_the_same_path(btc_days: Series) -> None:
    values = btc_days[:360]
    whole = forecasts(values, (0.99,), METHODS, 300, 10)
    second = forecasts(values[30:], (0.99,), METHODS, 300, 10)
    for method in set(METHODS) - {"ewma"}:
        expected = whole.paths[method, 0.99][0][330:]
        assert second.paths[method, 0.99][0][300:] == pytest.approx(expected, rel=1e-4)


def test_a_series_shorter_than_its_window_has_no_forecast() -> None:
    var, es = forecast_path(heavy(99), 0.95, "historical", 100, 1)
    assert np.isnan(var).all() and np.isnan(es).all() and len(var) == 99
    assert len(forecast_path([], 0.95, "gjr_garch_t", 100, 1)[0]) == 0
    for window, refit in ((29, 1), (100, 0)):
        with pytest.raises(ValueError, match="window"):
            forecast_path(heavy(200), 0.95, "historical", window, refit)
    with pytest.raises(ValueError, match="unknown method garch"):
        forecast_path(heavy(200), 0.95, "garch", 100, 1)  # type: ignore[arg-type]


def test_garch_passes_on_ethereum_where_the_plain_history_fails(shared: Path) -> None:
    # what the published literature leads one to expect (Kuester, Mittnik & Paolella 2006): the
    # unconditional history bunches its exceptions, the filtered t does not
    table = np.genfromtxt(
        shared / "data/kl_um_ETHUSDT_1d_20200101_20240930.csv.gz", delimiter=",", skip_header=1
    )
    values = np.diff(np.log(table[:, 4]))
    found = forecasts(values, (0.99,), ("historical", "gjr_garch_t"), 500, 7)
    history, filtered = (
        backtest(values, *found.paths[method, 0.99], 0.99) for method in ("historical", "gjr_garch_t")
    )
    assert history.dynamic_quantile.p_value < 1e-6 < 0.05 < filtered.dynamic_quantile.p_value
    assert filtered.fz0_score < history.fz0_score
    assert not filtered.has_failed() and filtered.zone is Zone.GREEN


# --- the book


@pytest.fixture(scope="module")
def coins(shared: Path) -> Series:
    """(days, 12) returns of spot coins."""
    table = np.genfromtxt(
        shared / "data/panel_spot_close_1d_20210101_20240930.csv.gz", delimiter=",", skip_header=1
    )
    return np.asarray(np.diff(np.log(table[-500:, 1:]), axis=0))


WEIGHTS = np.array([0.5, 0.3, -0.2, 0.1, 0, 0, 0.05, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", LEVELS)
def test_components_sum_to_the_total_which_is_the_books_own_var(
    coins: Series, method: Method, level: float
) -> None:
    found = book_var(WEIGHTS, coins, level, method)
    expected = var_es(coins @ WEIGHTS, level, method)
    assert (found.total, found.shortfall) == pytest.approx(expected, rel=1e-6)
    assert found.component.sum() == pytest.approx(found.total, abs=1e-9)
    assert found.observations == len(coins)
    held = WEIGHTS != 0.0
    assert found.component[held] == pytest.approx((WEIGHTS * found.marginal)[held])
    assert (found.component[~held] == 0.0).all() and np.isnan(found.marginal[~held]).all()
    without = WEIGHTS.copy()
    without[1] = 0.0
    assert found.incremental[1] == pytest.approx(
        found.total - book_var(without, coins, level, method).total, rel=1e-6
    )


@pytest.mark.parametrize("method", METHODS)
def test_money_and_fractions_give_the_same_book(coins: Series, method: Method) -> None:
    one, money = book_var(WEIGHTS, coins, 0.95, method), book_var(2e6 * WEIGHTS, coins, 0.95, method)
    assert money.total == pytest.approx(2e6 * one.total, rel=1e-6)
    assert money.component == pytest.approx(2e6 * one.component, rel=1e-4)


@pytest.mark.parametrize("method", ["normal", "ewma"])
def test_marginal_is_the_slope_of_the_total(coins: Series, method: Method) -> None:
    found = book_var(WEIGHTS, coins, 0.99, method)
    for i in (0, 2):
        step = np.zeros(12)
        step[i] = 1e-5
        up, down = (book_var(WEIGHTS + s, coins, 0.99, method).total for s in (step, -step))
        assert found.marginal[i] == pytest.approx((up - down) / 2e-5, rel=1e-5)


def test_the_split_of_history_finds_the_true_one_of_elliptical_returns() -> None:
    # Euler's shares of an elliptical book are those of its variance: here 1·(Σw)/w'Σw
    rng = np.random.default_rng(5)
    sigma = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, -0.5], [0.0, -0.5, 1.0]]) * 1e-4
    returns = rng.multivariate_normal(np.zeros(3), sigma, 40_000) / np.sqrt(
        rng.chisquare(5.0, (40_000, 1)) / 5
    )
    weights = np.array([1.0, 2.0, -1.5])
    shares = weights * (sigma @ weights) / (weights @ sigma @ weights)
    found = book_var(weights, returns, 0.95, "historical")
    assert found.component / found.total == pytest.approx(shares, abs=0.02)


def test_a_hedge_takes_risk_away_and_one_position_is_all_of_it(coins: Series) -> None:
    hedge = book_var([1.0, -0.5], coins[:, :2], 0.95, "normal")
    assert hedge.incremental[1] < 0.0 < hedge.incremental[0]
    assert hedge.component[1] < 0.0
    alone = book_var([1.0, 0.0], coins[:, :2], 0.95, "historical")
    assert alone.total == alone.component[0] == alone.incremental[0]
    short = book_var([-2.0], coins[:, :1], 0.95, "historical")
    assert short.total == pytest.approx(2.0 * var_es(-coins[:, 0], 0.95, "historical")[0])


def test_a_flat_book_has_no_var_and_a_hedged_one_only_its_drift(coins: Series) -> None:
    flat = book_var(np.zeros(12), coins, 0.99, "gjr_garch_t")
    assert (flat.total, flat.shortfall) == (0.0, 0.0)
    assert (flat.component == 0.0).all() and np.isnan(flat.marginal).all()
    both = np.column_stack((coins[:, 0], coins[:, 0]))
    for method in METHODS:
        hedged = book_var([3.0, -3.0], both, 0.95, method)
        assert hedged.total == pytest.approx(0.0, abs=1e-12)
        assert hedged.component.sum() == pytest.approx(hedged.total, abs=1e-12)


def test_missing_returns_shorten_the_book_and_never_become_zero(coins: Series) -> None:
    holes = coins.copy()
    holes[:100, 0] = math.nan
    holes[:, 11] = math.nan  # not held
    found = book_var(WEIGHTS, holes, 0.95, "historical")
    assert found.observations == len(coins) - 100
    assert found.total == book_var(WEIGHTS, coins[100:], 0.95, "historical").total
    with pytest.raises(DataError, match="29 bars on which all held symbols have a return, 30 needed"):
        book_var(WEIGHTS, coins[:29], 0.95, "historical")
    still = coins.copy()
    still[:, 1] = 0.0
    with pytest.raises(DataError, match="does not move"):
        book_var(WEIGHTS, still, 0.95, "historical")


def test_weights_that_do_not_fit_are_refused(coins: Series) -> None:
    for weights in ([1.0], np.full(12, math.nan)):
        with pytest.raises(ValueError, match="weights"):
            book_var(weights, coins, 0.95, "normal")
    assert get_args(Method) == METHODS


@pytest.mark.parametrize("name", ["backtests", "student", "var_forecasts", "value_at_risk", "correlation"])
def test_the_examples_in_the_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"risk.{name}")).failed == 0
