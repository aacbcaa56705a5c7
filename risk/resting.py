"""Shocks of the cross pool with the account's own orders filled on the way.

An order fills at its price when the mark reaches it, before anything is liquidated there. What a fill adds to
equity is `quantity·(P − price)` whether it opens, adds, reduces or turns the position, so equity does not
depend on the order of fills; maintenance depends on the quantities alone. Between two fills the pool is that
of `risk.surface`, and its root there is exact.

A conditional order is a promise, not a resting order: it may be late, slip, or be refused when it triggers.
So each is taken as filled at its trigger or as never filled, whichever is worse at that shock. Excess is a
sum over positions, so the worst is found position by position.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.margin import Account, Betas, Number, surface
from risk.surface import ShockGrid, Surface

Key = tuple[str, str]  # symbol, side
Filled = tuple["Order", float, float]

MOST_WAYS = 256
"""Ways in which one position's conditional orders may have gone that are followed; beyond, the worst."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that has not filled yet: one in the book, or a conditional one that waits for its trigger.

    Attributes:
        price: USDT per coin; of a conditional order its trigger, at which it is taken to fill.
        quantity: coins still open, above zero for a purchase and below for a sale. Of one that closes the
            position only the sign counts.
        side: "BOTH", or in hedge mode "LONG" or "SHORT": the position that it changes.
        is_reduce_only: it never opens or turns a position; in hedge mode no closing order does.
        trigger: "" for one in the book; "stop" buys at or above its price and sells at or below, "profit" the
            other way; "trailing" moves with the market, and may fill from now on.
        closes: it closes all of the position that there is when it triggers.
    """

    symbol: str
    price: Number
    quantity: Number
    side: str = "BOTH"
    is_reduce_only: bool = False
    trigger: Literal["", "stop", "profit", "trailing"] = ""
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Shock:
    """Where a pool with orders is liquidated, and what was filled before.

    Attributes:
        shock: fraction by which BTC (beta 1) moves, or None.
        filled: (order, coins filled, shock at which) in time order; of conditional orders those whose fill
            is worse than none.
    """

    shock: float | None
    filled: tuple[Filled, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """What a position may have become: its equity is `cash + coins·P`, in USDT."""

    coins: float
    cash: float
    filled: tuple[Filled, ...] = ()


def shock_with_orders(
    account: Account, orders: Sequence[Order], betas: Betas, direction: int, *, trusts_triggers: bool = False
) -> Shock:
    """The smallest move at which the cross pool is liquidated, with the orders filled that it meets.

    A symbol that has orders but no position stands in the account with quantity 0. Orders of isolated
    positions stay outside, as these do.

    Args:
        betas: by symbol (1 where absent), or one number for all, or None for 1.
        direction: −1 for a fall, +1 for a rise.
        trusts_triggers: whether conditional orders surely fill at their trigger, or each does what is worse.

    Raises:
        ValueError: a direction other than −1 and +1, a price, quantity or beta that cannot be true, or an
            order whose symbol and side the account does not list.
    """
    if direction not in (-1, 1):
        raise ValueError(f"direction = {direction!r}: use -1 for a fall, +1 for a rise")
    walk = _Walk(account, betas, trusts_triggers=trusts_triggers)
    for begin, until in walk.stretches(orders, direction):
        found = walk.root(direction, begin, until)
        if found is not None:
            return found
    return Shock(None, _in_time(walk.worst(direction)))


def grid_with_orders(
    account: Account,
    orders: Sequence[Order],
    shocks: ArrayLike,
    betas: Betas = None,
    *,
    trusts_triggers: bool = False,
) -> ShockGrid:
    """Equity, maintenance and cover after each shock, with the orders filled that the way there meets.

    `liquidated` looks at the whole way: also true where the pool was liquidated before the shock's end.

    Raises:
        ValueError: as `shock_with_orders`, or a shock that is not finite.
    """
    moves = np.atleast_1d(np.asarray(shocks, dtype=np.float64))
    if not np.isfinite(moves).all():
        raise ValueError(f"shocks = {shocks!r}: every shock must be finite")
    equity, needed = np.empty_like(moves), np.empty_like(moves)
    over = np.zeros(len(moves), dtype=bool)
    for direction, side in ((-1, moves < 0.0), (1, moves >= 0.0)):
        if not side.any():
            continue
        far = np.abs(moves)
        end = shock_with_orders(account, orders, betas, direction, trusts_triggers=trusts_triggers).shock
        over |= side & (far >= (math.inf if end is None else abs(end)))
        walk = _Walk(account, betas, trusts_triggers=trusts_triggers)
        for begin, until in walk.stretches(orders, direction):
            last = math.inf if until is None else abs(until)
            here = side & (far >= abs(begin)) & (far < last)
            if here.any():
                equity[here], needed[here] = walk.under(moves[here])
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        cover = np.where(needed > 0.0, equity / needed, np.inf)
    return ShockGrid(moves, equity, needed, cover, over)


def _in_time(ways: Sequence[_Way]) -> tuple[Filled, ...]:
    return tuple(sorted((one for way in ways for one in way.filled), key=lambda one: abs(one[2])))


class _Walk:
    """Quantities and cash of every cross position while orders fill."""

    def __init__(self, account: Account, betas: Betas, *, trusts_triggers: bool) -> None:
        held = [p for p in account.positions if p.isolated_wallet is None]
        self.trusts_triggers = trusts_triggers
        self.place: dict[Key, int] = {(p.symbol, p.side): i for i, p in enumerate(held)}
        self.outside = {(p.symbol, p.side) for p in account.positions if p.isolated_wallet is not None}
        self.frame = surface(Account(account.wallet, [replace(p, quantity=1.0) for p in held]), betas)
        self.marks = np.array([float(p.mark_price) for p in held])
        self.ways = [[_Way(p.signed_quantity, -p.signed_quantity * float(p.entry_price))] for p in held]

    def stretches(self, orders: Sequence[Order], direction: int) -> Iterator[tuple[float, float | None]]:
        """Begin and end of the ways between fills, each before the next order is filled; None: no end."""
        begin = 0.0
        for at, order in self._events(orders, direction):
            if abs(at) > abs(begin):
                yield begin, at
            self._fill(order, at)
            begin = at
        yield begin, None

    def open(self) -> list[int]:
        """Places of the positions that may have gone more than one way."""
        return [i for i, ways in enumerate(self.ways) if len(ways) > 1]

    def root(self, direction: int, begin: float, until: float | None) -> Shock | None:
        """Where the pool is liquidated between two shocks in the worst of its ways; None: nowhere.

        The worst is a minimum of concave functions, so concave too: what is sound at both ends of a stretch
        is sound within, and from a root of one way that of a worse one lies nearer.
        """
        chosen = self.worst(begin)
        found = self._pool(chosen).root(direction, begin, until)
        if found != begin and self.open():
            for end in self.frame.ends(direction, begin, until):
                is_last = found is not None and abs(found) <= abs(end)
                nearer = self._nearer(direction, begin, found if found is not None and is_last else end)
                if nearer is not None:
                    found, chosen = nearer
                if nearer is not None or is_last:
                    break
        return None if found is None else Shock(found, _in_time(chosen))

    def _nearer(self, direction: int, begin: float, end: float) -> tuple[float, list[_Way]] | None:
        found: tuple[float, list[_Way]] | None = None
        at = end
        for _ in range(100):
            chosen = self.worst(at)
            root = self._pool(chosen).root(direction, begin, at)
            if root is None:
                return found
            if found is not None and abs(root) >= abs(found[0]) * (1.0 - 1e-12):
                return found
            found, at = (root, chosen), root
        return found

    def under(self, moves: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Equity and maintenance (k,), USDT, after shocks (k,), each in the worst of its ways."""
        factor = np.maximum(1.0 + np.outer(moves, self.frame.beta), 0.0)
        fixed = [_Way(0.0, 0.0) if len(ways) > 1 else ways[0] for ways in self.ways]
        equity, needed = self._pool(fixed).under(factor)
        for i in self.open():
            price = self.marks[i] * factor[:, i]
            coins, cash = np.array([(way.coins, way.cash) for way in self.ways[i]]).T
            size = np.abs(np.outer(coins, price))
            margin = np.zeros_like(size)
            for rate, cum in zip(self.frame.rate[:, i], self.frame.cum[:, i], strict=True):
                np.maximum(margin, size * rate - cum, out=margin)
            worth = cash[:, None] + np.outer(coins, price)
            worst = (worth - margin).argmin(axis=0), np.arange(len(moves))
            equity, needed = equity + worth[worst], needed + margin[worst]
        return equity, needed

    def worst(self, shock: float) -> list[_Way]:
        """Of each position the way that leaves least at a shock."""
        return [
            ways[0] if len(ways) == 1 else min(ways, key=lambda way: self._excess(i, way, shock))
            for i, ways in enumerate(self.ways)
        ]

    def _excess(self, i: int, way: _Way, shock: float) -> float:
        """What one position leaves after its maintenance, USDT."""
        price = float(self.marks[i]) * max(0.0, 1.0 + float(self.frame.beta[i]) * shock)
        lines = abs(way.coins) * price * self.frame.rate[:, i] - self.frame.cum[:, i]
        return way.cash + way.coins * price - max(0.0, float(lines.max()))

    def _pool(self, chosen: Sequence[_Way]) -> Surface:
        coins, cash = np.array([(way.coins, way.cash) for way in chosen], dtype=np.float64).reshape(-1, 2).T
        notional = coins * self.marks
        return replace(self.frame, notional=notional, unrealized=cash + notional)

    def _fill(self, order: Order, at: float) -> None:
        """Fill an order in every way that its position may have gone, or leave it, where it only may fill."""
        i = self.place[order.symbol, order.side]
        filled = [self._after(i, way, order, at) for way in self.ways[i]]
        if not order.trigger or self.trusts_triggers:
            self.ways[i] = filled
            return
        kept: dict[float, _Way] = {}
        for way in (*self.ways[i], *filled):  # of two with the same coins the one with less cash is worse
            if way.coins not in kept or way.cash < kept[way.coins].cash:
                kept[way.coins] = way
        self.ways[i] = sorted(kept.values(), key=lambda way: self._excess(i, way, at))[:MOST_WAYS]

    def _after(self, i: int, way: _Way, order: Order, at: float) -> _Way:
        """A way after an order fills: fewer coins where it may only reduce, none where there are none."""
        coins, held = float(order.quantity), way.coins
        closing = (order.side == "LONG" and coins < 0.0) or (order.side == "SHORT" and coins > 0.0)
        if order.closes:
            coins = -held if coins * held < 0.0 else 0.0
        elif order.is_reduce_only or closing:
            coins = 0.0 if coins * held >= 0.0 else math.copysign(min(abs(coins), abs(held)), coins)
        if coins == 0.0:
            return way
        price = float(order.price)
        if order.trigger and at == 0.0:  # it triggers where the mark stands, not where it once would have
            price = float(self.marks[i])
        return _Way(held + coins, way.cash - coins * price, (*way.filled, (order, coins, at)))

    def _events(self, orders: Sequence[Order], direction: int) -> list[tuple[float, Order]]:
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
                abs(e[0]), e[1].is_reduce_only or e[1].closes, e[1].symbol, e[1].side, float(e[1].quantity),
                e[1].trigger, e[1].closes, float(e[1].price),
            ),
        )  # fmt: skip

    def _reached(self, order: Order, direction: int) -> float | None:
        price, quantity = float(order.price), float(order.quantity)
        if order.trigger != "trailing" and not (math.isfinite(price) and price > 0.0):
            raise ValueError(f"order {order!r}: price and quantity must be finite, the price above zero")
        if not math.isfinite(quantity):
            raise ValueError(f"order {order!r}: price and quantity must be finite, the price above zero")
        if (order.symbol, order.side) not in self.place:
            raise ValueError(
                f"order of {order.symbol}/{order.side}: the account lists no such position; give it with "
                "quantity 0, so that its mark and brackets are known"
            )
        if order.trigger == "trailing":
            return 0.0
        i = self.place[order.symbol, order.side]
        way = price / float(self.marks[i]) - 1.0
        if way * quantity * (-1.0 if order.trigger == "stop" else 1.0) >= 0.0:
            return 0.0  # a purchase at or above the mark, a sale at or below it: it would fill now
        speed = float(self.frame.beta[i]) * direction
        return way / speed if way * speed > 0.0 else None
