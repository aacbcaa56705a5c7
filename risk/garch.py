"""The forecast of volatility: GJR-GARCH(1,1) with Student t errors, or EWMA where that cannot be had.

Fitting imports `arch`; filtering forward with stored parameters needs numpy only. Returns and sigmas
are fractions per bar, in time order; a sigma at t is the one of the bar that follows t. The parameters
themselves are those of returns × 100. Users reach these names through `risk.volatility`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from risk.errors import DataError
from risk.records import VolatilityFit
from risk.recurrence import Series, recur, series

PERCENT = 100.0

FEWEST_RETURNS = {"1h": 1_000, "1d": 250}
MOST_RETURNS = {"1h": 4_000, "1d": 1_500}
DECAY = {"1h": 0.97, "1d": 0.94}
HIGHEST_PERSISTENCE = 0.9999
LOWEST_NU = 2.1

GARCH = "gjr-garch-t"
EWMA = "ewma"


def ewma_sigma(returns: ArrayLike, decay: float) -> Series:
    """RiskMetrics sigma of the bar after each bar, a fraction: σ² ← decay · σ² + (1 − decay) · r².

    Started with the mean square of all the returns given, whose weight fades as decay**t. A missing
    return is skipped: sigma stands as it was (NaN until the first return).
    RiskMetrics Technical Document, 4th edition (1996), 5.2.

    Raises:
        ValueError: decay outside 0…1 (exclusive).
    """
    values = series(returns)
    known = values[np.isfinite(values)]
    start = float(np.mean(known**2)) if len(known) else np.nan
    return _carried(values, lambda r: np.sqrt(_ewma_variance(r, decay, start)))


def _ewma_variance(returns: Series, decay: float, start: float) -> Series:
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay {decay} is not between 0 and 1")
    return recur(returns**2, decay, start, 1.0 - decay)


def _carried(values: Series, measure: Callable[[Series], Series]) -> Series:
    """`measure` of the finite values, laid back on all of them; the gaps repeat what stood before."""
    known = np.isfinite(values)
    if known.all():
        return measure(values)
    answer = np.concatenate(([np.nan], measure(values[known])))
    return np.asarray(answer[np.cumsum(known)])


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchFit:
    """Parameters of one fit, for returns × 100: the fields of `records.VolatilityFit` that are not keys.

    σ²[t+1] = omega + (alpha + gamma · [e[t] < 0]) · e[t]² + beta · σ²[t], e = 100 · r − mu, with Student
    t errors of `nu` degrees of freedom scaled to variance 1. `method` "ewma" carries `decay` instead.
    """

    method: str
    reason: str = ""
    observations: int
    mu: float | None = None
    omega: float | None = None
    alpha: float | None = None
    gamma: float | None = None
    beta: float | None = None
    nu: float | None = None
    decay: float | None = None
    backcast: float | None = None
    log_likelihood: float | None = None
    convergence_flag: int | None = None
    persistence: float | None = None
    last_variance: float | None = None
    last_residual: float | None = None
    sigma_next: float
    quantile_01: float | None = None
    quantile_05: float | None = None


def from_record(record: VolatilityFit) -> GarchFit:
    """The fit that a stored row describes, ready for `filter_sigma` and `forecast_sigma`."""
    return GarchFit(**{f.name: getattr(record, f.name) for f in fields(GarchFit)})


def record_fields(fit: GarchFit) -> dict[str, Any]:
    """What `records.VolatilityFit` needs beside symbol, interval and the three columns of its origin."""
    return asdict(fit)


def fit_garch(
    returns: ArrayLike,
    interval: Literal["1h", "1d"] = "1d",
    *,
    is_asymmetric: bool = True,
    errors: Literal["t", "normal"] = "t",
) -> GarchFit:
    """GJR-GARCH(1,1) with Student t errors by maximum likelihood, or EWMA with the reason why not.

    The variance recursion starts from the mean squared residual (arch's own start misses the published
    Bollerslev–Ghysels benchmark, this one meets it). Rejected: fewer returns than FEWEST_RETURNS of the
    interval, no convergence, persistence alpha + gamma/2 + beta ≥ 0.9999, nu < 2.1. Imports `arch`
    (1.7 s, 241 MB): not for the 5 s flows. Ask for MOST_RETURNS of them; all that are given are used.

    Args:
        returns: log returns per bar, fractions; missing ones are left out.
        is_asymmetric, errors: False and "normal" give the plain GARCH(1,1) of the benchmarks.

    Raises:
        DataError: fewer than two returns, or all equal: there is no sigma to tell.
    """
    values = series(returns)
    values = values[np.isfinite(values)]
    if len(values) < 2 or np.ptp(values) == 0.0:
        raise DataError(f"{len(values)} returns that do not vary: no volatility to fit")
    if len(values) < FEWEST_RETURNS[interval]:
        return _ewma_fit(values, interval, f"{len(values)} returns, {FEWEST_RETURNS[interval]} needed")
    return accepted(_maximum_likelihood(values, is_asymmetric, errors), values, interval)


def accepted(fit: GarchFit, returns: ArrayLike, interval: Literal["1h", "1d"]) -> GarchFit:
    """The fit itself, or EWMA of the same returns with the reason why the fit must not be used.

    Args:
        fit: of these returns, by whichever fitter.
    """
    problem = _problem(fit)
    if not problem:
        return fit
    values = series(returns)
    return _ewma_fit(values[np.isfinite(values)], interval, problem, fit)


def ewma_fit(returns: ArrayLike, interval: Literal["1h", "1d"], reason: str) -> GarchFit:
    """EWMA of the returns as a fit of its own, with the reason why it stands in.

    Raises:
        DataError: fewer than two returns, or all equal.
    """
    values = series(returns)
    values = values[np.isfinite(values)]
    if len(values) < 2 or np.ptp(values) == 0.0:
        raise DataError(f"{len(values)} returns that do not vary: no volatility to fit")
    return _ewma_fit(values, interval, reason)


def fit_by_arch(returns: ArrayLike) -> GarchFit:
    """The GJR-GARCH-t fit where arch's search ends, accepted or not: what our own fitter is held against.

    Raises:
        DataError: fewer than 20 returns, or all equal.
    """
    values = series(returns)
    values = values[np.isfinite(values)]
    if len(values) < 20 or np.ptp(values) == 0.0:
        raise DataError(f"{len(values)} returns that do not vary: no volatility to fit")
    return _maximum_likelihood(values, True, "t")


def _maximum_likelihood(values: Series, is_asymmetric: bool, errors: Literal["t", "normal"]) -> GarchFit:
    from arch import arch_model  # heavy: only where a refit happens

    percent = PERCENT * values
    spread = float(percent.std())
    unit = 1.0 if 0.1 <= spread <= 30.0 else 1.0 / spread  # the optimiser needs numbers near one
    scaled = unit * percent
    model = arch_model(
        scaled, mean="Constant", vol="GARCH", p=1, o=int(is_asymmetric), q=1, dist=errors, rescale=False
    )
    backcast = float(np.mean((scaled - scaled.mean()) ** 2))
    result = model.fit(disp="off", show_warning=False, backcast=backcast)
    found = {str(name): float(value) for name, value in result.params.items()}
    alpha, gamma, slope = found["alpha[1]"], found.get("gamma[1]", 0.0), found["beta[1]"]
    nu = found.get("nu")
    fit = GarchFit(
        method=GARCH,
        observations=len(values),
        mu=found["mu"] / unit,
        omega=found["omega"] / unit**2,
        alpha=alpha,
        gamma=gamma,
        beta=slope,
        nu=nu,
        backcast=backcast / unit**2,
        log_likelihood=float(result.loglikelihood) + len(values) * math.log(unit),
        convergence_flag=int(result.convergence_flag),
        persistence=alpha + gamma / 2.0 + slope,
        sigma_next=math.nan,
        quantile_01=_quantile(model, 0.01, nu),
        quantile_05=_quantile(model, 0.05, nu),
    )
    return _with_last(fit, values)


def _quantile(model: Any, probability: float, nu: float | None) -> float:
    if nu is None:
        return NormalDist().inv_cdf(probability)
    return float(model.distribution.ppf(probability, [nu]))


def _with_last(fit: GarchFit, values: Series) -> GarchFit:
    """The same fit with what its last bar left behind, by our own recursion."""
    variance = _variance_after(fit, values, _start_variance(fit))
    before = float(variance[-2]) if len(variance) > 1 else _start_variance(fit)
    known = asdict(fit) | {
        "last_variance": before,
        "last_residual": float(PERCENT * values[-1] - (fit.mu or 0.0)),
        "sigma_next": math.sqrt(float(variance[-1])) / PERCENT,
    }
    return GarchFit(**known)


def _problem(fit: GarchFit) -> str:
    """Why the fit must not be used; empty when it may."""
    numbers = (fit.mu, fit.omega, fit.alpha, fit.gamma, fit.beta, fit.log_likelihood, fit.sigma_next)
    if fit.convergence_flag != 0:
        return f"no convergence (flag {fit.convergence_flag})"
    if not all(x is not None and math.isfinite(x) for x in numbers) or fit.sigma_next <= 0.0:
        return "parameters are not finite"
    if fit.persistence is None or fit.persistence >= HIGHEST_PERSISTENCE:
        return f"persistence {fit.persistence:.6f}, below {HIGHEST_PERSISTENCE} needed"
    if fit.nu is not None and fit.nu < LOWEST_NU:
        return f"nu {fit.nu:.3f}, {LOWEST_NU} needed"
    return ""


def _ewma_fit(values: Series, interval: str, reason: str, rejected: GarchFit | None = None) -> GarchFit:
    decay = DECAY[interval]
    start = float(np.mean((PERCENT * values) ** 2))
    variance = _ewma_variance(PERCENT * values, decay, start)
    return GarchFit(
        method=EWMA,
        reason=reason,
        observations=len(values),
        decay=decay,
        backcast=start,
        convergence_flag=rejected.convergence_flag if rejected else None,
        persistence=rejected.persistence if rejected else None,
        last_variance=float(variance[-2]),
        last_residual=float(PERCENT * values[-1]),
        sigma_next=math.sqrt(float(variance[-1])) / PERCENT,
        quantile_01=NormalDist().inv_cdf(0.01),
        quantile_05=NormalDist().inv_cdf(0.05),
    )


def filter_sigma(fit: GarchFit, returns: ArrayLike, *, is_after_fit: bool = False) -> Series:
    """Sigma of the bar after each bar, a fraction, by the fit's parameters; no `arch`, no refit.

    The last value is the forecast for the next bar. A missing return is skipped: sigma stands.

    Args:
        returns: log returns per bar, fractions. By default a stretch long enough for the start to fade
            (the fit's own returns give arch's conditional volatility, one bar on).
        is_after_fit: the returns are those after the fit's last bar, and the recursion goes on from
            there; with none, the answer is empty and `fit.sigma_next` is the sigma.

    Raises:
        ValueError: the fit lacks a parameter that its method needs.
    """
    start = _next_variance(fit) if is_after_fit else _start_variance(fit)
    return _carried(series(returns), lambda r: np.sqrt(_variance_after(fit, r, start)) / PERCENT)


def forecast_sigma(fit: GarchFit, sigma_next: ArrayLike, bars: int = 24) -> Any:
    """Sigma of the sum of the next `bars` returns, a fraction: 24 h from 1h parameters by default.

    Sums E σ²[t+k] with E σ²[t+k+1] = omega + persistence · E σ²[t+k] from the filtered next-bar sigma;
    half of the errors are taken to be negative, as symmetric errors are. EWMA: √bars · sigma.

    Returns:
        float for one sigma, else an array of its shape.

    Raises:
        ValueError: bars below 1, or the fit lacks a parameter.
    """
    if bars < 1:
        raise ValueError(f"bars {bars} is below 1")
    variance = (PERCENT * np.asarray(sigma_next, dtype=np.float64)) ** 2
    if fit.method == EWMA:
        total = bars * variance
    else:
        _, omega, alpha, gamma, slope = _parameters(fit)
        persistence, total = alpha + gamma / 2.0 + slope, np.zeros_like(variance)
        for _ in range(bars):
            total = total + variance
            variance = omega + persistence * variance
    sigma = np.sqrt(total) / PERCENT
    return float(sigma) if np.ndim(sigma) == 0 else sigma


def _parameters(fit: GarchFit) -> tuple[float, float, float, float, float]:
    found = (fit.mu, fit.omega, fit.alpha, fit.gamma, fit.beta)
    if None in found:
        raise ValueError(f"a {fit.method} fit needs mu, omega, alpha, gamma and beta")
    return found  # type: ignore[return-value]


def _start_variance(fit: GarchFit) -> float:
    """Variance of the first bar, percent squared: everything before it counts as the backcast."""
    if fit.backcast is None:
        raise ValueError("the fit carries no backcast")
    if fit.method == EWMA:
        return fit.backcast
    _, omega, alpha, gamma, slope = _parameters(fit)
    return omega + (alpha + gamma / 2.0 + slope) * fit.backcast


def _next_variance(fit: GarchFit) -> float:
    if fit.last_variance is None or fit.last_residual is None:
        raise ValueError("the fit carries no last bar")
    residual = fit.last_residual + (fit.mu or 0.0)
    return float(_variance_after(fit, np.array([residual / PERCENT]), fit.last_variance)[-1])


def _variance_after(fit: GarchFit, returns: Series, start: float) -> Series:
    """Variance of the bar after each return, percent squared; `start` is the one of the first return."""
    if fit.method == EWMA:
        if fit.decay is None:
            raise ValueError("an EWMA fit needs its decay")
        return _ewma_variance(PERCENT * returns, fit.decay, start)
    mu, omega, alpha, gamma, slope = _parameters(fit)
    residual = PERCENT * returns - mu
    shock = omega + np.where(residual < 0.0, alpha + gamma, alpha) * residual**2
    return recur(shock, slope, start)
