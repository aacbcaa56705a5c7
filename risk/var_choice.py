"""Which VaR method is in use: the first of the chain whose past forecasts have not been refuted.

A method fails when Kupiec's or one of Christoffersen's p-values over its last forecasts falls below
FAILS_BELOW, and has recovered when all of them are RECOVERS_FROM or more: the gap keeps it from going in
and out with each bar. Where too few forecasts can be judged it stands as it stood, at first good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from risk import var_reasons
from risk.backtests import YEAR, christoffersen, kupiec, traffic_light
from risk.recurrence import series
from risk.var_forecasts import Method

CHAIN: tuple[Method, ...] = ("gjr_garch_t", "filtered_historical", "ewma", "historical")
LEVEL = 0.99
FAILS_BELOW, RECOVERS_FROM = 0.01, 0.05
JUDGED: Mapping[str, int] = {"1h": 1_000, "1d": 250}
"""Bars of the window that is judged."""
FEWEST = 100
LATE_SHARE = 0.1
"""Of a bar: a forecast of the book made later after the bar's opening is not judged by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One method over the hits of its window; p-values None where there are too few."""

    method: Method
    observations: int
    exceptions: int
    kupiec_p: float | None
    independence_p: float | None
    conditional_p: float | None
    zone: str | None
    has_failed: bool

    @property
    def worst_p(self) -> float | None:
        """The smallest p-value."""
        found = [p for p in (self.kupiec_p, self.independence_p, self.conditional_p) if p is not None]
        return min(found, default=None)

    @property
    def reason(self) -> str:
        """Why it has failed or cannot be judged, as `risk.var_reasons` writes it; empty when it is good."""
        if self.worst_p is None:
            return f"not_judged:{self.observations}:{FEWEST}"
        if not self.has_failed:
            return ""
        named = {
            "kupiec": self.kupiec_p, "independence": self.independence_p, "coverage": self.conditional_p,
        }  # fmt: skip
        return var_reasons.refuted(named, self.exceptions, self.observations)


def judge(method: Method, hits: ArrayLike, *, had_failed: bool) -> Judgement:
    """One method's judgement at 99 %.

    Args:
        hits: bar by bar in time order, 1 for an exception, NaN where forecast or return is missing.
        had_failed: as the judgement before it ended.

    Raises:
        ValueError: a hit that is none.
    """
    values = series(hits)
    judged = values[np.isfinite(values)]
    n, x = len(judged), int(judged.sum())
    p_values: tuple[float | None, ...] = (None, None, None)
    zone, has_failed = None, had_failed
    if n >= FEWEST and (np.isfinite(values[1:]) & np.isfinite(values[:-1])).any():
        independence, conditional = christoffersen(values, 1.0 - LEVEL)
        p_values = kupiec(x, n, 1.0 - LEVEL).p_value, independence.p_value, conditional.p_value
        recent = judged[-YEAR:]
        zone = str(traffic_light(int(recent.sum()), len(recent), LEVEL))
        worst = min(p for p in p_values if p is not None)
        has_failed = worst < (RECOVERS_FROM if had_failed else FAILS_BELOW)
    return Judgement(
        method=method,
        observations=n,
        exceptions=x,
        kupiec_p=p_values[0],
        independence_p=p_values[1],
        conditional_p=p_values[2],
        zone=zone,
        has_failed=has_failed,
    )


def choose(judgements: Mapping[Method, Judgement], answers: Mapping[Method, bool]) -> tuple[Method, str]:
    """(method in use, why not those before it in the chain); where all have failed the last that answers.

    Args:
        answers: whether the method has a forecast for the bar to come.
    """
    passed_over: list[tuple[str, str]] = []
    for method in CHAIN:
        found = judgements.get(method)
        if not answers.get(method, False):
            passed_over.append((method, "no_forecast"))
        elif found is not None and found.has_failed:
            passed_over.append((method, found.reason))
        else:
            return method, var_reasons.joined(passed_over)
    last = next((method for method in reversed(CHAIN) if answers.get(method, False)), CHAIN[-1])
    return last, var_reasons.joined([*passed_over, (last, "kept")])
