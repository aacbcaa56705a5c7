"""Signed endpoints that read the account's past: income, forced orders, fees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from risk.simulator.account_data import signed
from risk.simulator.endpoints import Endpoint, Params, by_symbol, integer, limit, required
from risk.simulator.ledger import ForcedOrder
from risk.simulator.printing import cut, eight
from risk.simulator.world import World

WEEK_MS = 7 * 86_400_000


def income(world: World, params: Params) -> Any:
    """GET /fapi/v1/income: the last week unless a start is sent, ascending."""
    start, end = integer(params, "startTime"), integer(params, "endTime")
    start = world.now_ms() - WEEK_MS if start is None else start
    rows = [
        {
            "symbol": row.symbol,
            "incomeType": row.kind,
            "income": eight(row.value),
            "asset": row.asset,
            "info": row.kind,
            "time": row.at_ms,
            "tranId": row.transaction_id,
            "tradeId": row.trade_id,
        }
        for row in world.account.income
        if row.at_ms >= start
        and (end is None or row.at_ms <= end)
        and params.get("symbol") in (None, "", row.symbol)
        and params.get("incomeType") in (None, "", row.kind)
    ]
    return rows[: limit(params, 100, 1000)]


def force_orders(world: World, params: Params) -> Any:
    """GET /fapi/v1/forceOrders: own liquidations and ADL of the week before endTime, or from startTime."""
    end = integer(params, "endTime") or world.now_ms()
    start = integer(params, "startTime")
    start = end - WEEK_MS if start is None else start
    kind = {"LIQUIDATION": False, "ADL": True}.get(params.get("autoCloseType", ""))
    found = [
        force_order_row(world, forced)
        for forced in world.account.forced
        if start <= forced.order.created_ms <= end
        and kind in (None, forced.is_adl)
        and params.get("symbol") in (None, "", forced.order.symbol)
    ]
    return found[-limit(params, 50, 100) :]


def force_order_row(world: World, forced: ForcedOrder) -> dict[str, Any]:
    """One forced order."""
    order = forced.order
    quantity = world.print_quantity(order.symbol, order.quantity)
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "pair": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_id,
        "price": world.print_price(order.symbol, order.price),
        "avgPrice": f"{cut(order.average_price, Decimal('0.00001')):f}",
        "origQty": quantity,
        "executedQty": world.print_quantity(order.symbol, order.filled),
        "cumQuote": f"{cut(order.filled * order.average_price, Decimal('0.00001')).normalize():f}",
        "cumBase": "0",
        "timeInForce": order.time_in_force,
        "type": order.kind,
        "reduceOnly": order.is_reduce_only,
        "closePosition": False,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "origType": order.kind,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def commission(world: World, params: Params) -> Any:
    """GET /fapi/v1/commissionRate."""
    return {
        "symbol": world.symbol(required(params, "symbol")),
        "makerCommissionRate": f"{world.account.maker_fee:f}",
        "takerCommissionRate": f"{world.account.taker_fee:f}",
        "rpiCommissionRate": "0.00005",
    }


TABLE: dict[str, Endpoint] = {
    "/fapi/v1/income": signed(income, 30),
    "/fapi/v1/forceOrders": signed(force_orders, by_symbol(20, 50)),
    "/fapi/v1/commissionRate": signed(commission, 20),
}
