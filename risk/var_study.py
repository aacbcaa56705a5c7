"""A whole VaR backtest: many refits cut into pieces that can be done one by one, and what came of them.

A piece is some refits of a series, with the window before them; pieces do not depend on one another, so
a study that was interrupted goes on where it stopped and ends with the same digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from risk.backtests import Backtest, backtest
from risk.errors import DataError
from risk.garch import FEWEST_RETURNS, fit_by_arch
from risk.garch_fast import fit_fast
from risk.recurrence import Series, series
from risk.var_forecasts import METHODS, Interval, Method, Path, forecasts

REFITS_A_PIECE = 25
FEWEST_JUDGED = 100  # bars; fewer tell nothing about one exception in a hundred
ALIKE = 1e-5  # of log-likelihood


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How forecasts are made: returns each one rests on, and bars between refits."""

    interval: Interval
    window: int
    refit_every: int
    levels: tuple[float, ...] = (0.95, 0.99)
    methods: tuple[Method, ...] = METHODS


PLANS: Mapping[str, Plan] = {
    "1h": Plan(interval="1h", window=2_000, refit_every=24),
    "1d": Plan(interval="1d", window=500, refit_every=7),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Forecasts of `start`…`stop`, counted in known returns of the whole series."""

    start: int
    stop: int
    paths: Mapping[tuple[Method, float], Path]
    fits: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The forecasts of every bar, and each method judged at each level."""

    plan: Plan
    open_at: Series  # seconds since 1970
    returns: Series  # fractions
    paths: Mapping[tuple[Method, float], Path]  # (VaR, ES) per bar, fractions, NaN without a forecast
    tests: Mapping[tuple[Method, float], Backtest]
    unjudged: Mapping[tuple[Method, float], str]  # why a method has no verdict at a level
    fits: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Our fitter beside arch on the windows of some refits; log-likelihoods, ours less arch's."""

    checked: int
    worst: float  # NaN where nothing could be compared
    best: float
    on_bound: int  # windows where arch ends beyond its own bound of persistence 1, which gains it likelihood
    below: int = 0  # comparable windows on which ours is more than ALIKE below

    @property
    def holds(self) -> bool:
        """True unless a comparable fit of ours is more than ALIKE below arch's."""
        return self.below == 0


def spans(returns: ArrayLike, plan: Plan) -> list[tuple[int, int]]:
    """(start, stop) of every piece, counted in known returns; the first `window` are only rested on.

    Raises:
        DataError: fewer known returns than the window and FEWEST_JUDGED more.
    """
    known = int(np.isfinite(series(returns)).sum())
    if known < plan.window + FEWEST_JUDGED:
        raise DataError(
            f"{known} {plan.interval} returns: a window of {plan.window} and at least {FEWEST_JUDGED}"
            " judged bars are needed; take more history or a shorter window"
        )
    step = REFITS_A_PIECE * plan.refit_every
    return [(start, min(start + step, known)) for start in range(plan.window, known, step)]


def piece(
    returns: ArrayLike,
    plan: Plan,
    span: tuple[int, int],
    *,
    on_refit: Callable[[int, int], None] | None = None,
) -> Piece:
    """The forecasts of one span, out of sample."""
    values = series(returns)
    start, stop = span
    moves = values[np.isfinite(values)][start - plan.window : stop]
    found = forecasts(
        moves, plan.levels, plan.methods, plan.window, plan.refit_every,
        interval=plan.interval, on_refit=on_refit,
    )  # fmt: skip
    paths = {key: (var[plan.window :], es[plan.window :]) for key, (var, es) in found.paths.items()}
    return Piece(start=start, stop=stop, paths=paths, fits=found.fits, refused=found.refused)


def joined(open_at: ArrayLike, returns: ArrayLike, plan: Plan, pieces: Sequence[Piece]) -> Study:
    """The pieces laid end to end on the bars, and judged.

    Raises:
        ValueError: pieces that do not follow one another up to the end.
    """
    values = series(returns)
    known = np.flatnonzero(np.isfinite(values))
    ends = [plan.window, *(p.stop for p in pieces)]
    if [p.start for p in pieces] != ends[:-1] or ends[-1] != len(known):
        raise ValueError(f"pieces that end at {ends} for {len(known)} returns")
    paths: dict[tuple[Method, float], Path] = {}
    for method in plan.methods:
        for level in plan.levels:
            both = np.full((2, len(values)), np.nan)
            both[:, known[plan.window :]] = np.hstack([np.vstack(p.paths[method, level]) for p in pieces])
            paths[method, level] = both[0], both[1]
    tests, unjudged = _judged(values, paths)
    refused: dict[str, int] = {}
    for reason, count in (item for p in pieces for item in p.refused.items()):
        refused[reason] = refused.get(reason, 0) + count
    return Study(
        plan=plan,
        open_at=series(open_at),
        returns=values,
        paths=paths,
        tests=tests,
        unjudged=unjudged,
        fits=sum(p.fits for p in pieces),
        refused=dict(sorted(refused.items())),
    )


def study(open_at: ArrayLike, returns: ArrayLike, plan: Plan) -> Study:
    """All pieces at once.

    Raises:
        DataError: as `spans`.
    """
    return joined(open_at, returns, plan, [piece(returns, plan, span) for span in spans(returns, plan)])


def _judged(
    returns: Series, paths: Mapping[tuple[Method, float], Path]
) -> tuple[dict[tuple[Method, float], Backtest], dict[tuple[Method, float], str]]:
    tests: dict[tuple[Method, float], Backtest] = {}
    unjudged: dict[tuple[Method, float], str] = {}
    for key, (var, es) in paths.items():
        judged = int((np.isfinite(returns) & np.isfinite(var)).sum())
        if judged < FEWEST_JUDGED:
            unjudged[key] = f"{judged} bars with a forecast, {FEWEST_JUDGED} needed"
            continue
        try:
            tests[key] = backtest(returns, var, es, key[1])
        except ValueError as problem:
            unjudged[key] = str(problem)
    return tests, unjudged


def agreement(
    returns: ArrayLike,
    plan: Plan,
    checks: int | None,
    on_check: Callable[[int, int], None] | None = None,
) -> Agreement:
    """Fit some refits' windows, evenly spread, by both fitters. Imports `arch` where there is one to fit.

    Args:
        checks: how many windows, at most one a refit; None: every one.
        on_check: told (windows compared, windows to compare).
    """
    values = series(returns)
    moves = values[np.isfinite(values)]
    refits = range(0, len(moves) - plan.window, plan.refit_every)
    gains, on_bound, checked = [], 0, 0
    count = len(refits) if checks is None else min(checks, len(refits))
    chosen = sorted({round(x) for x in np.linspace(0, len(refits) - 1, count)})
    if plan.window < FEWEST_RETURNS[plan.interval]:
        chosen = []  # no GARCH is fitted to so few
    for number, first in enumerate(refits[i] for i in chosen):
        if on_check:
            on_check(number, len(chosen))
        window = moves[first : first + plan.window]
        if np.ptp(window) == 0.0:
            continue
        theirs, ours = fit_by_arch(window), fit_fast(window)
        checked += 1
        if (theirs.persistence or 0.0) > 1.0:
            on_bound += 1
            continue
        gains.append((ours.log_likelihood or np.nan) - (theirs.log_likelihood or np.nan))
    return Agreement(
        checked=checked,
        worst=min(gains, default=float("nan")),
        best=max(gains, default=float("nan")),
        on_bound=on_bound,
        below=sum(not gain >= -ALIKE for gain in gains),
    )
