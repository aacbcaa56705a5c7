"""One WebSocket connection to the streams: handshake, control messages, pings, limits and its end.

An asyncio protocol on top of the sans-I/O part of `websockets`, handed to uvicorn in place of its own: a
simulated exchange must do what a web framework does not offer: share one encoded frame among connections,
choose its pings, count incoming messages, stop reading (half-open), and reset.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from risk.simulator.hub import Hub, frame

MESSAGES_PER_S = 10
STREAMS_PER_CONNECTION = 1024
BUFFER_LIMIT = 16_000_000  # bytes that a slow reader may leave unread
CLOSE_WITHIN_S = 0.5
POLICY, GOING_AWAY = 1008, 1001


class StreamConnection(asyncio.Protocol):
    """A client of the streams, from its first byte to its last."""

    def __init__(self, hub: Hub, connections: set[Any]) -> None:
        self.hub, self.connections = hub, connections
        self.ws = ServerProtocol()
        self.transport: asyncio.Transport | None = None
        self.address = ""
        self.route = ""
        self.names: dict[str, None] = {}  # in the order of subscription
        self.is_combined = False
        self.events: frozenset[str] = frozenset()
        self.incoming: deque[float] = deque(maxlen=MESSAGES_PER_S + 1)
        self.opened_s = self.pinged_s = asyncio.get_running_loop().time()
        self.unanswered_s: float | None = None  # since when a ping waits for its pong
        self.is_silent = False

    # ---- transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.address = (transport.get_extra_info("peername") or ("",))[0]
        self.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.hub.leave(self, self.names)
        self.hub.connections.discard(self)
        self.connections.discard(self)
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.ws.receive_data(data)
        for event in self.ws.events_received():
            if isinstance(event, Request):
                self._handshake(event)
            elif isinstance(event, Frame):
                self._frame(event)
        self.flush()

    def eof_received(self) -> None:
        self.ws.receive_eof()
        self.flush()

    def flush(self) -> None:
        """Write what the protocol has to say; nothing at all while silent."""
        for data in self.ws.data_to_send():
            if self.transport is None or self.is_silent:
                continue
            if data:
                self.transport.write(data)
            else:
                self.transport.close()

    # ---- what the hub asks

    def deliver(self, frame_bytes: bytes) -> None:
        """Send a ready frame; a reader who does not read is cut off."""
        if self.transport is None or self.is_silent or self.ws.state is not State.OPEN:
            return
        self.transport.write(frame_bytes)
        if self.transport.get_write_buffer_size() > BUFFER_LIMIT:
            self.transport.abort()

    def say(self, message: Any) -> None:
        """Send one message to this client alone."""
        self.deliver(frame(msgspec.json.encode(message)))

    def check(self, now_s: float) -> None:
        """Ping when due; end a connection that does not answer or has lived its time."""
        world = self.hub.world
        config = world.config
        if self.is_silent and not any(world.faults.active("silence", world.now_s())):
            self.reset()  # a dead link comes to its end some day; nobody reads from it any more
        if self.ws.state is not State.OPEN or self.is_silent:
            return
        if now_s - self.opened_s >= config.connection_life_s:
            self.close(GOING_AWAY, "")
        elif self.unanswered_s is not None and now_s - self.unanswered_s >= config.pong_within_s:
            self.close(POLICY, "Pong timeout")
        elif now_s - self.pinged_s >= config.ping_every_s:
            self.pinged_s = now_s
            self.unanswered_s = now_s if self.unanswered_s is None else self.unanswered_s
            self.ws.send_ping(str(self.hub.world.now_ms()).encode())
            self.flush()

    def close(self, code: int, reason: str) -> None:
        """Close in order; a client that does not answer is cut off."""
        if self.ws.state is State.OPEN:
            self.ws.send_close(code, reason)
            self.flush()
        asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self.reset)

    def reset(self) -> None:
        """End the connection at once, without a word."""
        if self.transport is not None:
            self.transport.abort()

    def silence(self) -> None:
        """Half-open: send nothing, read nothing, and stay connected."""
        if self.transport is not None and not self.is_silent:
            self.is_silent = True
            self.transport.pause_reading()

    def shutdown(self) -> None:
        """uvicorn ends."""
        self.close(GOING_AWAY, "server shutdown")

    # ---- handshake

    def _handshake(self, request: Request) -> None:
        """Accept a path of the stream service, or refuse with a status."""
        refused = self._refusal(urlsplit(request.path).path)
        if refused is not None:
            self.ws.send_response(self.ws.reject(refused, "refused\n"))
            return
        response = self.ws.accept(request)
        self.ws.send_response(response)
        if response.status_code != 101:
            return
        self.hub.connections.add(self)
        parts = urlsplit(request.path)
        segments = [unquote(part) for part in parts.path.split("/") if part]
        self.route = segments.pop(0) if segments[0] in ("public", "market", "private") else "public"
        self.is_combined = segments[0] == "stream"
        query = parse_qs(parts.query)
        self.events = frozenset(name for value in query.get("events", []) for name in value.split("/"))
        names = segments[1:] + [name for value in query.get("streams", []) for name in value.split("/")]
        self._subscribe(names + query.get("listenKey", []))

    def _refusal(self, path: str) -> int | None:
        faults, now_s = self.hub.world.faults, self.hub.world.now_s()
        if faults.draw("maintenance", now_s):
            return 503
        found = faults.draw("handshake", now_s, path)
        if found is not None:
            return int(found.options["status"])
        parts = [part for part in path.split("/") if part]
        if parts and parts[0] in ("public", "market", "private"):
            parts = parts[1:]
        return None if parts and parts[0] in ("ws", "stream") else 404

    # ---- messages

    def _frame(self, event: Frame) -> None:
        now_s = asyncio.get_running_loop().time()
        if event.opcode in (Opcode.TEXT, Opcode.PING, Opcode.BINARY):
            self.incoming.append(now_s)
            if len(self.incoming) > MESSAGES_PER_S and now_s - self.incoming[0] < 1:
                self.close(POLICY, "Too many requests")
                return
        if event.opcode is Opcode.PONG:
            self.unanswered_s = None
        elif event.opcode is Opcode.TEXT:
            self._control(bytes(event.data).decode("utf-8", "replace"))

    def _control(self, text: str) -> None:
        """Answer SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY and GET_PROPERTY."""
        try:
            sent = json.loads(text)
        except json.JSONDecodeError as cause:
            where = f"line {cause.lineno} column {cause.colno}"
            self.say({"code": 3, "msg": f"Invalid JSON: expected value at {where}"})
            return
        number = sent.get("id") if isinstance(sent, dict) else None
        if (
            not isinstance(sent, dict)
            or not isinstance(number, int)
            or isinstance(number, bool)
            or number < 0
        ):
            self.say({"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"})
            return
        answer = self._answer(str(sent.get("method", "")), sent.get("params") or [])
        self.say(answer if "code" in answer else answer | {"id": number})

    def _answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        match method:
            case "SUBSCRIBE":
                self._subscribe([str(name) for name in params])
                return {"result": None}
            case "UNSUBSCRIBE":
                self._unsubscribe([str(name) for name in params])
                return {"result": None}
            case "LIST_SUBSCRIPTIONS":
                return {"result": list(self.names)}
            case "SET_PROPERTY" | "GET_PROPERTY":
                return self._property(method == "SET_PROPERTY", params)
        return {"code": 2, "msg": f"Invalid request: unknown variant `{method}`"}

    def _property(self, is_set: bool, params: list[Any]) -> dict[str, Any]:
        if len(params) > 1 + is_set:
            return {"code": 2, "msg": "Invalid request: too many parameters"}
        if not params or not isinstance(params[0], str):
            return {"code": 2, "msg": "Invalid request: property name must be a string"}
        if params[0] != "combined":
            return {"code": 0, "msg": "Unknown property"}
        if not is_set:
            return {"result": self.is_combined}
        if len(params) < 2 or not isinstance(params[1], bool):
            return {"code": 1, "msg": "Invalid value type: expected Boolean"}
        self.is_combined = params[1]
        return {"result": None}

    def _subscribe(self, names: list[str]) -> None:
        for name in names:
            if len(self.names) >= STREAMS_PER_CONNECTION:
                self.close(POLICY, "Too many streams")
                return
            self.names[name] = None
            self.hub.join(self, name, self.route)

    def _unsubscribe(self, names: list[str]) -> None:
        for name in names:
            self.names.pop(name, None)
        self.hub.leave(self, names)
