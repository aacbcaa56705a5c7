"""A stream server on loopback that numbers its frames and can misbehave as the exchange's edge does."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response


class StreamServer:
    """Sends the same numbered frames to every connection.

    Attributes:
        refusals: HTTP statuses for the next handshakes, in order; then they are accepted.
        cut_after_s: reset each connection so long after its start; None: never.
        is_mute: accept, then neither send nor answer.
        lists: what LIST_SUBSCRIPTIONS answers; None: what the address asked for.
    """

    def __init__(self) -> None:
        self.refusals: list[int] = []
        self.cut_after_s: float | None = None
        self.is_mute = False
        self.is_paused = False
        self.lists: list[str] | None = None
        self.frames: Callable[[int], bytes] = lambda number: b'{"stream":"a","data":{"n":%d}}' % number
        self.number = 0
        self.paths: list[str] = []
        self.questions = 0
        self.open: set[ServerConnection] = set()
        self.most_open = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def _admit(self, _: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        if not self.refusals:
            return None
        status = HTTPStatus(self.refusals.pop(0))
        return _.respond(status, "not now\n")

    async def _talk(self, connection: ServerConnection) -> None:
        self.open.add(connection)
        self.most_open = max(self.most_open, len(self.open))
        try:
            if self.cut_after_s is not None:
                asyncio.get_running_loop().call_later(self.cut_after_s, connection.transport.abort)
            async for message in connection:
                self.questions += 1
                if not self.is_mute:
                    await connection.send(json.dumps(self._answer(json.loads(message), connection)))
        except ConnectionClosed:
            return
        finally:
            self.open.discard(connection)

    def _answer(self, question: dict[str, Any], connection: ServerConnection) -> dict[str, Any]:
        assert connection.request is not None
        asked = connection.request.path.partition("streams=")[2].split("/")
        return {"result": asked if self.lists is None else self.lists, "id": question["id"]}

    async def _produce(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            if self.is_mute or self.is_paused:
                continue
            self.number += 1
            frame = self.frames(self.number)
            for connection in list(self.open):
                with contextlib.suppress(ConnectionClosed):
                    await connection.send(frame.decode())


@contextlib.asynccontextmanager
async def stream_server() -> AsyncIterator[StreamServer]:
    """A server that listens; its producer and connections end on exit."""
    stage = StreamServer()
    async with serve(stage._talk, "127.0.0.1", 0, process_request=stage._admit, close_timeout=0.2) as server:
        stage._server = server
        producer = asyncio.create_task(stage._produce())
        try:
            yield stage
        finally:
            producer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await producer


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
