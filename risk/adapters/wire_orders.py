"""Open orders of the account: those that rest in the book and fill when the price comes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from risk.adapters import wire_checks as check
from risk.adapters.wire_checks import Parsed
from risk.resting import Order

SIDES = frozenset({"BOTH", "LONG", "SHORT"})


class _OpenOrder(msgspec.Struct, rename="camel"):
    symbol: str
    side: str
    position_side: str
    type: str
    price: Decimal
    orig_qty: Decimal
    executed_qty: Decimal
    reduce_only: bool = False


def parse_open_orders(body: bytes, *, received_at: datetime) -> Parsed[Order]:
    """Limit orders with what is left of them; conditional ones are not in the book and are left out."""
    source = "openOrders"

    def build(row: _OpenOrder) -> Order | None:
        check.name(source, "symbol", row.symbol)
        check.one_of(source, "positionSide", row.position_side, SIDES)
        sign = 1 if check.one_of(source, "side", row.side, ("BUY", "SELL")) == "BUY" else -1
        left = check.positive(source, "origQty", row.orig_qty) - check.not_negative(
            source, "executedQty", row.executed_qty
        )
        if row.type != "LIMIT" or left <= 0:
            return None
        price = check.positive(source, "price", row.price)
        return Order(row.symbol, float(price), float(sign * left), row.position_side, row.reduce_only)

    return check.rows(source, body, _OpenOrder, build, received_at)
