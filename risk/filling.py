"""The market's move that liquidates an account as it stands, with its resting orders filled on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from risk.margin import Account, Position
from risk.positions import Ladders, brackets_of, carried, collateral_wallet, is_in_totals, margin_position
from risk.records import AccountSnapshot, PositionSnapshot
from risk.resting import Order, shock_with_orders

FACTS = ("order_shock_fall", "order_shock_rise")
"""Names under which the desk keeps the answer; absent where no such move liquidates."""

GOOD_FOR_S = 180.0
"""Orders are asked for every minute; what is older than three rounds says nothing."""

Shocks = tuple[float | None, float | None]
"""The smallest fall (below zero) and rise of the market, BTC's beta 1, that liquidates; None: none does."""


def order_shocks(
    account: AccountSnapshot,
    positions: Sequence[PositionSnapshot],
    ladders: Ladders,
    orders: Sequence[Order],
    marks: Mapping[str, float],
    betas: Mapping[str, float],
) -> Shocks:
    """Fall and rise that liquidate the cross pool when the orders that they meet are filled.

    Args:
        orders: those of a symbol without a ladder or mark, or on another wallet, cannot be counted.
        marks: USDT per coin, of symbols that have orders and no position.

    Raises:
        KeyError: a cross position's symbol has no ladder.
        ValueError: an order or mark that cannot be true.
    """
    held = [p for p in positions if p.quantity != 0]
    cross = [p for p in carried(account, held) if not p.is_isolated]
    known = {(p.symbol, p.side): margin_position(p, ladders) for p in cross}
    outside = {(p.symbol, p.side) for p in held} - set(known)
    for order in orders:
        key, mark = (order.symbol, order.side), marks.get(order.symbol, 0.0)
        if key in known or key in outside or not mark > 0.0 or order.symbol not in ladders:
            continue
        if is_in_totals(account, order.symbol):
            known[key] = Position(
                order.symbol, 0.0, mark, mark, brackets_of(ladders[order.symbol]), order.side
            )
    counted = [order for order in orders if (order.symbol, order.side) in known]
    book = Account(collateral_wallet(account, cross), list(known.values()))
    fall, rise = (shock_with_orders(book, counted, betas, direction).shock for direction in (-1, +1))
    return fall, rise


def nearer(found: Shocks, facts: Mapping[str, float], now_s: float) -> Shocks:
    """Of the shocks without orders and those kept with orders, as far as these are young, the nearer ones."""
    kept = [
        facts.get(name) if now_s - facts.get(f"{name}_at", -GOOD_FOR_S) <= GOOD_FOR_S else None
        for name in FACTS
    ]
    fall = max((s for s in (found[0], kept[0]) if s is not None), default=None)
    rise = min((s for s in (found[1], kept[1]) if s is not None), default=None)
    return fall, rise
