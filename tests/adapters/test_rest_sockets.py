"""The client on a real socket: what breaks below HTTP must end as one typed error, in time."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
import stamina

from risk.adapters.rest import Addresses, Exchange
from risk.adapters.rest_holds import BanStore, Clock
from risk.adapters.rest_line import Call, Line
from risk.adapters.weight import WeightBudget
from risk.errors import ForbiddenCallError, UnreachableError

GOOD = json.dumps({"openInterest": "10.5", "symbol": "BTCUSDT", "time": 1_791_600_000_000}).encode()
CALL = Call(path="/fapi/v1/openInterest", params={"symbol": "BTCUSDT"}, deadline_s=1.0)

Serve = Callable[[socket.socket], None]


def _answer(body: bytes, *, length: int | None = None, kind: str = "application/json") -> bytes:
    size = len(body) if length is None else length
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@contextmanager
def _server(*turns: Serve) -> Iterator[str]:
    """Serves one connection per turn, the last turn for all that follow."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    stopping = threading.Event()

    def run() -> None:
        turn = 0
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if stopping.is_set():
                    return
                connection.settimeout(5)
                connection.recv(65536)
                turns[min(turn, len(turns) - 1)](connection)
                turn += 1

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        with socket.create_connection(listener.getsockname()):
            pass
        thread.join(10)
        listener.close()


def _line(base: str) -> Line:
    return Line(
        Addresses(rest=base, spot=base, wallet=base),
        None,
        budget=WeightBudget(),
        bans=BanStore(),
        transport=None,
        clock=Clock(),
        retry_after_default_s=60,
    )


def _good(connection: socket.socket) -> None:
    connection.sendall(_answer(GOOD))


def _reset(connection: socket.socket) -> None:
    connection.sendall(_answer(GOOD[:20], length=len(GOOD)))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _cut_short(connection: socket.socket) -> None:
    connection.sendall(_answer(GOOD[:20], length=len(GOOD)))


def _page(connection: socket.socket) -> None:
    connection.sendall(_answer(b"<html>maintenance</html>", kind="text/html"))


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def _nothing(_connection: socket.socket) -> None:
    return


@pytest.mark.parametrize("broken", [_reset, _cut_short, _page, _nonsense, _nothing])
def test_connection_that_breaks_is_tried_again_and_heals(broken: Serve) -> None:
    with stamina.set_testing(True, attempts=5, cap=True), _server(broken, _good) as base:
        line = _line(base)
        assert line.send(CALL) == GOOD
        line.close()


@pytest.mark.parametrize("broken", [_reset, _cut_short, _page, _nonsense, _nothing])
def test_connection_that_keeps_breaking_is_unreachable(broken: Serve) -> None:
    with stamina.set_testing(True, attempts=3, cap=True), _server(broken) as base:
        line = _line(base)
        with pytest.raises(UnreachableError):
            line.send(CALL)
        line.close()


def test_server_that_hangs_is_left_at_the_deadline() -> None:
    released = threading.Event()

    def hang(_connection: socket.socket) -> None:
        released.wait(8)

    with _server(hang) as base:
        line = _line(base)
        with pytest.raises(UnreachableError, match="GET /fapi/v1/openInterest"):
            line.send(CALL)
        assert not released.is_set()
        released.set()
        line.close()


def test_server_that_trickles_is_left_although_every_byte_is_in_time() -> None:
    stopped = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.sendall(_answer(b"", length=10_000))
        for _ in range(200):
            if stopped.wait(0.05):
                return
            try:
                connection.sendall(b" ")
            except OSError:
                return

    with stamina.set_testing(True, attempts=1, cap=True), _server(trickle) as base:
        line = _line(base)
        with pytest.raises(UnreachableError, match="trickles"):
            line.send(CALL)
        stopped.set()
        line.close()


def test_nobody_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with stamina.set_testing(True, attempts=2, cap=True):
        line = _line(f"http://127.0.0.1:{port}")
        with pytest.raises(UnreachableError, match="ConnectError"):
            line.send(CALL)
        line.close()


def test_name_that_does_not_resolve_is_unreachable() -> None:
    with stamina.set_testing(True, attempts=1, cap=True):
        line = _line("http://no-such-host.invalid")
        with pytest.raises(UnreachableError):
            line.send(CALL)
        line.close()


def test_forbidden_call_opens_no_connection() -> None:
    touched = threading.Event()

    def note(_connection: socket.socket) -> None:
        touched.set()

    with _server(note) as base:
        line = _line(base)
        with pytest.raises(ForbiddenCallError):
            line.send(Call(path="/fapi/v1/order", method="POST"))
        assert not touched.is_set()
        line.close()


def test_whole_client_reads_over_a_socket_and_closes() -> None:
    with _server(_good) as base, Exchange(Addresses(rest=base, spot=base, wallet=base)) as client:
        assert client.open_interest("BTCUSDT").symbol == "BTCUSDT"


def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with _server(_good) as base:
        line = _line(base)
        assert line.send(CALL) == GOOD
        line.close()
    assert httpx.URL(base).host == "127.0.0.1"
