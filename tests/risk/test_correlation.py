"""Correlation against pandas and the published estimators written out; contributions by hand."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk.correlation import (
    cluster_order,
    correlation,
    diversification_ratio,
    effective_bets,
    ewma,
    ledoit_wolf,
    mean_pairwise,
    risk_contributions,
    sample,
    shrunk,
    stressed,
)
from risk.errors import DataError

Matrix = NDArray[np.float64]


def table(days: int, columns: int, seed: int = 0, gaps: float = 0.0) -> Matrix:
    rng = np.random.default_rng(seed)
    values = rng.normal(0.001, 0.01, (days, columns)) @ rng.normal(0.0, 1.0, (columns, columns))
    values[rng.random(values.shape) < gaps] = np.nan
    return np.asarray(values)


# --- sample: pairwise complete


@pytest.mark.parametrize("gaps", [0.0, 0.05, 0.5])
def test_sample_moments_are_those_of_pandas(gaps: float) -> None:
    values = table(200, 7, gaps=gaps)
    frame, found = pd.DataFrame(values), sample(values)
    assert found.correlation == pytest.approx(frame.corr(min_periods=20).to_numpy(), rel=1e-10, nan_ok=True)
    assert found.covariance == pytest.approx(frame.cov(min_periods=20).to_numpy(), rel=1e-10, nan_ok=True)
    present = frame.notna().to_numpy().astype(int)
    assert (found.overlap == present.T @ present).all()


def test_a_missing_day_is_missing_and_not_a_return_of_zero() -> None:
    rng = np.random.default_rng(3)
    first = rng.normal(0.0, 0.01, 120)
    both = np.column_stack((first, first))
    both[::2, 1] = np.nan  # the second trades every other day, in step with the first
    assert sample(both).correlation[0, 1] == pytest.approx(1.0, abs=1e-12)
    as_zero = np.corrcoef(first, np.nan_to_num(both[:, 1]))[0, 1]
    assert as_zero < 0.8  # what filling with zeros would have said


@pytest.mark.parametrize(("common", "known"), [(19, False), (20, True)])
def test_a_pair_needs_its_fewest_common_days(common: int, known: bool) -> None:
    values = table(60, 2)
    values[common:, 1] = np.nan
    found = sample(values, fewest=20)
    assert found.overlap[0, 1] == common
    assert np.isfinite(found.correlation[0, 1]) == known
    assert np.isfinite(found.covariance[0, 1]) == known
    assert found.correlation[0, 0] == 1.0


def test_sparse_strategies_have_unknown_correlations(shared: Path) -> None:
    # data/INDEX.md: four of the seven delta-neutral strategies have fewer than 50 trades.
    frame = pd.read_csv(shared / "data/strat_trades_btc_deltaneutral7_20210101_20260407.csv.gz")
    frame["day"] = pd.to_datetime(frame.ts, unit="ms").dt.floor("D")
    daily = frame.pivot_table(index="day", columns="strategy", values="net_pnl_usd", aggfunc="sum")
    found = sample(daily.to_numpy(), fewest=20)
    assert daily.shape[1] == 7
    few = found.overlap < 20
    assert few.any() and np.isnan(found.correlation[few]).all()
    assert found.correlation == pytest.approx(daily.corr(min_periods=20).to_numpy(), abs=1e-9, nan_ok=True)


def test_two_versions_of_one_strategy_are_found_to_be_relatives(shared: Path) -> None:
    # data/INDEX.md: RSIDirectionalWithTrendSlow and its _v2 are two versions of one strategy.
    frame = pd.read_csv(shared / "data/strat_trades_spot_7strategies_20220106_20220416.csv.gz")
    frame["hour"] = pd.to_datetime(frame.close_ts, unit="ms").dt.floor("D")
    daily = frame.pivot_table(index="hour", columns="strategy", values="profit_abs", aggfunc="sum")
    names = list(daily.columns)
    twins = [i for i, name in enumerate(names) if name.startswith("RSIDirectionalWithTrendSlow")]
    assert len(twins) == 2
    found = sample(daily.to_numpy(), fewest=10).correlation
    assert found[twins[0], twins[1]] > 0.7
    order = cluster_order(found).tolist()
    assert sorted(order) == list(range(len(names)))
    assert abs(order.index(twins[0]) - order.index(twins[1])) == 1


def test_a_column_that_stands_still_has_no_correlation() -> None:
    values = table(50, 3)
    values[:, 1] = 0.01
    found = sample(values).correlation
    assert np.isnan(found[1]).all() and np.isnan(found[:, 1]).all()
    assert found[0, 0] == 1.0 and np.isfinite(found[0, 2])
    values[3, 0] = np.nan  # the same on the way with gaps
    again = sample(values).correlation
    assert np.isnan(again[1]).all() and np.isfinite(again[0, 2])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-6, 1e6), st.floats(0.0, 0.6))
def test_correlation_does_not_depend_on_unit_or_order(seed: int, scale: float, gaps: float) -> None:
    values = table(80, 4, seed, gaps)
    found = sample(values).correlation
    assert sample(scale * values).correlation == pytest.approx(found, abs=1e-9, nan_ok=True)
    assert sample(values[::-1]).correlation == pytest.approx(found, abs=1e-9, nan_ok=True)
    assert (np.abs(found[np.isfinite(found)]) <= 1.0).all()
    assert found == pytest.approx(found.T, nan_ok=True)


# --- Ledoit–Wolf


def plain_ledoit_wolf(values: Matrix) -> tuple[Matrix, float]:
    """Lemmas 3.1 to 3.4 of the paper, day by day, with its norm ‖A‖² = tr(AAᵀ)/p."""
    n, p = values.shape
    x = values - values.mean(axis=0)
    s = sum(np.outer(day, day) for day in x) / n
    m = np.trace(s) / p
    d2 = ((s - m * np.eye(p)) ** 2).sum() / p
    b2 = min(sum(((np.outer(day, day) - s) ** 2).sum() / p for day in x) / n**2, d2)
    return b2 / d2 * m * np.eye(p) + (d2 - b2) / d2 * s, b2 / d2


@pytest.mark.parametrize(("days", "columns"), [(30, 3), (200, 12), (40, 60)])
def test_shrinkage_is_the_papers(days: int, columns: int) -> None:
    values = table(days, columns, seed=days)
    expected, share = plain_ledoit_wolf(values)
    found = ledoit_wolf(values)
    assert found.shrinkage == pytest.approx(share, rel=1e-9)
    assert shrunk(values) == pytest.approx(expected, rel=1e-9, abs=1e-15)
    assert np.linalg.eigvalsh(found.covariance).min() > 0.0


def test_shrinkage_is_scikit_learns() -> None:
    # scikit-learn 1.9.1: ledoit_wolf(np.arange(15.0).reshape(5, 3) ** 1.5)
    found = ledoit_wolf(np.arange(15.0).reshape(5, 3) ** 1.5, fewest=5)
    expected = [
        [236.79031679, 192.50725149, 206.85223243],
        [192.50725149, 271.28787481, 226.49186961],
        [206.85223243, 226.49186961, 304.29697788],
    ]
    assert found.covariance == pytest.approx(np.array(expected), rel=1e-9)
    assert found.shrinkage == pytest.approx(0.2239768219966211, rel=1e-12)


def test_one_column_is_not_shrunk_and_its_variance_divides_by_n() -> None:
    values = table(25, 1)
    found = ledoit_wolf(values)
    assert found.shrinkage == 0.0
    assert found.covariance == pytest.approx(np.array([[values.var()]]))


def test_shrinking_uses_the_complete_days_and_says_when_they_are_too_few() -> None:
    values = table(60, 3)
    values[:20, 1] = np.nan
    assert shrunk(values) == pytest.approx(shrunk(values[20:]), rel=1e-12)
    with pytest.raises(DataError, match="40 days on which all have a return, 41 needed"):
        shrunk(values, fewest=41)


# --- exponentially weighted


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_ewma_is_the_last_of_pandas(gaps: float) -> None:
    values = table(120, 5, gaps=gaps)
    expected = pd.DataFrame(values).ewm(halflife=30.0).cov().iloc[-5:].to_numpy()
    assert ewma(values, 30.0) == pytest.approx(expected, rel=1e-9)


def test_ewma_of_a_very_long_half_life_is_the_sample() -> None:
    values = table(100, 4)
    assert ewma(values, 1e9) == pytest.approx(sample(values).covariance, rel=1e-5)


def test_ewma_needs_common_days_and_a_half_life() -> None:
    values = table(50, 2)
    values[10:, 1] = np.nan
    assert np.isnan(ewma(values, 30.0)[0, 1]) and np.isfinite(ewma(values, 30.0)[0, 0])
    for half_life in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="half-life"):
            ewma(values, half_life)


# --- stressed


def test_stress_looks_at_the_worst_tenth_of_days() -> None:
    values = table(300, 4)
    worst = np.argsort(values.mean(axis=1))[:30]
    assert stressed(values, 0.10) == pytest.approx(np.cov(values[worst], rowvar=False), rel=1e-9)


def test_stress_judges_a_day_by_the_columns_that_have_it() -> None:
    values = np.full((100, 2), 0.01) + table(100, 2) * 1e-3
    values[40:50, 0], values[40:50, 1] = np.linspace(-0.2, -0.1, 10), np.nan
    found = stressed(values, 0.10, fewest=10)
    assert found[0, 0] == pytest.approx(np.var(values[40:50, 0], ddof=1))
    assert np.isnan(found[1, 1])  # the second column has none of these days
    values[60] = np.nan  # a day without anybody is no day
    assert stressed(values, 0.10, fewest=10)[0, 0] == pytest.approx(found[0, 0])


def test_too_few_worst_days_are_refused() -> None:
    with pytest.raises(DataError, match="9 days are the worst 10% of 90, 10 needed"):
        stressed(table(90, 2), 0.10)
    for share in (0.0, 1.1, -0.1):
        with pytest.raises(ValueError, match="share"):
            stressed(table(90, 2), share)


def test_moving_together_only_in_falls_shows_only_under_stress() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(0.0, 0.01, (1_000, 3))
    values[::20] = rng.normal(-0.06, 0.02, (50, 1))  # one day in twenty all fall alike
    calm = mean_pairwise(correlation(np.cov(values[1::20], rowvar=False)))
    shaken = mean_pairwise(correlation(stressed(values, 0.04)))
    assert calm is not None and shaken is not None and abs(calm) < 0.2 < 0.9 < shaken


# --- whose the risk is


def test_contributions_by_hand() -> None:
    # Σw = (0.04·1 + 0.01·2, 0.01·1 + 0.09·2) = (0.06, 0.19); w'Σw = 0.06 + 0.38 = 0.44
    shares = risk_contributions([1.0, 2.0], [[0.04, 0.01], [0.01, 0.09]])
    assert shares == pytest.approx([0.06 / 0.44, 0.38 / 0.44])


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.floats(-5.0, 5.0), min_size=5, max_size=5).filter(lambda w: max(map(abs, w)) > 0.1),
)
def test_contributions_sum_to_one_and_bets_stay_in_range(seed: int, weights: list[float]) -> None:
    covariance = sample(table(100, 5, seed)).covariance
    assert risk_contributions(weights, covariance).sum() == pytest.approx(1.0, abs=1e-9)
    assert diversification_ratio(weights, covariance) >= 1.0 - 1e-9
    assert 1.0 - 1e-9 <= effective_bets(weights, covariance) <= sum(w != 0.0 for w in weights) + 1e-9


def test_a_hedge_takes_risk_away() -> None:
    shares = risk_contributions([1.0, -0.5], [[0.04, 0.03], [0.03, 0.04]])
    # Σw = (0.025, 0.01): 0.025 and −0.005 of 0.02
    assert shares == pytest.approx([1.25, -0.25])


@pytest.mark.parametrize("n", [1, 2, 9])
def test_equal_independent_columns_are_that_many_bets(n: int) -> None:
    weights = np.arange(1.0, n + 1.0)
    covariance = np.diag(1.0 / weights**2)  # equal risk each; the eigenvectors are the columns
    assert effective_bets(weights, covariance) == pytest.approx(n)
    assert diversification_ratio(weights, covariance) == pytest.approx(math.sqrt(n))


def test_columns_that_move_as_one_are_one_bet() -> None:
    covariance = np.outer([0.01, 0.02, 0.03], [0.01, 0.02, 0.03])
    assert effective_bets([1.0, 1.0, 1.0], covariance) == pytest.approx(1.0)
    assert diversification_ratio([1.0, 1.0, 1.0], covariance) == pytest.approx(1.0)


def test_an_unknown_covariance_matters_only_where_it_is_held() -> None:
    covariance = np.array([[0.04, math.nan, 0.0], [math.nan, 0.04, 0.0], [0.0, 0.0, 0.01]])
    with pytest.raises(DataError, match="unknown"):
        risk_contributions([1.0, 1.0, 1.0], covariance)
    assert risk_contributions([1.0, 0.0, 2.0], covariance) == pytest.approx([0.5, 0.0, 0.5])


def test_a_book_without_risk_has_none_to_share() -> None:
    for weights, covariance in (
        ([0.0, 0.0], np.eye(2)),
        ([1.0, -1.0], np.full((2, 2), 0.04)),
    ):
        with pytest.raises(DataError, match="no risk to share"):
            diversification_ratio(weights, covariance)
    with pytest.raises(ValueError, match="3 weights for 2 columns"):
        risk_contributions([1.0, 1.0, 1.0], np.eye(2))


# --- order and means


def test_relatives_stand_side_by_side() -> None:
    rng = np.random.default_rng(1)
    drivers = rng.normal(size=(400, 3))
    family = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    values = drivers[:, family] + 0.3 * rng.normal(size=(400, 9))
    ordered = family[cluster_order(sample(values).correlation)]
    assert (np.diff(ordered) != 0).sum() == 2  # three unbroken blocks


def test_an_unknown_pair_joins_nobody() -> None:
    known = np.array([[1.0, 0.9, math.nan, 0.1], [0.9, 1.0, math.nan, 0.1],
                      [math.nan, math.nan, 1.0, math.nan], [0.1, 0.1, math.nan, 1.0]])  # fmt: skip
    order = cluster_order(known).tolist()
    assert sorted(order) == [0, 1, 2, 3]
    assert order.index(2) in (0, 3) and abs(order.index(0) - order.index(1)) == 1


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_columns_keep_their_order(n: int) -> None:
    assert cluster_order(np.eye(n)).tolist() == list(range(n))


def test_the_mean_of_no_known_pair_is_unknown() -> None:
    assert mean_pairwise([[1.0, math.nan], [math.nan, 1.0]]) is None
    assert mean_pairwise([[1.0]]) is None


@pytest.mark.parametrize("fewest", [1, 0])
def test_shapes_that_do_not_fit_are_refused(fewest: int) -> None:
    with pytest.raises(ValueError, match="fewest"):
        sample(table(30, 2), fewest)
    with pytest.raises(ValueError, match="dimensions"):
        shrunk(np.ones(30))
    with pytest.raises(ValueError, match="square"):
        correlation(np.ones((2, 3)))


def test_an_empty_table_knows_nothing() -> None:
    found = sample(np.empty((0, 2)))
    assert np.isnan(found.correlation).all() and (found.overlap == 0.0).all()
    assert np.isnan(ewma(np.empty((0, 2)), 30.0)).all()
    with pytest.raises(DataError, match="0 days"):
        shrunk(np.empty((0, 2)))


def test_importing_the_module_loads_no_scipy() -> None:
    code = (
        "import sys, risk.correlation, risk.value_at_risk, risk.garch_fast;"
        "print([m for m in ('scipy', 'pandas', 'arch', 'statsmodels') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
