"""The user-data stream, as a trigger: when the account moves, somebody should read it by REST now.

Nothing is taken from its events but that they came: REST is the truth. A wrong listen key connects and
stays silent, so the periodic account poll goes on regardless. The key is never deleted: the exchange
gives one key per account, and another program may be using it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from risk.adapters.backoff import Gate
from risk.adapters.streams import PRIVATE_PATIENCE, Feed
from risk.adapters.wire_stream import decode_user_event
from risk.errors import ExchangeError, KeyRejectedError, PayloadError, RiskError

log = logging.getLogger(__name__)

KEEPALIVE_S = 30 * 60.0
RETRY_FIRST_S, RETRY_CAP_S = 5.0, 300.0
REJECTED_KEY_S = 3600.0
TRIGGER_EVERY_S = 1.0
ORDERS_EVERY_S = 20.0
"""Both lists of open orders cost 80 of the 2,400 that an address may use in a minute."""


class UserStream:
    """Keeps a listen key alive and calls `on_change` when an event says that the account moved.

    Args:
        create: blocking; the account's listen key.
        keepalive: blocking; extends the key, or raises when it is no longer known.
        on_change: called with whether leverage, margin type or modes changed too.
        on_orders: called when an order was placed, filled, triggered or cancelled, at most every 20 s.
    """

    def __init__(
        self,
        root: str,
        create: Callable[[], str],
        keepalive: Callable[[], object],
        on_change: Callable[[bool], Awaitable[None]],
        on_orders: Callable[[], Awaitable[None]],
        gate: Gate | None = None,
    ) -> None:
        self._root, self._create, self._keepalive, self._on_change = root, create, keepalive, on_change
        self._on_orders = on_orders
        self._moved, self._ordered, self._expired = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._has_new_configuration = False
        self.feed = Feed("private", self.on_frame, patience=PRIVATE_PATIENCE, gate=gate)

    def on_frame(self, frame: bytes) -> None:
        """One event of the account."""
        try:
            event = decode_user_event(frame, received_at=datetime.now(UTC))
        except PayloadError as error:
            log.warning("user stream: %s", error.problem)
            return
        if event.kind == "listenKeyExpired":
            self._expired.set()
        if event.changes_account or event.changes_configuration:
            self._has_new_configuration |= event.changes_configuration
            self._moved.set()
        if event.changes_orders:
            self._ordered.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.feed.run())
            tasks.create_task(self._keep_key())
            tasks.create_task(_trigger(self._moved, self._read_account, TRIGGER_EVERY_S))
            tasks.create_task(_trigger(self._ordered, self._on_orders, ORDERS_EVERY_S))

    async def _keep_key(self) -> None:
        wait = RETRY_FIRST_S
        while True:
            self._expired.clear()
            try:
                key = await asyncio.to_thread(self._create)
                self.feed.retarget(f"{self._root}/private/ws/{key}", ())
                wait = RETRY_FIRST_S
                while not await self._is_expired_within(KEEPALIVE_S):
                    await asyncio.to_thread(self._keepalive)
            except KeyRejectedError as error:
                log.error("no user stream: %s", error)
                await asyncio.sleep(REJECTED_KEY_S)
            except ExchangeError as error:
                log.warning("listen key: %s; again in %.0f s", type(error).__name__, wait)
                await asyncio.sleep(wait)
                wait = min(RETRY_CAP_S, 2 * wait)

    async def _is_expired_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._expired.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _read_account(self) -> None:
        has_new_configuration, self._has_new_configuration = self._has_new_configuration, False
        await self._on_change(has_new_configuration)


async def _trigger(happened: asyncio.Event, act: Callable[[], Awaitable[None]], every_s: float) -> None:
    """Act on each event, once for all that come within `every_s`."""
    while True:
        await happened.wait()
        happened.clear()
        try:
            await act()
        except RiskError as error:
            log.warning("not read after its event: %s", error)
        await asyncio.sleep(every_s)
