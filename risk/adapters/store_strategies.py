"""Returns of strategies, and what a study of them found; written once, whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import numpy as np
from sqlalchemy import Connection

from risk.adapters.store_engine import rows, run
from risk.adapters.store_operation import save_fact
from risk.adapters.store_save import save
from risk.errors import DataError
from risk.limits import Limits
from risk.records import StrategyReturn
from risk.strategy_study import Matrix, Study, aligned, study

log = logging.getLogger(__name__)

RETURNS_FACT = "strategy_returns_at"
MEAN_FACT = "strategy_mean_correlation"
SHARE_FACT = "strategy_share/"
WINDOW_DAYS, EVERYTHING = 1_000, 100_000  # days
LIVED_S = 30 * 86_400
"""Whose newest return is younger has lived lately: that its returns stop is told of."""
MATRICES = ("sample", "shrunk", "ewma", "stressed")


def strategy_returns(db: Connection, days: int = WINDOW_DAYS) -> tuple[StrategyReturn, ...]:
    """All strategies' returns of the `days` before the newest one, oldest first."""
    return tuple(StrategyReturn(**row) for row in rows(db, "strategy_returns", days=days))


def replace_returns(
    db: Connection, given: Sequence[StrategyReturn], *, replaces: bool
) -> tuple[int, tuple[tuple[str, datetime], ...]]:
    """(how many were new, strategy and end of the stored ones whose value is another one).

    Where some differ, nothing is stored unless it `replaces`: then all stored returns of these strategies
    in this period make room first.

    Raises:
        StoreError: a value that the database refuses.
    """
    found = _differing(db, given)
    if found and not replaces:
        return 0, found
    if replaces:
        for period in {row.period for row in given}:
            names = sorted({row.strategy for row in given if row.period == period})
            run(db, "forget_strategy_returns", strategies=names, period=period)
    return save(db, given), found


def _differing(db: Connection, given: Iterable[StrategyReturn]) -> tuple[tuple[str, datetime], ...]:
    held = {(row.strategy, row.period, row.event_at): row.value for row in strategy_returns(db, EVERYTHING)}
    found = []
    for row in given:
        before = held.get((row.strategy, row.period, row.event_at))
        if before is not None and abs(before - row.value) > 1e-9:
            found.append((row.strategy, row.event_at))
    return tuple(found)


def renew_studies(
    db: Connection, capital: Mapping[str, float], limits: Limits, now: datetime
) -> tuple[Study, ...]:
    """Study the stored returns of each period and store what was found; none while none are stored.

    What is told of by alerts is told of strategies that live: returns that ended too long ago, say of a
    backtest, are studied and shown, and begin no alert.
    """
    given, studies = strategy_returns(db), []
    for period in sorted({row.period for row in given}):
        try:
            studies.append(study(aligned(given, period), capital))
        except DataError as error:
            log.warning("strategies, returns of %s: %s", period, error)
    for found in studies:
        _save_study(db, found, now)
    age_s = {found.period: now.timestamp() - found.last_s for found in studies}
    if recent := [found for found in studies if age_s[found.period] <= LIVED_S]:
        save_fact(db, RETURNS_FACT, max(found.last_s for found in recent), now)
    if living := [found for found in studies if age_s[found.period] <= limits.ages_s["strategy"]]:
        _save_facts(db, living, now)
    return tuple(studies)


def _save_study(db: Connection, found: Study, now: datetime) -> None:
    """Store a study with its shares and pairs."""
    own = {"studied_at": now.isoformat(), "period": found.period}
    _save(db, "save_strategy_study", [own | _head(found)])
    _save(db, "save_strategy_share", (own | row for row in _shares(found)))
    _save(db, "save_strategy_pair", (own | row for row in _pairs(found)))


def _save_facts(db: Connection, studies: Sequence[Study], now: datetime) -> None:
    """What the alert is judged by: of studies of several periods the higher figure counts."""
    means = [found.mean_recent for found in studies if found.mean_recent is not None]
    if means:
        save_fact(db, MEAN_FACT, max(means), now)
    shares: dict[str, float] = {}
    for found in studies:
        held = [i for i, share in enumerate(found.contributions) if np.isfinite(share)]
        for i in held if len(held) > 1 else ():  # of one strategy all risk is its own
            name, share = found.names[i], float(found.contributions[i])
            shares[name] = max(share, shares.get(name, share))
    for name, share in shares.items():
        save_fact(db, f"{SHARE_FACT}{name}/", share, now)


def newest_study(db: Connection) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """(strategies in the order of the heat map, pairs) of the newest study; empty before the first one."""
    return rows(db, "web_strategies"), rows(db, "web_strategy_pairs")


def _head(found: Study) -> dict[str, Any]:
    return {
        "first_at": datetime.fromtimestamp(found.first_s, UTC).isoformat(),
        "last_at": datetime.fromtimestamp(found.last_s, UTC).isoformat(),
        "strategies": len(found.names),
        "members": sum(not reason for reason in found.reasons),
        "basis": found.basis,
        "mean_recent": found.mean_recent,
        "recent_pairs": found.recent_pairs,
        "diversification_ratio": found.diversification_ratio,
        "effective_bets": found.effective_bets,
    }


def _shares(found: Study) -> Iterator[dict[str, Any]]:
    places = {column: place for place, column in enumerate(found.order)}
    for i, name in enumerate(found.names):
        yield {
            "strategy": name,
            "place": places[i],
            "cluster": found.clusters[i],
            "periods": int(found.days[i]),
            "sigma": _known(found.sigma[i]),
            "weight": float(found.weights[i]),
            "contribution": _known(found.contributions[i]),
            "reason": found.reasons[i],
        }


def _pairs(found: Study) -> Iterator[dict[str, Any]]:
    matrices: Mapping[str, Matrix] = {name: getattr(found, name) for name in MATRICES}
    order = sorted(range(len(found.names)), key=lambda i: found.names[i])
    for i, j in combinations(order, 2):
        yield {
            "first": found.names[i],
            "second": found.names[j],
            "overlap": int(found.overlap[i, j]),
            **{name: _known(matrix[i, j]) for name, matrix in matrices.items()},
        }


def _save(db: Connection, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
    run(db, name, rows=json.dumps(list(lines)))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
