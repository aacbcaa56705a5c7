"""Path F: VaR backtest of hourly returns, six methods, two levels, refit every 24 hours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench.race import Contestant, Goal, Options, Report, missing, race

SUBJECT = "F  VaR backtest: 43,800 hours x 6 methods x 2 levels, window 2,000, refit every 24 h"

WINDOW, REFIT, LEVELS = 2_000, 24, (0.95, 0.99)
DECAY = 0.97


def run(options: Options) -> Iterator[Report]:
    import arch  # noqa: F401  paid before the clock starts

    hours = WINDOW + 15 * REFIT if options.quick else 43_800
    returns = _simulated(hours)
    # the loop costs about two minutes over the five years: once for its answer, once for its time
    yield race(
        f"{hours:,} hours, {(hours - WINDOW) // REFIT:,} refits",
        [
            Contestant("arch, scipy and numpy in a loop", lambda: _loop(returns)),
            Contestant("ours", lambda: _ours(returns)),
        ],
        [Goal("ours", "arch, scipy and numpy in a loop", at_most=1 / 8)],
        options=replace(options, rounds=1, repeats=1),
        oracle="arch, scipy and numpy in a loop",
        differs=_differs,
        unit="refit",
        units=(hours - WINDOW) // REFIT,
    )
    yield _beside_fits_alone(returns, options)
    yield _parts(options)


def _beside_fits_alone(returns: Any, options: Options) -> Report:
    """All six methods beside a peer that only fits, the same windows and one method."""
    refits = -(-(len(returns) - WINDOW) // REFIT)
    return race(
        f"all six methods beside scivol's fits alone, {refits:,} refits",
        [
            Contestant("ours", lambda: refits if _ours(returns) else 0),
            Contestant("scivol, GJR-GARCH-t fits alone", lambda: _scivol(returns), missing=missing("scivol")),
        ],
        [Goal("ours", "scivol, GJR-GARCH-t fits alone", at_most=1.6)],
        options=replace(options, rounds=3, repeats=1),
        oracle="ours",
        differs=lambda truth, answer: None if answer == truth else f"{answer} fits instead of {truth}",
        unit="refit",
        units=refits,
    )


def _parts(options: Options) -> Report:
    """What the pieces take, and how many refits fell back."""
    import time

    import numpy as np

    from risk.value_at_risk import METHODS, backtest, forecasts

    returns = _simulated(WINDOW + (30 if options.quick else 100) * REFIT)
    length = f"{len(returns) - WINDOW:,} hours"
    facts = {}
    for methods in [(m,) for m in METHODS] + [METHODS]:
        start = time.process_time()
        found = forecasts(returns, LEVELS, methods, WINDOW, REFIT, interval="1h")
        name = methods[0] if len(methods) == 1 else "all six"
        facts[name] = f"{1e3 * (time.process_time() - start):.0f} ms for {length}"
    start = time.process_time()
    for (_, level), (var, es) in found.paths.items():
        backtest(np.tile(returns, 10), np.tile(var, 10), np.tile(es, 10), level)
    facts["tests and scores"] = (
        f"{1e3 * (time.process_time() - start):.0f} ms for 12 paths of {10 * len(returns):,} hours"
    )
    facts["fits refused"] = f"{sum(found.refused.values())} of {found.fits}"
    return Report("pieces", facts=facts)


def _simulated(hours: int) -> Any:
    import numpy as np

    rng = np.random.default_rng(11)
    errors = rng.standard_t(5.0, hours + 500) * math.sqrt(3.0 / 5.0)
    variance, moves = 1.0, []
    for error in errors.tolist():
        move = error * math.sqrt(variance)
        moves.append(move)
        variance = 0.02 + (0.04 + 0.06 * (move < 0.0)) * move**2 + 0.91 * variance
    return np.array(moves[500:]) / 100.0


def _ours(returns: Any) -> dict[tuple[str, float], Any]:
    from risk.value_at_risk import METHODS, forecasts

    found = forecasts(returns, LEVELS, METHODS, WINDOW, REFIT, interval="1h")
    return {key: path[0] for key, path in found.paths.items()}


def _scivol(returns: Any) -> int:
    """How many windows were fitted, each from the answer of the one before it, in this process."""
    import scivol

    scivol.settings.show_progress = False
    model = scivol.GJRGARCH(1, 1) + scivol.StudentT()
    centred = 100.0 * (returns - returns.mean())
    # the last bar is only forecast, as with us: a window that ends with it would be one fit more
    found = model.fit_rolling(centred[:-1], window=WINDOW, step=REFIT, n_jobs=1)
    return sum(len(one.batch.results) for one in found.windows)


def _loop(returns: Any) -> dict[tuple[str, float], Any]:
    """The same refits with arch and scipy, the same windows with np.quantile, bar by bar."""
    import numpy as np
    from scipy import stats

    names = ("historical", "filtered_historical", "normal", "student_t", "ewma", "gjr_garch_t")
    var = {(name, level): np.full(len(returns), np.nan) for name in names for level in LEVELS}
    z = {level: stats.norm.ppf(level) for level in LEVELS}
    ewma = float(np.mean(returns[:WINDOW] ** 2))
    for value in returns[:WINDOW].tolist():
        ewma = DECAY * ewma + (1.0 - DECAY) * value**2
    for t in range(WINDOW, len(returns)):
        window = returns[t - WINDOW : t]
        if (t - WINDOW) % REFIT == 0:
            # from its own start scipy ends far below the maximum in one window of ten
            degrees, at, scale = stats.t.fit(window, 4.0, loc=np.median(window), scale=0.7 * window.std())
            parameters, filtered = _arch(window)
            mu, omega, alpha, gamma, beta, nu = parameters
        else:
            error = 100.0 * returns[t - 1] - mu
            rise = alpha + gamma * (error < 0.0)
            filtered = [*filtered[1:], omega + rise * error**2 + beta * filtered[-1]]
        errors = (100.0 * window - mu) / np.sqrt(filtered[:-1])
        sigma = math.sqrt(filtered[-1])
        mean, spread = window.mean(), window.std(ddof=1)
        for level in LEVELS:
            p = 1.0 - level
            quantile = stats.t.ppf(p, nu) * math.sqrt((nu - 2.0) / nu)
            var["historical", level][t] = -np.quantile(window, p)
            var["normal", level][t] = z[level] * spread - mean
            var["student_t", level][t] = -(at + scale * stats.t.ppf(p, degrees))
            var["ewma", level][t] = z[level] * math.sqrt(ewma)
            var["gjr_garch_t", level][t] = -(mu + quantile * sigma) / 100.0
            var["filtered_historical", level][t] = -(mu + np.quantile(errors, p) * sigma) / 100.0
        ewma = DECAY * ewma + (1.0 - DECAY) * returns[t] ** 2
    return var


def _arch(window: Any) -> tuple[list[float], list[float]]:
    """(parameters, variances of the window's bars and of the next one), in percent."""
    import numpy as np
    from arch import arch_model

    percent = 100.0 * window
    model = arch_model(percent, mean="Constant", vol="GARCH", p=1, o=1, q=1, dist="t", rescale=False)
    start = float(np.mean((percent - percent.mean()) ** 2))
    result = model.fit(disp="off", show_warning=False, backcast=start)
    mu, omega, alpha, gamma, beta, nu = (float(x) for x in result.params)
    variances = (np.asarray(result.conditional_volatility) ** 2).tolist()
    error = percent[-1] - mu
    following = omega + (alpha + gamma * (error < 0.0)) * error**2 + beta * variances[-1]
    return [mu, omega, alpha, gamma, beta, nu], [*variances, following]


def _differs(truth: dict[tuple[str, float], Any], answer: dict[tuple[str, float], Any]) -> str | None:
    """Exact methods to rounding; fitted ones as far as arch's and scipy's optimisers go."""
    import numpy as np

    for (name, level), right in truth.items():
        said = answer[name, level]
        if not (np.isnan(right) == np.isnan(said)).all():
            return f"{name} at {level} is missing elsewhere"
        known = np.isfinite(right)
        worst = float(np.max(np.abs(said[known] / right[known] - 1.0)))
        if not worst <= (1e-9 if name in ("historical", "normal", "ewma") else 5e-3):
            return f"{name} at {level} is {worst:.3g} off"
    return None
