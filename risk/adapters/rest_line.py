"""One request to the exchange: allowed, affordable, in time, signed, tried again when that may help."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import httpx
import stamina

from risk.adapters import guard, signing, wire
from risk.adapters.rest_answers import asked_wait, failure, is_too_many
from risk.adapters.rest_holds import BanStore, Clock, Holds
from risk.adapters.weight import FUTURES, SPOT, Pool, WeightBudget
from risk.errors import ClockError, ExchangeError, PayloadError, SettingsError, UnreachableError

logger = logging.getLogger(__name__)

MOST_BYTES = 12_000_000
"""exchangeInfo of all symbols is about 3 MB; an answer beyond this is refused unread."""
ATTEMPTS = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 2.0
CLOCK_AGE_S = 1800.0
RECEIVE_WINDOW_MS = 5000

Service = Literal["rest", "spot", "wallet"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base addresses of one environment: futures REST, futures streams, spot REST, wallet REST."""

    rest: str = "https://fapi.binance.com"
    stream: str = "wss://fstream.binance.com"
    spot: str = "https://api.binance.com"
    wallet: str = "https://api.binance.com"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A read-only key. `api_secret` is the HMAC secret or a private key in PEM."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One documented call.

    Attributes:
        security: "none", "key" (header only) or "signed" (header, time stamp, signature).
        pool, weight: what it costs; `futures_weight` where a call outside the main pool costs there as well.
        deadline_s: seconds for all tries together.
    """

    path: str
    method: str = "GET"
    service: Service = "rest"
    params: Mapping[str, signing.Value] = field(default_factory=dict)
    security: Literal["none", "key", "signed"] = "none"
    pool: Pool = FUTURES
    weight: int = 1
    is_account: bool = False
    deadline_s: float = 10.0


class Line:
    """One process's connection to the exchange. Thread-safe; one call at a time per endpoint and symbol."""

    def __init__(
        self,
        addresses: Addresses,
        credentials: Credentials | None,
        *,
        budget: WeightBudget,
        bans: BanStore,
        transport: httpx.BaseTransport | None,
        clock: Clock,
        retry_after_default_s: float,
    ) -> None:
        self._bases: dict[str, str] = {
            "rest": addresses.rest.rstrip("/"),
            "spot": addresses.spot.rstrip("/"),
            "wallet": addresses.wallet.rstrip("/"),
        }
        allowed = (
            guard.calls(self._bases["rest"], guard.FUTURES_READS)
            | guard.calls(self._bases["spot"], guard.SPOT_READS)
            | guard.calls(self._bases["wallet"], guard.WALLET_READS)
        )
        inner = transport or httpx.HTTPTransport(limits=httpx.Limits(max_connections=8))
        self._client = httpx.Client(
            transport=guard.GuardTransport(allowed, inner),
            headers={"User-Agent": "crypto-risk"},
            trust_env=False,
        )
        self._credentials, self._budget, self._clock = credentials, budget, clock
        self._holds = Holds(bans, clock)
        self._default_hold_s = retry_after_default_s
        self._locks: dict[tuple[str, str], threading.Lock] = {}
        self._guarding = threading.Lock()
        self._server_ms_at_zero: float | None = None  # the exchange's clock when monotonic was 0
        self._synced_at = float("-inf")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def deadline(self, seconds: float) -> float:
        """Monotonic time that many seconds from now."""
        return self._clock.monotonic() + seconds

    def server_ms(self) -> float:
        """The exchange's clock, epoch milliseconds; ours until it was asked for."""
        if self._server_ms_at_zero is None:
            return self._clock.wall() * 1000
        return self._server_ms_at_zero + self._clock.monotonic() * 1000

    def offset_s(self) -> float | None:
        """Seconds by which the exchange's clock is ahead of ours; None before the first comparison."""
        if self._server_ms_at_zero is None:
            return None
        return self.server_ms() / 1000 - self._clock.wall()

    def ensure_clock(self, deadline: float) -> None:
        """Compare clocks if that has not happened for half an hour."""
        if self._clock.monotonic() - self._synced_at > CLOCK_AGE_S:
            self.compare_clocks(deadline)

    def compare_clocks(self, deadline: float) -> int:
        """The exchange's clock now, epoch milliseconds, after taking over the difference to ours."""
        call = Call(path="/fapi/v1/time")
        for attempt in stamina.retry_context(
            on=_Patience(self, call, deadline), attempts=ATTEMPTS, timeout=None, wait_jitter=0
        ):
            with attempt:
                sent = self._clock.monotonic()
                server_ms = wire.parse_server_time(self._try(call, deadline))
                middle = (sent + self._clock.monotonic()) / 2
        self._server_ms_at_zero = server_ms - middle * 1000
        self._synced_at = self._clock.monotonic()
        self._budget.align(self.server_ms() / 1000)
        return server_ms

    def send(self, call: Call, *, deadline: float | None = None) -> bytes:
        """The body of a successful answer.

        Args:
            deadline: monotonic time that cuts the call's own deadline short.

        Raises:
            ExchangeError: one of its kinds; the message names method and path, never the query.
            PayloadError: the answer is too large to be true.
            SettingsError: a key is needed and none is set.
        """
        own = self.deadline(call.deadline_s)
        end = own if deadline is None else min(own, deadline)
        with self._alone(call, end):
            if call.security == "signed":
                self.ensure_clock(end)
            try:
                return self._retrying(call, end)
            except ClockError:
                self.compare_clocks(end)
                return self._retrying(call, end)

    def _retrying(self, call: Call, deadline: float) -> bytes:
        for attempt in stamina.retry_context(
            on=_Patience(self, call, deadline), attempts=ATTEMPTS, timeout=None, wait_jitter=0
        ):
            with attempt:
                return self._try(call, deadline)
        raise UnreachableError(f"{call.method} {call.path}: no attempt was made")

    def _try(self, call: Call, deadline: float) -> bytes:
        host = guard.origin(self._bases[call.service])
        self._holds.wait(host, deadline)
        self._budget.take(call.pool, call.weight, is_account=call.is_account, deadline=deadline)
        status, headers, body = self._exchange(call, deadline)
        if call.service != "wallet":
            self._budget.learn(SPOT if call.service == "spot" else FUTURES, headers)
        if is_too_many(status, body):
            raise self._held(host, status, headers, body)
        problem = failure(call.method, call.path, status, body)
        if problem is not None:
            raise problem
        self._holds.succeeded(host)
        return body

    def _held(self, host: str, status: int, headers: Mapping[str, str], body: bytes) -> ExchangeError:
        wait = asked_wait(headers, body, server_ms=self.server_ms())
        begin = self._holds.ban if status == 418 else self._holds.limit
        error = begin(host, wait, self._default_hold_s)
        logger.warning("%s", error)
        return error

    def _exchange(self, call: Call, deadline: float) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body; the deadline holds for connecting, waiting and reading together."""
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise UnreachableError(f"{call.method} {call.path}: no time left")
        end = min(deadline, self._clock.monotonic() + max(0.5, 0.6 * call.deadline_s))
        timeout = httpx.Timeout(min(left, max(0.5, 0.6 * call.deadline_s)))
        request = self._client.build_request(
            call.method, self._url(call), headers=self._headers(call), timeout=timeout
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                return response.status_code, response.headers, self._read(call, response, end)
            finally:
                response.close()
        except httpx.RequestError as cause:
            raise UnreachableError(f"{call.method} {call.path}: {type(cause).__name__}: {cause}") from cause

    def _read(self, call: Call, response: httpx.Response, end: float) -> bytes:
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > MOST_BYTES:
                raise PayloadError(call.path, "", f"{size} bytes and more", "too large to be true")
            if self._clock.monotonic() > end:
                raise UnreachableError(f"{call.method} {call.path}: the answer trickles")
        return b"".join(chunks)

    def _url(self, call: Call) -> str:
        params: dict[str, signing.Value] = dict(call.params)
        if call.security == "signed":
            params |= {"recvWindow": RECEIVE_WINDOW_MS, "timestamp": int(self.server_ms())}
        text = signing.query(params)
        if call.security == "signed":
            text += f"&signature={signing.sign(self._key().api_secret, text)}"
        return f"{self._bases[call.service]}{call.path}" + (f"?{text}" if text else "")

    def _headers(self, call: Call) -> dict[str, str]:
        return {} if call.security == "none" else {"X-MBX-APIKEY": self._key().api_key}

    def _key(self) -> Credentials:
        if self._credentials is None:
            raise SettingsError("api_key: this call needs a read-only API key; set api_key and api_secret")
        return self._credentials

    @contextmanager
    def _alone(self, call: Call, deadline: float) -> Iterator[None]:
        key = (f"{call.method} {call.service}{call.path}", str(call.params.get("symbol", "")))
        with self._guarding:
            lock = self._locks.setdefault(key, threading.Lock())
        if not lock.acquire(timeout=max(0.0, deadline - self._clock.monotonic())):
            raise UnreachableError(f"{call.method} {call.path}: the call before is still under way")
        try:
            yield
        finally:
            lock.release()


class _Patience:
    """Whether to try again, and after how many seconds: for reads that got no answer, while time is left."""

    def __init__(self, line: Line, call: Call, deadline: float) -> None:
        self._line, self._call, self._deadline = line, call, deadline
        self._tries = 0

    def __call__(self, error: Exception) -> bool | float:
        if not isinstance(error, UnreachableError) or self._call.method != "GET":
            return False
        wait = min(FIRST_WAIT_S * 2**self._tries, LONGEST_WAIT_S) * random.uniform(1.0, 1.5)
        self._tries += 1
        return wait if self._line.deadline(wait) < self._deadline else False
