"""From a request to its answer: limits, keys, signatures, faults, and the table of all endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from risk.simulator import (
    account_data,
    account_history,
    account_settings,
    account_v2,
    algo_orders,
    control,
    market_data,
    orders,
    other_venues,
    spot_data,
    statistics_data,
    user_stream,
)
from risk.simulator.endpoints import Endpoint
from risk.simulator.faults import BODIES, Fault, spoil_bytes, spoil_value
from risk.simulator.rejection import Rejection, bad_signature, key_format, key_unknown
from risk.simulator.signing import check_key, check_signed
from risk.simulator.world import World

READS = (market_data, statistics_data, spot_data, account_data, account_v2, account_history)
WRITES = (orders, algo_orders, account_settings, user_stream, other_venues)
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", path): endpoint for module in READS for path, endpoint in module.TABLE.items()
}
for _module in WRITES:
    ENDPOINTS |= _module.TABLE


@dataclass(frozen=True, slots=True)
class Call:
    """A request, as far as the exchange looks at it."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    key: str | None = None
    address: str = "127.0.0.1"

    def params(self) -> dict[str, str]:
        """Query and form parameters; a name in both counts as in the query."""
        return dict(parse_qsl(self.body, keep_blank_values=True)) | dict(
            parse_qsl(self.query, keep_blank_values=True)
        )


@dataclass(slots=True)
class Reply:
    """An answer, and how it is to be spoiled on its way."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


def respond(world: World, call: Call) -> Reply:
    """Answer a call, faults included, without a socket."""
    now_s = world.now_s()
    endpoint = ENDPOINTS.get((call.method, call.path))
    pool = endpoint.pool if endpoint else "fapi"
    try:
        value = _answer(world, call, endpoint)
        status, headers = 200, {}
    except Rejection as refused:
        value, status, headers = (
            {"code": refused.code, "msg": refused.message},
            refused.status,
            refused.headers,
        )
    headers = world.limiter.headers(call.address, pool, world.now_ms()) | headers
    if endpoint and call.method == "POST" and call.path in ("/fapi/v1/order", "/fapi/v1/algoOrder"):
        headers |= _order_headers(world)
    spoiled = world.faults.draw("malformed", now_s, call.path)
    if spoiled:
        value = spoil_value(value, spoiled)
    body = msgspec.json.encode(value)
    broken = _broken(world, call, now_s)
    if broken is not None:
        status, body = broken
    if spoiled:
        body = spoil_bytes(body, spoiled)
    is_page = body.startswith(b"<")
    kind = "text/html" if is_page else "application/json;charset=UTF-8"
    is_cut = world.faults.draw("reset", now_s, call.path) is not None
    return Reply(status, body, {"content-type": kind, **headers}, is_cut)


def _answer(world: World, call: Call, endpoint: Endpoint | None) -> Any:
    """The value of an answer.

    Raises:
        Rejection: the exchange refuses.
    """
    now = world.now_ms()
    if endpoint is None:
        text = f"Path {call.path}, Method {call.method} is invalid"
        raise Rejection(404, -5000, text)
    _forced_limits(world, call)
    params = call.params()
    world.limiter.charge(call.address, endpoint.pool, endpoint.cost(params), now)
    if endpoint.pool in ("funding", "data") and endpoint.cost(params) == 0:
        world.limiter.charge(call.address, "fapi", 0, now)
    if endpoint.security != "none":
        _check_rights(world, call, endpoint)
    if call.method == "POST" and endpoint.handler in (orders.place, algo_orders.place_algo):
        for pool in orders.ORDER_POOLS:
            world.limiter.charge("account", pool, 1, now)
    return endpoint.handler(world, params)


def _check_rights(world: World, call: Call, endpoint: Endpoint) -> None:
    found = world.faults.draw("key", world.now_s(), call.path)
    if found is not None:
        code = int(found.options["code"])
        raise {-2014: key_format(), -1022: bad_signature()}.get(code, key_unknown(call.address))
    check_key(call.key, world.credentials, call.address)
    if endpoint.security == "signed":
        check_signed(call.query, call.body, world.credentials, world.server_ms())


def _forced_limits(world: World, call: Call) -> None:
    """429 and 418 that a script asks for."""
    limited = world.faults.draw("limit", world.now_s(), call.path)
    if limited is not None:
        wait = limited.options["retry_after"]
        text = (
            "Too many requests; current limit is 2400 requests per minute. "
            "Please use the websocket for live updates to avoid polling the API."
        )
        raise Rejection(429, -1003, text, {} if wait is None else {"Retry-After": str(wait)})
    for banned in world.faults.active("ban", world.now_s(), call.path):
        until = world.started_ms + int((banned.start_s + float(banned.options["seconds"])) * 1000)
        if world.now_ms() < until:
            world.limiter.ban(call.address, until)


def _order_headers(world: World) -> dict[str, str]:
    now = world.now_ms()
    names = ("X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1M")
    return {
        name: str(world.limiter.weight("account", pool, now))
        for name, pool in zip(names, orders.ORDER_POOLS, strict=True)
    }


def _broken(world: World, call: Call, now_s: float) -> tuple[int, bytes] | None:
    """Status and body of an answer that never came from the exchange's logic."""
    if world.faults.draw("maintenance", now_s):
        return 503, msgspec.json.encode(BODIES["unavailable"][1])
    found: Fault | None = world.faults.draw("status", now_s, call.path)
    if found is None:
        return None
    _, body = BODIES.get(str(found.options["body"]), (0, str(found.options["body"])))
    text = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    return int(found.options["status"]), text


class Gateway:
    """The ASGI door of REST: reads a request, waits where a fault says so, sends the answer."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path, address = request.url.path, request.client.host if request.client else ""
        body = (await request.body()).decode("utf-8", "replace")
        if path.startswith("/control/"):
            await _send(send, _control(self.world, request.method, path, request, body, address))
            return
        if await self._is_hanging(path, receive):
            return
        query = scope["query_string"].decode("utf-8", "replace")
        key = request.headers.get("x-mbx-apikey")
        await _send(send, respond(self.world, Call(request.method, path, query, body, key, address)))

    async def _is_hanging(self, path: str, receive: Receive) -> bool:
        """Wait out a delay or a hang; true when the caller has gone or gets no answer."""
        now_s, faults = self.world.now_s(), self.world.faults
        delayed = faults.draw("delay", now_s, path)
        if delayed is not None:
            await asyncio.sleep(float(delayed.options["seconds"]))
        hanging = faults.draw("hang", now_s, path)
        if hanging is None:
            return False
        try:
            async with asyncio.timeout(float(hanging.options["seconds"])):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True


def _control(world: World, method: str, path: str, request: Request, body: str, address: str) -> Reply:
    try:
        value = control.handle(world, method, path, dict(request.query_params), body, address)
    except Rejection as refused:
        value = {"code": refused.code, "msg": refused.message}
        return Reply(refused.status, msgspec.json.encode(value), {"content-type": "application/json"})
    return Reply(200, msgspec.json.encode(value), {"content-type": "application/json"})


async def _send(send: Send, reply: Reply) -> None:
    """Send an answer, or only the first half of it: the server then drops the connection."""
    headers: Mapping[str, str] = {**reply.headers, "content-length": str(len(reply.body))}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    body = reply.body[: len(reply.body) // 2] if reply.is_cut else reply.body
    await send({"type": "http.response.body", "body": body, "more_body": reply.is_cut})
