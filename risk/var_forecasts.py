"""Value at risk and expected shortfall of a series of returns: six methods, now and as an out-of-sample path.

VaR and ES are positive numbers for losses, fractions of the position like the returns. Missing returns
are skipped: windows hold the last `window` known ones. A window that does not vary has no VaR (a feed
that stands still would otherwise look safe), nor has one with too few returns for the level.

| method | VaR at 1 − p |
|---|---|
| historical | −quantile p of the window, linear between neighbours; ES the mean of its worst share p |
| normal | z · s − mean, s with n − 1 |
| student_t | maximum-likelihood location, scale and nu |
| ewma | RiskMetrics: z · sigma, mean 0, decay 0.94 (1d) or 0.97 (1h) |
| gjr_garch_t | t quantile of the errors · sigma − mu |
| filtered_historical | −(mu + quantile p of the window's standardised errors · sigma) |

The last two share one fit (`risk.garch_fast`). It is refused without convergence, with nu below 2.1 or
too few returns; EWMA sigma stands in, with normal errors or the window's own. Persistence on its bound
is no reason here: it spoils forecasts of many bars, not of the next one. Where more than half of the
window's returns are 0 the last two tell nothing: sigma fades between trades and errors explode.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from risk.errors import DataError
from risk.garch import DECAY, FEWEST_RETURNS, LOWEST_NU, PERCENT, GarchFit
from risk.garch_fast import fit_fast
from risk.recurrence import Series, recur, series
from risk.student import Student, Tail, fit_student, normal_tail, unit_student_tail

Method = Literal["historical", "filtered_historical", "normal", "student_t", "ewma", "gjr_garch_t"]
Interval = Literal["1h", "1d"]
Path = tuple[Series, Series]

METHODS: tuple[Method, ...] = (
    "historical", "filtered_historical", "normal", "student_t", "ewma", "gjr_garch_t",
)  # fmt: skip
FILTERED = ("gjr_garch_t", "filtered_historical")
FEWEST = 30


def fewest_returns(level: float) -> int:
    """Fewest known returns for a VaR at the level: one expected exception, and 30.

    >>> fewest_returns(0.95), fewest_returns(0.99)
    (30, 100)

    Raises:
        ValueError: level outside 0.5…1 (exclusive).
    """
    if not 0.5 < level < 1.0:
        raise ValueError(f"level {level} is not between 0.5 and 1")
    return max(FEWEST, math.ceil(1.0 / (1.0 - level) - 1e-9))


def var_es(
    returns: ArrayLike, level: float, method: Method, *, interval: Interval = "1d"
) -> tuple[float, float]:
    """(VaR, ES) of the bar after the returns, positive for losses, fractions; all returns are the window.

    Args:
        returns: per bar, fractions, in time order.
        level: 0.95 says that one bar in twenty loses more.
        interval: of the bars; chooses EWMA's decay and the fewest returns of a GARCH fit.

    >>> var_es([0.01, -0.01] * 20, 0.95, "historical")
    (0.01, 0.01)

    Raises:
        DataError: too few returns, or returns that do not vary.
        ValueError: level outside 0.5…1, or an unknown method.
    """
    values = series(returns)
    values = values[np.isfinite(values)]
    needed = fewest_returns(level)
    if len(values) < needed:
        raise DataError(f"{len(values)} returns, {needed} needed for VaR at {level}")
    found = forecasts(values, (level,), (method,), len(values), 1, interval=interval, steps_beyond=1)
    var, es = (float(x[-1]) for x in found.paths[method, level])
    if not math.isfinite(var):
        raise DataError(f"no {method} VaR: {_why(found)}")
    return var, es


def _why(found: Forecasts) -> str:
    return "; ".join(found.refused) or "the returns do not vary"


def forecast_path(
    returns: ArrayLike,
    level: float,
    method: Method,
    window: int,
    refit_every: int,
    *,
    interval: Interval = "1d",
) -> Path:
    """(VaR, ES) of every bar, each made from the bars before it; NaN for the first `window` known bars.

    Same length as the returns: element t judges return t, so `hits(returns, var)` needs no shift.

    Args:
        window: known returns that each forecast rests on.
        refit_every: bars between fits of student_t, gjr_garch_t and filtered_historical; in between the
            fitted parameters filter the new returns. The others have nothing to fit and move each bar.

    Raises:
        ValueError: a window below `fewest_returns(level)`, refit_every below 1, level outside 0.5…1, or
            an unknown method.
    """
    found = forecasts(returns, (level,), (method,), window, refit_every, interval=interval)
    return found.paths[method, level]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """Paths by (method, level), and how the GARCH fits behind them went.

    `refused` counts by reason the fits that were not used (EWMA stood in) and the stretches without any.
    """

    paths: Mapping[tuple[Method, float], Path]
    fits: int
    refused: Mapping[str, int]


def forecasts(
    returns: ArrayLike,
    levels: Sequence[float],
    methods: Sequence[Method],
    window: int,
    refit_every: int,
    *,
    interval: Interval = "1d",
    steps_beyond: int = 0,
    on_refit: Callable[[int, int], None] | None = None,
) -> Forecasts:
    """`forecast_path` for many methods and levels at once, with each fit made once.

    Fits do not depend on one another: a long series may be cut into pieces that overlap by `window`,
    at whole multiples of `refit_every`, and the answers laid end to end.

    Args:
        steps_beyond: 1 appends the forecast of the bar after the last return.
        on_refit: called with (bars done, bars to do) after each refit.

    Raises:
        ValueError: as `forecast_path`.
    """
    _check(levels, methods, window, refit_every)
    values = series(returns)
    known = np.isfinite(values)
    moves = values[known]
    made = max(len(moves) - window + 1, 0)  # forecast i stands before known bar window + i
    work = _Work(moves, window, refit_every, interval, tuple(1.0 - level for level in levels))
    cores = work.paths(methods, made, on_refit or (lambda done, of: None)) if made else {}
    still = _still(moves, window) if made else np.zeros(0, dtype=bool)
    before = np.concatenate(([0], np.cumsum(known)))[: len(values) + min(steps_beyond, 1)]
    has = before >= window
    paths: dict[tuple[Method, float], Path] = {}
    for method in methods:
        for level in levels:
            var, es = np.full(len(before), np.nan), np.full(len(before), np.nan)
            if made:
                core = np.where(still, np.nan, cores[method, 1.0 - level])
                var[has], es[has] = core[:, before[has] - window]
            paths[method, level] = var, es
    return Forecasts(paths=paths, fits=work.fits, refused=dict(work.refused))


def _check(levels: Sequence[float], methods: Sequence[str], window: int, refit_every: int) -> None:
    if unknown := set(methods) - set(METHODS):
        raise ValueError(f"unknown method {', '.join(sorted(unknown))}; there are {', '.join(METHODS)}")
    needed = max(fewest_returns(level) for level in levels)
    if window < needed or refit_every < 1:
        raise ValueError(f"window {window} (at least {needed}), refit_every {refit_every} (at least 1)")


def _still(moves: Series, window: int) -> Series:
    """Per forecast whether all returns of its window are equal."""
    changed = np.concatenate(([True], moves[1:] != moves[:-1]))
    last_change = np.maximum.accumulate(np.where(changed, np.arange(len(moves)), 0))
    return np.asarray(last_change[window - 1 :] <= np.arange(len(moves) - window + 1))


class _Work:
    """One series being forecast: what the methods share, and the fits counted."""

    def __init__(
        self,
        moves: Series,
        window: int,
        refit_every: int,
        interval: Interval,
        probabilities: tuple[float, ...],
    ) -> None:
        self.moves, self.window, self.refit_every = moves, window, refit_every
        self.interval, self.probabilities = interval, probabilities
        self.fits, self.refused = 0, Counter[str]()

    def paths(
        self, methods: Sequence[Method], made: int, on_refit: Callable[[int, int], None]
    ) -> dict[tuple[Method, float], Series]:
        """(2, made) arrays of VaR and ES by (method, probability)."""
        cores = {(m, p): np.full((2, made), np.nan) for m in methods for p in self.probabilities}
        filtered = [m for m in methods if m in FILTERED]
        if "historical" in methods:
            self._put(cores, "historical", slice(0, made), self._historical(self.moves))
        if "normal" in methods:
            self._put(cores, "normal", slice(0, made), self._normal(made))
        if "ewma" in methods:
            sigma = self._ewma_sigma(self.moves, self.window)[-made:]
            self._put(cores, "ewma", slice(0, made), _scaled(map(normal_tail, self.probabilities), sigma))
        student: Student | None = None
        for first in range(0, made, self.refit_every):
            part = slice(first, min(first + self.refit_every, made))
            if "student_t" in methods:
                student = self._student(cores, part, student)
            if filtered:
                self._filtered(cores, part, filtered)
            on_refit(part.stop, made)
        return cores

    def _put(
        self, cores: dict[tuple[Method, float], Series], method: Method, part: slice, found: list[Series]
    ) -> None:
        for probability, core in zip(self.probabilities, found, strict=True):
            cores[method, probability][:, part] = core

    def _historical(self, moves: Series) -> list[Series]:
        return rolling_tails(moves, self.window, self.probabilities)

    def _normal(self, made: int) -> list[Series]:
        centre = float(self.moves[: self.window].mean())
        sums = np.cumsum(self.moves - centre), np.cumsum((self.moves - centre) ** 2)
        first, second = (_windowed(total, self.window) for total in sums)
        mean = first / self.window
        variance = np.maximum(second - first * mean, 0.0) / (self.window - 1)
        return _scaled(map(normal_tail, self.probabilities), np.sqrt(variance)[:made], mean + centre)

    def _ewma_sigma(self, moves: Series, seeded_by: int) -> Series:
        start = float(np.mean(moves[:seeded_by] ** 2))
        decay = DECAY[self.interval]
        return np.sqrt(recur(moves**2, decay, start, 1.0 - decay))

    def _student(
        self, cores: dict[tuple[Method, float], Series], part: slice, start: Student | None
    ) -> Student | None:
        """The fit, which is where the next one starts; a window without one stays NaN."""
        try:
            fit = fit_student(self.moves[part.start : part.start + self.window], start)
        except DataError as problem:
            self.refused[str(problem)] += 1
            return None
        tails = [np.array(fit.tail(p))[:, np.newaxis] for p in self.probabilities]
        self._put(cores, "student_t", part, tails)
        return fit

    def _filtered(
        self, cores: dict[tuple[Method, float], Series], part: slice, methods: Sequence[Method]
    ) -> None:
        """One refit: the fit on the window before the part, then its filter over window and part."""
        count = part.stop - part.start
        moves = self.moves[part.start : part.start + self.window + count - 1]
        if np.count_nonzero(moves[: self.window]) < 0.5 * self.window:
            self.refused["more than half of the returns are 0"] += 1
            return
        if float(np.ptp(moves[: self.window])) == 0.0:
            return
        mean, sigma, start, nu = self.filter(moves)
        tails = [normal_tail(p) if nu is None else unit_student_tail(p, nu) for p in self.probabilities]
        ahead = sigma[-count:]
        if "gjr_garch_t" in methods:
            self._put(cores, "gjr_garch_t", part, _scaled(tails, ahead, mean))
        if "filtered_historical" in methods:
            errors = (moves - mean) / np.concatenate(([start], sigma[:-1]))
            found = [core * ahead - mean for core in self._historical(errors)]
            self._put(cores, "filtered_historical", part, found)

    def filter(self, moves: Series) -> tuple[float, Series, float, float | None]:
        """(mu, sigma of the bar after each, sigma of the first bar, nu) by a fit of the first window.

        nu is None where EWMA stands in for a refused fit.
        """
        fit, problem = self._fit(moves[: self.window])
        if fit is not None:
            return *_filtered_sigma(fit, moves), fit.nu
        self.refused[problem] += 1
        start = math.sqrt(float(np.mean(moves[: self.window] ** 2)))
        return 0.0, self._ewma_sigma(moves, self.window), start, None

    def _fit(self, moves: Series) -> tuple[GarchFit | None, str]:
        needed = FEWEST_RETURNS[self.interval]
        if len(moves) < needed:
            return None, f"{len(moves)} returns, {needed} needed"
        self.fits += 1
        fit = fit_fast(moves)
        if fit.convergence_flag != 0:
            return None, f"no convergence (flag {fit.convergence_flag})"
        if not (fit.nu or 0.0) >= LOWEST_NU:
            return None, f"nu below {LOWEST_NU}"
        return fit, ""


def standardised(returns: ArrayLike, interval: Interval = "1d") -> Series:
    """Sigma of the bar to come over each bar's own, by the method behind filtered_historical.

    What a bar's return would be at today's volatility is its return times this. Returns must be finite.

    Raises:
        DataError: fewer than 20 returns, or all equal.
    """
    moves = series(returns)
    if len(moves) < 20 or np.ptp(moves) == 0.0:
        raise DataError(f"{len(moves)} returns that do not vary: no volatility")
    work = _Work(moves, len(moves), 1, interval, ())
    _, sigma, start, _ = work.filter(moves)
    return np.asarray(sigma[-1] / np.concatenate(([start], sigma[:-1])))


def _filtered_sigma(fit: GarchFit, moves: Series) -> tuple[float, Series, float]:
    """(mu, sigma of the bar after each, sigma of the first bar), fractions."""
    named = (fit.mu, fit.omega, fit.alpha, fit.gamma, fit.beta, fit.backcast)
    mu, omega, alpha, gamma, beta, backcast = (math.nan if x is None else x for x in named)
    start = omega + (alpha + gamma / 2.0 + beta) * backcast
    residual = PERCENT * moves - mu
    shock = omega + np.where(residual < 0.0, alpha + gamma, alpha) * residual**2
    return mu / PERCENT, np.sqrt(recur(shock, beta, start)) / PERCENT, math.sqrt(start) / PERCENT


def _scaled(tails: Sequence[Tail] | map[Tail], sigma: Series, mean: Series | float = 0.0) -> list[Series]:
    return [np.outer(tail, sigma) - mean for tail in tails]


def _windowed(total: Series, window: int) -> Series:
    """Sums over each window from running sums."""
    return total[window - 1 :] - np.concatenate(([0.0], total[:-window]))


def rolling_tails(values: Series, window: int, probabilities: Sequence[float]) -> list[Series]:
    """Per probability a (2, n − window + 1) array: loss at the quantile, and mean loss of the worst share.

    The quantile is linear between neighbours (numpy's default); the worst share p holds p · window values,
    the last of them in part (Acerbi & Tasche 2002, J. of Banking & Finance 26, 1487–1503), so that the
    shortfall is never below the quantile. One sorted list moves along: a step costs a few µs.
    """
    ordered = np.sort(values[:window]).tolist()
    items = values.tolist()
    plans = [_plan(window, probability) for probability in probabilities]
    found = [np.empty((2, len(items) - window + 1)) for _ in plans]
    for i in range(len(items) - window + 1):
        if i:
            del ordered[bisect_left(ordered, items[i - 1])]
            insort(ordered, items[i + window - 1])
        for (below, between, whole, rest, share), core in zip(plans, found, strict=True):
            quantile = ordered[below] + between * (ordered[below + 1] - ordered[below])
            core[0, i] = -quantile
            core[1, i] = max(-(sum(ordered[:whole]) + rest * ordered[whole]) / share, -quantile)
    return found


def _plan(window: int, probability: float) -> tuple[int, float, int, float, float]:
    """(index below the quantile, its distance from there, whole values in the worst share, rest, share)."""
    position, share = (window - 1) * probability, window * probability
    whole = math.floor(share + 1e-9)
    return math.floor(position), position - math.floor(position), whole, max(share - whole, 0.0), share
