"""The alert about strategies: they move as one, or one of them carries most of the risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from risk.view import Reading, View, plain, reading

SCOPE = "strategies"
"""Of all together; a single one's is strategies/NAME."""
MEAN_FACT, SHARE_FACT = "strategy_mean_correlation", "strategy_share/"
FORGOTTEN_S = 30 * 86_400
"""A share that no study has told for so long is nobody's any more: its alert ends."""


def readings(view: View) -> list[Reading]:
    """The rule over strategies, by the facts that the daily study leaves."""
    return [_strategy_correlation(view)]


def _strategy_correlation(view: View) -> Reading:
    """Mean correlation over 30 days, and each strategy's share of the risk, against their limits.

    What is older than the strategies' age in the limits is unknown: it neither begins nor ends an alert.
    """
    rule, shares = view.rule("strategy_correlation"), _shares(view)
    names = sorted(shares)
    values = np.array([_fresh(view, MEAN_FACT), *(shares[name] for name in names)])
    limits = np.array([rule["correlation"], *(rule["share"] for _ in names)])
    known = {name: share for name, share in shares.items() if share == share}
    largest = max(known, key=lambda name: known[name], default=None)

    def details(i: int) -> dict[str, Any]:
        name = names[i - 1] if i else largest
        return {
            "mean": plain(values[0]),
            "strategy": name,
            "share": plain(shares[name]) if name else None,
            "most_correlation": rule["correlation"],
            "most_share": rule["share"],
        }

    return reading(
        "strategy_correlation",
        [SCOPE, *(f"{SCOPE}/{name}" for name in names)],
        values,
        values > limits,
        values <= limits,
        threshold=limits,
        reminds=False,
        details=details,
    )


def _shares(view: View) -> dict[str, float]:
    """Share of the risk by strategy, NaN where it is too old to be told."""
    shares = (fact for fact in view.state.facts if fact.startswith(SHARE_FACT) and fact.endswith("/"))
    return {
        fact.removeprefix(SHARE_FACT)[:-1]: _fresh(view, fact)
        for fact in shares
        if view.now_s - view.state.facts.get(f"{fact}_at", np.nan) <= FORGOTTEN_S
    }


def _fresh(view: View, fact: str) -> float:
    at = view.state.facts.get(f"{fact}_at", np.nan)
    is_young = view.now_s - at <= view.limits.ages_s["strategy"]
    return float(view.state.facts[fact]) if is_young and fact in view.state.facts else float("nan")
