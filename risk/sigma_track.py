"""The forecast of the next 24 hours at every hourly close of a past, as a desk would have had it then."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from risk.garch import (
    FEWEST_RETURNS,
    MOST_RETURNS,
    GarchFit,
    accepted,
    ewma_fit,
    filter_sigma,
    forecast_sigma,
)
from risk.garch_fast import fit_fast
from risk.recurrence import Series, finite_runs, seeded_average, series

HOUR_S, DAY_S = 3_600, 86_400
BREAK_S = DAY_S  # a longer gap is no return: nobody knows the move of a single hour in it
FEWEST = 24
DECAY_1H = 0.97


def hourly_returns(open_at: Series, close: Series) -> Series:
    """Log returns from one hourly close to the next; NaN at the first bar and over a gap above a day."""
    prices, at = series(close), series(open_at)
    found = np.full(len(prices), np.nan)
    if len(prices) > 1:
        moves = np.log(prices[1:] / prices[:-1])
        found[1:] = np.where(np.diff(at) <= BREAK_S, moves, np.nan)
    return found


def sigma_track(
    open_at: Series, close: Series, *, since: float = -np.inf, on_day: Callable[[], None] | None = None
) -> tuple[Series, Series]:
    """(sigma of the next 24 h, 1 where GARCH and 0 where EWMA made it), fractions per hourly bar.

    The fit is renewed at every UTC midnight on the returns of the 4,000 hours before and filtered forward
    between, as `risk.garch` defines it; our own fitter finds the maximum that `arch` finds. EWMA stands in
    for fewer than 1,000 returns or a refused fit. NaN before FEWEST returns are known.

    Args:
        since: seconds since 1970; bars closing before it only serve the fits.
    """
    at, returns = series(open_at), hourly_returns(open_at, close)
    closes_at = at + HOUR_S
    sigma, is_garch = np.full(len(at), np.nan), np.zeros(len(at))
    day = np.floor(closes_at / DAY_S)
    firsts = np.flatnonzero(np.diff(day, prepend=day[:1] - 1))
    for first, end in zip(firsts.tolist(), [*firsts[1:].tolist(), len(at)], strict=True):
        if closes_at[end - 1] < since:
            continue
        fit = _fit(returns[: first + 1], at[: first + 1], at[first])
        if fit is not None:
            path = filter_sigma(fit, returns[first + 1 : end], is_after_fit=True)
            sigma[first:end] = forecast_sigma(fit, np.concatenate(([fit.sigma_next], path)), 24)
            is_garch[first:end] = fit.nu is not None
        if on_day:
            on_day()
    return sigma, is_garch


def _fit(returns: Series, at: Series, now: float) -> GarchFit | None:
    recent = returns[at > now - MOST_RETURNS["1h"] * HOUR_S]
    values = recent[np.isfinite(recent)]
    if len(values) < FEWEST or np.ptp(values) == 0.0:
        return None
    needed = FEWEST_RETURNS["1h"]
    if len(values) < needed:
        return ewma_fit(values, "1h", f"{len(values)} returns, {needed} needed")
    return accepted(fit_fast(values), values, "1h")


def ewma_track(open_at: Series, close: Series) -> Series:
    """RiskMetrics sigma of the next 24 h at each hourly close, a fraction: the plain baseline.

    Started with the mean square of the first FEWEST returns of each stretch, NaN before: a start by the mean
    of all would know what comes.
    """
    returns = hourly_returns(open_at, close)
    found = np.full(len(returns), np.nan)
    for run in finite_runs(returns):
        found[run] = np.sqrt(24.0 * seeded_average(returns[run] ** 2, FEWEST, 1.0 - DECAY_1H))
    return found
