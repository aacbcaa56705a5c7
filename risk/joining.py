"""What new coins of a symbol join: those of their side that are open already, and the risk open elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

from risk.limits import Limits
from risk.margin import Account, Liquidation, Position, liquidation
from risk.positions import Ladders, brackets_of, carried, collateral_wallet, margin_position
from risk.records import AccountSnapshot, PositionSnapshot
from risk.state import State


def joined(
    account: AccountSnapshot | None, positions: Sequence[PositionSnapshot], symbol: str, side: int
) -> PositionSnapshot | None:
    """The open position that coins of this side (+1 long, −1 short) change; None: they open one.

    In one-way mode that is the symbol's only position, which coins of the other side reduce; in hedge mode
    the one of their own side.
    """
    place = _place(account, side)
    return next((p for p in positions if (p.symbol, p.side) == (symbol, place) and p.quantity != 0), None)


def held_coins(position: PositionSnapshot | None, side: int) -> float:
    """Coins of this side that are open already, unsigned; 0 where the position stands on the other side."""
    return 0.0 if position is None else max(side * float(position.quantity), 0.0)


def open_risk(state: State, limits: Limits, equity: float, *, besides: PositionSnapshot | None) -> float:
    """USDT that all positions but one lose at the desk's stops, as far as these are known.

    A position's stop is the nearer of `k·ATR` and the fixed share of equity; without an ATR the latter.
    """
    place = {symbol: i for i, symbol in enumerate(state.symbols)}
    most, multiple = limits.sizing["stop_equity_share"] * equity, limits.sizing["stop_atr_multiple"]
    total = 0.0
    for position in state.positions:
        if position is besides or position.quantity == 0:
            continue
        i = place.get(position.symbol)
        atr = float(state.columns["atr_1h"][i]) if i is not None else math.nan
        loss = multiple * atr * abs(float(position.quantity))
        total += min(loss, most) if math.isfinite(loss) else most
    return total


def liquidation_beside(
    account: AccountSnapshot,
    positions: Sequence[PositionSnapshot],
    ladders: Ladders,
    *,
    symbol: str,
    side: int,
    quantity: float,
    entry: float,
    leverage: float,
) -> Liquidation | None:
    """Liquidation of a position with `quantity` coins opened now beside everything held; None: it is closed.

    In one-way mode they join what is held of the symbol, in hedge mode what is held on their side. Coins
    that join an isolated position bring their margin at the leverage along; all others stand on the cross
    wallet.

    Raises:
        KeyError: a cross position or the symbol itself has no ladder.
    """
    known = joined(account, positions, symbol, side)
    before = 0.0 if known is None else float(known.quantity)
    coins = before + side * quantity
    if coins == 0.0:
        return None
    # what is held already counts from here: its profit at the entry goes to the wallet
    profit = 0.0 if known is None else before * (entry - float(known.entry_price))
    place, brackets = _place(account, side), brackets_of(ladders[symbol])
    if known is not None and known.is_isolated:
        brought = max(abs(coins) - abs(before), 0.0) * entry / leverage
        wallet = float(known.isolated_wallet_usdt) + profit + brought
        alone = Position(symbol, coins, entry, entry, brackets, place, wallet)
        return liquidation(Account(0.0, [alone]), symbol, place)
    cross = [p for p in carried(account, positions) if not p.is_isolated and p.quantity != 0]
    new = Position(symbol, coins, entry, entry, brackets, place)
    others = [margin_position(p, ladders) for p in cross if p is not known]
    return liquidation(Account(collateral_wallet(account, cross) + profit, [new, *others]), symbol, place)


def _place(account: AccountSnapshot | None, side: int) -> str:
    if account is None or not account.is_hedge_mode:
        return "BOTH"
    return "LONG" if side > 0 else "SHORT"
