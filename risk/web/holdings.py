"""The account and its positions as the page shows them: how far liquidation is, and whether one gets out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from risk import advice, exposure, filling, open_orders, sizing
from risk.limits import Limits
from risk.records import PositionSnapshot
from risk.state import State
from risk.view import position_scope

HOURS_A_DAY = 24

Paid = Mapping[str, float]
"""Funding received in the last 24 hours by symbol, USDT; negative where it was paid."""


def held(
    state: State,
    limits: Limits,
    slippages: Mapping[str, float | None],
    paid: Paid,
    trailing: Mapping[tuple[str, str], float],
    now: datetime,
) -> list[dict[str, Any]]:
    """Every open position, and what stops stand behind it.

    `slippages` is the cost of its whole exit by symbol, fraction of mid.
    `trailing` holds the chandelier stop by symbol and side, USDT per coin.
    """
    return [
        _position(state, limits, position, slippages.get(position.symbol), paid)
        | stop(state, limits, position, trailing, now)
        | _protection(state, position, now)
        for position in state.positions
    ]


def account(state: State, paid: Paid, now: datetime) -> dict[str, Any] | None:
    """The account's money, what carries it, and the move of the market that would liquidate it."""
    holder = state.account
    if holder is None:
        return None
    # of the cross pool alone: the account's totals mix in what isolated positions cannot lend
    balance = float(holder.cross_wallet_usdt + holder.cross_unrealized_usdt)
    maintenance = float(holder.cross_maintenance_usdt)
    return {
        "at": holder.event_at,
        "equity_usdt": float(holder.margin_balance_usdt),
        "wallet_usdt": holder.wallet_usdt,
        "unrealized_usdt": holder.unrealized_usdt,
        "available_usdt": holder.available_usdt,
        "maintenance_usdt": maintenance,
        "cover": balance / maintenance if maintenance > 0 else None,
        "margin_ratio": maintenance / balance if balance > 0 else None,
        "funding_24h_usdt": math.fsum(paid.values()),
        "equity_peak_7d_usdt": state.facts.get("equity_peak_7d"),
        "positions": len(state.positions),
        "shock": _shock(state, now),
    }


def _position(
    state: State, limits: Limits, position: PositionSnapshot, slippage: float | None, paid: Paid
) -> dict[str, Any]:
    distance = exposure.distance(state.account, position)
    sigma = _column(state, "sigma_24h", position.symbol)
    share = limits.alerts["cannot_exit"]["distance_share"]
    is_judged = slippage is not None and not math.isnan(distance)
    warning, critical, _ = limits.distance_thresholds(position.symbol)
    exchange = position.exchange_liquidation_price
    return {
        "scope": position_scope(position),
        "symbol": position.symbol,
        "side": "LONG" if position.quantity > 0 else "SHORT",
        "quantity": position.quantity,
        "entry": position.entry_price,
        "mark": position.mark_price,
        "notional_usdt": position.notional_usdt,
        "unrealized_usdt": position.unrealized_usdt,
        "leverage": position.leverage,
        "is_isolated": position.is_isolated,
        "liquidation": position.liquidation_price,
        "liquidation_reason": position.liquidation_reason,
        "exchange_liquidation": None if exchange is None else float(exchange),
        "distance": distance,
        "is_out_of_reach": math.isinf(distance),
        "sigmas": distance / sigma if sigma and math.isfinite(distance) else None,
        "warning": warning,
        "critical": critical,
        "slippage": slippage,
        "can_exit": slippage <= share * distance if is_judged and slippage is not None else None,
        "funding_per_day_usdt": _funding_per_day(state, position),
        "funding_24h_usdt": paid.get(position.symbol, 0.0),
        "adl_rank": position.adl_rank,
        "at": position.event_at,
    }


def stop(
    state: State,
    limits: Limits,
    position: PositionSnapshot,
    trailing: Mapping[tuple[str, str], float],
    now: datetime,
) -> dict[str, Any]:
    """Where the position should end: of the stop from its entry and the trailing one that nearer to the mark.

    All None where neither is known. `stop_is_passed`: the mark lies beyond it already.
    """
    side = 1 if position.quantity > 0 else -1
    known = _entry_stop(state, limits, position, side, now)
    chandelier = trailing.get((position.symbol, "LONG" if side > 0 else "SHORT"))
    if chandelier is not None:
        known["trailing"] = chandelier
    if not known:
        return {"stop": None, "stop_bound_by": None, "stop_is_passed": None}
    bound_by = max(known, key=lambda name: known[name] * side)
    mark = float(position.mark_price)
    return {
        "stop": known[bound_by],
        "stop_bound_by": bound_by,
        "stop_is_passed": (mark - known[bound_by]) * side <= 0,
    }


def _protection(state: State, position: PositionSnapshot, now: datetime) -> dict[str, Any]:
    """The stops placed at the exchange: whole, part, none or unknown; share closed and nearest trigger."""
    is_known = open_orders.are_known(state.facts, now.timestamp())
    found = open_orders.protection(position, state.orders, is_known=is_known)
    return {"placed": found.cover, "placed_share": found.share, "placed_price": found.price}


def _entry_stop(
    state: State, limits: Limits, position: PositionSnapshot, side: int, now: datetime
) -> dict[str, float]:
    """The tightest stop from the entry by its name; empty without a fresh ATR, equity or trading rules."""
    atr, bar_at = (_column(state, name, position.symbol) for name in ("atr_1h", "bar_1h_at"))
    rules, holder = state.instruments.get(position.symbol), state.account
    if rules is None or holder is None or not atr or bar_at is None or holder.margin_balance_usdt <= 0:
        return {}
    if now.timestamp() - bar_at > limits.ages_s["kline_1h"]:
        return {}
    found = sizing.stops(
        entry=float(position.entry_price),
        side=side,
        atr=atr,
        quantity=abs(float(position.quantity)),
        equity=float(holder.margin_balance_usdt),
        liquidation=position.liquidation_price,
        tick_size=rules.tick_size,
        rules=advice.rules_of(limits),
    )
    return {found.bound_by: float(found.stop)}


def _funding_per_day(state: State, position: PositionSnapshot) -> float | None:
    """What the position pays a day at the running rate, USDT; negative: it receives."""
    rate = _column(state, "funding_rate", position.symbol)
    hours = _column(state, "interval_hours", position.symbol)
    if rate is None or not hours:
        return None
    return float(position.notional_usdt) * rate * HOURS_A_DAY / hours


def _column(state: State, name: str, symbol: str) -> float | None:
    """One number of one watched symbol; None where it is missing."""
    if symbol not in state.symbols:
        return None
    value = float(state.columns[name][state.symbols.index(symbol)])
    return None if math.isnan(value) else value


def _shock(state: State, now: datetime) -> dict[str, Any] | None:
    """Moves of BTC (others by beta) that liquidate the cross pool, and its curves, without orders and with.

    `down` and `up` are the nearer ones of both; `triggered` is what they are if every conditional order
    works, None while nobody knows the orders. The whole is None where a ladder is missing, or where there
    is no cross position.
    """
    are_known = open_orders.are_known(state.facts, now.timestamp())
    found = {
        row.orders: row
        for row in filling.outlooks(state, advice.betas(state), are_known=are_known, wanted=("estimated",))
    }
    if not found:
        return None
    alone, worst, triggered = (found.get(reading) for reading in filling.READINGS)
    if alone is None or worst is None:
        return None
    down, up = filling.nearer(alone.shocks, worst.shocks)
    return {
        "down": down,
        "up": up,
        "shocks": filling.SHOCKS,
        "equity_usdt": worst.grid.equity.tolist(),
        "maintenance_usdt": worst.grid.maintenance.tolist(),
        "alone": None
        if not state.orders
        else {
            "down": alone.shocks[0],
            "up": alone.shocks[1],
            "equity_usdt": alone.grid.equity.tolist(),
            "maintenance_usdt": alone.grid.maintenance.tolist(),
        },
        "triggered": None if triggered is None else {"down": triggered.shocks[0], "up": triggered.shocks[1]},
        "orders": len(state.orders),
        "orders_are_known": are_known,
    }
