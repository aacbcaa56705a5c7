"""Who listens to what, and the sending: each message is encoded once and fanned out to all who listen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from websockets.frames import Frame, Opcode

from risk.simulator import streams, user_stream
from risk.simulator.ledger import ForcedOrder as OwnForcedOrder
from risk.simulator.ledger import OrderEvent
from risk.simulator.market import ForcedOrder
from risk.simulator.streams import Stream
from risk.simulator.world import Notice, World

DEPTH_FASTEST_MS = 100
COIN_MARGINED_EVERY = 4  # every so many forced orders one of COIN-M is mixed into the all-market stream


class Listener(Protocol):
    """A connection, as the hub sees it."""

    is_combined: bool
    events: frozenset[str]  # user events wanted, empty for all

    def deliver(self, frame_bytes: bytes) -> None: ...
    def say(self, message: Any) -> None: ...
    def check(self, now_s: float) -> None: ...
    def close(self, code: int, reason: str) -> None: ...
    def reset(self) -> None: ...
    def silence(self) -> None: ...


def frame(payload: bytes) -> bytes:
    """A text frame, ready for the wire."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


@dataclass(slots=True)
class Channel:
    """One stream with its listeners."""

    stream: Stream
    listeners: set[Listener] = field(default_factory=set)
    due_ms: int = 0


def combined(first: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Two diffs in a row as one: from the first's start to the second's end, the newest quantity wins."""
    sides = {side: list((dict(first[side]) | dict(later[side])).items()) for side in ("b", "a")}
    return later | {"U": first["U"], "pu": first["pu"]} | sides


@dataclass(slots=True)
class Hub:
    """All channels of the simulator."""

    world: World
    channels: dict[str, Channel] = field(default_factory=dict)
    private: dict[str, set[Listener]] = field(default_factory=dict)  # listen key -> listeners
    pending: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)  # symbol, period
    connections: set[Listener] = field(default_factory=set)
    dropped_s: float = 0.0
    last_forced_ms: dict[str, int] = field(default_factory=dict)
    forced_count: int = 0

    # ---- listening

    def join(self, listener: Listener, name: str, route: str) -> None:
        """Begin to listen; a wrong route or an unknown name connects and stays silent."""
        if route == "private":
            self.private.setdefault(name, set()).add(listener)
            return
        if name not in self.channels:
            found = streams.stream(self.world, name)
            if found is None:
                return
            self.channels[name] = Channel(found)
        if self.channels[name].stream.route == route:
            self.channels[name].listeners.add(listener)

    def leave(self, listener: Listener, names: Iterable[str]) -> None:
        """Stop listening."""
        for name in names:
            for group in (
                self.channels[name].listeners if name in self.channels else None,
                self.private.get(name),
            ):
                if group is not None:
                    group.discard(listener)

    # ---- speaking

    def tick(self, now_ms: int, notices: list[Notice]) -> None:
        """Send what is due at `now_ms`, and what has happened."""
        self._depth(now_ms)
        self._forced(now_ms, notices)
        for channel in list(self.channels.values()):
            produce = channel.stream.produce
            if produce is None or not channel.listeners or now_ms < channel.due_ms:
                continue
            channel.due_ms = now_ms - now_ms % max(channel.stream.period_ms, 1) + channel.stream.period_ms
            for message in produce(self.world, channel.stream.symbol):
                self.send(channel, message)
        self._user(notices)

    def keep_connections(self, loop_s: float) -> None:
        """Pings and life times, and what a script does to the connections."""
        faults, now_s = self.world.faults, self.world.now_s()
        is_silent = any(faults.active("silence", now_s))
        drop = next(faults.active("drop", now_s), None)
        is_due = drop is not None and now_s - self.dropped_s >= float(drop.options["every"])
        for connection in list(self.connections):
            connection.check(loop_s)
            if is_silent:
                connection.silence()
            if drop is not None and is_due:
                self._drop(connection, str(drop.options["how"]))
        if is_due:
            self.dropped_s = now_s
            faults.hits["drop"] = faults.hits.get("drop", 0) + 1

    def _drop(self, connection: Listener, how: str) -> None:
        if how == "reset":
            connection.reset()
            return
        if how == "shutdown":
            connection.say({"e": "serverShutdown", "E": self.world.now_ms()})
        connection.close(1001, "")

    def send(self, channel: Channel, message: Any) -> None:
        """Encode once, raw or wrapped as each listener's path asks, and hand out."""
        payload = msgspec.json.encode(message)
        raw = wrapped = b""
        for listener in list(channel.listeners):
            if listener.is_combined:
                wrapped = wrapped or frame(_wrap(channel.stream.name, payload))
                listener.deliver(wrapped)
            else:
                raw = raw or frame(payload)
                listener.deliver(raw)

    def _depth(self, now_ms: int) -> None:
        """Drain each listened book once and feed the diff streams of all three speeds."""
        wanted: dict[str, list[Channel]] = {}
        for channel in self.channels.values():
            if channel.listeners and channel.stream.produce is None and "@depth" in channel.stream.name:
                wanted.setdefault(channel.stream.symbol, []).append(channel)
        for symbol, channels in wanted.items():
            if any(self.world.faults.active("freeze", self.world.now_s())):
                continue
            for found in self.world.market.book(symbol).drain_diffs(now_ms):
                self._collect(symbol, {channel.stream.period_ms for channel in channels}, dict(found))
            for channel in channels:
                self._flush(channel, now_ms)

    def _collect(self, symbol: str, periods: set[int], found: dict[str, Any]) -> None:
        """Keep a diff for each speed that is listened to: one by one at 100 ms, merged at the others."""
        for period in periods:
            waiting = self.pending.setdefault((symbol, period), [])
            if period == DEPTH_FASTEST_MS or not waiting:
                waiting.append(found)
            else:
                waiting[0] = combined(waiting[0], found)

    def _flush(self, channel: Channel, now_ms: int) -> None:
        stream, world = channel.stream, self.world
        if now_ms < channel.due_ms:
            return
        channel.due_ms = now_ms - now_ms % stream.period_ms + stream.period_ms
        diffs = self.pending.pop((stream.symbol, stream.period_ms), [])
        for each in world.faults.disturb(diffs, stream.symbol, stream.name, world.now_s()):
            self.send(channel, streams.diff(world, stream.symbol, each))

    def _forced(self, now_ms: int, notices: list[Notice]) -> None:
        """Forced orders, the market's and our own, at most one a symbol and second."""
        orders = [self.world.as_market_order(n) if isinstance(n, OwnForcedOrder) else n for n in notices]
        own = {id(n) for n in notices if isinstance(n, OwnForcedOrder)}
        for notice, order in zip(notices, orders, strict=True):
            if not isinstance(order, ForcedOrder):
                continue
            second = now_ms // 1000
            if id(notice) not in own and self.last_forced_ms.get(order.symbol) == second:
                continue
            self.last_forced_ms[order.symbol] = second
            self._send_forced(order)

    def _send_forced(self, order: ForcedOrder) -> None:
        message = streams.forced(self.world, order)
        for name in (f"{order.symbol.lower()}@forceOrder", "!forceOrder@arr"):
            if name in self.channels:
                self.send(self.channels[name], message)
        self.forced_count += 1
        if self.forced_count % COIN_MARGINED_EVERY == 0 and "!forceOrder@arr" in self.channels:
            message = streams.forced(self.world, order, is_coin_margined=True)
            self.send(self.channels["!forceOrder@arr"], message)

    def _user(self, notices: list[Notice]) -> None:
        """Account events to those who hold the valid listen key; the end of the key to the same."""
        key = self.world.listen_key
        gone = user_stream.expired(self.world)
        if gone is not None:
            self._send_user(gone["listenKey"], gone)
            self.private.pop(gone["listenKey"], None)
            return
        for notice in notices:
            if isinstance(notice, ForcedOrder):
                continue
            message = user_stream.event(self.world, notice)
            if message is not None and key:
                self._send_user(key, message)
                if isinstance(notice, OrderEvent) and notice.execution == "TRADE":
                    self._send_user(key, user_stream.trade_lite(message))

    def _send_user(self, key: str, message: dict[str, Any]) -> None:
        payload, name = msgspec.json.encode(message), str(message["e"])
        for listener in list(self.private.get(key, ())):
            if listener.events and name not in listener.events:
                continue
            wrapped = _wrap(name if listener.events else key, payload)
            listener.deliver(frame(wrapped if listener.is_combined else payload))


def _wrap(name: str, payload: bytes) -> bytes:
    return b'{"stream":' + msgspec.json.encode(name) + b',"data":' + payload + b"}"
