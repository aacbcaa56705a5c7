"""A scripted exchange at the edge of the client: answers by path, a clock that only moves when told."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx

from risk.adapters.rest import Addresses, BanStore, Clock, Credentials, Exchange
from risk.adapters.weight import WeightBudget

SERVER_MS = 1_791_600_000_000  # 2026-10-10 02:40:00 UTC
KEY = Credentials(api_key="canary-key-0123456789", api_secret="canary-secret-0123456789")
ADDRESSES = Addresses(
    rest="https://fapi.test",
    stream="wss://fstream.test",
    spot="https://spot.test",
    wallet="https://wallet.test",
)

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class FakeTime:
    """Wall and monotonic clock; sleeping moves both and is remembered."""

    def __init__(self, wall: float = SERVER_MS / 1000, monotonic: float = 1000.0) -> None:
        self.wall, self.monotonic, self.slept = wall, monotonic, [0.0]

    def pass_by(self, seconds: float) -> None:
        """Let time go on."""
        self.wall += seconds
        self.monotonic += seconds

    def sleep(self, seconds: float) -> None:
        """What the client calls to wait."""
        assert seconds >= 0
        self.slept.append(seconds)
        self.pass_by(seconds)

    def clock(self) -> Clock:
        """The client's clock."""
        return Clock(wall=lambda: self.wall, monotonic=lambda: self.monotonic, sleep=self.sleep)


class Script:
    """Answers each path with what was put there, in order, the last one for ever. Remembers the requests."""

    def __init__(self, time: FakeTime) -> None:
        self._answers: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self.requests: list[httpx.Request] = []
        self.time, self.server_ahead_s = time, 0.0
        self.answer("/fapi/v1/time", self._server_time)

    def _server_time(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"serverTime": int((self.time.wall + self.server_ahead_s) * 1000)})

    def answer(self, path: str, *answers: Answer | Any, method: str = "GET") -> None:
        """Answer a path with responses, exceptions, callables or JSON values."""
        wrapped = [
            one
            if isinstance(one, httpx.Response | Exception) or callable(one)
            else httpx.Response(200, json=one)
            for one in answers
        ]
        self._answers[method, path] = wrapped

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        waiting = self._answers[request.method, request.url.path]
        if not waiting:
            return httpx.Response(404, json={"code": -5000, "msg": f"unscripted {request.url.path}"})
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(1 for request in self.requests if request.url.path == path)


def exchange(
    script: Script, *, bans: BanStore | None = None, share: float = 1.0, credentials: Credentials | None = KEY
) -> Exchange:
    """A client that talks to the script."""
    clock = script.time.clock()
    return Exchange(
        ADDRESSES,
        credentials,
        budget=WeightBudget(share=share, monotonic=clock.monotonic, wall=clock.wall, sleep=clock.sleep),
        bans=bans,
        transport=httpx.MockTransport(script),
        clock=clock,
        account="main",
    )


def refusal(status: int, code: int, words: str = "x", **headers: str) -> httpx.Response:
    """An error as the exchange writes it."""
    return httpx.Response(status, headers=headers, content=json.dumps({"code": code, "msg": words}).encode())
