"""One logical connection to the exchange's streams: reconnected, probed, rolled over before its end.

The socket library's own reconnect is not used: it comes back 7 s after an outage, finds a half-open link
after 50 s and gives up on a 429 at the handshake. A wrong path connects and stays silent, so silence
is answered with LIST_SUBSCRIPTIONS (at most one control message in `quiet_s`; ten a second are allowed),
and only a link that does not answer is dropped: thin markets may be quiet.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from risk.adapters.backoff import REFUSALS, Backoff, Gate

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S, CLOSE_TIMEOUT_S = 5.0, 2.0
LIFE_S = 23 * 3600.0
"""The exchange cuts at 24 h; we leave at 23 h, the new socket first."""
QUIET_START_S = 30.0
MAX_FRAME_BYTES = 8 * 2**20
CONTROL_FRAMES = (b'{"result"', b'{"id"', b'{"error"', b'{"code"')
FAILURES = (OSError, TimeoutError, WebSocketException)


class SilentLinkError(ConnectionError):
    """The link is open and says nothing, or no longer carries all that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one connection may be silent before it is asked, and how long before it is given up.

    Attributes:
        quiet_s: silence after which LIST_SUBSCRIPTIONS is sent.
        answer_s: how long the answer may take.
        silent_s: silence of data after which the link is given up although it answers; None: never.
        check_every_s: also asked this often while data flows, so that a lost quiet stream is noticed.
        asks: False where the exchange does not answer such questions; then the protocol's ping decides.
    """

    quiet_s: float = 2.5
    answer_s: float = 2.0
    silent_s: float | None = 20.0
    check_every_s: float = 30.0
    asks: bool = True


DEPTH_PATIENCE = Patience()
MARKET_PATIENCE = Patience(quiet_s=5.0, silent_s=None)
PRIVATE_PATIENCE = Patience(silent_s=None, asks=False)


def combined_url(root: str, route: str, streams: Iterable[str]) -> str:
    """The address that carries all `streams`, each frame wrapped with its stream's name.

    >>> combined_url("wss://fstream.binance.com", "public", ["btcusdt@depth@100ms", "ethusdt@depth@100ms"])
    'wss://fstream.binance.com/public/stream?streams=btcusdt@depth@100ms/ethusdt@depth@100ms'
    """
    return f"{root}/{route}/stream?streams={'/'.join(streams)}"


@dataclass(slots=True)
class Counts:
    """What a feed has been through, for the heartbeat."""

    connects: int = 0
    drops: int = 0
    refusals: int = 0
    rollovers: int = 0
    frames: int = 0


@dataclass(slots=True)
class _Session:
    """One socket from its handshake to its end."""

    is_open: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    first_frame_at: float | None = None
    task: asyncio.Task[None] | None = None

    def lived_s(self) -> float:
        return 0.0 if self.first_frame_at is None else max(monotonic() - self.first_frame_at, 1e-3)


class Feed:
    """One logical connection. `run()` keeps it until cancelled; frames go to `on_frame` as they come.

    `retarget(url, streams)` changes what is asked for, `renew()` replaces the socket: either way the new
    socket carries data before the old one closes, so the receiver sees some frames twice and none never.
    """

    def __init__(
        self,
        name: str,
        on_frame: Callable[[bytes], None],
        *,
        patience: Patience = DEPTH_PATIENCE,
        life_s: float = LIFE_S,
        backoff: Backoff | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.name = name
        self.counts = Counts()
        self.last_frame_at: float | None = None  # monotonic; data frames only
        self._on_frame = on_frame
        self._patience = patience
        self._life_s = life_s
        self._backoff = backoff or Backoff()
        self._gate = gate or Gate()
        self._url = ""
        self._streams: frozenset[str] = frozenset()
        self._renew = asyncio.Event()
        self._ids = itertools.count(1)

    def retarget(self, url: str, streams: Sequence[str]) -> None:
        """Ask for these streams at this address from now on; an empty address rests the feed."""
        if url != self._url:
            self._url, self._streams = url, frozenset(streams)
            self._renew.set()

    def renew(self) -> None:
        """Replace the socket, the new one first."""
        self._renew.set()

    @property
    def is_wanted(self) -> bool:
        """Whether anything is asked for."""
        return bool(self._url)

    def silent_s(self) -> float:
        """Seconds since the last data frame; infinite before the first."""
        return float("inf") if self.last_frame_at is None else monotonic() - self.last_frame_at

    async def run(self) -> None:
        """Stay connected until cancelled. Never returns and never raises because of the network."""
        session: _Session | None = None
        try:
            while True:
                while not self._url:
                    self._renew.clear()
                    await self._renew.wait()
                if session is None:
                    self._renew.clear()
                    session = self._open()
                session = await self._watch(session)
        finally:
            await self._close(session)

    def _open(self) -> _Session:
        session = _Session()
        session.task = asyncio.create_task(self._carry(session, self._url), name=f"stream {self.name}")
        return session

    async def _watch(self, session: _Session) -> _Session | None:
        """Wait for the session's end or planned change; the session that carries on, None to reconnect."""
        assert session.task is not None
        renewal = asyncio.create_task(self._renew.wait())
        try:
            await asyncio.wait(
                {session.task, renewal}, timeout=self._life_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            renewal.cancel()
        if session.task.done():
            await self._pause(session)
            return None
        if not self._url:
            await self._close(session)
            return None
        self._renew.clear()
        return await self._roll_over(session)

    async def _roll_over(self, old: _Session) -> _Session:
        """Open the next socket, and close the old one once data flows through it, or could have."""
        new = self._open()
        assert new.task is not None
        ready = asyncio.create_task(new.ready.wait())
        try:
            while not (new.is_open or new.task.done()):
                await asyncio.wait({new.task, ready}, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({new.task, ready}, timeout=QUIET_START_S, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self._close(new)
            raise
        finally:
            ready.cancel()
        if new.task.done():
            await self._pause(new)
            self._renew.set()
            return old
        await self._close(old)
        self.counts.rollovers += 1
        return new

    async def _pause(self, session: _Session) -> None:
        """Note why a session ended and wait as long as that asks for."""
        assert session.task is not None
        fault = session.task.exception()
        if fault is not None and not isinstance(fault, FAILURES):
            raise fault
        status, retry_after_s = _refused(fault)
        wait = self._backoff.after(lived_s=session.lived_s(), status=status, retry_after_s=retry_after_s)
        self.counts.drops += 1
        self.counts.refusals += status is not None
        if status in REFUSALS:
            self._gate.refused(retry_after_s)
        log.info("stream %s ended (%s), next try in %.2f s", self.name, _told(fault), wait)
        await asyncio.sleep(wait)

    async def _close(self, session: _Session | None) -> None:
        if session is not None and session.task is not None:
            session.task.cancel()
            await asyncio.wait({session.task})

    async def _carry(self, session: _Session, url: str) -> None:
        """One socket: connect, hand over its frames, ask when it is silent."""
        while (wait := self._gate.wait_s()) > 0:
            await asyncio.sleep(wait)
        async with connect(
            url,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=10.0,
            ping_timeout=5.0,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            max_queue=64,
            proxy=None if "//127.0.0.1" in url else True,
            user_agent_header="crypto-risk",
        ) as socket:
            self.counts.connects += 1
            session.is_open = True
            await _Listener(self, session, socket, self._patience, self._streams).run()

    def take(self, session: _Session, frame: bytes) -> None:
        """Hand one data frame over."""
        now = monotonic()
        if session.first_frame_at is None:
            session.first_frame_at = now
            session.ready.set()
        self.last_frame_at = now
        self.counts.frames += 1
        if b'"serverShutdown"' in frame[:80]:
            self._renew.set()
            return
        self._on_frame(frame)

    def next_id(self) -> int:
        """A number for a control message."""
        return next(self._ids)


class _Listener:
    """Reads one socket and asks it for a sign of life."""

    def __init__(
        self,
        feed: Feed,
        session: _Session,
        socket: ClientConnection,
        patience: Patience,
        streams: frozenset[str],
    ) -> None:
        self._feed, self._session, self._socket = feed, session, socket
        self._patience, self._streams = patience, streams
        self._asked_at: float | None = None  # monotonic, of a question without an answer yet
        self._data_at = self._checked_at = monotonic()

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._may_wait_s()):
                    frame = await self._socket.recv(decode=False)
            except TimeoutError:
                await self._on_silence()
                continue
            if frame.startswith(CONTROL_FRAMES):
                self._on_answer(frame)
                continue
            self._data_at = monotonic()
            self._feed.take(self._session, frame)
            if self._patience.asks and self._data_at - self._checked_at >= self._patience.check_every_s:
                await self._ask()

    def _may_wait_s(self) -> float | None:
        if not self._patience.asks:
            return None
        return self._patience.quiet_s if self._asked_at is None else self._patience.answer_s

    async def _on_silence(self) -> None:
        now = monotonic()
        if self._asked_at is not None and now - self._asked_at >= self._patience.answer_s:
            raise SilentLinkError("no answer to LIST_SUBSCRIPTIONS")
        if self._patience.silent_s is not None and now - self._data_at >= self._patience.silent_s:
            raise SilentLinkError(f"answers, but no data for {now - self._data_at:.0f} s")
        if self._asked_at is None:
            await self._ask()

    async def _ask(self) -> None:
        if self._asked_at is not None:
            raise SilentLinkError(f"data, but no answer within {self._patience.check_every_s:.0f} s")
        self._asked_at = self._checked_at = monotonic()
        await self._socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": self._feed.next_id()}))

    def _on_answer(self, frame: bytes) -> None:
        self._asked_at = None
        try:
            listed = json.loads(frame).get("result")
        except ValueError as cause:
            raise SilentLinkError("unreadable answer to LIST_SUBSCRIPTIONS") from cause
        if isinstance(listed, list) and not self._streams <= set(listed):
            raise SilentLinkError(f"{len(self._streams - set(listed))} streams are no longer subscribed")
        self._session.ready.set()


def _refused(fault: BaseException | None) -> tuple[int | None, float]:
    """HTTP status of a refused handshake, and the seconds that it asked to wait."""
    if not isinstance(fault, InvalidStatus):
        return None, 0.0
    given = fault.response.headers.get("Retry-After", "")
    return fault.response.status_code, float(given) if given.isdigit() else 0.0


def _told(fault: BaseException | None) -> str:
    """What may stand in a log: an address may hold a listen key."""
    if isinstance(fault, InvalidStatus):
        return f"HTTP {fault.response.status_code}"
    if isinstance(fault, SilentLinkError):
        return str(fault)
    return type(fault).__name__ if fault is not None else "closed"
