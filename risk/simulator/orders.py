"""Order entry: MARKET and LIMIT on the normal service, conditional orders on the algo service."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from risk.simulator.account import Holding
from risk.simulator.endpoints import Endpoint, Params, by_symbol, integer, required
from risk.simulator.ledger import AccountEvent, Order, OrderEvent
from risk.simulator.printing import ZERO, cut
from risk.simulator.rejection import Rejection, malformed, unknown_order, use_algo_service
from risk.simulator.world import World

CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
CLIENT_ID = re.compile(r"^[\.A-Z\:/a-z0-9_-]{1,36}$")
ORDER_POOLS = ("orders_10s", "orders_1m")
RESTING = ("NEW", "PARTIALLY_FILLED")


def number(params: Params, name: str) -> Decimal:
    """A positive decimal.

    Raises:
        Rejection: -1102 or -1130.
    """
    try:
        value = Decimal(required(params, name))
    except InvalidOperation as cause:
        raise malformed(name) from cause
    if not value.is_finite() or value <= 0:
        raise malformed(name)
    return value


def place(world: World, params: Params) -> Any:
    """POST /fapi/v1/order.

    Raises:
        Rejection: -1102, -1121, -1111, -4061, -4120, -4164, -2022 and others.
    """
    symbol = world.symbol(required(params, "symbol"))
    side, kind = required(params, "side"), required(params, "type")
    if kind in CONDITIONAL:
        raise use_algo_service()
    if side not in ("BUY", "SELL"):
        raise Rejection(400, -1117, "Invalid side.")
    if kind not in ("MARKET", "LIMIT"):
        raise Rejection(400, -1116, "Invalid orderType.")
    order = _order(world, params, symbol, side, kind)
    world.account.orders[order.order_id] = order
    world.notices += [OrderEvent(order=order, execution="NEW", status="NEW", at_ms=order.created_ms)]
    world.notices += match(world, order)
    return acknowledgement(world, order)


def _order(world: World, params: Params, symbol: str, side: str, kind: str) -> Order:
    """The order that the parameters describe, checked."""
    account, now = world.account, world.now_ms()
    position_side = params.get("positionSide") or "BOTH"
    reduce_only = params.get("reduceOnly", "").lower() == "true"
    if (position_side == "BOTH") == account.is_hedge:
        raise Rejection(400, -4061, "Order's position side does not match user's setting.")
    if account.is_hedge and params.get("reduceOnly"):
        raise Rejection(400, -1106, "Parameter 'reduceonly' sent when not required.")
    client_id = params.get("newClientOrderId") or f"web_{account.take_id()}"
    if not CLIENT_ID.match(client_id):
        raise malformed("newClientOrderId")
    quantity, price = number(params, "quantity"), number(params, "price") if kind == "LIMIT" else ZERO
    if quantity % account.contracts[symbol].step:
        raise Rejection(400, -1111, "Precision is over the maximum defined for this asset.")
    held = account.holding(symbol, position_side)
    is_reducing = (held.quantity > 0 and side == "SELL") or (held.quantity < 0 and side == "BUY")
    if reduce_only and not is_reducing:
        raise Rejection(400, -2022, "ReduceOnly Order is rejected.")
    if not is_reducing:
        _check_means(world, held, quantity * (price or world.marks[symbol]))
    return Order(
        order_id=account.take_id(),
        client_id=client_id,
        symbol=symbol,
        side=side,
        position_side=position_side,
        kind=kind,
        time_in_force=required(params, "timeInForce") if kind == "LIMIT" else "GTC",
        quantity=min(quantity, abs(held.quantity)) if reduce_only else quantity,
        price=price,
        is_reduce_only=reduce_only,
        created_ms=now,
        updated_ms=now,
    )


def _check_means(world: World, held: Holding, notional: Decimal) -> None:
    """Refuse what is too small, or more than the free margin carries.

    Raises:
        Rejection: -4164, -2019.
    """
    account, least = world.account, world.account.contracts[held.symbol].min_notional
    if notional < least:
        text = f"Order's notional must be no smaller than {least:f} (unless you choose reduce only)."
        raise Rejection(400, -4164, text)
    used = sum((account.initial(each, world.marks[each.symbol]) for each in account.cross()), ZERO)
    if notional / held.leverage > account.cross_wallet() + account.cross_profit(world.marks) - used:
        raise Rejection(400, -2019, "Margin is insufficient.")


def match(world: World, order: Order) -> list[AccountEvent]:
    """Fill an order against the book as far as its price allows; what cannot rest expires."""
    account, is_buy = world.account, order.side == "BUY"
    left = order.quantity - order.filled
    price = world.fill(order.symbol, order.side, left, world.marks[order.symbol])
    crosses = order.kind == "MARKET" or (price <= order.price if is_buy else price >= order.price)
    if crosses and order.time_in_force != "GTX":
        return account.apply_fill(order, left, price, account.taker_fee, world.now_ms(), "TRADE")
    if order.time_in_force != "GTC" and not (order.time_in_force == "GTX" and not crosses):
        order.status = "EXPIRED"
        return [OrderEvent(order=order, execution="EXPIRED", status="EXPIRED", at_ms=world.now_ms())]
    return []


def match_resting(world: World) -> list[AccountEvent]:
    """Fill resting orders that the last price has reached, at their own price."""
    events: list[AccountEvent] = []
    account = world.account
    for order in [o for o in account.orders.values() if o.status in RESTING and o.kind == "LIMIT"]:
        last = cut(world.market.last(order.symbol))
        if last <= order.price if order.side == "BUY" else last >= order.price:
            left = order.quantity - order.filled
            events += account.apply_fill(order, left, order.price, account.maker_fee, world.now_ms(), "TRADE")
    return events


def find(world: World, params: Params) -> Order:
    """The order of orderId or origClientOrderId.

    Raises:
        Rejection: -2013.
    """
    wanted, client_id = integer(params, "orderId"), params.get("origClientOrderId")
    for order in world.account.orders.values():
        if order.order_id == wanted or (client_id and order.client_id == client_id):
            return order
    raise unknown_order()


def query(world: World, params: Params) -> Any:
    """GET /fapi/v1/order."""
    return status_row(world, find(world, params))


def cancel(world: World, params: Params) -> Any:
    """DELETE /fapi/v1/order.

    Raises:
        Rejection: -2011.
    """
    order = find(world, params)
    if order.status not in RESTING:
        raise Rejection(400, -2011, "Unknown order sent.")
    order.status, order.updated_ms = "CANCELED", world.now_ms()
    world.notices.append(
        OrderEvent(order=order, execution="CANCELED", status="CANCELED", at_ms=order.updated_ms)
    )
    return acknowledgement(world, order)


def open_orders(world: World, params: Params) -> Any:
    """GET /fapi/v1/openOrders."""
    return [
        status_row(world, order)
        for order in world.account.orders.values()
        if order.status in RESTING and params.get("symbol") in (None, "", order.symbol)
    ]


def _common(world: World, order: Order) -> dict[str, Any]:
    return {
        "clientOrderId": order.client_id,
        "executedQty": world.print_quantity(order.symbol, order.filled),
        "orderId": order.order_id,
        "origQty": world.print_quantity(order.symbol, order.quantity),
        "price": world.print_price(order.symbol, order.price) if order.price else "0",
        "reduceOnly": order.is_reduce_only,
        "side": order.side,
        "positionSide": order.position_side,
        "status": order.status,
        "stopPrice": "0",
        "closePosition": False,
        "symbol": order.symbol,
        "timeInForce": order.time_in_force,
        "type": order.kind,
        "origType": order.kind,
        "updateTime": order.updated_ms,
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
    }


def acknowledgement(world: World, order: Order) -> dict[str, Any]:
    """Answer to POST and DELETE: without fills since 2026-07-15."""
    return _common(world, order) | {"cumQty": world.print_quantity(order.symbol, order.filled)}


def status_row(world: World, order: Order) -> dict[str, Any]:
    """One order as GET /order and /openOrders show it."""
    return _common(world, order) | {
        "avgPrice": f"{cut(order.average_price, Decimal('0.00001')):f}",
        "cumQuote": f"{cut(order.filled * order.average_price).normalize():f}",
        "time": order.created_ms,
    }


def rate_limits(world: World, params: Params) -> Any:
    """GET /fapi/v1/rateLimit/order."""
    pools = world.limiter.pools
    return [
        {"rateLimitType": "ORDERS", "interval": interval, "intervalNum": count, "limit": pools[name].limit}
        for name, interval, count in zip(ORDER_POOLS, ("SECOND", "MINUTE"), (10, 1), strict=True)
    ]


OPEN_WEIGHT = by_symbol(1, 40)
TABLE: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/order"): Endpoint(place, 0, "fapi", "signed"),
    ("GET", "/fapi/v1/order"): Endpoint(query, 1, "fapi", "signed"),
    ("DELETE", "/fapi/v1/order"): Endpoint(cancel, 1, "fapi", "signed"),
    ("GET", "/fapi/v1/openOrders"): Endpoint(open_orders, OPEN_WEIGHT, "fapi", "signed"),
    ("GET", "/fapi/v1/rateLimit/order"): Endpoint(rate_limits, 1, "fapi", "signed"),
}
