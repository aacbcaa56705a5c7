"""Tails of the normal and of Student's t, and the t's maximum-likelihood fit by Fisher scoring.

A tail is told as two positive numbers for a probability p of the worst outcomes: the quantile, which
the loss exceeds with probability p, and the shortfall, the mean loss beyond it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from risk.errors import DataError
from risk.recurrence import Series, series

LOWEST_NU, HIGHEST_NU = 1.1, 500.0  # below 1 the mean loss beyond a quantile is infinite
LOWEST_SCALE = 1e-6  # of the standard deviation: below it the likelihood has no maximum
TOLERANCE = 1e-10  # expected gain of log-likelihood that another step would bring
MOST_STEPS = 200


class Tail(NamedTuple):
    """Quantile and shortfall of the worst outcomes, positive numbers for losses, in standard units."""

    quantile: float
    shortfall: float


def normal_tail(probability: float) -> Tail:
    """Tail of the standard normal.

    >>> tuple(round(x, 4) for x in normal_tail(0.01))
    (2.3263, 2.6652)

    Raises:
        ValueError: probability outside 0…1 (exclusive).
    """
    _check(probability)
    normal = NormalDist()
    quantile = normal.inv_cdf(probability)
    return Tail(-quantile, normal.pdf(quantile) / probability)


def student_tail(probability: float, nu: float) -> Tail:
    """Tail of Student's t of scale 1 (variance nu / (nu − 2)); McNeil, Frey & Embrechts (2005), 2.2.4.

    Raises:
        ValueError: probability outside 0…1 (exclusive), or nu not above 1.
    """
    from scipy.special import stdtrit  # heavy: only where a t is asked for

    _check(probability)
    if not nu > 1.0:
        raise ValueError(f"nu {nu} is not above 1: the shortfall is infinite")
    quantile = float(stdtrit(nu, probability))
    log_density = math.lgamma((nu + 1.0) / 2.0) - math.lgamma(nu / 2.0) - 0.5 * math.log(nu * math.pi)
    density = math.exp(log_density - (nu + 1.0) / 2.0 * math.log1p(quantile**2 / nu))
    return Tail(-quantile, density / probability * (nu + quantile**2) / (nu - 1.0))


def unit_student_tail(probability: float, nu: float) -> Tail:
    """Tail of Student's t scaled to variance 1, as the errors of the GARCH fits are.

    Raises:
        ValueError: probability outside 0…1 (exclusive), or nu not above 2.
    """
    if not nu > 2.0:
        raise ValueError(f"nu {nu} is not above 2: the variance is infinite")
    scale = math.sqrt((nu - 2.0) / nu)
    quantile, shortfall = student_tail(probability, nu)
    return Tail(scale * quantile, scale * shortfall)


def _check(probability: float) -> None:
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability {probability} is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Student:
    """Location, scale and degrees of freedom of a t; location and scale in the units of the values."""

    location: float
    scale: float
    nu: float

    def tail(self, probability: float) -> Tail:
        """Quantile and shortfall of the loss, in the units of the values."""
        quantile, shortfall = student_tail(probability, self.nu)
        return Tail(self.scale * quantile - self.location, self.scale * shortfall - self.location)


def fit_student(values: ArrayLike, start: Student | None = None) -> Student:
    """Maximum-likelihood t of the values, nu within 1.1…500.

    Fisher scoring on location, ln scale and ln nu, steps halved until the likelihood rises. The
    information is that of Lange, Little & Taylor (1989), JASA 84, 881–896. The optimum does not depend
    on `start`, which saves steps where a window moved on by a few bars.

    Args:
        values: finite.

    Raises:
        DataError: fewer than three values, all equal, or so many at one point that the likelihood
            has no maximum.
    """
    x = series(values)
    if len(x) < 3 or np.ptp(x) == 0.0:
        raise DataError(f"{len(x)} values that do not vary: no Student t")
    spread = float(x.std())
    now = start or Student(float(np.median(x)), 0.6 * spread, 4.0)
    height = _log_likelihood(x, now)
    for _ in range(MOST_STEPS):
        direction, gain = _scoring_step(x, now)
        if gain < TOLERANCE:
            return now
        step = min(1.0, 1.0 / max(abs(direction[1]), abs(direction[2]), 1e-300))
        while True:
            then = _moved(now, direction, step)
            if then.scale < LOWEST_SCALE * spread:
                raise DataError("too many values at one point: no Student t")
            reached = _log_likelihood(x, then)
            if reached > height or step < 1e-6:
                break
            step *= 0.5
        if not reached > height:
            return now  # rounding is all that is left to gain
        now, height = then, reached
    raise DataError(f"no Student t found in {MOST_STEPS} steps")


def _log_likelihood(x: Series, at: Student) -> float:
    nu = at.nu
    z = (x - at.location) / at.scale
    constant = math.lgamma((nu + 1.0) / 2.0) - math.lgamma(nu / 2.0) - 0.5 * math.log(nu * math.pi)
    tails = float(np.log1p(z * z / nu).sum())
    return len(x) * (constant - math.log(at.scale)) - 0.5 * (nu + 1.0) * tails


def _scoring_step(x: Series, at: Student) -> tuple[tuple[float, float, float], float]:
    """(step of location, ln scale and ln nu; gain of log-likelihood expected of it)."""
    from scipy.special import digamma, zeta

    nu, n = at.nu, len(x)
    z = (x - at.location) / at.scale
    square = z * z
    weight = (nu + 1.0) / (nu + square)
    weighted = float(weight @ square)
    slope = n * (float(digamma((nu + 1.0) / 2.0) - digamma(nu / 2.0)) - 1.0 / nu) + weighted / nu
    by_nu = 0.5 * nu * (slope - float(np.log1p(square / nu).sum()))
    by_location, by_scale = float(weight @ z) / at.scale, weighted - n
    of_location = n * (nu + 1.0) / (nu + 3.0) / at.scale**2
    of_scale = 2.0 * n * nu / (nu + 3.0)
    trigamma = float(zeta(2.0, nu / 2.0) - zeta(2.0, (nu + 1.0) / 2.0))
    of_nu = n * nu**2 * (0.25 * trigamma - 0.5 * (nu + 5.0) / (nu * (nu + 1.0) * (nu + 3.0)))
    between = -2.0 * n * nu / ((nu + 1.0) * (nu + 3.0))
    if (nu >= HIGHEST_NU and by_nu > 0.0) or (nu <= LOWEST_NU and by_nu < 0.0) or of_nu <= 0.0:
        by_nu, between, of_nu = 0.0, 0.0, 1.0  # nu stays on its bound
    determinant = of_scale * of_nu - between**2
    step = (
        by_location / of_location,
        (of_nu * by_scale - between * by_nu) / determinant,
        (of_scale * by_nu - between * by_scale) / determinant,
    )
    return step, 0.5 * (step[0] * by_location + step[1] * by_scale + step[2] * by_nu)


def _moved(at: Student, direction: tuple[float, float, float], step: float) -> Student:
    nu = at.nu * math.exp(step * direction[2])
    return Student(
        at.location + step * direction[0],
        at.scale * math.exp(step * direction[1]),
        min(max(nu, LOWEST_NU), HIGHEST_NU),
    )
