"""The user data stream: listen keys, and account events in the exchange's words (BINANCE.md 4.5)."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from risk.simulator.account import Holding
from risk.simulator.endpoints import Endpoint, Params
from risk.simulator.ledger import (
    AccountEvent,
    AlgoEvent,
    BalanceEvent,
    ConfigEvent,
    ForcedOrder,
    MarginCallEvent,
    OrderEvent,
)
from risk.simulator.printing import EIGHT, ZERO, amount, cut, eight
from risk.simulator.rejection import no_listen_key
from risk.simulator.world import World


def is_alive(world: World) -> bool:
    """True while the listen key is valid."""
    return bool(world.listen_key) and world.now_ms() < world.listen_key_until_ms


def extend(world: World) -> None:
    """Give the key its full time again."""
    world.listen_key_until_ms = world.now_ms() + int(world.config.listen_key_s * 1000)


def create(world: World, params: Params) -> Any:
    """POST /fapi/v1/listenKey: the same key again, extended, while one is alive."""
    if not is_alive(world):
        seed = f"{world.config.seed} {world.now_ms()} {world.listen_key}"
        world.listen_key = hashlib.sha256(seed.encode()).hexdigest()
    extend(world)
    return {"listenKey": world.listen_key}


def keep(world: World, params: Params) -> Any:
    """PUT /fapi/v1/listenKey.

    Raises:
        Rejection: -1125 when it has expired.
    """
    if not is_alive(world):
        raise no_listen_key()
    extend(world)
    return {"listenKey": world.listen_key}


def close(world: World, params: Params) -> Any:
    """DELETE /fapi/v1/listenKey."""
    world.listen_key, world.listen_key_until_ms = "", 0
    return {}


def expired(world: World) -> dict[str, Any] | None:
    """The event that tells the end of the key, once; None while it lives or there is none."""
    if not world.listen_key or is_alive(world):
        return None
    key, world.listen_key = world.listen_key, ""
    return {"e": "listenKeyExpired", "E": world.now_ms(), "listenKey": key}


def event(world: World, change: AccountEvent) -> dict[str, Any] | None:
    """The message of one account event; None where the user stream tells nothing of its own."""
    match change:
        case OrderEvent():
            return order_update(world, change)
        case BalanceEvent():
            return account_update(world, change)
        case MarginCallEvent():
            return margin_call(world, change)
        case ConfigEvent():
            return configuration(change)
        case AlgoEvent():
            return algo_update(world, change)
        case ForcedOrder():
            return None


def account_update(world: World, change: BalanceEvent) -> dict[str, Any]:
    """ACCOUNT_UPDATE: balances, and the positions that changed."""
    account = world.account
    body: dict[str, Any] = {
        "m": change.reason,
        "B": [
            {
                "a": asset,
                "wb": eight(account.total_wallet(asset)),
                "cw": eight(account.wallet[asset]),
                "bc": amount(change.change) if asset == "USDT" else "0",
            }
            for asset in account.wallet
        ],
        "P": [position(world, account.holdings[key]) for key in change.holdings],
    }
    if change.symbol:
        body["S"] = change.symbol
    return {"e": "ACCOUNT_UPDATE", "E": world.now_ms(), "T": change.at_ms, "a": body}


def position(world: World, held: Holding) -> dict[str, Any]:
    """A row of ACCOUNT_UPDATE's P."""
    return {
        "s": held.symbol,
        "pa": f"{held.quantity.normalize():f}" if held.quantity else "0",
        "ep": f"{held.entry:.5f}",
        "bep": amount(held.entry),
        "cr": amount(held.realised),
        "up": amount(held.profit(world.marks[held.symbol])),
        "mt": "isolated" if held.is_isolated else "cross",
        "iw": eight(held.isolated_wallet),
        "ps": held.side,
    }


def margin_call(world: World, change: MarginCallEvent) -> dict[str, Any]:
    """MARGIN_CALL: the cross wallet only for cross positions."""
    account, rows = world.account, []
    for key in change.holdings:
        held = account.holdings[key]
        mark = world.marks[held.symbol]
        rows.append(
            {
                "s": held.symbol,
                "ps": held.side,
                "pa": f"{held.quantity.normalize():f}",
                "mt": "ISOLATED" if held.is_isolated else "CROSSED",
                "iw": amount(held.isolated_wallet),
                "mp": eight(mark),
                "up": eight(held.profit(mark)),
                "mm": eight(account.maintenance(held, mark)),
            }
        )
    cross = {"cw": eight(account.cross_wallet())} if change.is_cross else {}
    return {"e": "MARGIN_CALL", "E": change.at_ms, **cross, "p": rows}


def configuration(change: ConfigEvent) -> dict[str, Any]:
    """ACCOUNT_CONFIG_UPDATE: leverage of a symbol, or multi-assets mode."""
    leverage = {"ac": {"s": change.symbol, "l": change.leverage}}
    body = leverage if change.symbol else {"ai": {"j": change.is_multi_assets}}
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": change.at_ms, "T": change.at_ms, **body}


def order_update(world: World, change: OrderEvent) -> dict[str, Any]:
    """ORDER_TRADE_UPDATE."""
    order = change.order
    quantity, is_new = world.print_quantity, change.execution == "NEW"
    tail = {"AP": None, "cr": None, "V": "EXPIRE_MAKER", "pm": "NONE", "gtd": 0, "er": order.expiry_reason}
    body = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.kind,
        "f": order.time_in_force,
        "q": quantity(order.symbol, order.quantity),
        "p": world.print_price(order.symbol, order.price) if order.price else "0",
        "ap": "0" if is_new else amount(order.average_price),
        "sp": "0",
        "x": change.execution,
        "X": change.status,
        "i": order.order_id,
        "l": quantity(order.symbol, change.last_quantity) if change.last_quantity else "0",
        "z": "0" if is_new else quantity(order.symbol, order.filled),
        "L": amount(change.last_price),
        "N": "USDT",
        "n": amount(change.fee),
        "T": change.at_ms,
        "t": change.trade_id,
        "b": "0",
        "a": "0",
        "m": False,
        "R": order.is_reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.kind,
        "ps": order.position_side,
        "cp": False,
        "pP": False,
        "si": 0,
        "ss": 0,
        "rp": amount(change.realised),
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": world.now_ms(), "T": change.at_ms, "o": body | tail}


def algo_update(world: World, change: AlgoEvent) -> dict[str, Any]:
    """ALGO_UPDATE: a conditional order that was placed or cancelled."""
    row = change.row
    body = {
        "caid": row["clientAlgoId"],
        "aid": row["algoId"],
        "at": row["algoType"],
        "o": row["orderType"],
        "s": row["symbol"],
        "S": row["side"],
        "ps": row["positionSide"],
        "f": row["timeInForce"],
        "q": row["quantity"],
        "X": change.status,
        "ai": "",
        "ap": "0.00000",
        "aq": "0.00000",
        "act": "0",
        "tp": row["triggerPrice"],
        "p": row["price"],
        "V": row["selfTradePreventionMode"],
        "wt": row["workingType"],
        "pm": row["priceMatch"],
        "cp": row["closePosition"],
        "pP": row["priceProtect"],
        "R": row["reduceOnly"],
        "tt": row["triggerTime"],
        "gtd": row["goodTillDate"],
        "rm": "",
    }
    return {"e": "ALGO_UPDATE", "T": change.at_ms, "E": world.now_ms(), "o": body}


def trade_lite(message: dict[str, Any]) -> dict[str, Any]:
    """TRADE_LITE: the short form of a fill, sent beside ORDER_TRADE_UPDATE."""
    order = message["o"]
    body = {key: order[key] for key in ("s", "q", "p", "m", "c", "S", "L", "l", "t", "i")}
    return {"e": "TRADE_LITE", "E": message["E"], "T": message["T"], **body}


def deposit(world: World, value: Decimal) -> None:
    """Move USDT into (or out of) the wallet, as a transfer does."""
    account, now = world.account, world.now_ms()
    account.wallet["USDT"] = account.wallet.get("USDT", ZERO) + value
    account.book("", "TRANSFER", cut(value, EIGHT), now)
    reason = "DEPOSIT" if value > 0 else "WITHDRAW"
    world.notices.append(BalanceEvent(reason=reason, at_ms=now, change=value))


TABLE: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/listenKey"): Endpoint(create, 1, "fapi", "key"),
    ("PUT", "/fapi/v1/listenKey"): Endpoint(keep, 1, "fapi", "key"),
    ("DELETE", "/fapi/v1/listenKey"): Endpoint(close, 1, "fapi", "key"),
}
