"""Path E: one GJR-GARCH(1,1)-t fit, ours beside arch's on the same series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.race import Contestant, Goal, Options, Report, judge, missing, race

SUBJECT = "E  one GJR-GARCH(1,1)-t fit of 1,500 and of 4,000 simulated returns"

LOWEST_GAIN = -1e-5  # of log-likelihood against arch
PARAMETERS = 3e-4  # absolute, nu as 1/nu
WORSE_START = 3.1  # of log-likelihood: how far another start of the recursion may move it


@dataclass(frozen=True, slots=True)
class Found:
    """(mu, omega, alpha, gamma, beta, 1/nu) of returns in percent, and the log-likelihood."""

    parameters: Sequence[float]
    log_likelihood: float
    is_same_start: bool = True  # of the variance recursion


def run(options: Options) -> Iterator[Report]:
    import arch  # noqa: F401  paid before the clock starts

    for n, count in ((1_500, 3), (4_000, 3)) if options.quick else ((1_500, 10), (4_000, 10)):
        samples = [_simulated(n, seed) for seed in range(count)]
        yield race(
            f"cold fit, n = {n:,}, {count} series",
            [
                Contestant("arch", lambda s=samples: [_arch(x) for x in s]),
                Contestant("ours", lambda s=samples: [_ours(x) for x in s]),
                Contestant("scivol", lambda s=samples: [_scivol(x) for x in s], missing=missing("scivol")),
            ],
            [Goal("ours", "arch", at_most=1 / 3), Goal("ours", "scivol", at_most=1 / 0.9)],
            options=options,
            oracle="arch",
            differs=_differs,
            unit="fit",
            units=count,
        )
    yield _agreement(options)


def _agreement(options: Options) -> Report:
    """Log-likelihood against arch's over many short, heavy-tailed windows, where maxima are several."""
    gains = []
    for seed in range(8 if options.quick else 60):
        x = _simulated(500 + 250 * (seed % 5), 100 + seed, nu=2.6 + 0.4 * (seed % 6))
        theirs = _arch(x)
        persistence = theirs.parameters[2] + theirs.parameters[3] / 2.0 + theirs.parameters[4]
        if persistence <= 1.0:  # arch oversteps its own bound by up to 1e-6
            gains.append(_ours(x).log_likelihood - theirs.log_likelihood)
    worst = min(gains, default=math.nan)
    strict = Options(quick=options.quick)  # no slack: this is no matter of the machine
    return Report(
        "agreement with arch",
        verdicts=[judge("log-likelihood of arch less ours, worst", -worst, -LOWEST_GAIN, strict)],
        facts={
            "series": f"{len(gains)}, of 500 to 1,500 returns, nu from 2.6",
            "best found": f"{max(gains, default=math.nan):+.3g} of log-likelihood",
        },
    )


def _simulated(n: int, seed: int, nu: float = 6.0) -> Any:
    import numpy as np

    rng = np.random.default_rng(seed)
    errors = rng.standard_t(nu, n + 500) * math.sqrt((nu - 2.0) / nu)
    variance, moves = 1.0, []
    for error in errors.tolist():
        move = error * math.sqrt(variance)
        moves.append(move)
        variance = 0.05 + (0.04 + 0.08 * (move < 0.0)) * move**2 + 0.88 * variance
    return np.array(moves[500:]) / 100.0


def _ours(returns: Any) -> Found:
    from risk.garch_fast import fit_fast

    fit = fit_fast(returns)
    found = (fit.mu, fit.omega, fit.alpha, fit.gamma, fit.beta, 1.0 / (fit.nu or math.nan))
    numbers = [math.nan if x is None else x for x in found]
    return Found(numbers, fit.log_likelihood or math.nan)


def _arch(returns: Any) -> Found:
    import numpy as np
    from arch import arch_model

    percent = 100.0 * returns
    model = arch_model(percent, mean="Constant", vol="GARCH", p=1, o=1, q=1, dist="t", rescale=False)
    start = float(np.mean((percent - percent.mean()) ** 2))
    result = model.fit(disp="off", show_warning=False, backcast=start)
    *others, nu = (float(x) for x in result.params)
    return Found([*others, 1.0 / nu], float(result.loglikelihood))


def _scivol(returns: Any) -> Found:
    import scivol

    scivol.settings.show_progress = False
    result = (scivol.GJRGARCH(1, 1) + scivol.StudentT()).fit(100.0 * (returns - returns.mean()))
    return Found([], float(result.log_likelihood), is_same_start=False)


def _differs(truth: Sequence[Found], answer: Sequence[Found]) -> str | None:
    for number, (right, said) in enumerate(zip(truth, answer, strict=True)):
        gain = said.log_likelihood - right.log_likelihood
        if not gain >= (LOWEST_GAIN if said.is_same_start else -WORSE_START):
            return f"series {number}: {-gain:.3g} of log-likelihood below arch"
        for a, b in zip(right.parameters, said.parameters, strict=False):
            if not abs(a - b) <= PARAMETERS:
                return f"series {number}: {b:.6g} instead of {a:.6g}"
    return None
