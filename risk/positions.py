"""Stored positions with a liquidation price of our own beside the exchange's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from risk.margin import Account, Bracket, Liquidation, Position, liquidation
from risk.records import AccountSnapshot, LeverageBracket, PositionSnapshot

Ladders = Mapping[str, Sequence[LeverageBracket]]

SETTLED_IN = "USDT"
"""In single-asset mode the account's totals are those of this asset alone."""


def priced(
    account: AccountSnapshot, positions: Sequence[PositionSnapshot], ladders: Ladders
) -> tuple[PositionSnapshot, ...]:
    """The positions with `liquidation_price` (USDT per coin) and `liquidation_reason` filled in.

    The reason is empty when there is a price, "no_price_above_zero" or "below_maintenance_at_every_price"
    when the account has none, and "no_brackets: SYMBOL" when a ladder is missing: for a cross position that
    is also the case when another cross position's ladder is missing, because its maintenance is in the sum.
    "other_margin_asset": a cross position on a wallet that the account's totals do not tell.
    In multi-assets mode the collateral's worth is held, as every other price is (`collateral_wallet`).
    """
    held = [position for position in positions if position.quantity != 0]
    carried = [p for p in held if p.is_isolated or is_in_totals(account, p.symbol)]
    book = Account(
        collateral_wallet(account, held),
        [margin_position(position, ladders) for position in carried if position.symbol in ladders],
    )
    unknown_cross = sorted({p.symbol for p in carried if not p.is_isolated and p.symbol not in ladders})
    return tuple(
        _priced(position, book, ladders, unknown_cross)
        if position in carried
        else replace(position, liquidation_price=None, liquidation_reason="other_margin_asset")
        for position in held
    )


def is_in_totals(account: AccountSnapshot, symbol: str) -> bool:
    """Whether a contract settles in the asset that the account's totals count."""
    return account.is_multi_assets or symbol.split("_")[0].endswith(SETTLED_IN)


def collateral_wallet(account: AccountSnapshot, positions: Sequence[PositionSnapshot]) -> float:
    """The wallet of the cross positions in their own money, USDT.

    In multi-assets mode the account's totals are USD and the positions' figures USDT. What the exchange
    takes a USDT for is the quotient of the account's maintenance and that of its positions.
    """
    wallet = float(account.cross_wallet_usdt)
    if not account.is_multi_assets:
        return wallet
    in_usdt = math.fsum(float(position.maintenance_usdt) for position in positions)
    in_usd = float(account.cross_maintenance_usdt)
    return wallet * in_usdt / in_usd if in_usdt > 0.0 and in_usd > 0.0 else wallet


def margin_position(position: PositionSnapshot, ladders: Ladders) -> Position:
    """A stored position as `risk.margin` takes it, float64.

    Raises:
        KeyError: its symbol has no ladder.
    """
    return Position(
        symbol=position.symbol,
        quantity=float(position.quantity),
        entry_price=float(position.entry_price),
        mark_price=float(position.mark_price),
        brackets=brackets_of(ladders[position.symbol]),
        side=position.side,
        isolated_wallet=float(position.isolated_wallet_usdt) if position.is_isolated else None,
    )


def brackets_of(ladder: Sequence[LeverageBracket]) -> list[Bracket]:
    """A stored ladder as `risk.margin` takes it, float64."""
    return [
        Bracket(
            float(row.floor_usdt),
            float(row.cap_usdt),
            float(row.maintenance_rate),
            float(row.cum_usdt),
            row.max_leverage,
        )
        for row in ladder
    ]


def _priced(
    position: PositionSnapshot, book: Account, ladders: Ladders, unknown_cross: list[str]
) -> PositionSnapshot:
    missing = unknown_cross if not position.is_isolated else []
    if position.symbol not in ladders:
        missing = [position.symbol]
    if missing:
        return replace(position, liquidation_price=None, liquidation_reason=f"no_brackets: {missing[0]}")
    answer: Liquidation = liquidation(book, position.symbol, position.side)
    return replace(position, liquidation_price=answer.price, liquidation_reason=answer.reason)
