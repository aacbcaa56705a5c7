"""Open orders of the account: those that rest in the book, and conditional ones that wait for their trigger.

Since December 2025 conditional orders stand in a list of their own; older ones may still stand in the other.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from risk.adapters import wire_checks as check
from risk.adapters.wire_checks import Id, Parsed
from risk.records import OpenOrder

SIDES = frozenset({"BOTH", "LONG", "SHORT"})
LIMIT = "LIMIT"
OVER = frozenset({"CANCELED", "TRIGGERED", "FINISHED", "REJECTED", "EXPIRED"})
"""States of a conditional order that waits no more; a triggered one lives on as an ordinary order."""
TRIGGERS = {"MARK_PRICE": "mark", "CONTRACT_PRICE": "last"}


class _OpenOrder(msgspec.Struct, rename="camel"):
    order_id: Id
    symbol: str
    side: str
    position_side: str
    type: str
    price: Decimal
    orig_qty: Decimal
    executed_qty: Decimal
    update_time: int
    stop_price: Decimal = Decimal(0)
    reduce_only: bool = False
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"


class _AlgoOrder(msgspec.Struct, rename="camel"):
    algo_id: Id
    symbol: str
    side: str
    position_side: str
    order_type: str
    quantity: Decimal
    trigger_price: Decimal
    update_time: int
    algo_status: str = "NEW"
    price: Decimal = Decimal(0)
    reduce_only: bool = False
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"


def parse_open_orders(body: bytes, *, account: str, received_at: datetime) -> Parsed[OpenOrder]:
    """Orders with what is left of them; those that neither rest nor wait for a trigger are left out."""
    source = "openOrders"

    def build(row: _OpenOrder) -> OpenOrder | None:
        left = check.not_negative(source, "origQty", row.orig_qty) - check.not_negative(
            source, "executedQty", row.executed_qty
        )
        if (left <= 0 and not row.close_position) or row.type == "MARKET":
            return None
        is_resting = row.type == LIMIT
        return OpenOrder(
            service="book",
            order_id=str(row.order_id),
            kind=check.name(source, "type", row.type),
            quantity=max(left, Decimal(0)),
            price=check.positive(source, "price", row.price)
            if is_resting
            else _or_none(check.not_negative(source, "price", row.price)),
            trigger_price=None
            if is_resting
            else _or_none(check.not_negative(source, "stopPrice", row.stop_price)),
            triggered_by="" if is_resting else TRIGGERS.get(row.working_type, "last"),
            **_shared(source, row, account, received_at),
        )

    return check.rows(source, body, _OpenOrder, build, received_at)


def parse_algo_orders(body: bytes, *, account: str, received_at: datetime) -> Parsed[OpenOrder]:
    """Conditional orders that still wait."""
    source = "openAlgoOrders"

    def build(row: _AlgoOrder) -> OpenOrder | None:
        if row.algo_status in OVER:
            return None
        quantity = check.not_negative(source, "quantity", row.quantity)
        if not row.close_position:
            check.positive(source, "quantity", row.quantity)
        return OpenOrder(
            service="algo",
            order_id=str(row.algo_id),
            kind=check.name(source, "orderType", row.order_type),
            quantity=quantity,
            price=_or_none(check.not_negative(source, "price", row.price)),
            trigger_price=_or_none(check.not_negative(source, "triggerPrice", row.trigger_price)),
            triggered_by=TRIGGERS.get(row.working_type, "last"),
            **_shared(source, row, account, received_at),
        )

    return check.rows(source, body, _AlgoOrder, build, received_at)


def _or_none(price: Decimal) -> Decimal | None:
    """The exchange writes zero where there is no price."""
    return price if price > 0 else None


def _shared(source: str, row: _OpenOrder | _AlgoOrder, account: str, received_at: datetime) -> dict[str, Any]:
    return {
        "account": account,
        "symbol": check.name(source, "symbol", row.symbol),
        "side": check.one_of(source, "positionSide", row.position_side, SIDES),
        "is_purchase": check.one_of(source, "side", row.side, ("BUY", "SELL")) == "BUY",
        "is_reduce_only": row.reduce_only,
        "closes_position": row.close_position,
        "event_at": check.moment(source, "updateTime", row.update_time),
        "received_at": received_at,
        "source": "rest",
    }
