"""How a stored score came about: recomputed from the row and its limits, and from nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from risk.scorecard import FLOOR_LIMITS, MEMBERS, STAND_IN, floor_names
from risk.state import COMPONENTS, DIMENSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One component of a row: None where it is missing, or where nothing was at stake."""

    component: str
    dimension: str
    value: float | None
    score: float | None
    is_missing: bool
    speaks: bool  # whether it sets its dimension's score


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A composite taken apart; `floors` are (name, score) of the floors whose condition holds."""

    parts: tuple[Part, ...]
    dimensions: Mapping[str, float | None]
    weights: Mapping[str, float]  # as renormalised over the known dimensions
    weighted: float | None
    floors: tuple[tuple[str, float], ...]
    composite: float | None


def explain(row: Mapping[str, Any], body: Mapping[str, Any]) -> Explanation:
    """Recompute one score row by the limits' `body()`.

    `row` has the stored columns of one scope: values, component_scores, dimensions, floors, missing.
    Scores follow from values by the curves. What cannot be read off the values is taken from the row: a
    score without a value (no liquidation at any price is 0), leverage without components (0 when flat,
    100 in debt), which unknown inputs were expected (the floor bits leverage_unknown, other_unknown), and
    whether the contract of a position was over (contract_over).
    """
    scores = {
        name: _score(body["curves"].get(name), row["values"][i], row["component_scores"][i])
        for i, name in enumerate(COMPONENTS)
    }
    dimensions = {name: _dimension(name, scores, body) for name in DIMENSIONS}
    if dimensions["leverage"] is None:
        dimensions["leverage"] = _known(row["dimensions"][DIMENSIONS.index("leverage")])
    total = math.fsum(body["weights"][name] for name, value in dimensions.items() if value is not None)
    weights = {
        name: body["weights"][name] / total if total > 0 and value is not None else 0.0
        for name, value in dimensions.items()
    }
    weighted = math.fsum(weights[d] * (v or 0.0) for d, v in dimensions.items()) if total > 0 else None
    floors = tuple((name, body["floors"][FLOOR_LIMITS[name]]) for name in _floors(dimensions, row, body))
    composite = None if weighted is None else min(max([weighted, *(floor for _, floor in floors)]), 100.0)
    return Explanation(
        parts=tuple(_part(i, row, scores, dimensions) for i in range(len(COMPONENTS))),
        dimensions=dimensions,
        weights=weights,
        weighted=weighted,
        floors=floors,
        composite=composite,
    )


def dimension_of(component: str) -> str:
    """The dimension that a component belongs to."""
    return next((d for d, members in MEMBERS.items() if component in members), "liquidity")


def _known(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _score(points: Sequence[Sequence[float]] | None, value: Any, stored: Any) -> float | None:
    known = _known(value)
    if points is None or _known(stored) is None or known is None:
        return _known(stored)
    if known <= points[0][0]:
        return float(points[0][1])
    for (left, low), (right, high) in pairwise(points):
        if known <= right:
            return float(low + (high - low) * (known - left) / (right - left))
    return float(points[-1][1])


def _dimension(dimension: str, scores: Mapping[str, float | None], body: Mapping[str, Any]) -> float | None:
    names = MEMBERS[dimension] + ((STAND_IN,) if dimension == "liquidity" else ())
    known = [s for s in (scores[name] for name in names) if s is not None]
    if not known:
        return None
    if dimension == "sentiment" and len(known) == 2:
        return float(max(body["sentiment_lone_share"] * max(known), min(known)))
    return max(known)


def _floors(
    dimensions: Mapping[str, float | None], row: Mapping[str, Any], body: Mapping[str, Any]
) -> list[str]:
    rule, stored = body["floors"], floor_names(int(row["floors"]))
    leverage = dimensions["leverage"]
    known = [value for value in dimensions.values() if value is not None]
    holds = {
        "dimension_extreme": any(value >= rule["dimension_from"] for value in known),
        "leverage_extreme": leverage is not None and leverage >= rule["leverage_extreme_from"],
        "leverage_high": leverage is not None and leverage >= rule["leverage_high_from"],
        "leverage_unknown": "leverage_unknown" in stored,
        "other_unknown": "other_unknown" in stored,
        "contract_over": "contract_over" in stored,
    }
    return [name for name in FLOOR_LIMITS if holds[name]]


def _part(
    i: int,
    row: Mapping[str, Any],
    scores: Mapping[str, float | None],
    dimensions: Mapping[str, float | None],
) -> Part:
    name = COMPONENTS[i]
    dimension = dimension_of(name)
    own = scores[name]
    members = [scores[m] for m in (*MEMBERS[dimension], STAND_IN if dimension == "liquidity" else name)]
    worst = max((s for s in members if s is not None), default=None)
    return Part(
        component=name,
        dimension=dimension,
        value=_known(row["values"][i]),
        score=own,
        is_missing=bool(int(row["missing"]) >> i & 1),
        speaks=own is not None and own == worst and dimensions[dimension] is not None,
    )
