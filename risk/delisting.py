"""Contracts that end: whether one is over, and the alert of a position that stands in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from risk.records import Instrument
from risk.state import State
from risk.view import CRITICAL, WARNING, Reading, View, position_scope, reading

TRADED = frozenset({"TRADING"})
PERPETUAL = "PERPETUAL"
UNLISTED_AFTER_S = 3600.0
"""The rules of all contracts come in one answer: one that is older than the newest is no longer listed."""


def over(state: State, now: datetime) -> frozenset[str]:
    """Held symbols whose contract is no longer traded: by its status or time, or as it is not listed."""
    held = {position.symbol for position in state.positions}
    return frozenset(
        symbol
        for symbol, rules in state.instruments.items()
        if symbol in held
        and (
            rules.status not in TRADED
            or (rules.delivery_at is not None and rules.delivery_at <= now)
            or not _is_listed(rules, state)
        )
    )


def readings(view: View) -> list[Reading]:
    """One rule: a position in a contract whose end is announced, near, or past."""
    return [_delisting(view)] if view.state.watches_account else []


def _delisting(view: View) -> Reading:
    """Seconds to the end of each position's contract; below zero it is over.

    A perpetual's end is told as soon as it is announced, a dated contract's `dated_s` before.
    """
    rule, positions = view.rule("delisting"), view.state.positions
    ended = over(view.state, view.now)
    rules = [view.state.instruments.get(position.symbol) for position in positions]
    left = np.array([_left_s(one, view) for one in rules], dtype=np.float64)
    gone = np.array([position.symbol in ended for position in positions], dtype=bool)
    dated = np.array([one is not None and one.contract_type != PERPETUAL for one in rules], dtype=bool)
    fires = gone | np.where(dated, left <= rule["dated_s"], np.isfinite(left))
    known = np.array([one is not None for one in rules], dtype=bool)
    critical = gone | (left <= rule["critical_s"])
    return reading(
        "delisting",
        [position_scope(position) for position in positions],
        np.where(known, left, np.nan),
        fires,
        known & ~fires,
        severity=np.where(critical, CRITICAL, WARNING).astype(np.int8),
        threshold=rule["critical_s"],
        gone_clears=view.account_is_fresh,
        details=lambda i: _details(view, i, is_over=bool(gone[i])),
    )


def _details(view: View, i: int, *, is_over: bool) -> dict[str, Any]:
    position = view.state.positions[i]
    rules = view.state.instruments.get(position.symbol)
    ends_at = rules.delivery_at.isoformat() if rules and rules.delivery_at else None
    return {
        "ends_at": ends_at,
        "status": _status(rules, view.state),
        "is_over": is_over,
        "notional_usdt": float(position.notional_usdt),
    }


def _status(rules: Instrument | None, state: State) -> str:
    if rules is None:
        return ""
    return rules.status if _is_listed(rules, state) else "NOT LISTED"


def _left_s(rules: Instrument | None, view: View) -> float:
    """Seconds to the announced end; +inf where none is."""
    if rules is None or rules.delivery_at is None:
        return float("inf")
    return (rules.delivery_at - view.now).total_seconds()


def _is_listed(rules: Instrument, state: State) -> bool:
    seen = [one.event_at.timestamp() for one in state.instruments.values()]
    seen += state.columns["instrument_at"][np.isfinite(state.columns["instrument_at"])].tolist()
    return max(seen) - rules.event_at.timestamp() < UNLISTED_AFTER_S
