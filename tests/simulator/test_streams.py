"""The simulated exchange's streams over a real socket: routes, shapes, chained books, the user's events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from risk.simulator.hub import Hub
from risk.simulator.market import ForcedOrder
from risk.simulator.world import SimulatorConfig, World
from tests.conftest_simulator import RunningSimulator
from tests.simulator.test_rest import differences, example

QUIET_S = 1.2


@contextmanager
def listening(running: RunningSimulator, path: str, **options: Any) -> Iterator[ClientConnection]:
    """A client of a stream path."""
    with connect(
        f"{running.stream}{path}", proxy=None, close_timeout=1, compression=None, **options
    ) as socket:
        yield socket


def receive(socket: ClientConnection, timeout: float = 5) -> Any:
    """The next message."""
    return json.loads(socket.recv(timeout))


def is_silent(socket: ClientConnection, seconds: float = QUIET_S) -> bool:
    """True when nothing comes for a while."""
    try:
        socket.recv(seconds)
    except TimeoutError:
        return True
    return False


def until(socket: ClientConnection, wanted: Callable[[Any], bool], most: int = 200) -> Any:
    """The first message that fits."""
    for _ in range(most):
        message = receive(socket)
        if wanted(message):
            return message
    raise AssertionError(f"not among {most} messages")


@pytest.mark.parametrize("speed", ["@100ms", "", "@500ms"])
def test_each_diff_names_the_end_of_the_one_before(simulator: RunningSimulator, speed: str) -> None:
    with listening(simulator, f"/public/ws/btcusdt@depth{speed}") as socket:
        diffs = [receive(socket) for _ in range(8)]
    for before, after in pairwise(diffs):
        assert after["pu"] == before["u"]
        assert after["U"] <= after["u"]
        assert after["E"] >= before["E"]


class LocalBook:
    """The procedure of BINANCE.md 4.3, by the letter; a broken rule raises."""

    def __init__(self, snapshot: Any) -> None:
        self.last_id = snapshot["lastUpdateId"]
        self.is_first = True
        self.last_u = 0
        self.sides = {side: dict(snapshot[name]) for side, name in (("b", "bids"), ("a", "asks"))}

    def apply(self, diff: Any) -> None:
        if diff["u"] < self.last_id:
            return
        if self.is_first:
            assert diff["U"] <= self.last_id <= diff["u"], "the first event must straddle the snapshot"
        else:
            assert diff["pu"] == self.last_u, "the chain is broken"
        self.is_first, self.last_u = False, diff["u"]
        for name, levels in self.sides.items():
            for price, quantity in diff[name]:
                if float(quantity) == 0:
                    levels.pop(price, None)
                else:
                    levels[price] = quantity

    def best(self, count: int) -> tuple[list[Any], list[Any]]:
        bids = sorted(self.sides["b"].items(), key=lambda level: -float(level[0]))
        asks = sorted(self.sides["a"].items(), key=lambda level: float(level[0]))
        return [list(level) for level in bids[:count]], [list(level) for level in asks[:count]]


def test_a_book_kept_by_the_documented_procedure_equals_the_simulator_s(
    start_simulator: Callable[..., RunningSimulator],
) -> None:
    running = start_simulator("--account", "flat", "--request-limit", "1000000")
    with listening(running, "/public/stream?streams=btcusdt@depth@100ms") as socket:
        buffered = [receive(socket)["data"] for _ in range(5)]
        while True:
            snapshot = running.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000).json()
            if buffered[0]["U"] <= snapshot["lastUpdateId"]:
                break
        book = LocalBook(snapshot)
        for diff in buffered:
            book.apply(diff)
        for _ in range(40):
            book.apply(receive(socket)["data"])
        running.control("pause")
        while True:
            try:
                book.apply(json.loads(socket.recv(0.5))["data"])
            except TimeoutError:
                break
    now = running.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000).json()
    assert not book.is_first
    assert book.best(200) == (now["bids"][:200], now["asks"][:200])


@pytest.mark.parametrize("prefix", ["", "/public"])
def test_the_path_decides_about_the_wrapping(simulator: RunningSimulator, prefix: str) -> None:
    with listening(simulator, f"{prefix}/ws/btcusdt@depth@100ms/ethusdt@depth@100ms") as socket:
        assert receive(socket)["e"] == "depthUpdate"
    with listening(simulator, f"{prefix}/stream?streams=btcusdt@depth@100ms") as socket:
        wrapped = receive(socket)
    assert set(wrapped) == {"stream", "data"}
    assert wrapped["stream"] == "btcusdt@depth@100ms"


@pytest.mark.parametrize(
    "path",
    [
        "/public/ws/btcusdt@markPrice@1s",
        "/ws/btcusdt@markPrice@1s",
        "/stream?streams=btcusdt@kline_1m",
        "/market/ws/btcusdt@depth@100ms",
        "/public/ws/BTCUSDT@depth@100ms",
        "/public/ws/nopeusdt@depth@100ms",
        "/private/ws/" + "0" * 64,
    ],
)
def test_a_stream_on_the_wrong_route_connects_and_stays_silent(
    simulator: RunningSimulator, path: str
) -> None:
    with listening(simulator, path) as socket:
        assert is_silent(socket)
        socket.send('{"method":"LIST_SUBSCRIPTIONS","id":3}')
        assert receive(socket)["id"] == 3


STREAMS = [
    ("ws_depthUpdate_diff", "/public/ws/btcusdt@depth@100ms"),
    ("ws_depth5_partial", "/public/ws/btcusdt@depth5@100ms"),
    ("ws_bookTicker", "/public/ws/btcusdt@bookTicker"),
    ("ws_markPrice", "/market/ws/btcusdt@markPrice@1s"),
    ("ws_markPrice_arr", "/market/ws/!markPrice@arr@1s"),
    ("ws_kline", "/market/ws/btcusdt@kline_1m"),
    ("ws_continuousKline", "/market/ws/btcusdt_perpetual@continuousKline_1m"),
    ("ws_aggTrade", "/market/ws/btcusdt@aggTrade"),
    ("ws_ticker", "/market/ws/btcusdt@ticker"),
    ("ws_assetIndex_arr", "/market/ws/!assetIndex@arr"),
]


@pytest.mark.parametrize(("name", "path"), STREAMS, ids=[row[0] for row in STREAMS])
def test_messages_have_the_keys_and_types_of_the_examples(
    simulator: RunningSimulator, shared: Path, name: str, path: str
) -> None:
    with listening(simulator, path) as socket:
        message = receive(socket)
    assert differences(example(shared, name), message) == []
    assert (message[0] if isinstance(message, list) else message).get("st", 1) == 1


def test_a_partial_book_is_complete_and_ordered(simulator: RunningSimulator) -> None:
    with listening(simulator, "/public/ws/btcusdt@depth20@100ms") as socket:
        message = receive(socket)
    bids, asks = ([float(price) for price, _ in message[side]] for side in ("b", "a"))
    assert (len(bids), len(asks)) == (20, 20)
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


def test_control_messages_are_answered_in_the_documented_words(
    simulator: RunningSimulator, shared: Path
) -> None:
    words = example(shared, "ws_control_messages")
    with listening(simulator, "/public/ws") as socket:
        for ask, answer in (("subscribe", "subscribe_ack"), ("unsubscribe", None), ("list", "list_ack")):
            socket.send(json.dumps(words[ask]))
            reply = until(socket, lambda message: "e" not in message)
            assert reply == (words[answer] if answer else {"result": None, "id": 312})
        for ask, answer in (("set_property", "set_ack"), ("get_property", "get_ack")):
            socket.send(json.dumps(words[ask]))
            assert until(socket, lambda message: "e" not in message) == words[answer]


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ({"method": "SET_PROPERTY", "params": ["other", True], "id": 1}, 0),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1),
        ({"method": "GET_PROPERTY", "params": [7], "id": 1}, 2),
        ({"method": "SUBSCRIBE", "params": [], "id": "one"}, 3),
        ({"method": "GET_PROPERTY", "params": ["combined", 1], "id": 1}, 4),
    ],
)
def test_wrong_control_messages_get_the_documented_errors(
    simulator: RunningSimulator, shared: Path, sent: Any, number: int
) -> None:
    with listening(simulator, "/market/ws") as socket:
        socket.send(json.dumps(sent))
        assert receive(socket) == example(shared, "ws_control_messages")["errors"][number]
        socket.send("{")
        assert receive(socket)["code"] == 3


def test_more_than_ten_messages_a_second_end_the_connection(simulator: RunningSimulator) -> None:
    with listening(simulator, "/market/ws") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            for number in range(60):
                socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
            for _ in range(60):
                socket.recv(2)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


def test_the_server_pings_and_ends_a_connection_after_its_life(
    start_simulator: Callable[..., RunningSimulator],
) -> None:
    running = start_simulator("--ping-every-s", "0.2", "--connection-life-s", "1")
    with listening(running, "/market/ws", ping_interval=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


# ---- without a socket


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.is_combined, self.events = False, frozenset[str]()
        self.frames: list[bytes] = []

    def deliver(self, frame_bytes: bytes) -> None:
        self.frames.append(frame_bytes)

    def say(self, message: Any) -> None: ...
    def check(self, now_s: float) -> None: ...
    def close(self, code: int, reason: str) -> None: ...
    def reset(self) -> None: ...
    def silence(self) -> None: ...


@pytest.fixture
def hub() -> Hub:
    """A hub on a market that stands at one instant."""
    return Hub(World(SimulatorConfig(symbols=("BTCUSDT", "ETHUSDT")), lambda: 1_700_000_000_000))


def forced_order(symbol: str, quantity: float) -> ForcedOrder:
    """Somebody's liquidation."""
    return ForcedOrder(
        symbol=symbol, side="SELL", quantity=quantity, price=60_000, average_price=60_010, time_ms=1
    )


def test_at_most_one_forced_order_a_symbol_and_second_is_shown(hub: Hub) -> None:
    ear = Ear()
    hub.join(ear, "!forceOrder@arr", "market")
    for now_ms in (0, 100, 200, 1_000):
        hub.tick(now_ms, [forced_order("BTCUSDT", 1), forced_order("ETHUSDT", 2)])
    seen = [json.loads(frame[frame.index(b"{") :]) for frame in ear.frames]
    usdm = [message["o"]["s"] for message in seen if message["st"] == 1]
    assert usdm == ["BTCUSDT", "ETHUSDT"] * 2


def test_the_all_market_stream_mixes_in_coin_margined_orders(hub: Hub) -> None:
    ear, single = Ear(), Ear()
    hub.join(ear, "!forceOrder@arr", "market")
    hub.join(single, "btcusdt@forceOrder", "market")
    for second in range(8):
        hub.tick(second * 1_000, [forced_order("BTCUSDT", 1)])
    seen = [json.loads(frame[frame.index(b"{") :]) for frame in ear.frames]
    foreign = [message for message in seen if message["st"] == 2]
    assert {message["o"]["s"] for message in foreign} == {"BTCUSD_PERP"}
    assert len(single.frames) == 8


def test_a_frame_is_encoded_once_for_all_who_listen(hub: Hub) -> None:
    ears = [Ear() for _ in range(3)]
    for ear in ears:
        hub.join(ear, "btcusdt@markPrice@1s", "market")
    hub.tick(1_000, [])
    first = ears[0].frames[0]
    assert all(ear.frames[0] is first for ear in ears)


def test_leaving_ends_the_deliveries(hub: Hub) -> None:
    ear = Ear()
    hub.join(ear, "btcusdt@markPrice@1s", "market")
    hub.leave(ear, ["btcusdt@markPrice@1s"])
    hub.tick(1_000, [])
    assert ear.frames == []
