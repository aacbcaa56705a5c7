"""From indicators to a score of 0 to 100 with reasons: one arithmetic, live, in notebooks and in a replay."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk import components, exposure, hysteresis
from risk.components import AGE_OF, INDEX, LEAST, Clock, Grid, Measured, is_fresh
from risk.exposure import Exposure
from risk.limits import Limits
from risk.state import COMPONENTS, DIMENSIONS, LEVELS, Column

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "market": ("atr_15m", "vol_ratio", "sigma_24h"),
    "liquidity": ("spread", "depth_1pct", "coverage", "slippage"),
    "leverage": ("cover", "distance", "distance_sigmas"),
    "sentiment": ("funding_8h", "oi_change_3d"),
}
"""Components of each dimension; kline_liquidity speaks for liquidity only where the book is missing."""

STAND_IN = "kline_liquidity"

FLOOR_NAMES: tuple[str, ...] = (
    "dimension_extreme", "leverage_extreme", "leverage_high", "leverage_unknown", "other_unknown",
    "contract_over",
)  # fmt: skip
"""Bit i of `floors` is FLOOR_NAMES[i]."""

FLOOR_LIMITS: Mapping[str, str] = {
    "dimension_extreme": "dimension_floor",
    "leverage_extreme": "leverage_extreme_floor",
    "leverage_high": "leverage_high_floor",
    "leverage_unknown": "unknown_leverage_floor",
    "other_unknown": "unknown_other_floor",
    "contract_over": "contract_over_floor",
}


@dataclass(frozen=True, slots=True)
class Curve:
    """Piecewise linear from value to score through (value, score) points, flat outside.

    >>> Curve(((0, 0), (0.001, 61), (0.01, 100)))(0.0005)
    30.5
    """

    points: Sequence[tuple[float, float]]

    def __call__(self, value: float) -> float:
        """Score of one value; NaN for NaN."""
        return float(self.over(np.array([value], dtype=np.float64))[0])

    def over(self, values: Column) -> Column:
        """Scores of many values."""
        xs, ys = zip(*self.points, strict=True)
        result: Column = np.interp(values, xs, ys)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The indicators of one symbol, for `score`. None is missing; units as in COMPONENTS.

    Attributes:
        at: when the inputs are from; `input_at` names components that are from another time.
        has_position: whether leverage is at stake; without one it is 0, known.
        watches_account: False when no account is expected, so that leverage is not judged.
        expects_book: False where there cannot be a book (history): its absence is then no fault.
    """

    at: datetime
    atr_15m: float | None = None
    vol_ratio: float | None = None
    sigma_24h: float | None = None
    spread: float | None = None
    depth_1pct: float | None = None
    coverage: float | None = None
    slippage: float | None = None
    cover: float | None = None
    distance: float | None = None
    distance_sigmas: float | None = None
    funding_8h: float | None = None
    oi_change_3d: float | None = None
    kline_liquidity: float | None = None
    has_position: bool = False
    watches_account: bool = True
    expects_book: bool = True
    input_at: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One scored symbol.

    Attributes:
        dimensions: 0 to 100, None where unknown.
        weighted, composite: before rounding; None when nothing is known.
        score: composite rounded half up.
        floors: names of the floors whose condition holds.
        level: of this score alone, before hysteresis.
        degraded: whether an expected input is missing or stale.
        reasons: what bound the score and what is missing, as codes ("floor:…", "missing:…").
    """

    dimensions: Mapping[str, float | None]
    components: Mapping[str, float | None]
    weighted: float | None
    floors: tuple[str, ...]
    composite: float | None
    score: int | None
    level: str | None
    degraded: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Columns of one evaluation, shaped as in `risk.state.Scores`."""

    dimensions: Grid
    values: Grid
    component_scores: Grid
    input_at: Grid
    weighted: Column
    composite: Column
    raw_level: NDArray[np.int8]
    floors: NDArray[np.int16]
    missing: NDArray[np.int32]


def score(inputs: Inputs, limits: Limits, now: datetime) -> Card:
    """The card of one symbol: `judge` with n = 1."""
    times = [inputs.input_at.get(name, inputs.at).timestamp() for name in COMPONENTS]
    values = [getattr(inputs, name) for name in COMPONENTS]
    if inputs.funding_8h is not None:
        values[INDEX["funding_8h"]] = abs(inputs.funding_8h)
    measured = Measured(
        np.array([[np.nan if v is None else float(v)] for v in values]), np.array([[t] for t in times])
    )
    held = exposure.flat(1, is_watched=inputs.watches_account, at=inputs.at.timestamp())
    held.has_position[0] = inputs.has_position
    absent = () if inputs.expects_book else MEMBERS["liquidity"]
    judged = judge(measured, held, limits, now.timestamp(), absent=absent)
    return card(judged, 0)


def score_columns(
    columns: Mapping[str, Column],
    sell_slippage: Grid | None,
    buy_slippage: Grid | None,
    held: Exposure,
    limits: Limits,
    now_s: Clock,
    *,
    absent: Collection[str] = (),
) -> Judged:
    """Scores of n symbols at one instant, or of one symbol at n instants (`now_s` (n,)).

    `columns` are those of `risk.state.INPUT_COLUMNS`; a column that is not there counts as missing.
    `absent` names components that their source can never give, as `risk.state.State` explains.
    """
    measured = components.measure(columns, sell_slippage, buy_slippage, held, limits, now_s)
    return judge(measured, held, limits, now_s, absent=absent)


def judge(
    measured: Measured, held: Exposure, limits: Limits, now_s: Clock, *, absent: Collection[str] = ()
) -> Judged:
    """Curves, dimensions, weights and floors over measured components.

    A component that is missing, stale or impossible never lowers a score: the worst of the known ones
    still speaks, a lone sentiment sign counts as if the other confirmed it, weights are renormalised over
    the known dimensions, and a floor keeps every card with a gap from reading low.
    """
    n = held.has_position.size
    scores = _component_scores(measured, limits, now_s)
    known = ~np.isnan(scores)
    account_known = is_fresh(np.full(n, held.at), now_s, limits.ages_s["account"], limits)
    expected = _expected(limits, held, account_known, absent, known)
    dimensions = _dimensions(scores, known, limits, held.is_watched & ~held.has_position & account_known)
    gaps = expected & ~known
    weighted = _weighted(dimensions, limits)
    floors, floor = _floors(dimensions, gaps, held, limits)
    composite = np.clip(np.where(np.isnan(weighted), np.nan, np.fmax(weighted, floor)), 0.0, 100.0)
    bits = (1 << np.arange(len(COMPONENTS), dtype=np.int32))[:, None]
    return Judged(
        dimensions=dimensions.T,
        values=np.where(known & np.isfinite(measured.values), measured.values, np.nan).T,
        component_scores=scores.T,
        input_at=measured.input_at.T,
        weighted=weighted,
        composite=composite,
        raw_level=hysteresis.levels_of(composite, limits),
        floors=floors,
        missing=np.sum(gaps * bits, axis=0, dtype=np.int32),
    )


def card(judged: Judged, i: int) -> Card:
    """Row i of an evaluation as a card."""
    composite = _optional(judged.composite[i])
    floors = floor_names(int(judged.floors[i]))
    gaps = missing_names(int(judged.missing[i]))
    level = int(judged.raw_level[i])
    return Card(
        dimensions=_named(DIMENSIONS, judged.dimensions[i]),
        components=_named(COMPONENTS, judged.component_scores[i]),
        weighted=_optional(judged.weighted[i]),
        floors=floors,
        composite=composite,
        score=None if composite is None else int(hysteresis.round_half_up(judged.composite[i : i + 1])[0]),
        level=LEVELS[level] if level >= 0 else None,
        degraded=bool(gaps),
        reasons=tuple(f"floor:{name}" for name in floors) + tuple(f"missing:{name}" for name in gaps),
    )


def floor_names(mask: int) -> tuple[str, ...]:
    """Names of the floors in a stored bit mask."""
    return tuple(name for bit, name in enumerate(FLOOR_NAMES) if mask >> bit & 1)


def missing_names(mask: int) -> tuple[str, ...]:
    """Names of the components in a stored bit mask."""
    return tuple(name for bit, name in enumerate(COMPONENTS) if mask >> bit & 1)


def _component_scores(measured: Measured, limits: Limits, now_s: Clock) -> Grid:
    scores = np.full(measured.values.shape, np.nan)
    for name, points in limits.curves.items():
        i = INDEX[name]
        values = measured.values[i]
        if np.isnan(values).all():
            continue
        fresh = is_fresh(measured.input_at[i], now_s, limits.ages_s[AGE_OF[name]], limits)
        usable = fresh & (values >= LEAST.get(name, 0.0))
        scores[i] = np.where(usable, Curve(points).over(values), np.nan)
    book = np.isnan(scores[[INDEX[name] for name in MEMBERS["liquidity"]]]).all(axis=0)
    scores[INDEX[STAND_IN]] = np.where(book, scores[INDEX[STAND_IN]], np.nan)
    return scores


def _expected(
    limits: Limits,
    held: Exposure,
    account_known: NDArray[np.bool_],
    absent: Collection[str],
    known: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    expected = np.zeros(known.shape, dtype=bool)
    at_stake = held.is_watched & (held.has_position | ~account_known)
    for dimension, members in MEMBERS.items():
        for name in members:
            if name in limits.curves and name not in absent:
                expected[INDEX[name]] = at_stake if dimension == "leverage" else True
    has_book = known[[INDEX[name] for name in MEMBERS["liquidity"]]].any(axis=0)
    if STAND_IN in limits.curves and STAND_IN not in absent:
        expected[INDEX[STAND_IN]] = ~has_book
    return expected


def _dimensions(scores: Grid, known: NDArray[np.bool_], limits: Limits, is_flat: NDArray[np.bool_]) -> Grid:
    dimensions = np.full((len(DIMENSIONS), scores.shape[1]), np.nan)
    for d, dimension in enumerate(DIMENSIONS[:3]):
        names = MEMBERS[dimension] + ((STAND_IN,) if dimension == "liquidity" else ())
        dimensions[d] = np.fmax.reduce(scores[[INDEX[name] for name in names]], axis=0)
    dimensions[2] = np.where(is_flat, 0.0, dimensions[2])
    funding, interest = (scores[INDEX[name]] for name in MEMBERS["sentiment"])
    worse = np.fmax(funding, interest)
    both = np.maximum(limits.sentiment_lone_share * worse, np.minimum(funding, interest))
    dimensions[3] = np.where(np.isnan(both), worse, both)
    return dimensions


def _weighted(dimensions: Grid, limits: Limits) -> Column:
    weights = np.array([limits.weights[name] for name in DIMENSIONS])[:, None]
    known = ~np.isnan(dimensions)
    total = (weights * known).sum(axis=0)
    value = (weights * np.where(known, dimensions, 0.0)).sum(axis=0)
    return np.where(total > 0, value / np.where(total > 0, total, 1.0), np.nan)


def _floors(
    dimensions: Grid, gaps: NDArray[np.bool_], held: Exposure, limits: Limits
) -> tuple[NDArray[np.int16], Column]:
    leverage, rule = dimensions[2], limits.floors
    lever = gaps[[INDEX["cover"], INDEX["distance"]]].any(axis=0)
    conditions = {
        "dimension_extreme": (dimensions >= rule["dimension_from"]).any(axis=0),
        "leverage_extreme": leverage >= rule["leverage_extreme_from"],
        "leverage_high": leverage >= rule["leverage_high_from"],
        "leverage_unknown": lever & held.has_position,
        "other_unknown": gaps.any(axis=0),
        "contract_over": held.is_over & held.has_position,
    }
    mask = np.zeros(leverage.size, dtype=np.int16)
    floor = np.zeros(leverage.size)
    for bit, name in enumerate(FLOOR_NAMES):
        holds = conditions[name]
        mask |= (holds.astype(np.int16) << bit).astype(np.int16)
        floor = np.maximum(floor, np.where(holds, rule[FLOOR_LIMITS[name]], 0.0))
    return mask, floor


def _optional(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _named(names: Sequence[str], values: Column) -> dict[str, float | None]:
    return {name: _optional(value) for name, value in zip(names, values, strict=True)}
