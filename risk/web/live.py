"""One reader of the database for all viewers: what changed is read once and handed to each of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from risk.adapters import store
from risk.adapters.settings import Settings
from risk.errors import RiskError
from risk.web import answers
from risk.web.reading import as_json

CALL = "risk_scored"  # notification that the transaction of a score gives
LOOK_EVERY_S = 2.0  # at what changed, where no call came
ALIVE_EVERY_S = 5.0
RETRY_MS = 1000
MOST_VIEWERS = 50

logger = logging.getLogger(__name__)


class TooManyError(RiskError):
    """There are as many viewers as we serve."""


class Live:
    """The newest view of the desk and those who watch it. Works in the event loop that ran `start`."""

    def __init__(self, config: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._config, self._clock = config, clock
        self._viewers: set[asyncio.Queue[bytes]] = set()
        self._changed = asyncio.Event()
        self._stopping = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen; the database need not be there yet."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), daemon=True, name="risk-web-listen").start()
        self._task = asyncio.create_task(self._look_after())

    async def stop(self) -> None:
        """End the task; the listening thread ends with its next silence."""
        self._stopping.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def is_full(self) -> bool:
        """Whether there are as many viewers as we serve."""
        return len(self._viewers) >= MOST_VIEWERS

    async def watch(self) -> AsyncIterator[bytes]:
        """Frames of server-sent events for one viewer: the view now, then each new one, and signs of life.

        A viewer that is slow gets the newest view only.

        Raises:
            TooManyError: MOST_VIEWERS watch already.
        """
        if self.is_full:
            raise TooManyError(f"{MOST_VIEWERS} viewers watch already")
        queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)
        self._viewers.add(queue)
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            yield await self._frame()
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), ALIVE_EVERY_S)
                except TimeoutError:
                    yield event("alive", {"at": self._clock()})
        finally:
            self._viewers.discard(queue)

    async def _look_after(self) -> None:
        seen: object = None
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), LOOK_EVERY_S)
            self._changed.clear()
            if not self._viewers:
                continue
            try:
                now = await asyncio.to_thread(answers.pulse, self._config)
            except RiskError as cause:
                logger.warning("nothing to show: %s", _brief(cause))
                now = None
            if now is None or now != seen:
                seen = now
                self._hand_out(await self._frame())

    async def _frame(self) -> bytes:
        try:
            return event("desk", await asyncio.to_thread(answers.desk, self._config, self._clock()))
        except RiskError as cause:
            logger.warning("nothing to show: %s", _brief(cause))
            return event("trouble", {"at": self._clock(), "reason": "database"})

    def _hand_out(self, frame: bytes) -> None:
        for queue in self._viewers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(frame)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopping.is_set():
            try:
                for call in store.listen(str(self._config.database_url), CALL, timeout_s=1.0):
                    if self._stopping.is_set():
                        return
                    if call is not None:
                        loop.call_soon_threadsafe(self._changed.set)
            except RiskError as cause:
                logger.warning("no calls for now: %s", _brief(cause))
                self._stopping.wait(LOOK_EVERY_S)
            except RuntimeError:
                return  # the loop is closed: the server has ended


def _brief(cause: RiskError) -> str:
    return str(cause).partition("\n")[0]


def event(name: str, answer: object) -> bytes:
    """One server-sent event; JSON has no line ends, so one data line holds it."""
    return b"event: " + name.encode() + b"\ndata: " + as_json(answer) + b"\n\n"
