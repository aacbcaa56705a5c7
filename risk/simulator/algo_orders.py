"""Conditional orders on the algo service: they rest until cancelled; the simulator does not trigger them."""

from __future__ import annotations

from typing import Any

from risk.simulator.endpoints import Endpoint, Params, by_symbol, integer, required
from risk.simulator.ledger import AlgoEvent
from risk.simulator.orders import CONDITIONAL
from risk.simulator.rejection import Rejection, malformed
from risk.simulator.world import World

FLAGS = ("closePosition", "priceProtect", "reduceOnly")


def place_algo(world: World, params: Params) -> Any:
    """POST /fapi/v1/algoOrder.

    Raises:
        Rejection: -1102, -1116, -1121.
    """
    if required(params, "algoType") != "CONDITIONAL":
        raise malformed("algoType")
    symbol, kind = world.symbol(required(params, "symbol")), required(params, "type")
    if kind not in CONDITIONAL:
        raise Rejection(400, -1116, "Invalid orderType.")
    number_, now = world.account.take_id(), world.now_ms()
    row = {
        "algoId": number_,
        "clientAlgoId": params.get("clientAlgoId") or f"algo_{number_}",
        "algoType": "CONDITIONAL",
        "orderType": kind,
        "symbol": symbol,
        "side": required(params, "side"),
        "positionSide": params.get("positionSide") or "BOTH",
        "timeInForce": params.get("timeInForce") or "GTC",
        "quantity": params.get("quantity") or "0",
        "algoStatus": "NEW",
        "triggerPrice": params.get("triggerPrice") or "0",
        "price": params.get("price") or "0",
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": params.get("workingType") or "CONTRACT_PRICE",
        "priceMatch": "NONE",
        **{flag: params.get(flag, "").lower() == "true" for flag in FLAGS},
        "createTime": now,
        "updateTime": now,
        "triggerTime": 0,
        "goodTillDate": 0,
    }
    world.algos[number_] = row
    world.notices.append(AlgoEvent(at_ms=now, row=row, status="NEW"))
    return row | {
        "activatePrice": params.get("activatePrice", ""),
        "callbackRate": params.get("callbackRate", ""),
    }


def open_algos(world: World, params: Params) -> Any:
    """GET /fapi/v1/openAlgoOrders."""
    extra = {
        "actualOrderId": "",
        "actualPrice": "0.00000",
        "tpTriggerPrice": "0.000",
        "tpPrice": "0.000",
        "slTriggerPrice": "0.000",
        "slPrice": "0.000",
        "tpOrderType": "",
    }
    wanted = params.get("symbol")
    return [row | extra for row in world.algos.values() if wanted in (None, "", row["symbol"])]


def cancel_algo(world: World, params: Params) -> Any:
    """DELETE /fapi/v1/algoOrder.

    Raises:
        Rejection: -2011.
    """
    wanted, client_id = integer(params, "algoId"), params.get("clientAlgoId")
    for number_, row in world.algos.items():
        if number_ == wanted or (client_id and row["clientAlgoId"] == client_id):
            del world.algos[number_]
            world.notices.append(AlgoEvent(at_ms=world.now_ms(), row=row, status="CANCELED"))
            return {"algoId": number_, "clientAlgoId": row["clientAlgoId"], "code": "200", "msg": "success"}
    raise Rejection(400, -2011, "Unknown order sent.")


TABLE: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/algoOrder"): Endpoint(place_algo, 0, "fapi", "signed"),
    ("DELETE", "/fapi/v1/algoOrder"): Endpoint(cancel_algo, 1, "fapi", "signed"),
    ("GET", "/fapi/v1/openAlgoOrders"): Endpoint(open_algos, by_symbol(1, 40), "fapi", "signed"),
}
