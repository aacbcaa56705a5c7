"""The exchange's margin rule, in the simulator's own words, so that it can judge ours.

Source: Binance FAQ "How to calculate liquidation price of USD-M futures contracts" and its page on brackets.
Nothing here is shared with `risk.margin`: two independent readings of the same rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

ROUNDS = 60  # the re-picking of brackets is monotone; a ladder has about a dozen


class Bracket(NamedTuple):
    """One step of a maintenance ladder."""

    floor: Decimal  # USDT notional, inclusive
    cap: Decimal  # USDT notional, exclusive
    rate: Decimal  # maintenance margin ratio, fraction
    deduction: Decimal  # `cum`, USDT
    leverage: int  # highest initial leverage


class Leg(NamedTuple):
    """One side of one contract."""

    sign: int  # +1 long, -1 short
    quantity: Decimal  # coins, above zero
    entry: Decimal  # USDT per coin
    ladder: Sequence[Bracket]


def bracket_of(ladder: Sequence[Bracket], notional: Decimal) -> Bracket:
    """The bracket that holds `notional` (USDT); the last one for anything above the ladder."""
    for bracket in ladder:
        if notional < bracket.cap:
            return bracket
    return ladder[-1]


def maintenance(ladder: Sequence[Bracket], notional: Decimal) -> Decimal:
    """Maintenance margin in USDT of a position of `notional` USDT: N * rate - cum."""
    bracket = bracket_of(ladder, abs(notional))
    return abs(notional) * bracket.rate - bracket.deduction


def profit(leg: Leg, price: Decimal) -> Decimal:
    """Unrealised profit of a leg in USDT at `price`."""
    return leg.sign * leg.quantity * (price - leg.entry)


def liquidation_price(
    wallet: Decimal,
    legs: Sequence[Leg],
    mark: Decimal,
    *,
    other_maintenance: Decimal = Decimal(0),
    other_profit: Decimal = Decimal(0),
) -> Decimal | None:
    """Mark price at which margin balance = maintenance margin; None where there is none above zero.

    The published formula, with each leg's bracket picked at the mark first and then again at the price found,
    until nothing changes. Maintenance is convex, so the rounds are Newton's method and walk to the root from
    one side: a short ladder needs two or three.

    Args:
        wallet: cross wallet, or the isolated wallet of the position, USDT.
        legs: one leg, or both sides of a contract in cross hedge mode, which share one price.
        other_maintenance: of all other contracts on the same wallet (0 if isolated), USDT.
        other_profit: likewise.
    """
    price, before = mark, None
    for _ in range(ROUNDS):
        picked = [bracket_of(leg.ladder, leg.quantity * max(price, Decimal(0))) for leg in legs]
        if picked == before:
            break
        before = picked
        above = wallet - other_maintenance + other_profit
        below = Decimal(0)
        for leg, bracket in zip(legs, picked, strict=True):
            above += bracket.deduction - leg.sign * leg.quantity * leg.entry
            below += leg.quantity * bracket.rate - leg.sign * leg.quantity
        if not below:
            return None
        price = above / below
    return price if price > 0 else None


def bankruptcy_price(wallet: Decimal, leg: Leg) -> Decimal:
    """Price at which nothing of `wallet` (USDT) is left: the limit of the exchange's take-over order."""
    return max(leg.entry - leg.sign * wallet / leg.quantity, Decimal(0))
