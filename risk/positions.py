"""Stored positions with a liquidation price of our own beside the exchange's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from risk.margin import Account, Bracket, Position, liquidation
from risk.records import AccountSnapshot, LeverageBracket, PositionSnapshot

Ladders = Mapping[str, Sequence[LeverageBracket]]


def priced(
    account: AccountSnapshot, positions: Sequence[PositionSnapshot], ladders: Ladders
) -> tuple[PositionSnapshot, ...]:
    """The positions with `liquidation_price` (USDT per coin) and `liquidation_reason` filled in.

    The reason is empty when there is a price, "no_price_above_zero" or "below_maintenance_at_every_price"
    when the account has none, and "no_brackets: SYMBOL" when a ladder is missing: for a cross position that
    is also the case when another cross position's ladder is missing, because its maintenance is in the sum.
    """
    held = [position for position in positions if position.quantity != 0]
    book = Account(
        float(account.cross_wallet_usdt),
        [_position(position, ladders) for position in held if position.symbol in ladders],
    )
    unknown_cross = sorted({p.symbol for p in held if not p.is_isolated and p.symbol not in ladders})
    return tuple(_priced(position, book, ladders, unknown_cross) for position in held)


def _priced(
    position: PositionSnapshot, book: Account, ladders: Ladders, unknown_cross: list[str]
) -> PositionSnapshot:
    missing = unknown_cross if not position.is_isolated else []
    if position.symbol not in ladders:
        missing = [position.symbol]
    if missing:
        return replace(position, liquidation_price=None, liquidation_reason=f"no_brackets: {missing[0]}")
    answer = liquidation(book, position.symbol, position.side)
    return replace(position, liquidation_price=answer.price, liquidation_reason=answer.reason)


def _position(position: PositionSnapshot, ladders: Ladders) -> Position:
    return Position(
        symbol=position.symbol,
        quantity=float(position.quantity),
        entry_price=float(position.entry_price),
        mark_price=float(position.mark_price),
        brackets=[_bracket(row) for row in ladders[position.symbol]],
        side=position.side,
        isolated_wallet=float(position.isolated_wallet_usdt) if position.is_isolated else None,
    )


def _bracket(row: LeverageBracket) -> Bracket:
    return Bracket(
        float(row.floor_usdt),
        float(row.cap_usdt),
        float(row.maintenance_rate),
        float(row.cum_usdt),
        row.max_leverage,
    )
