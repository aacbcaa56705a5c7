"""The tests of VaR against rugarch's numbers, Basle's and Kupiec's tables and the definitions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from risk.backtests import chi_squared_tail
from risk.student import normal_tail
from risk.value_at_risk import (
    Zone,
    acerbi_szekely_z2,
    backtest,
    basel_multiplier,
    christoffersen,
    dynamic_quantile,
    fz0_score,
    hits,
    kupiec,
    quantile_score,
    rolling_zones,
    traffic_light,
)

Series = NDArray[np.float64]


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


def test_a_shortfall_that_is_a_gain_has_no_scores_and_the_rest_stands() -> None:
    moves = 0.01 + 0.001 * heavy(300)  # a strategy that nearly always earns
    var = np.full(300, -0.005)
    found = backtest(moves, var, np.where(np.arange(300) == 7, -0.001, 0.002), 0.95)
    assert found.z2 is None and found.fz0_score is None
    assert found.exceptions == 0 and found.kupiec == kupiec(0, 300, 1.0 - 0.95)
    assert backtest(moves, var, np.full(300, 0.002), 0.95).z2 == 1.0
