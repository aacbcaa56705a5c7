"""The market's move that liquidates an account as it stands, with its own orders filled on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from risk.margin import Account, Position, surface
from risk.open_orders import as_order
from risk.positions import Ladders, brackets_of, carried, collateral_wallet, is_in_totals, margin_position
from risk.records import AccountSnapshot, PositionSnapshot
from risk.resting import Order, grid_with_orders, shock_with_orders
from risk.state import State
from risk.surface import ShockGrid

Shocks = tuple[float | None, float | None]
"""The smallest fall (below zero) and rise of the market, BTC's beta 1, that liquidates; None: none does."""

SHOCKS = tuple(round(-0.5 + 0.025 * i, 3) for i in range(41))
"""The grid: moves of the market."""

BETAS: tuple[str, ...] = ("estimated", "uniform")
"""Each contract moves by its own beta to BTC, or all move as BTC does."""

READINGS: tuple[str, ...] = ("none", "worst", "triggered")
"""How the orders are read: as if there were none; those in the book fill and each conditional one fills or
not, whichever is worse; all fill, conditional ones at their trigger."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The cross pool under moves of the whole market, with its orders read in one way.

    Attributes:
        betas: one of BETAS. orders: one of READINGS.
    """

    betas: str
    orders: str
    shocks: Shocks
    grid: ShockGrid


def order_shocks(
    account: AccountSnapshot,
    positions: Sequence[PositionSnapshot],
    ladders: Ladders,
    orders: Sequence[Order],
    marks: Mapping[str, float],
    betas: Mapping[str, float],
    *,
    trusts_triggers: bool = False,
) -> Shocks:
    """Fall and rise that liquidate the cross pool when the orders that they meet are filled.

    Args:
        orders: those of a symbol without a ladder or mark, or on another wallet, cannot be counted.
        marks: USDT per coin, of symbols that have orders and no position.

    Raises:
        KeyError: a cross position's symbol has no ladder.
        ValueError: an order or mark that cannot be true.
    """
    book, counted = _pooled(account, positions, ladders, orders, marks)
    fall, rise = (
        shock_with_orders(book, counted, betas, direction, trusts_triggers=trusts_triggers).shock
        for direction in (-1, +1)
    )
    return fall, rise


def nearest(state: State, betas: Mapping[str, float]) -> Shocks:
    """Of the moves without orders and with them at their worst the nearer ones.

    Orders of an older reading count on: they bring liquidation nearer or change nothing.

    Raises:
        KeyError: a cross position's symbol has no ladder.
        ValueError: a number that cannot be true; there is no account.
    """
    book, counted = _pooled(*_held(state), [as_order(row) for row in state.orders], _marks(state))
    pool = surface(book, betas)
    alone = pool.root(-1), pool.root(+1)
    if not counted:
        return alone
    fall, rise = (shock_with_orders(book, counted, betas, direction).shock for direction in (-1, +1))
    return nearer(alone, (fall, rise))


def outlooks(
    state: State, betas: Mapping[str, float], *, are_known: bool, wanted: Sequence[str] = BETAS
) -> tuple[Outlook, ...]:
    """Moves that liquidate and the grid, by betas and by reading of the orders.

    Empty without an account or a cross position, or where a ladder is missing.

    Args:
        are_known: whether the orders were read lately; else nobody may trust their triggers.
        wanted: of BETAS.
    """
    held = [] if state.account is None else carried(state.account, state.positions)
    crossed = [p for p in held if not p.is_isolated and p.quantity != 0]
    if not crossed or any(p.symbol not in state.brackets for p in crossed):
        return ()
    if any(min(p.mark_price, p.entry_price) <= 0 for p in crossed):
        return ()
    rows = [as_order(row) for row in state.orders]
    book, counted = _pooled(*_held(state), rows, _marks(state))
    readings = READINGS if are_known else READINGS[:2]
    return tuple(
        _outlook(book, counted, name, known, reading)
        for name, known in (("estimated", betas), ("uniform", None))
        if name in wanted
        for reading in readings
    )


def nearer(one: Shocks, other: Shocks) -> Shocks:
    """Of two pairs of moves the nearer ones.

    >>> nearer((-0.2, 0.5), (-0.08, None))
    (-0.08, 0.5)
    """
    fall = max((s for s in (one[0], other[0]) if s is not None), default=None)
    rise = min((s for s in (one[1], other[1]) if s is not None), default=None)
    return fall, rise


def _outlook(
    book: Account, orders: Sequence[Order], name: str, betas: Mapping[str, float] | None, reading: str
) -> Outlook:
    moves, trusts = np.array(SHOCKS), reading == "triggered"
    if reading == "none" or not orders:
        pool = surface(book, betas)
        shocks = pool.root(-1), pool.root(+1)
        return Outlook(name, reading, shocks, _whole_way(pool.grid(moves), shocks))
    fall, rise = (
        shock_with_orders(book, orders, betas, direction, trusts_triggers=trusts).shock
        for direction in (-1, +1)
    )
    grid = grid_with_orders(book, orders, moves, betas, trusts_triggers=trusts)
    return Outlook(name, reading, (fall, rise), grid)


def _whole_way(grid: ShockGrid, shocks: Shocks) -> ShockGrid:
    """Also liquidated where the way to a shock was, though its end would not be."""
    fall, rise = shocks
    over = np.array(
        [(fall is not None and s <= fall) or (rise is not None and s >= rise) for s in grid.shocks]
    )
    return ShockGrid(grid.shocks, grid.equity, grid.maintenance, grid.cover, grid.liquidated | over)


def _held(state: State) -> tuple[AccountSnapshot, Sequence[PositionSnapshot], Ladders]:
    if state.account is None:
        raise ValueError("account = None: nothing is known before its first answer")
    return state.account, state.positions, state.brackets


def _marks(state: State) -> dict[str, float]:
    marks = dict(zip(state.symbols, state.columns["mark_price"].tolist(), strict=True))
    return marks | {p.symbol: float(p.mark_price) for p in state.positions}


def _pooled(
    account: AccountSnapshot,
    positions: Sequence[PositionSnapshot],
    ladders: Ladders,
    orders: Sequence[Order],
    marks: Mapping[str, float],
) -> tuple[Account, list[Order]]:
    """The cross pool with a place for every order that can be counted, and these orders."""
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
    return Account(collateral_wallet(account, cross), list(known.values())), counted
