"""The watch over ladders: what a new table does to the open positions, priced before their next poll."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np

from risk.exposure import distance
from risk.positions import Ladders, priced
from risk.records import LeverageBracket, PositionSnapshot
from risk.view import CRITICAL, WARNING, Reading, View, plain, position_scope, reading

Distances = dict[str, float]
"""By scope of the position, fraction of the mark."""


def readings(view: View) -> list[Reading]:
    """Its one rule; none without a watched account."""
    return [bracket_changed(view)] if view.state.watches_account else []


def bracket_changed(view: View) -> Reading:
    """A held symbol's ladder that is not the one before.

    Critical where it takes a distance below a threshold: that of the position, or of another one on the same
    cross wallet, which has to bear the maintenance too. Both tables price the positions as they stand now.
    """
    state = view.state
    held = [p for p in state.positions if p.symbol in state.previous_brackets and p.symbol in state.brackets]
    fires = np.array(
        [_tiers(state.brackets[p.symbol]) != _tiers(state.previous_brackets[p.symbol]) for p in held]
    )
    now, before, crossed = Distances(), Distances(), set[str]()
    if fires.any():
        now = _distances(view, state.brackets)
        before = _distances(view, {**state.brackets, **state.previous_brackets})
        crossed = {position_scope(p) for p in state.positions if _crosses(view, p, now, before)}
    cross = {position_scope(p) for p in state.positions if not p.is_isolated}
    severe = [bool(crossed & ({position_scope(p)} if p.is_isolated else cross)) for p in held]
    return reading(
        "bracket_changed",
        [position_scope(p) for p in held],
        np.array([now.get(position_scope(p), np.nan) for p in held], dtype=np.float64),
        fires.astype(bool),
        ~fires.astype(bool),
        severity=np.where(np.array(severe, dtype=bool), CRITICAL, WARNING).astype(np.int8),
        tells_end=False,
        reminds=False,
        identity="table",
        gone_clears=view.account_is_fresh,
        details=lambda i: {
            "distance": _told(now.get(position_scope(held[i]), np.nan)),
            "distance_before": _told(before.get(position_scope(held[i]), np.nan)),
            "table": hashlib.sha256(repr(_tiers(state.brackets[held[i].symbol])).encode()).hexdigest()[:12],
        },
    )


def _told(distance: float) -> float | None:
    """All of the mark where no price liquidates."""
    return 1.0 if distance == np.inf else plain(distance)


def _tiers(brackets: tuple[LeverageBracket, ...]) -> list[tuple[Any, ...]]:
    return [(b.floor_usdt, b.cap_usdt, b.maintenance_rate, b.cum_usdt) for b in brackets]


def _distances(view: View, ladders: Ladders) -> Distances:
    """How far each position is from liquidation by these ladders; the exchange's price may be of either."""
    account = view.state.account
    if account is None or any(min(p.mark_price, p.entry_price) <= 0 for p in view.state.positions):
        return {}
    ours = [replace(p, exchange_liquidation_price=None) for p in view.state.positions]
    return {position_scope(p): distance(account, p) for p in priced(account, ours, ladders)}


def _crosses(view: View, position: PositionSnapshot, now: Distances, before: Distances) -> bool:
    """Whether a distance that was at or above a threshold is below it now."""
    scope = position_scope(position)
    thresholds = view.limits.distance_thresholds(position.symbol)[:2]
    new, old = now.get(scope, np.nan), before.get(scope, np.nan)
    return any(new < threshold <= old for threshold in thresholds)
