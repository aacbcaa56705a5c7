"""`risk watchdog`: the dead man's switch as a process of its own, here or on another machine.

It reads the database by its URL and speaks by channels of its own. While all is well it says nothing but
one line a day, and pings a Healthchecks-compatible address, if there is one: that service then notices
when this process is gone too.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from risk.adapters import settings as settings_in_force
from risk.adapters import store
from risk.adapters.settings import Settings
from risk.adapters.store_engine import rows
from risk.errors import StoreError
from risk.records import FlowProgress
from risk.runtime import log
from risk.runtime.database import address
from risk.runtime.spool import Spool
from risk.runtime.watchdog import Send, Watchdog, sender

FLOW = "watchdog"
ACCOUNT_FRESH_S, SCORE_FRESH_S, OUTBOX_FRESH_S = 15.0, 15.0, 10.0
UNSCHEDULED_S, SIGN_S = 50.0, 60.0
PING_TIMEOUT_S = 5.0
LEAST_FREE_SHARE, LEAST_FREE_BYTES = 0.10, 2 * 2**30
TICK_S = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Seconds since each thing that must go on happened last; None: it never did."""

    score_s: float | None
    account_s: float | None
    waiting_s: float | None  # since the oldest message that waits was made
    offered_s: float | None  # since the newest run that Prefect offered was due
    worker_s: float | None
    delivery_s: float | None

    def is_fine(self, *, watches_account: bool) -> bool:
        """Whether account, scores and outbox are all fresh: the condition of a ping."""
        account = self.account_s is not None and self.account_s <= ACCOUNT_FRESH_S
        return (
            (account or not watches_account)
            and self.score_s is not None
            and self.score_s <= SCORE_FRESH_S
            and (self.waiting_s or 0.0) <= OUTBOX_FRESH_S
        )

    def trouble(self) -> str:
        """What is wrong although scores are made and alerts get out; empty when nothing is."""
        if self.worker_s is not None and self.worker_s > SIGN_S:
            return f"The worker of the cadence pool gave no sign for {self.worker_s:.0f} s"
        if self.offered_s is not None and self.offered_s > UNSCHEDULED_S:
            since = f"{self.offered_s:.0f} s"
            return f"Prefect has scheduled nothing for {since}; the worker goes on by the cadences it knows"
        if self.delivery_s is not None and self.delivery_s > SIGN_S:
            return f"Delivery gave no sign for {self.delivery_s:.0f} s"
        return ""


def pulse(database_url: str, now: datetime) -> Pulse:
    """The pulse of the desk that writes into this database.

    Raises:
        StoreError: the database does not answer.
    """
    with store.connect(database_url) as db:
        (row,) = rows(db, "heartbeat")

    def age(name: str) -> float | None:
        return (now - row[name]).total_seconds() if row[name] is not None else None

    return Pulse(
        score_s=age("scored_at"),
        account_s=age("account_at"),
        waiting_s=age("waiting_since"),
        offered_s=age("offered_at"),
        worker_s=age("worker_at"),
        delivery_s=age("delivery_at"),
    )


class Heartbeat:
    """Looks, pings, and says one line a day. Call `beat` about every second."""

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        send: Send,
        *,
        client: httpx.Client | None = None,
        spool: Spool | None = None,
        free: Callable[[Path], tuple[int, int]] = lambda folder: shutil.disk_usage(folder)[::2],
    ) -> None:
        self._settings, self._url, self._send = settings, database_url, send
        self._client = client or httpx.Client(timeout=PING_TIMEOUT_S)
        self._spool, self._free = spool, free
        self._pulse: Pulse | None = None
        self._pinged_at = float("-inf")
        self._dog = Watchdog(self._read, send, self._also)

    def beat(self, now: datetime, clock: float) -> str:
        """The trouble now, empty when there is none.

        Args:
            clock: monotonic seconds.
        """
        trouble = self._dog.look(clock)
        seen = self._pulse
        if not trouble and seen and seen.is_fine(watches_account=self._settings.watches_account):
            self._ping(clock)
        if seen is not None and now.hour == self._settings.watchdog.digest_hour:
            self._tell_day(now)
        return trouble

    def close(self) -> None:
        """Give up the connection that pings."""
        self._client.close()

    def _read(self) -> tuple[float | None, float]:
        self._pulse = None
        self._pulse = pulse(self._url, datetime.now(UTC))
        if self._spool is not None:
            self._spool.replay(self._url)
        return self._pulse.score_s, self._pulse.waiting_s or 0.0

    def _also(self) -> str:
        return self._full_disk() or (self._pulse.trouble() if self._pulse else "")

    def _full_disk(self) -> str:
        """Said before the disk is full: then the database stops, and can no longer be asked."""
        try:
            total, free = self._free(self._settings.data_dir)
        except OSError:
            return ""  # another machine's desk: there is no such folder here
        if free >= max(LEAST_FREE_SHARE * total, LEAST_FREE_BYTES):
            return ""
        return f"The disk is nearly full: {free / 2**30:.1f} GiB free, {free / total:.0%}"

    def _ping(self, clock: float) -> None:
        url = self._settings.watchdog.ping_url
        if url is None or clock - self._pinged_at < self._settings.watchdog.ping_every_s:
            return
        self._pinged_at = clock
        try:
            self._client.get(url.get_secret_value()).raise_for_status()
        except httpx.HTTPStatusError as cause:
            logger.warning("the ping was answered with %d", cause.response.status_code)
        except httpx.HTTPError as cause:
            logger.warning("the ping did not arrive: %s", type(cause).__name__)

    def _tell_day(self, now: datetime) -> None:
        """The day in one line, once: the database remembers that it was said."""
        try:
            with store.connect(self._url) as db:
                said = store.progress(db, FLOW).get("digest")
                if said and said.cursor_at and now - said.cursor_at < timedelta(hours=12):
                    return
                store.save_progress(
                    db,
                    FlowProgress(flow=FLOW, scope="digest", cursor_at=now, done=0, total=0, updated_at=now),
                )
                line = day_in_short(rows(db, "day_in_short", now=now)[0])
        except StoreError as cause:
            logger.warning("no line of the day: %s", cause)
            return
        self._send("heartbeat: the day", line)


def day_in_short(day: Mapping[str, Any]) -> str:
    """One line about 24 hours, from the row of day_in_short.sql."""
    slowest = f", the slowest after {day['slowest_s']:.0f} s" if day["slowest_s"] is not None else ""
    return (
        f"{day['evaluations']} evaluations, {day['fired']} alerts ({day['critical']} critical),"
        f" {day['accepted']} of {day['messages']} messages accepted{slowest}."
    )


def channels_of(settings: Settings) -> list[settings_in_force.ChannelSettings]:
    """The channels that the dead man's switch speaks by."""
    wanted = settings.watchdog.channels
    return [one for one in settings.channels if not wanted or one.name in wanted]


def run(
    settings: Settings, tell: Callable[[str], None], stop: threading.Event, *, ready_file: Path | None = None
) -> int:
    """Watch until `stop`; 0 then.

    Raises:
        SettingsError: no usable database address.
    """
    url = address(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    spool = Spool(settings.data_dir)
    send = sender(channels_of(settings), settings.telegram_api_base, tell, spool.note)
    heart = Heartbeat(settings, url, send, spool=spool)
    if ready_file is not None:
        ready_file.touch()
    while not stop.is_set():
        heart.beat(datetime.now(UTC), time.monotonic())
        stop.wait(TICK_S)
    return 0


def watch(settings: Settings, tell: Callable[[str], None], *, ready_file: Path | None = None) -> int:
    """`run` until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return run(settings, tell, stop, ready_file=ready_file)


def main() -> int:
    """Command of the supervisor."""
    config = settings_in_force.load()
    log.set_up(config)
    ready_file = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    return watch(config, logger.warning, ready_file=ready_file)


if __name__ == "__main__":
    sys.exit(main())
