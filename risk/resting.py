"""Shocks of the cross pool with resting orders filled on the way.

An order fills at its price when the mark reaches it, before anything is liquidated there. What a fill adds to
equity is `quantity·(P − price)` whether it opens, adds, reduces or turns the position, so equity does not
depend on the order of fills; maintenance depends on the quantities alone. Between two fills the pool is that
of `risk.surface`, and its root there is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from risk.margin import Account, Betas, Number, surface
from risk.surface import ShockGrid, Surface

Key = tuple[str, str]  # symbol, side


@dataclass(frozen=True, slots=True)
class Order:
    """A limit order that rests in the book.

    Attributes:
        price: USDT per coin.
        quantity: coins still open, above zero for a purchase and below for a sale.
        side: "BOTH", or in hedge mode "LONG" or "SHORT": the position that it changes.
        is_reduce_only: it never opens or turns a position; in hedge mode no closing order does.
    """

    symbol: str
    price: Number
    quantity: Number
    side: str = "BOTH"
    is_reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class Shock:
    """Where a pool with resting orders is liquidated, and what was filled before.

    Attributes:
        shock: fraction by which BTC (beta 1) moves, or None.
        filled: (order, coins filled, shock at which) in time order.
    """

    shock: float | None
    filled: tuple[tuple[Order, float, float], ...]


def shock_with_orders(account: Account, orders: Sequence[Order], betas: Betas, direction: int) -> Shock:
    """The smallest move at which the cross pool is liquidated, with the orders filled that it meets.

    A symbol that has orders but no position stands in the account with quantity 0. Orders of isolated
    positions stay outside, as these do.

    Args:
        betas: by symbol (1 where absent), or one number for all, or None for 1.
        direction: −1 for a fall, +1 for a rise.

    Raises:
        ValueError: a direction other than −1 and +1, a price, quantity or beta that cannot be true, or an
            order whose symbol and side the account does not list.
    """
    if direction not in (-1, 1):
        raise ValueError(f"direction = {direction!r}: use -1 for a fall, +1 for a rise")
    walk = _Walk(account, betas)
    begin = 0.0
    filled: list[tuple[Order, float, float]] = []
    for at, order in walk.events(orders, direction):
        found = walk.pool().root(direction, begin, at) if abs(at) > abs(begin) else None
        if found is not None:
            return Shock(found, tuple(filled))
        coins = walk.fill(order)
        if coins != 0.0:
            filled.append((order, coins, at))
        begin = at
    return Shock(walk.pool().root(direction, begin), tuple(filled))


def grid_with_orders(
    account: Account, orders: Sequence[Order], shocks: ArrayLike, betas: Betas = None
) -> ShockGrid:
    """Equity, maintenance and cover after each shock, with the orders filled that the way there meets.

    `liquidated` looks at the whole way: also true where the pool was liquidated before the shock's end.

    Raises:
        ValueError: as `shock_with_orders`, or a shock that is not finite.
    """
    moves = np.atleast_1d(np.asarray(shocks, dtype=np.float64))
    rows = [_at(account, orders, float(move), betas) for move in moves]
    ends = {d: shock_with_orders(account, orders, betas, d).shock for d in (-1, 1)}
    over = [
        end is not None and abs(m) >= abs(end) for m, end in ((m, ends[-1 if m < 0 else 1]) for m in moves)
    ]
    return ShockGrid(
        moves,
        np.array([row.equity[0] for row in rows]),
        np.array([row.maintenance[0] for row in rows]),
        np.array([row.cover[0] for row in rows]),
        np.array(over, dtype=bool),
    )


def _at(account: Account, orders: Sequence[Order], move: float, betas: Betas) -> ShockGrid:
    walk = _Walk(account, betas)
    for at, order in walk.events(orders, -1 if move < 0 else 1):
        if abs(at) <= abs(move):
            walk.fill(order)
    return walk.pool().grid([move])


class _Walk:
    """Quantities and cash of every cross position while orders fill: equity of one is `cash + coins·P`."""

    def __init__(self, account: Account, betas: Betas) -> None:
        held = [p for p in account.positions if p.isolated_wallet is None]
        self.wallet = float(account.wallet)
        self.place: dict[Key, int] = {(p.symbol, p.side): i for i, p in enumerate(held)}
        self.outside = {(p.symbol, p.side) for p in account.positions if p.isolated_wallet is not None}
        self.frame = surface(Account(account.wallet, [replace(p, quantity=1.0) for p in held]), betas)
        self.marks = np.array([float(p.mark_price) for p in held])
        self.coins = np.array([p.signed_quantity for p in held], dtype=np.float64)
        self.cash = -self.coins * np.array([float(p.entry_price) for p in held])

    def pool(self) -> Surface:
        """The pool as it stands now."""
        notional = self.coins * self.marks
        return replace(self.frame, notional=notional, unrealized=self.cash + notional)

    def fill(self, order: Order) -> float:
        """Fill an order at its price; returns the coins, fewer where it may only reduce."""
        i = self.place[order.symbol, order.side]
        coins, held = float(order.quantity), float(self.coins[i])
        closes = (order.side == "LONG" and coins < 0.0) or (order.side == "SHORT" and coins > 0.0)
        if order.is_reduce_only or closes:
            coins = 0.0 if coins * held >= 0.0 else math.copysign(min(abs(coins), abs(held)), coins)
        self.coins[i] += coins
        self.cash[i] -= coins * float(order.price)
        return coins

    def events(self, orders: Sequence[Order], direction: int) -> list[tuple[float, Order]]:
        """The orders that the market meets on its way in one direction, with their shocks, nearest first."""
        found = []
        for order in orders:
            if (order.symbol, order.side) in self.outside:
                continue
            at = self._reached(order, direction)
            if at is not None:
                found.append((direction * at, order))
        # orders of one symbol that meet at one shock share a price; those that only reduce come last
        return sorted(
            found,
            key=lambda e: (
                abs(e[0]), e[1].is_reduce_only, e[1].symbol, e[1].side, float(e[1].quantity)
            ),
        )  # fmt: skip

    def _reached(self, order: Order, direction: int) -> float | None:
        price, quantity = float(order.price), float(order.quantity)
        if not (math.isfinite(price) and price > 0.0 and math.isfinite(quantity)):
            raise ValueError(f"order {order!r}: price and quantity must be finite, the price above zero")
        if (order.symbol, order.side) not in self.place:
            raise ValueError(
                f"order of {order.symbol}/{order.side}: the account lists no such position; give it with "
                "quantity 0, so that its mark and brackets are known"
            )
        i = self.place[order.symbol, order.side]
        way = price / float(self.marks[i]) - 1.0
        if way * quantity >= 0.0:
            return 0.0  # a purchase at or above the mark, a sale at or below it: it would fill now
        speed = float(self.frame.beta[i]) * direction
        return way / speed if way * speed > 0.0 else None
