"""VaR of single bars for the running desk: fits on fixed dates, so that a row tells how to compute it again.

Hourly models are fitted on the returns before midnight UTC, daily ones on those before Monday, and
filtered from there; a forecast does not depend on when, or in which order, the desk computed it. The book
changes its weights at any time and is fitted anew for every bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from risk.panel import BAR_S
from risk.recurrence import Series, series
from risk.var_forecasts import Interval, Method, fewest_returns, forecasts

LEVELS = (0.95, 0.99)
WINDOW: Mapping[str, int] = {"1h": 2_000, "1d": 500}
REFIT_S: Mapping[str, int] = {"1h": 86_400, "1d": 7 * 86_400}
MONDAY_S = 4 * 86_400  # 1970-01-05
GROUPS: tuple[tuple[Method, ...], ...] = (
    ("historical", "normal", "ewma"), ("student_t",), ("gjr_garch_t", "filtered_historical"),
)  # fmt: skip
"""Methods that are refused together: a reason belongs to those of its group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarForecast:
    """One method's answer for one bar; NaN where it has none. Times are seconds since 1970."""

    bar_at: float
    method: Method
    fitted_from: float
    fitted_through: float
    fitted_returns: int
    note: str
    var: tuple[float, float]  # at LEVELS, fractions
    es: tuple[float, float]


def refit_before(bar_at: float, interval: Interval) -> float:
    """The refit date that a bar's forecast rests on: midnight, or Monday; itself where it opens then."""
    offset = MONDAY_S if interval == "1d" else 0
    every = REFIT_S[interval]
    return offset + (bar_at - offset) // every * every


def bar_forecasts(
    open_at: ArrayLike,
    returns: ArrayLike,
    interval: Interval,
    bars_at: Sequence[float],
    *,
    fits_each_bar: bool = False,
) -> list[BarForecast]:
    """Forecasts of the bars that open at `bars_at`, from the returns of bars that opened before.

    A bar without `fewest_returns(0.99)` known ones before its refit has none; until WINDOW are known the
    window holds what there is.

    Args:
        open_at: seconds since 1970, rising; returns: fractions of the same bars, NaN where missing.
        fits_each_bar: for the book.
    """
    times, values = series(open_at), series(returns)
    known = np.isfinite(values)
    times, values = times[known], values[known]
    groups: dict[float, list[float]] = {}
    for bar_at in sorted(bars_at):
        groups.setdefault(bar_at if fits_each_bar else refit_before(bar_at, interval), []).append(bar_at)
    found: list[BarForecast] = []
    for refit, bars in groups.items():
        stop = int(np.searchsorted(times, refit))
        start = max(stop - WINDOW[interval], 0)
        if stop - start >= fewest_returns(max(LEVELS)):
            last = int(np.searchsorted(times, bars[-1]))
            found += _of_one_fit(times[start:last], values[start:last], stop - start, bars, interval)
    return found


def _of_one_fit(
    times: Series, moves: Series, window: int, bars: Sequence[float], interval: Interval
) -> Iterator[BarForecast]:
    """The first `window` returns are fitted, the later ones filtered."""
    for group in GROUPS:
        found = forecasts(
            moves, LEVELS, group, window, len(moves) + 1, interval=interval, steps_beyond=1
        )  # one fit: what was refused concerns all of it
        reason = "; ".join(found.refused)
        for method in group:
            for bar_at in bars:
                row = int(np.searchsorted(times, bar_at))
                both = [[float(x[row]) for x in found.paths[method, level]] for level in LEVELS]
                is_missing = not np.isfinite(both).all()
                yield BarForecast(
                    bar_at=bar_at,
                    method=method,
                    fitted_from=float(times[0]),
                    fitted_through=float(times[window - 1]),
                    fitted_returns=window,
                    note=reason or ("the returns do not vary" if is_missing else ""),
                    var=(both[0][0], both[1][0]),
                    es=(both[0][1], both[1][1]),
                )


def recomputed(
    open_at: ArrayLike,
    returns: ArrayLike,
    *,
    interval: Interval,
    method: Method,
    level: float,
    bar_at: float,
    fitted_from: float,
    fitted_through: float,
) -> tuple[float, float]:
    """(VaR, ES) of a stored row from the returns of its scope: what `bar_forecasts` gave, to the last digit.

    The returns from `fitted_from` to `fitted_through` are fitted, those up to the bar before `bar_at`
    filtered; bars outside do not count. Times are seconds since 1970.

    Raises:
        ValueError: fewer known returns than the level needs, or an unknown method.
    """
    times, values = series(open_at), series(returns)
    kept = np.isfinite(values) & (times >= fitted_from) & (times < bar_at)
    window = int((kept & (times <= fitted_through)).sum())
    found = forecasts(
        values[kept], (level,), (method,), window, int(kept.sum()) + 1, interval=interval, steps_beyond=1
    )
    var, es = found.paths[method, level]
    return float(var[-1]), float(es[-1])


def bars_to_forecast(newest_bar_at: float, known: Sequence[float], count: int, interval: str) -> list[float]:
    """Opening times still without a forecast: of the `count` bars that end with the one to come.

    Args:
        newest_bar_at: opening of the newest closed bar.
        known: openings that have a forecast.
    """
    bar = BAR_S[interval]
    ahead = newest_bar_at + bar
    held = set(known)
    return [at for at in (ahead - bar * k for k in range(count, -1, -1)) if at not in held]
