"""A book's VaR: its own return's, split so that the parts add up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from risk.errors import DataError
from risk.value_at_risk import (
    METHODS,
    Method,
    book_var,
    var_es,
)

Series = NDArray[np.float64]
LEVELS = (0.95, 0.99)


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
