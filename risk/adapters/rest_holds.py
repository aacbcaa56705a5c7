"""Silence towards a host that asked for it: after 429 for a while, after 418 until its end.

Held in memory by a clock that does not jump, and kept in the database, so that neither a restart nor
another process of ours speaks before the time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from risk.errors import BannedError, RateLimitError, StoreError

logger = logging.getLogger(__name__)

LONGEST_LIMIT_S = 120.0
"""A ban lasts two minutes or more. A shorter hold that another process left is told as a limit."""
REFRESH_S = 1.0
GRACE_S = 1.0


def _nobody(_host: str) -> datetime | None:
    return None


def _forget(_host: str, _until: datetime, _reason: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class BanStore:
    """Where holds outlive the process. Both may raise StoreError, which is logged and survived.

    Attributes:
        load: end of the hold on a host (UTC), None without one.
        save: keep host, end and reason.
    """

    load: Callable[[str], datetime | None] = _nobody
    save: Callable[[str, datetime, str], None] = _forget


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and waiting, replaced in tests. Intervals are measured on `monotonic` only."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class _Hold:
    until: float = float("-inf")  # monotonic
    is_ban: bool = False
    looked_at: float = float("-inf")
    repeats: int = 0


class Holds:
    """Holds by host. Thread-safe."""

    def __init__(self, store: BanStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._holds: dict[str, _Hold] = {}

    def wait(self, host: str, deadline: float) -> None:
        """Return when the host may be called; waits out a short hold that ends before the deadline.

        Raises:
            BannedError: a ban is in force.
            RateLimitError: a limit's hold outlasts the deadline (monotonic).
        """
        while True:
            with self._lock:
                hold = self._refreshed(host)
                left, is_ban = hold.until - self._clock.monotonic(), hold.is_ban
            if left <= 0:
                return
            if is_ban:
                until = datetime.fromtimestamp(self._clock.wall() + left, UTC)
                raise BannedError(f"{host}: banned until {until:%Y-%m-%d %H:%M:%S} UTC", until)
            if self._clock.monotonic() + left > deadline:
                raise RateLimitError(f"{host}: asked us to wait {left:.0f} s more", left)
            self._clock.sleep(left)

    def limit(self, host: str, seconds: float | None, default_s: float) -> RateLimitError:
        """Begin a hold after 429. Without a given time the default doubles with each repetition."""
        with self._lock:
            hold = self._holds.setdefault(host, _Hold())
            wait = seconds if seconds is not None else default_s * 2 ** min(hold.repeats, 4)
            self._begin(hold, wait, is_ban=False)
        self._save(host, wait, "429: too many requests")
        return RateLimitError(f"{host}: too many requests, waiting {wait:.0f} s", wait)

    def ban(self, host: str, seconds: float | None, default_s: float) -> BannedError:
        """Begin a ban after 418; one second longer than the exchange says."""
        with self._lock:
            hold = self._holds.setdefault(host, _Hold())
            wait = (
                seconds
                if seconds is not None
                else max(default_s, LONGEST_LIMIT_S) * 2 ** min(hold.repeats, 8)
            )
            self._begin(hold, wait + GRACE_S, is_ban=True)
        self._save(host, wait + GRACE_S, "418: banned")
        until = datetime.fromtimestamp(self._clock.wall() + wait + GRACE_S, UTC)
        return BannedError(f"{host}: banned until {until:%Y-%m-%d %H:%M:%S} UTC", until)

    def succeeded(self, host: str) -> None:
        """An ordinary answer came: the next hold starts from the default again."""
        with self._lock:
            if host in self._holds:
                self._holds[host].repeats = 0

    def _begin(self, hold: _Hold, wait: float, *, is_ban: bool) -> None:
        until = self._clock.monotonic() + wait
        hold.is_ban = is_ban or (hold.is_ban and hold.until > self._clock.monotonic())
        hold.until = max(hold.until, until)
        hold.repeats += 1

    def _refreshed(self, host: str) -> _Hold:
        """The hold, after a look at what other processes left in the store."""
        hold, now = self._holds.setdefault(host, _Hold()), self._clock.monotonic()
        if now - hold.looked_at < REFRESH_S:
            return hold
        hold.looked_at = now
        try:
            stored = self._store.load(host)
        except StoreError as error:
            logger.warning("hold on %s could not be read: %s", host, error)
            return hold
        left = 0.0 if stored is None else stored.timestamp() - self._clock.wall()
        if now + left > hold.until + 0.5 and left > 0:
            hold.until = now + left
            hold.is_ban = left > LONGEST_LIMIT_S
        return hold

    def _save(self, host: str, wait: float, reason: str) -> None:
        until = datetime.fromtimestamp(self._clock.wall(), UTC) + timedelta(seconds=wait)
        try:
            self._store.save(host, until, reason)
        except StoreError as error:
            logger.error("hold on %s could not be kept: %s", host, error)
