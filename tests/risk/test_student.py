"""Tails against scipy and published numbers; the t beside the one that scipy finds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from risk.errors import DataError
from risk.student import Student, fit_student, normal_tail, student_tail, unit_student_tail

Series = NDArray[np.float64]


def heavy(n: int, seed: int = 0, sigma: float = 0.02) -> Series:
    return sigma * np.random.default_rng(seed).standard_t(4.0, n)


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
