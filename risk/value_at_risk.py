"""Value at risk and expected shortfall: of a series, as a path, of a book; and whether they were true.

VaR and ES are positive numbers for losses (a negative one is a gain that is all but certain), fractions
of the position or, where the weights are money, money. The forecasts stand in `risk.var_forecasts`, the
tests and scores in `risk.backtests`; both are offered from here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.backtests import (
    Backtest,
    Test,
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
from risk.errors import DataError
from risk.garch import DECAY
from risk.recurrence import Series, series
from risk.var_forecasts import (
    METHODS,
    Forecasts,
    Interval,
    Method,
    fewest_returns,
    forecast_path,
    forecasts,
    standardised,
    var_es,
)

__all__ = [
    "METHODS", "Backtest", "Forecasts", "Method", "Test", "Var", "Zone",
    "acerbi_szekely_z2", "backtest", "basel_multiplier", "book_var", "christoffersen",
    "dynamic_quantile", "fewest_returns", "forecast_path", "forecasts", "fz0_score", "hits", "kupiec",
    "quantile_score", "rolling_zones", "traffic_light", "var_es",
]  # fmt: skip

HEDGED = 1e-9  # of the parts' sigma: a book that moves less than this does not move


@dataclass(frozen=True, slots=True, kw_only=True)
class Var:
    """VaR of a book in the unit of the weights, and whose it is; arrays have one value per symbol."""

    total: float
    marginal: Series  # change of the total per unit of weight; NaN for a symbol not held
    component: Series  # weight × marginal; sums to the total
    incremental: Series  # total − VaR of the book without the symbol; below 0 for a hedge
    shortfall: float  # ES of the book
    observations: int  # bars on which all held symbols have a return


def book_var(
    weights: ArrayLike, returns: ArrayLike, level: float, method: Method, *, interval: Interval = "1d"
) -> Var:
    """VaR of the bar to come of Σ weight · return, split over the symbols; positive for losses.

    The total is `var_es` of the book's own return at today's weights, over the bars on which every held
    symbol has a return (a missing one is never 0). Its split is Euler's, Σ component = total:

    * normal, student_t: by the sample covariance, exact for the normal (elliptical returns);
    * ewma, gjr_garch_t: by the RiskMetrics covariance, exact for ewma;
    * historical, filtered_historical: mean loss of each symbol over the bars whose (filtered) loss of the
      book ranks near the VaR, triangular weights, scaled to the total: Epperlein & Smillie (2006),
      "Cracking VaR with kernels", Risk 19(8), 70–74. The one bar at the quantile would be noise.

    Args:
        weights: signed notional per symbol, USDT or fractions of equity; 0 is a symbol not held.
        returns: (bars, symbols), fractions in time order, NaN where missing.

    Raises:
        DataError: fewer common bars than the level needs, or a held symbol that does not move.
        ValueError: shapes that do not fit, a weight that is not finite, or as `var_es`.
    """
    w, table = series(weights), np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(w) or not np.isfinite(w).all():
        raise ValueError(f"{len(w)} weights for returns of shape {table.shape}, all finite")
    held = w != 0.0
    if not held.any():
        nothing = np.zeros(len(w))
        unknown = np.full(len(w), np.nan)
        return Var(total=0.0, marginal=unknown, component=nothing, incremental=nothing, shortfall=0.0,
                   observations=int(np.isfinite(table).all(axis=1).sum()))  # fmt: skip
    common = table[np.isfinite(table[:, held]).all(axis=1)]
    _check_columns(common[:, held], level)
    marginal = np.full(len(w), np.nan)
    total, shortfall = _total(w[held], common[:, held], level, method, interval)
    marginal[held] = _marginal(w[held], common[:, held], total, level, method, interval)
    component = np.where(held, w * marginal, 0.0)
    incremental = np.zeros(len(w))
    for i in np.flatnonzero(held):
        rest = held.copy()
        rest[i] = False
        without = _total(w[rest], common[:, rest], level, method, interval)[0] if rest.any() else 0.0
        incremental[i] = total - without
    return Var(total=total, marginal=marginal, component=component, incremental=incremental,
               shortfall=shortfall, observations=len(common))  # fmt: skip


def _check_columns(held: NDArray[np.float64], level: float) -> None:
    if len(held) < (needed := fewest_returns(level)):
        raise DataError(f"{len(held)} bars on which all held symbols have a return, {needed} needed")
    still = np.flatnonzero(np.ptp(held, axis=0) == 0.0)
    if len(still):
        raise DataError(f"held symbol {still[0]} of the book (counted from 0) does not move")


def _is_hedged(weights: Series, held: NDArray[np.float64]) -> bool:
    gross = float(np.abs(weights) @ held.std(axis=0))
    return float((held @ weights).std()) <= HEDGED * gross


def _total(
    weights: Series, held: NDArray[np.float64], level: float, method: Method, interval: Interval
) -> tuple[float, float]:
    """(VaR, ES); of a book whose parts cancel, the mean loss."""
    book = held @ weights
    if _is_hedged(weights, held):
        return -float(book.mean()), -float(book.mean())
    gross = float(np.abs(weights).sum())  # brings money to fractions, where the fits are at home
    var, es = var_es(book / gross, level, method, interval=interval)
    return var * gross, es * gross


def _marginal(
    weights: Series,
    held: NDArray[np.float64],
    total: float,
    level: float,
    method: Method,
    interval: Interval,
) -> Series:
    if _is_hedged(weights, held):
        return np.asarray(-held.mean(axis=0))
    if method in ("historical", "filtered_historical"):
        return _by_neighbours(weights, held, total, level, method, interval)
    if method in ("normal", "student_t"):
        mean = held.mean(axis=0)
        covariance = np.atleast_2d(np.cov(held, rowvar=False))
    else:
        mean = np.zeros(len(weights))
        covariance = _riskmetrics(held, DECAY[interval])
    pull = covariance @ weights
    return np.asarray(-mean + (total + float(mean @ weights)) * pull / float(weights @ pull))


def _riskmetrics(held: NDArray[np.float64], decay: float) -> NDArray[np.float64]:
    """Second moments weighted as `ewma_sigma` does: its start is the mean square of all, fading."""
    n = len(held)
    share = (1.0 - decay) * decay ** np.arange(n - 1.0, -1.0, -1.0) + decay**n / n
    return np.asarray((held * share[:, np.newaxis]).T @ held)


def _by_neighbours(
    weights: Series,
    held: NDArray[np.float64],
    total: float,
    level: float,
    method: Method,
    interval: Interval,
) -> Series:
    """Mean loss of each symbol over the bars around the book's quantile, scaled to the total."""
    book = held @ weights
    gross = float(np.abs(weights).sum())
    scale = np.ones(len(held))
    if method == "filtered_historical":
        scale = standardised(book / gross, interval)
    order = np.argsort(book * scale)
    middle = (len(held) - 1) * (1.0 - level)
    reach = max(0.5 * middle, 1.0)
    near = np.maximum(1.0 - np.abs(np.arange(len(held)) - middle) / (reach + 1.0), 0.0)
    near /= near.sum()
    loss = -(near * scale[order]) @ held[order]
    told = float(loss @ weights)
    if abs(told) < 0.1 * abs(total):  # the neighbours do not tell: share by the shortfall's covariance
        pull = np.atleast_2d(np.cov(held, rowvar=False)) @ weights
        return np.asarray(total * pull / float(weights @ pull))
    return np.asarray(loss * total / told)
