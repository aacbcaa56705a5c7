"""Why a method of value at risk is not in use, as a code that is stored and words can be made of.

One item a method, joined by ";": "gjr_garch_t=kupiec:0.0001:12:300" is test, smallest p-value, exceptions and
bars; "…=not_judged:40:100" forecasts there are and forecasts needed; "…=no_forecast"; "historical=kept" where
all have failed and that one stays. The part behind "=" alone is the reason of a method's own verdict. Each
follows from the row of `latest_var_verdict` that holds the p-values and counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CODES: tuple[str, ...] = ("kupiec", "independence", "coverage", "no_forecast", "not_judged", "kept")
_ITEM = re.compile(r"(?P<method>\w+)=(?P<code>\w+)(?P<figures>(?::[0-9.]+)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """One method of a reason: `figures` are those of its code, in order."""

    method: str
    code: str
    figures: tuple[str, ...] = ()


def refuted(p_values: Mapping[str, float | None], exceptions: int, bars: int) -> str:
    """Reason of a method that has failed: the test with the smallest p-value.

    >>> refuted({"kupiec": 0.00007, "independence": 0.4, "coverage": None}, 12, 300)
    'kupiec:0.0001:12:300'
    """
    p, name = min((p, name) for name, p in p_values.items() if p is not None)
    return f"{name}:{p:.4f}:{exceptions}:{bars}"


def joined(passed: Iterable[tuple[str, str]]) -> str:
    """A reason out of (method, reason of that method).

    >>> joined([("gjr_garch_t", "no_forecast"), ("ewma", "kept")])
    'gjr_garch_t=no_forecast;ewma=kept'
    """
    return ";".join(f"{method}={reason}" for method, reason in passed)


def parsed(reason: str) -> list[PassedOver] | None:
    """The methods of a reason; None where it is not of this form: an older program wrote it as a sentence."""
    found = []
    for item in filter(None, reason.split(";")):
        match = _ITEM.fullmatch(item)
        if match is None or match["code"] not in CODES:
            return None
        figures = tuple(filter(None, match["figures"].split(":")))
        found.append(PassedOver(method=match["method"], code=match["code"], figures=figures))
    return found
