"""What the past says: value at risk with its exceptions, and strategies that move together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from risk.adapters.settings import Settings
from risk.adapters.store_engine import rows
from risk.state import ACCOUNT_SCOPE
from risk.web.reading import reading

SHOWN: Mapping[str, timedelta] = {"1h": timedelta(days=10), "1d": timedelta(days=250)}
"""Stretch of the chart by interval: 240 and 250 bars."""
FIGURES = ("studied_at", "period", "first_at", "last_at", "strategies", "members", "basis", "mean_recent",
           "recent_pairs", "diversification_ratio", "effective_bets")  # fmt: skip
"""What a study says of the strategies as a whole; it stands in each of their rows."""

Row = Mapping[str, Any]


def value_at_risk(config: Settings, scope: str, interval: str, now: datetime) -> dict[str, Any]:
    """VaR in force of every scope; of one of them its methods' verdicts and its bars by the method in use.

    Where `scope` has no VaR the first that has one is taken; None where none has.

    Raises:
        KeyError: no such interval.
        StoreError: the database does not answer.
    """
    since = now - SHOWN[interval]
    with reading(str(config.database_url)) as db:
        latest = rows(db, "web_var_latest", interval=interval)
        chosen = next((row for row in latest if row["scope"] == scope), latest[0] if latest else None)
        told: dict[str, Any] = {"at": now, "interval": interval, "latest": latest, "scope": None}
        if chosen is None:
            return told | {"verdicts": [], "bars": [], "shares": []}
        asked = {"scope": chosen["scope"], "interval": interval}
        return told | {
            "scope": chosen["scope"],
            "since": since.timestamp(),
            "until": now.timestamp(),
            "verdicts": rows(db, "web_var_verdicts", **asked),
            "bars": rows(db, "web_var_series", **asked, method=chosen["method"], since=since),
            "shares": rows(db, "web_var_shares", interval=interval) if _is_book(chosen) else [],
        }


def strategies(config: Settings) -> dict[str, Any]:
    """The newest study: its figures, the strategies in the order of the heat map, and their pairs.

    Raises:
        StoreError: the database does not answer.
    """
    with reading(str(config.database_url)) as db:
        found = rows(db, "web_strategies")
        pairs = rows(db, "web_strategy_pairs")
    return {"study": _figures(found), "strategies": [_own(row) for row in found], "pairs": pairs}


def _is_book(row: Row) -> bool:
    return bool(row["scope"] == ACCOUNT_SCOPE)


def _figures(found: Sequence[Row]) -> dict[str, Any] | None:
    return {name: found[0][name] for name in FIGURES} if found else None


def _own(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in FIGURES}
