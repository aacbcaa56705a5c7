"""GJR-GARCH(1,1) with Student t errors, fitted several times faster than `arch` fits it.

The same model, backcast, bounds and constraint as `risk.garch.fit_garch`, so the same maximum; the
speed comes from the gradient, which `arch` takes by differences. The variance recursion is a banded
triangular system, its adjoint the transposed one: two calls of BLAS give the likelihood and all six
derivatives. The search runs in coordinates in which the outer product of the scores at its start is
the identity, so that a dozen evaluations suffice.

`arch` stays the daily refit and the reference; here is what refits thousands of windows. Importing
this module loads numpy only; fitting loads parts of scipy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from risk.errors import DataError
from risk.garch import GARCH, PERCENT, GarchFit
from risk.recurrence import Series, series

LOWEST_NU, HIGHEST_NU = 2.05, 500.0  # arch's bounds; so are the next three
LOWEST_OMEGA, HIGHEST_OMEGA = 1e-8, 10.0  # times the backcast
LOWEST_GAMMA = -1.0
FEWEST = 20

# (alpha, gamma, beta) to start from. Heavy-tailed windows have up to four maxima: a slow, a middling, a
# quick one, and one with hardly any omega, where volatility only fades. Each family's best start is
# followed, unless it begins hopelessly low.
FAMILIES = (
    [(a, g, total - a - g / 2.0) for a, g, total in product((0.02, 0.05), (0.0, 0.06), (0.95, 0.99))],
    list(product((0.1, 0.2), (0.0, 0.1), (0.75,))),
    list(product((0.1, 0.3), (0.0, 0.3), (0.1, 0.4))),
)
FADING = [(0.02, 0.02, 0.97), (0.03, 0.0, 0.965)]
LEAST_OMEGA, FADING_OMEGA = 0.01, 1e-4  # times the backcast
TAILS = (2.5, 3.0, 4.0, 6.0, 12.0)  # nu to start from; a start is chosen at the middle one
HOPELESS = 12.0  # of log-likelihood below the best found so far
HOPELESS_FADING, HOPELESS_HEAVY = 5.0, 20.0  # the same of FADING, and where nu is below HEAVY
HEAVY = 4.0
TOLERANCE = 1e-8  # of the log-likelihood

# rows · (mu, omega, alpha, gamma, beta, 1/nu) + limits ≥ 0; the omega limits hold for a backcast of 1
ROWS = np.array(
    [
        [0, 1, 0, 0, 0, 0],
        [0, -1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, -1, -0.5, -1, 0],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, -1],
    ],
    dtype=np.float64,
)
LIMITS = np.array([-LOWEST_OMEGA, HIGHEST_OMEGA, 0, 0, -LOWEST_GAMMA, 0, 1, -1 / HIGHEST_NU, 1 / LOWEST_NU])


def fit_fast(returns: ArrayLike) -> GarchFit:
    """The GJR-GARCH-t fit of largest likelihood, with the fields of `fit_garch`, accepted or not.

    It is the caller who looks at `convergence_flag` (0 is success), `persistence` and `nu`. Where the
    persistence ends on its bound, arch steps over it by up to 1e-6 and gains up to 3e-4 of logL;
    otherwise its log-likelihood is never above this one by more than 1e-5, and sometimes far below,
    because several kinds of start are tried.

    Args:
        returns: log returns per bar, fractions; missing ones are left out.

    Raises:
        DataError: fewer than 20 returns, or all equal.
    """
    values = series(returns)
    values = values[np.isfinite(values)]
    if len(values) < FEWEST or np.ptp(values) == 0.0:
        raise DataError(f"{len(values)} returns that do not vary: no volatility to fit")
    unit = float(values.std())
    likelihood = _Likelihood(values / unit)
    starts = sorted((_best_of(likelihood, family) for family in FAMILIES), key=lambda pair: -pair[0])
    fading = _best_of(likelihood, FADING, FADING_OMEGA)
    best = _search(likelihood, starts[0][1])
    for value, start in starts[1:]:
        best = _better(likelihood, best, value, start, HOPELESS)
    is_heavy = float(best.parameters[5]) < HEAVY
    best = _better(likelihood, best, *fading, HOPELESS_HEAVY if is_heavy else HOPELESS_FADING)
    return _as_fit(best, likelihood, unit)


@dataclass(frozen=True, slots=True)
class _Found:
    """Where one search ended: (mu, omega, alpha, gamma, beta, nu) of the scaled returns."""

    parameters: Series
    log_likelihood: float
    flag: int


class _Likelihood:
    """Log-likelihood of scaled returns (standard deviation 1) and its derivatives."""

    def __init__(self, values: Series) -> None:
        from scipy.linalg.blas import dtbsv
        from scipy.special import digamma

        n = len(values)
        self.values, self.n = values, n
        self.backcast = float(np.mean((values - values.mean()) ** 2))
        self._solve, self._digamma = dtbsv, digamma
        self._band = np.ones((2, n), order="F")
        self._square, self._negative, self._before = np.empty(n), np.empty(n), np.empty(n)

    def _filter(self, inputs: Series, *, backwards: bool = False) -> Any:
        return self._solve(1, self._band, inputs, lower=1, diag=1, trans=int(backwards))

    def _variance(self, parameters: Series) -> tuple[Series, Series, Any]:
        """(residuals, their squares, variances); keeps the lagged squares for the derivatives."""
        mu, omega, alpha, gamma, beta, _ = parameters.tolist()
        residual = self.values - mu
        square = residual * residual
        self._square[0], self._negative[0] = self.backcast, 0.5 * self.backcast
        self._square[1:] = square[:-1]
        np.multiply(square[:-1], residual[:-1] < 0.0, out=self._negative[1:])
        shock = alpha * self._square
        shock += gamma * self._negative
        shock += omega
        shock[0] += beta * self.backcast
        self._band[1] = -beta
        variance = self._filter(shock)
        np.maximum(variance, 1e-12, out=variance)  # only a step outside the bounds gets there
        return residual, square, variance

    def value(self, parameters: Series) -> float:
        """Log-likelihood of the scaled returns."""
        _, square, variance = self._variance(parameters)
        nu = float(parameters[5])
        tails = float(np.log1p(square / (variance * (nu - 2.0))).sum())
        return self._total(nu, float(np.log(variance).sum()), tails)

    def best_tail(self, parameters: Series) -> tuple[float, Series]:
        """(log-likelihood, parameters) with the best nu of TAILS."""
        _, square, variance = self._variance(parameters)
        logs, ratio = float(np.log(variance).sum()), square / variance
        totals = [self._total(nu, logs, float(np.log1p(ratio / (nu - 2.0)).sum())) for nu in TAILS]
        best = int(np.argmax(totals))
        return totals[best], np.append(parameters[:5], TAILS[best])

    def _total(self, nu: float, logs: float, tails: float) -> float:
        constant = math.lgamma((nu + 1.0) / 2.0) - math.lgamma(nu / 2.0)
        constant -= 0.5 * math.log(math.pi * (nu - 2.0))
        return self.n * constant - 0.5 * logs - 0.5 * (nu + 1.0) * tails

    def with_gradient(self, parameters: Series) -> tuple[float, Series]:
        """(log-likelihood, its derivatives by mu, omega, alpha, gamma, beta and 1/nu)."""
        residual, square, variance = self._variance(parameters)
        _, _, alpha, gamma, _, nu = parameters.tolist()
        wide = variance * (nu - 2.0)
        tails = float(np.log1p(square / wide).sum())
        wide += square
        share = square / wide
        by_variance = ((0.5 * (nu + 1.0)) * share - 0.5) / variance
        adjoint = self._filter(by_variance, backwards=True)
        self._before[0] = self.backcast
        self._before[1:] = variance[:-1]
        pull = residual[:-1] @ (adjoint[1:] * alpha) + (residual[:-1] * (residual[:-1] < 0.0)) @ (
            adjoint[1:] * gamma
        )
        by_nu = self.n * self._slope(nu) - 0.5 * tails + 0.5 * (nu + 1.0) / (nu - 2.0) * float(share.sum())
        gradient = (
            (nu + 1.0) * float((residual / wide).sum()) - 2.0 * float(pull),
            float(adjoint.sum()),
            float(adjoint @ self._square),
            float(adjoint @ self._negative),
            float(adjoint @ self._before),
            -nu * nu * by_nu,
        )
        return self._total(nu, float(np.log(variance).sum()), tails), np.array(gradient)

    def _slope(self, nu: float) -> float:
        psi = self._digamma
        return float(0.5 * psi((nu + 1.0) / 2.0) - 0.5 * psi(nu / 2.0) - 0.5 / (nu - 2.0))

    def information(self, parameters: Series) -> Series:
        """(6, 6) mean outer product of the bars' scores, in the coordinates of the gradient."""
        residual, square, variance = self._variance(parameters)
        _, _, alpha, gamma, _, nu = parameters.tolist()
        wide = variance * (nu - 2.0)
        tails = np.log1p(square / wide)
        share = square / (wide + square)
        before = np.concatenate(([self.backcast], variance[:-1]))
        drag = np.concatenate(([0.0], -2.0 * residual[:-1] * (alpha + gamma * (residual[:-1] < 0.0))))
        sources = (drag, np.ones(self.n), self._square.copy(), self._negative.copy(), before)
        scores = np.empty((6, self.n))
        by_variance = ((0.5 * (nu + 1.0)) * share - 0.5) / variance
        for row, source in enumerate(sources):
            scores[row] = by_variance * self._filter(source)
        scores[0] += (nu + 1.0) * residual / (wide + square)
        scores[5] = self._slope(nu) - 0.5 * tails + 0.5 * (nu + 1.0) / (nu - 2.0) * share
        scores[5] *= -nu * nu
        return np.asarray(scores @ scores.T / self.n)


def _best_of(
    likelihood: _Likelihood, grid: list[tuple[float, float, float]], least_omega: float = LEAST_OMEGA
) -> tuple[float, Series]:
    """(log-likelihood, parameters) of the grid's best start, at the sample's mean and variance.

    It is told with the best of TAILS: far from its tails a start looks more hopeless than it is.
    """
    mean, found = float(likelihood.values.mean()), []
    for alpha, gamma, beta in grid:
        omega = max(least_omega, 1.0 - alpha - gamma / 2.0 - beta) * likelihood.backcast
        start = np.array([mean, omega, alpha, gamma, beta, TAILS[2]])
        found.append((likelihood.value(start), start))
    return likelihood.best_tail(max(found, key=lambda pair: pair[0])[1])


def _better(likelihood: _Likelihood, best: _Found, value: float, start: Series, hopeless: float) -> _Found:
    """The higher of the best so far and what this start leads to, unless it begins hopelessly low."""
    if best.log_likelihood - value > hopeless:
        return best
    return max(best, _search(likelihood, start), key=lambda found: found.log_likelihood)


def _search(likelihood: _Likelihood, start: Series) -> _Found:
    """SLSQP on the mean log-likelihood, in coordinates that make the information at the start one."""
    from scipy.optimize import minimize

    origin = np.append(start[:5], 1.0 / start[5])
    inverse = _inverse_root(likelihood.information(start))
    limits = LIMITS.copy()
    limits[:2] *= likelihood.backcast
    rows, slack = ROWS @ inverse, ROWS @ origin + limits

    def parameters(step: Series) -> Series:
        """Pulled back into the bounds, which a step may leave by rounding."""
        there = origin + inverse @ step
        there[1] = max(there[1], LOWEST_OMEGA * likelihood.backcast)
        there[2], there[4] = max(there[2], 0.0), min(max(there[4], 0.0), 1.0)
        there[5] = 1.0 / min(max(there[5], 1.0 / HIGHEST_NU), 1.0 / LOWEST_NU)
        return there

    def loss(step: Series) -> tuple[float, Series]:
        value, gradient = likelihood.with_gradient(parameters(step))
        return -value / likelihood.n, inverse.T @ gradient / -likelihood.n

    with np.errstate(over="ignore", invalid="ignore"):
        found = minimize(
            loss,
            np.zeros(6),
            jac=True,
            method="SLSQP",
            constraints=[{"type": "ineq", "fun": lambda step: rows @ step + slack, "jac": lambda _: rows}],
            options={"ftol": TOLERANCE / likelihood.n, "maxiter": 200},
        )
    value = -float(found.fun) * likelihood.n
    return _Found(parameters(found.x), value if math.isfinite(value) else -math.inf, int(found.status))


def _inverse_root(information: Series) -> Series:
    """C with C·Cᵀ the inverse of the information; of its diagonal alone where it is not definite."""
    scale = np.sqrt(np.maximum(np.diag(information), 1e-12))
    try:
        root = np.linalg.cholesky(information / np.outer(scale, scale) + 1e-10 * np.eye(6))
    except np.linalg.LinAlgError:
        root = np.eye(6)
    return np.asarray(np.linalg.inv(root).T / scale[:, np.newaxis])


def _as_fit(found: _Found, likelihood: _Likelihood, unit: float) -> GarchFit:
    from scipy.special import stdtrit

    mu, omega, alpha, gamma, beta, nu = found.parameters.tolist()
    scale = PERCENT * unit
    residual, square, variance = likelihood._variance(found.parameters)
    last = float(residual[-1])
    following = omega + (alpha + gamma * (last < 0.0)) * float(square[-1]) + beta * float(variance[-1])
    spread = math.sqrt((nu - 2.0) / nu)
    return GarchFit(
        method=GARCH,
        observations=likelihood.n,
        mu=mu * scale,
        omega=omega * scale**2,
        alpha=alpha,
        gamma=gamma,
        beta=beta,
        nu=nu,
        backcast=likelihood.backcast * scale**2,
        log_likelihood=found.log_likelihood - likelihood.n * math.log(scale),
        convergence_flag=found.flag,
        persistence=alpha + gamma / 2.0 + beta,
        last_variance=float(variance[-1]) * scale**2,
        last_residual=last * scale,
        sigma_next=math.sqrt(following) * unit,
        quantile_01=float(stdtrit(nu, 0.01)) * spread,
        quantile_05=float(stdtrit(nu, 0.05)) * spread,
    )
