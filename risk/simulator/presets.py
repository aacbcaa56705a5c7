"""Accounts to start with: the demo's, flat, hedge mode, multi-assets mode, and random ones for tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from decimal import Decimal

from risk.simulator.account import Account, Contract, Marks
from risk.simulator.liquidation import bracket_of, maintenance
from risk.simulator.printing import ZERO, cut, exact

Falls = Mapping[str, float]  # symbol -> fraction by which its mark will fall at the worst point

DEMO_WALLET = Decimal(10_000)
DEMO_ROOM = Decimal("0.010")  # of notional, above the liquidation of the cross wallet at the low
DEMO_SHARES = {"BTCUSDT": Decimal("0.6"), "ETHUSDT": Decimal("0.4")}  # of the cross notional
DEMO_ISOLATED = ("SOLUSDT", Decimal(600))  # symbol and margin of the position that is liquidated
DEFAULT_FALL = 0.12
# USD worth of one unit after the exchange's haircut, for multi-assets mode; coins follow their index price.
HAIRCUTS = {
    "USDT": Decimal("0.0001"),
    "USDC": Decimal("0.0001"),
    "BTC": Decimal("0.05"),
    "ETH": Decimal("0.05"),
}


def flat(contracts: dict[str, Contract], marks: Marks, falls: Falls) -> Account:
    """10,000 USDT and no position."""
    return Account(contracts=contracts, wallet={"USDT": DEMO_WALLET})


def demo(contracts: dict[str, Contract], marks: Marks, falls: Falls) -> Account:
    """Cross longs in BTC and ETH that a crash brings near liquidation; an isolated SOL long that it takes.

    Sizes follow from `falls`: at the worst point the cross wallet still stands `DEMO_ROOM` of notional above
    its liquidation, while the isolated position's liquidation price lies half-way down.
    """
    account = flat(contracts, marks, falls)
    symbol, margin = DEMO_ISOLATED
    if symbol in contracts:
        fall = exact(falls.get(symbol, DEFAULT_FALL))
        leverage = max(2, int(1 / (fall / 2 + Decimal("0.01"))))
        open_position(account, symbol, "BOTH", margin * leverage, marks, leverage=leverage, is_isolated=True)
    shares = {name: share for name, share in DEMO_SHARES.items() if name in contracts}
    wallet, whole = account.wallet["USDT"], sum(shares.values(), ZERO)
    per_notional = DEMO_ROOM
    for name, share in shares.items():
        fall = exact(falls.get(name, DEFAULT_FALL))
        rate = (
            contracts[name].ladder[1].rate
            if len(contracts[name].ladder) > 1
            else contracts[name].ladder[0].rate
        )
        per_notional += share / whole * (fall + rate * (1 - fall))
    for name, share in shares.items():
        open_position(account, name, "BOTH", wallet / per_notional * share / whole, marks, leverage=20)
    return account


def hedge(contracts: dict[str, Contract], marks: Marks, falls: Falls) -> Account:
    """Hedge mode: both sides of the first contract on the cross wallet, both sides of the second isolated."""
    account = flat(contracts, marks, falls)
    account.is_hedge = True
    names = list(contracts)
    open_position(account, names[0], "LONG", Decimal(40_000), marks, leverage=20)
    open_position(account, names[0], "SHORT", Decimal(15_000), marks, leverage=20)
    if len(names) > 1:
        open_position(account, names[1], "LONG", Decimal(12_000), marks, leverage=10, is_isolated=True)
        open_position(account, names[1], "SHORT", Decimal(8_000), marks, leverage=10, is_isolated=True)
    return account


def multi(contracts: dict[str, Contract], marks: Marks, falls: Falls) -> Account:
    """Multi-assets mode: USDT, USDC and a little BTC carry a long and a short."""
    account = flat(contracts, marks, falls)
    account.is_multi_assets = True
    account.wallet |= {"USDC": Decimal(4_000), "BTC": Decimal("0.05")}
    refresh_rates(account, marks)
    names = list(contracts)
    open_position(account, names[0], "BOTH", Decimal(60_000), marks, leverage=20)
    if len(names) > 1:
        open_position(account, names[1], "BOTH", Decimal(-20_000), marks, leverage=20)
    return account


def index_of(asset: str, marks: Marks) -> Decimal:
    """USD index of a collateral asset: its contract's mark, or 1 for a stablecoin."""
    return marks.get(f"{asset}USDT", Decimal(1))


def refresh_rates(account: Account, marks: Marks) -> None:
    """Value the collateral at these prices: index less the haircut, cut off at 8 decimals."""
    for asset in account.wallet:
        account.rates[asset] = cut(index_of(asset, marks) * (1 - HAIRCUTS.get(asset, Decimal("0.1"))))


def open_position(
    account: Account,
    symbol: str,
    side: str,
    notional: Decimal,
    marks: Marks,
    *,
    leverage: int,
    is_isolated: bool = False,
) -> None:
    """Put a position into an account as if bought long ago at the mark: no fee, no event.

    Args:
        notional: USDT, negative for a short (the sign is ignored where `side` says it).
        leverage: lowered where the bracket of the notional does not allow it.
    """
    spec, mark = account.contracts[symbol], marks[symbol]
    if is_isolated:
        account.isolated.add(symbol)
    held = account.holding(symbol, side)
    is_short = side == "SHORT" or (side == "BOTH" and notional < 0)
    quantity = max(spec.step, (abs(notional) / mark // spec.step) * spec.step)
    held.leverage = min(leverage, bracket_of(spec.ladder, quantity * mark).leverage)
    account.leverages[symbol] = held.leverage
    held.quantity, held.entry, held.is_isolated = -quantity if is_short else quantity, mark, is_isolated
    if is_isolated:
        held.isolated_wallet = cut(quantity * mark / held.leverage)
        account.wallet["USDT"] -= held.isolated_wallet


PRESETS: dict[str, Callable[[dict[str, Contract], Marks, Falls], Account]] = {
    "demo": demo,
    "flat": flat,
    "hedge": hedge,
    "multi": multi,
}


def random_account(seed: int, contracts: dict[str, Contract], marks: Marks) -> Account:
    """A healthy account drawn at random: one-way or hedge, cross and isolated, long and short, any bracket.

    The same seed gives the same account. At these marks nothing of it is under its maintenance margin.
    """
    dice = random.Random(seed)
    account = Account(contracts=contracts, wallet={"USDT": ZERO}, is_hedge=dice.random() < 0.4)
    names = dice.sample(list(contracts), dice.randint(1, min(4, len(contracts))))
    account.isolated = {name for name in names if dice.random() < 0.4}
    account.wallet["USDT"] = Decimal(10**12)  # enough to open; what the positions need is left below
    for name in names:
        for side in (
            dice.choice([("LONG",), ("SHORT",), ("LONG", "SHORT")]) if account.is_hedge else ("BOTH",)
        ):
            notional = exact(round(10 ** dice.uniform(2, 7.5), 2)) * dice.choice([1, -1])
            leverage = dice.choice([2, 3, 5, 10, 20, 50, 100])
            open_position(
                account, name, side, notional, marks, leverage=leverage, is_isolated=name in account.isolated
            )
            _shift_entry(account, name, side, marks, dice)
    need = sum((account.initial(held, marks[held.symbol]) for held in account.cross()), ZERO)
    slack = exact(round(dice.uniform(0.6, 3.0), 4))
    cover = account.cross_maintenance(marks) * Decimal("1.1") - account.cross_profit(marks)
    account.wallet["USDT"] = cut(max(need * slack, cover, Decimal(10)))
    return account


def _shift_entry(account: Account, symbol: str, side: str, marks: Marks, dice: random.Random) -> None:
    """Move the entry away from the mark, as if the position had been open for a while."""
    held, spec = account.holding(symbol, side), account.contracts[symbol]
    drift = exact(round(dice.uniform(-0.3, 0.3), 4)) / held.leverage
    held.entry = max(spec.tick, (marks[symbol] * (1 + drift) // spec.tick) * spec.tick)
    if held.is_isolated:
        least = maintenance(spec.ladder, held.quantity * marks[symbol]) * Decimal("1.05")
        held.isolated_wallet = cut(max(held.isolated_wallet, least - held.profit(marks[symbol])))
