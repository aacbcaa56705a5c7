"""Long-lived: books, marks and forced orders of our symbols, and the account's own stream as a trigger."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from prefect import flow

from flows import desk, steps
from risk.adapters import settings, store
from risk.adapters.market_watch import Doors, Watch
from risk.adapters.stream_user import UserStream
from risk.records import DataIssue, Observed

LEASE_S = 15.0
NEIGHBOURLY_S = 20.0
"""So long after its start a worker leaves symbols that are not its own to those who may be starting too."""


@flow
async def streams(shard: int = 0, shards: int = 1) -> None:
    """Follow the market until cancelled.

    Args:
        shard, shards: this is worker `shard` (from 0) of `shards`. It takes every `shards`-th symbol at
            once, and those of the others when nobody has held them for a while.
    """
    config = settings.load()
    share = Share(f"{socket.gethostname()}/{shard}-of-{shards}", sorted(config.symbols)[shard::shards])
    doors = Doors(
        fetch_depth=desk.exchange().depth,
        save=_save,
        lease=share.lease,
        beat=share.beat,
        change=steps.read_change,
    )
    async with asyncio.TaskGroup() as tasks:
        watch = Watch(config.exchange.stream_url, config.symbols, doors)
        tasks.create_task(watch.run())
        if config.watches_account and shard == 0:
            exchange = desk.exchange()
            user = UserStream(
                config.exchange.stream_url,
                exchange.listen_key_create,
                exchange.listen_key_keepalive,
                _on_account_event,
                _on_order_event,
                watch.gate,
            )
            tasks.create_task(user.run())


def _save(records: Sequence[Observed], issues: Sequence[DataIssue]) -> None:
    with desk.database() as db:
        store.save(db, records)
        store.save_issues(db, issues)


@dataclass(frozen=True)
class Share:
    """This worker's name, the same after a restart, and the symbols that are its own."""

    holder: str
    own: Sequence[str]
    since: float = field(default_factory=monotonic)

    def lease(self, symbols: Sequence[str]) -> Sequence[str]:
        """Symbols held for the next LEASE_S: at first our own, later also those that nobody keeps."""
        wanted = symbols if monotonic() - self.since > NEIGHBOURLY_S else self.own
        with desk.database() as db:
            return store.lease_symbols(db, self.holder, wanted, LEASE_S, desk.now())

    def beat(self, details: dict[str, Any]) -> None:
        """A sign of life of the streams."""
        with desk.database() as db:
            store.beat(db, "streams", desk.now(), {"holder": self.holder, **details})


async def _on_account_event(has_new_configuration: bool) -> None:
    await asyncio.to_thread(_read_account, has_new_configuration)


async def _on_order_event() -> None:
    await asyncio.to_thread(steps.read_orders)


def _read_account(has_new_configuration: bool) -> None:
    """What the account flow does every five seconds, now; with leverage and modes read anew if told."""
    if has_new_configuration:
        desk.exchange().forget_configuration()
    steps.read_account()
