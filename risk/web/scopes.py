"""A score row as the page shows it: composite, dimensions, and every component with its threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from risk import wording
from risk.catalogue import LANGUAGES
from risk.explanation import Explanation, Part, dimension_of
from risk.scorecard import floor_names, missing_names
from risk.state import COMPONENTS, DIMENSIONS, LEVELS
from risk.web.reading import explained, limits_body

Row = Mapping[str, Any]


def scope(db: Connection, row: Row) -> dict[str, Any]:
    """One score with all that explains it; without its limits the thresholds are unknown."""
    body = limits_body(db, row["limits_version"])
    shown = _numbers(row)
    if body is None:
        return shown | {"parts": [_bare(row, i) for i in range(len(COMPONENTS))], "why": None}
    taken_apart = explained(row, body)
    ages = row["input_ages_s"]
    return shown | {
        "parts": [
            {
                "component": part.component,
                "dimension": part.dimension,
                "value": part.value,
                "threshold": threshold(part.component, body),
                "score": part.score,
                "age_s": ages[i],
                "is_missing": part.is_missing,
                "speaks": part.speaks,
            }
            for i, part in enumerate(taken_apart.parts)
        ],
        "why": _why(taken_apart, body),
        "weights": dict(taken_apart.weights),
        "recomputed": taken_apart.composite,
        "floor_points": dict(taken_apart.floors),
    }


def threshold(component: str, body: Mapping[str, Any]) -> float | None:
    """The value at which a component begins to be high."""
    return wording.value_at(body["curves"].get(component, ()), body["level_starts"][1])


def _numbers(row: Row) -> dict[str, Any]:
    level = row["level"]
    return {
        "scope": row["scope"],
        "at": row["scored_at"],
        "level": LEVELS[level] if level >= 0 else "none",
        "raw_level": LEVELS[row["raw_level"]] if row["raw_level"] >= 0 else "none",
        "composite": row["composite"],
        "weighted": row["weighted"],
        "dimensions": {name: row[name] for name in DIMENSIONS},
        "floors": list(floor_names(row["floors"])),
        "missing": list(missing_names(row["missing"])),
        "counterfactual": row["counterfactual"],
        "limits_version": row["limits_version"],
        "mark": row.get("mark_price"),
        "mark_at": row.get("mark_at"),
        "price_change": row.get("price_change"),
    }


def _bare(row: Row, i: int) -> dict[str, Any]:
    points = row["component_scores"][i]
    return {
        "component": COMPONENTS[i],
        "dimension": dimension_of(COMPONENTS[i]),
        "value": row["component_values"][i],
        "threshold": None,
        "score": None if points is None else points / 100,
        "age_s": row["input_ages_s"][i],
        "is_missing": bool(row["missing"] >> i & 1),
        "speaks": False,
    }


def _why(taken_apart: Explanation, body: Mapping[str, Any]) -> dict[str, str] | None:
    """The sentence of the component that weighs most, in each language; else of what is missing."""
    known = [part for part in taken_apart.parts if part.score is not None]
    missing = [part for part in taken_apart.parts if part.is_missing]
    if not known and not missing:
        return None
    told = max(known, key=_weight) if known else missing[0]
    return {
        language: wording.component_sentence(
            told.component, told.value, body, language, is_missing=told.is_missing
        )
        for language in LANGUAGES
    }


def _weight(part: Part) -> tuple[float, bool]:
    return (part.score or 0.0, part.value is not None)
