"""Strategies side by side: how they move together, whose the risk is, and of whom too little is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk import correlation
from risk.errors import DataError
from risk.records import StrategyReturn
from risk.recurrence import Series

Matrix = NDArray[np.float64]

PERIOD_S: Mapping[str, int] = {"1d": 86_400, "1h": 3_600}
DAY_S = 86_400
RECENT_DAYS = 30
"""Of the alert on mean correlation; a strategy without a return in them has no part in the book."""
FEWEST = 30
"""Common periods of a pair: at 30 the standard error of a correlation near 0 is 0.18."""
FEWEST_RECENT = 20
"""Of the last 30 days, and of the effective number behind an exponentially weighted one."""
MOST_PERIODS = 50_000
ALIKE = 0.7
"""Mean correlation between two groups above which they are one cluster; the alert's own default."""
FEW, SILENT = "insufficient overlap", "no return for 30 days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Returns on every period from the first to the last.

    Attributes:
        ends_s: ends of the periods, seconds since 1970, evenly spaced.
        returns: (periods, strategies) fractions, NaN where missing: never 0.
    """

    period: str
    names: tuple[str, ...]
    ends_s: Series
    returns: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What the returns say. Matrices are correlations over `names`, NaN where the overlap is insufficient.

    Attributes:
        days: periods with a return, per strategy.
        overlap: periods that both of a pair have.
        weights: share of the capital of the book, per strategy; 0 outside the book.
        reasons: per strategy, empty or why it has no part in the book.
        contributions: share of the book's risk, NaN outside the book; they sum to 1.
        basis: covariance behind the contributions: "ledoit-wolf", "sample" (too few complete days), "" none.
        order: places of a heat map, relatives side by side.
        clusters: group of each, numbered from 0 along that order: they join above ALIKE.
        mean_recent: mean correlation of the pairs of the book over the last 30 days; None where unknown.
        recent_pairs: how many pairs that is.
    """

    period: str
    names: tuple[str, ...]
    first_s: float
    last_s: float
    days: NDArray[np.int64]
    overlap: Matrix
    sample: Matrix
    shrunk: Matrix
    ewma: Matrix
    stressed: Matrix
    sigma: Series  # sample, per period
    weights: Series
    reasons: tuple[str, ...]
    contributions: Series
    basis: str
    diversification_ratio: float | None
    effective_bets: float | None
    order: tuple[int, ...]
    clusters: tuple[int, ...]
    mean_recent: float | None
    recent_pairs: int


def aligned(rows: Sequence[StrategyReturn], period: str) -> Table:
    """All strategies' returns on one grid; a time within a period counts for the period's end.

    Raises:
        DataError: no return, two of one strategy in a period, or more than MOST_PERIODS.
        KeyError: unknown period.
    """
    step = PERIOD_S[period]
    own = [row for row in rows if row.period == period]
    if not own:
        raise DataError(f"no {period} return of any strategy is stored: `risk strategies import FILE`")
    names = tuple(sorted({row.strategy for row in own}))
    place = {name: i for i, name in enumerate(names)}
    ends = [math.ceil(row.event_at.timestamp() / step) * step for row in own]
    first, last = min(ends), max(ends)
    count = (last - first) // step + 1
    if count > MOST_PERIODS:
        raise DataError(f"{count} periods between the first and the last return, at most {MOST_PERIODS}")
    table = np.full((count, len(names)), np.nan)
    for row, end in zip(own, ends, strict=True):
        at, column = (end - first) // step, place[row.strategy]
        if np.isfinite(table[at, column]):
            raise DataError(
                f"{row.strategy}: two returns within the period that ends with {row.event_at.isoformat()}"
            )
        table[at, column] = row.value
    return Table(
        period=period, names=names, ends_s=first + step * np.arange(count, dtype=float), returns=table
    )


def study(table: Table, capital: Mapping[str, float] | None = None) -> Study:
    """Everything that is told of the strategies of one table.

    Args:
        capital: relative capital of each strategy; 1 for those that it does not name.

    Raises:
        ValueError: a capital below 0.
    """
    returns, n = table.returns, len(table.names)
    moments = correlation.sample(returns, FEWEST)
    recent = table.ends_s > table.ends_s[-1] - RECENT_DAYS * DAY_S
    members, reasons = _members(table, moments.overlap, recent)
    weights = _weights(table.names, members, capital or {})
    held = np.flatnonzero(members)
    shrunk, stressed = (np.full((n, n), np.nan) for _ in range(2))
    basis, covariance = _basis(returns[:, held], moments.covariance[np.ix_(held, held)])
    if basis == "ledoit-wolf":
        shrunk[np.ix_(held, held)] = correlation.correlation(covariance)
    stressed[np.ix_(held, held)] = _stressed(returns[:, held])
    contributions = np.full(n, np.nan)
    shares, ratio, bets = _shares(weights[held], covariance)
    contributions[held] = shares
    lately = correlation.sample(returns[np.ix_(recent, held)], FEWEST_RECENT).correlation
    pairs = lately[np.triu_indices(len(held), 1)]
    return Study(
        period=table.period,
        names=table.names,
        first_s=float(table.ends_s[0]),
        last_s=float(table.ends_s[-1]),
        days=np.isfinite(returns).sum(axis=0),
        overlap=moments.overlap,
        sample=moments.correlation,
        shrunk=shrunk,
        ewma=_ewma(returns, _half_life(table.period)),
        stressed=stressed,
        sigma=np.sqrt(np.diag(moments.covariance)),
        weights=weights,
        reasons=reasons,
        contributions=contributions,
        basis=basis if np.isfinite(shares).all() and len(held) else "",
        diversification_ratio=ratio,
        effective_bets=bets,
        order=tuple(int(i) for i in correlation.cluster_order(moments.correlation)),
        clusters=tuple(int(group) for group in correlation.clusters(moments.correlation, ALIKE)),
        mean_recent=correlation.mean_pairwise(lately),
        recent_pairs=int(np.isfinite(pairs).sum()),
    )


def lines(found: Study) -> list[dict[str, Any]]:
    """One row per strategy with plain values, the largest share of the risk first."""
    rows = [
        {
            "strategy": name,
            "periods": int(found.days[i]),
            "sigma": _known(found.sigma[i]),
            "weight": float(found.weights[i]),
            "contribution": _known(found.contributions[i]),
            "cluster": found.clusters[i],
            "reason": found.reasons[i],
        }
        for i, name in enumerate(found.names)
    ]
    return sorted(rows, key=lambda row: (-(row["contribution"] or 0.0), bool(row["reason"]), row["strategy"]))


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _members(
    table: Table, overlap: Matrix, recent: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Who is in the book: all with a return lately, less those who share too few periods with the others."""
    present = np.isfinite(table.returns)
    is_silent = np.asarray(~present[recent].any(axis=0))
    days = present.sum(axis=0)
    enough = _enough(np.ones(len(days), dtype=bool), overlap, days, table.names)
    members = _enough(np.asarray(~is_silent), overlap, days, table.names)
    reasons = tuple(
        "" if members[i] else SILENT if is_silent[i] and enough[i] else FEW for i in range(len(days))
    )
    return members, reasons


def _enough(
    chosen: NDArray[np.bool_], overlap: Matrix, days: NDArray[np.int64], names: Sequence[str]
) -> NDArray[np.bool_]:
    """Of those chosen the ones that all share enough periods with each other.

    The one with the most pairs of too few leaves first; of several the one with the fewest periods.
    """
    left = chosen.copy()
    while left.any():
        held = np.flatnonzero(left)
        few = (overlap[np.ix_(held, held)] < FEWEST).sum(axis=1)
        if not few.any():
            break
        worst = min(range(len(held)), key=lambda i: (-few[i], days[held[i]], names[int(held[i])]))
        left[held[worst]] = False
    return left


def _weights(names: Sequence[str], members: NDArray[np.bool_], capital: Mapping[str, float]) -> Series:
    given = np.array([float(capital.get(name, 1.0)) for name in names]) * members
    if not (given >= 0.0).all() or not np.isfinite(given).all():
        raise ValueError("the capital of a strategy must be finite and not below 0")
    total = given.sum()
    return np.asarray(given / total if total > 0.0 else given)


def _basis(returns: Matrix, sampled: Matrix) -> tuple[str, Matrix]:
    """Ledoit–Wolf over the complete periods where they are enough, else the sample's pair by pair."""
    try:
        return "ledoit-wolf", correlation.shrunk(returns, FEWEST)
    except DataError:
        return "sample", sampled


def _stressed(returns: Matrix) -> Matrix:
    try:
        return correlation.correlation(correlation.stressed(returns))
    except DataError:  # too few bad days to say
        return np.full((returns.shape[1],) * 2, np.nan)


def _shares(weights: Series, covariance: Matrix) -> tuple[Series, float | None, float | None]:
    try:
        return (
            correlation.risk_contributions(weights, covariance),
            correlation.diversification_ratio(weights, covariance),
            correlation.effective_bets(weights, covariance),
        )
    except DataError:  # nobody is held, or nothing moves
        return np.full(len(weights), np.nan), None, None


def _half_life(period: str) -> float:
    return correlation.HALF_LIFE * DAY_S / PERIOD_S[period]


def _ewma(returns: Matrix, half_life: float) -> Matrix:
    """Exponentially weighted correlations of pairs with enough weight on enough periods.

    Twenty common periods of long ago, one of them with nearly all the weight, say as much as that one: what
    counts is their effective number (Σw)²/Σw² (Kish 1965, "Survey sampling", 8.2).
    """
    there = np.isfinite(returns).astype(np.float64)
    weight = 0.5 ** (np.arange(len(returns) - 1.0, -1.0, -1.0) / half_life)[:, np.newaxis]
    total, squares = there.T @ (weight * there), there.T @ (weight**2 * there)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(total > 0.0, total**2 / squares, 0.0)
    covariance = correlation.ewma(returns, half_life)
    return correlation.correlation(np.where(effective < FEWEST_RECENT, np.nan, covariance))
