"""What a message is pictured by: the symbol of its gravest alert, its price, its lines and its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from risk.adapters.easel import Sketch
from risk.adapters.store_engine import rows
from risk.catalogue import clean
from risk.records import Message
from risk.state import ACCOUNT_SCOPE
from risk.view import symbol_of

PICTURED = frozenset({
    "level", "liquidation_distance", "account_shock", "reduce", "cannot_exit", "drawdown", "volatility",
    "liquidation_cascade",
})  # fmt: skip
"""Alerts that a price or a score explains."""

STRETCHES: tuple[tuple[timedelta, int], ...] = ((timedelta(hours=24), 288), (timedelta(hours=2), 240))
"""How far a picture looks back and in how many steps; the shorter one for a desk that has just begun."""
FEWEST = 12


def subject(told: Message) -> str | None:
    """Scope of the first new or worse alert that a picture explains; None: this message has no picture."""
    for item in told.items:
        if item.get("name") in PICTURED and item.get("kind") in ("fired", "escalated"):
            return str(item["scope"])
    return None


def sketch(
    db: Connection, told: Message, *, account: str, language: str, level_starts: Sequence[float]
) -> Sketch | None:
    """The picture of a message up to the moment it was made; None where there is nothing to draw.

    Raises:
        StoreError: the database does not answer.
    """
    scope = subject(told)
    if scope is None:
        return None
    symbol, until = symbol_of(scope), told.created_at + timedelta(seconds=1)
    scores = _series(db, "web_score_history", "composite", until, scope=symbol)
    prices: list[tuple[float, float]] = []
    marks: Mapping[str, float | None] = {}
    if symbol != ACCOUNT_SCOPE:
        prices = _series(db, "web_marks", "close", until, symbol=symbol)
        marks = _marks(db, account, symbol, scope)
    if max(len(prices), len(scores)) < 2:
        return None
    return Sketch(
        scope=clean(symbol), language=language, prices=_columns(prices), scores=_columns(scores), marks=marks,
        level_starts=tuple(level_starts),
    )  # fmt: skip


def _series(
    db: Connection, statement: str, column: str, until: datetime, **which: Any
) -> list[tuple[float, Any]]:
    """Time and value of each step, over the longest stretch that has enough of them."""
    found: list[tuple[float, Any]] = []
    for stretch, steps in STRETCHES:
        lines = rows(db, statement, since=until - stretch, until=until, most=steps, **which)
        found = [(float(line["at"]), line[column]) for line in lines]
        if len(found) >= FEWEST:
            break
    return found


def _marks(db: Connection, account: str, symbol: str, scope: str) -> Mapping[str, float | None]:
    """The lines of the position that the alert is about, else of the one nearest to liquidation."""
    side = scope.partition("/")[2]
    held = rows(db, "position_lines", account=account, symbol=symbol)
    mine = [line for line in held if not side or line["side"] == side]
    return {name: mine[0][name] for name in ("liquidation", "stop", "entry")} if mine else {}


def _columns(points: Sequence[tuple[float, Any]]) -> tuple[list[float], list[Any]]:
    return [at for at, _ in points], [value for _, value in points]
