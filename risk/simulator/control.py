"""The control side of the simulator, for tests and demos, answered on loopback only.

GET /control/state · POST /control/fault (one fault or a list, as JSON) · GET and DELETE /control/fault ·
POST /control/pause, /control/resume · /control/account?preset= · /control/scenario?name= · /control/forgive ·
/control/deposit?usdt= · /control/adl?symbol=&side=&share= · /control/fund?symbol=&rate= ·
/control/brackets?symbol=&factor= · /control/mark?symbol=&price= (while paused) · /control/expire (the key).
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from risk.errors import SettingsError
from risk.simulator import clearing, user_stream
from risk.simulator.faults import fault, summary
from risk.simulator.printing import exact
from risk.simulator.rejection import Rejection
from risk.simulator.spec import ladder
from risk.simulator.world import World

Query = Mapping[str, str]


def handle(world: World, method: str, path: str, query: Query, body: str, address: str) -> Any:
    """Carry out a control call.

    Raises:
        Rejection: not from loopback, unknown path, or something wrong in it.
    """
    if not ipaddress.ip_address(address).is_loopback:
        raise Rejection(403, -2015, "The control side answers on loopback only.")
    action = ACTIONS.get((method, path))
    if action is None:
        raise Rejection(404, -5000, f"Path {path}, Method {method} is invalid")
    try:
        return action(world, query, body)
    except (SettingsError, ValueError, KeyError, ArithmeticError) as cause:
        raise Rejection(400, -1130, f"{path}: {cause}") from cause


def state(world: World, query: Query, body: str) -> Any:
    """The simulator's own numbers, to compare what a client has read."""
    account, market = world.account, world.market
    return {
        "now_ms": world.now_ms(),
        "now_s": world.now_s(),
        "is_paused": world.is_paused,
        "hits": world.faults.hits,
        "listen_key": world.listen_key,
        "marks": {symbol: float(mark) for symbol, mark in world.marks.items()},
        "last": {symbol: market.last(symbol) for symbol in market.symbols},
        "index": {symbol: market.index(symbol) for symbol in market.symbols},
        "funding": {symbol: market.running_funding(symbol) for symbol in market.symbols},
        "open_interest": {symbol: market.open_interest(symbol) for symbol in market.symbols},
        "books": {symbol: market.book(symbol).snapshot(1000) for symbol in market.symbols},
        "wallet": {asset: float(value) for asset, value in account.wallet.items()},
        "cross_ratio": _number(account.cross_ratio(world.marks)),
        "positions": [
            {
                "symbol": held.symbol,
                "side": held.side,
                "quantity": float(held.quantity),
                "entry": float(held.entry),
                "is_isolated": held.is_isolated,
                "isolated_wallet": float(held.isolated_wallet),
                "leverage": held.leverage,
                "liquidation_price": _number(account.liquidation_price(held, world.marks)),
            }
            for held in account.open_holdings()
        ],
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def add_faults(world: World, query: Query, body: str) -> Any:
    """Add one fault or a list; `at` counts from now."""
    sent = json.loads(body)
    specs = sent if isinstance(sent, list) else [sent]
    world.faults.faults += [fault(spec, world.now_s()) for spec in specs]
    return list_faults(world, query, body)


def list_faults(world: World, query: Query, body: str) -> Any:
    """All faults of this run and how often each kind has struck."""
    return {"faults": summary(world.faults.faults, world.now_s()), "hits": world.faults.hits}


def clear_faults(world: World, query: Query, body: str) -> Any:
    """Forget all faults; counts stay."""
    world.faults.faults.clear()
    return list_faults(world, query, body)


def pause(world: World, query: Query, body: str) -> Any:
    """Stop market and account where they are; clocks go on."""
    world.is_paused = True
    return {}


def resume(world: World, query: Query, body: str) -> Any:
    """Go on."""
    world.is_paused = False
    return {}


def replace_account(world: World, query: Query, body: str) -> Any:
    """Open another account: demo, flat, hedge, multi or random:SEED."""
    world.open_account(query["preset"])
    return {}


def scenario(world: World, query: Query, body: str) -> Any:
    """Begin a scenario of the market now."""
    world.market.start_scenario(query["name"])
    return {}


def forgive(world: World, query: Query, body: str) -> Any:
    """Forget used weight and bans."""
    world.limiter.forgive()
    return {}


def deposit(world: World, query: Query, body: str) -> Any:
    """Transfer USDT into the account, or out with a minus."""
    user_stream.deposit(world, exact(query["usdt"]))
    return {}


def deleverage(world: World, query: Query, body: str) -> Any:
    """Auto-deleverage a share of a position at the mark."""
    held = world.account.holdings[(query["symbol"], query.get("side", "BOTH"))]
    mark = world.marks[held.symbol]
    world.notices += clearing.deleverage(
        world.account, held, exact(query.get("share", "1")), mark, world.now_ms()
    )
    return {}


def fund(world: World, query: Query, body: str) -> Any:
    """Settle funding of a contract at once, at `rate`."""
    symbol = world.symbol(query["symbol"])
    rate, mark = exact(query["rate"]), world.marks[symbol]
    world.notices += clearing.settle_funding(world.account, symbol, rate, mark, world.now_ms())
    return {}


def set_mark(world: World, query: Query, body: str) -> Any:
    """Put a mark by hand while paused, and do to the account what that means."""
    if not world.is_paused:
        raise SettingsError("a mark can be set only while the market is paused")
    world.marks[world.symbol(query["symbol"])] = exact(query["price"])
    world.notices += clearing.step(world.account, world.marks, world.now_ms())
    return {}


def change_brackets(world: World, query: Query, body: str) -> Any:
    """Multiply every maintenance rate of a contract by `factor`; `!contractInfo` tells it."""
    symbol, factor = world.symbol(query["symbol"]), float(query["factor"])
    spec = world.market.symbols[symbol]
    rows = [(cap, min(rate * factor, 1.0), leverage) for _, cap, rate, _, leverage in spec.brackets]
    world.market.symbols[symbol] = replace(spec, brackets=ladder(rows))
    world.account.contracts[symbol] = world.contracts()[symbol]
    return {}


def expire(world: World, query: Query, body: str) -> Any:
    """End the listen key now."""
    world.listen_key_until_ms = 0
    return {}


ACTIONS: dict[tuple[str, str], Callable[[World, Query, str], Any]] = {
    ("GET", "/control/state"): state,
    ("POST", "/control/fault"): add_faults,
    ("GET", "/control/fault"): list_faults,
    ("DELETE", "/control/fault"): clear_faults,
    ("POST", "/control/pause"): pause,
    ("POST", "/control/resume"): resume,
    ("POST", "/control/account"): replace_account,
    ("POST", "/control/scenario"): scenario,
    ("POST", "/control/forgive"): forgive,
    ("POST", "/control/deposit"): deposit,
    ("POST", "/control/adl"): deleverage,
    ("POST", "/control/fund"): fund,
    ("POST", "/control/mark"): set_mark,
    ("POST", "/control/expire"): expire,
    ("POST", "/control/brackets"): change_brackets,
}
