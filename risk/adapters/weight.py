"""How much may still be asked of the exchange: one budget per process, corrected by the exchange's own count.

The exchange counts per address and clock minute (two pools per five minutes). Each process has a share;
what all processes together have used comes back in a header and binds everyone.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from risk.errors import RateLimitError

SOFT_BRAKE = 0.70  # from here on, calls are spread over what is left of the window
HARD_STOP = 0.90  # from here on, only the account is read
ACCOUNT_STOP = 0.95


@dataclass(frozen=True, slots=True)
class Pool:
    """One of the exchange's counters: `limit` units per `window_s` seconds and address."""

    name: str
    limit: int
    window_s: int


FUTURES = Pool("futures", 2400, 60)
FUNDING = Pool("funding", 500, 300)
STATISTICS = Pool("statistics", 1000, 300)
SPOT = Pool("spot", 6000, 60)


@dataclass(slots=True)
class _Window:
    """State of one pool: what we and what all have used since `index` began."""

    index: int = -1
    own: int = 0
    shared: int = 0
    next_paced_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Gauge:
    """Use of one pool as fractions of the address's limit and of this process's share."""

    pool: str
    used_of_limit: float
    used_of_share: float
    resets_in_s: float


class WeightBudget:
    """Lets calls through while weight is left, makes them wait, or refuses them.

    Thread-safe. Weight is taken before the call and never given back.

    Args:
        share: this process's part of every limit, 0 to 1.
        request_weight_limit: of the futures pool; the exchange's own word replaces it (`set_limit`).
        monotonic, wall, sleep: clock and waiting, replaced in tests. The wall clock is read once, to
            know where the clock minute begins.
    """

    def __init__(
        self,
        *,
        share: float = 0.5,
        request_weight_limit: int = 2400,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"share must lie in (0, 1], not {share}")
        self._share = share
        self._monotonic, self._sleep = monotonic, sleep
        self._phase = wall() - monotonic()
        self._lock = threading.Lock()
        pools = (Pool("futures", request_weight_limit, 60), FUNDING, STATISTICS, SPOT)
        self._pools = {pool.name: pool for pool in pools}
        self._windows = {pool.name: _Window() for pool in pools}

    def take(
        self, pool: Pool, weight: int, *, is_account: bool = False, deadline: float | None = None
    ) -> float:
        """Seconds waited until the weight was granted.

        Args:
            is_account: reads of the account may use the last reserve and are not slowed down.
            deadline: monotonic time by which the call must be out; None waits as long as it takes.

        Raises:
            RateLimitError: the deadline comes first; `retry_after_s` says when there will be weight.
            ValueError: more weight than the pool or the share ever grants.
        """
        self._refuse_the_impossible(pool, weight, is_account)
        started = self._monotonic()
        while True:
            with self._lock:
                delay = self._delay(pool.name, weight, is_account)
                if delay <= 0:
                    self._charge(pool.name, weight)
                    return self._monotonic() - started
            if deadline is not None and self._monotonic() + delay > deadline:
                raise RateLimitError(f"{pool.name}: our own weight budget is spent", delay)
            self._sleep(delay)

    def learn(self, pool: Pool, headers: Mapping[str, str]) -> None:
        """Take over the exchange's count of this minute, which includes other processes on this address."""
        for key, value in headers.items():
            if key.lower() == "x-mbx-used-weight-1m" and value.isascii() and value.isdigit():
                with self._lock:
                    window = self._current(pool.name)
                    window.shared = max(window.shared, min(int(value), 10**9))

    def set_limit(self, pool: Pool, limit: int) -> None:
        """Take over a limit that the exchange announced; 0 changes nothing."""
        if limit > 0:
            with self._lock:
                self._pools[pool.name] = Pool(pool.name, limit, self._pools[pool.name].window_s)

    def align(self, server_s: float) -> None:
        """Count minutes by the exchange's clock, seconds since 1970, instead of ours."""
        with self._lock:
            self._phase = server_s - self._monotonic()

    def gauges(self) -> tuple[Gauge, ...]:
        """How full each pool is now."""
        with self._lock:
            return tuple(self._gauge(name) for name in self._pools)

    def _gauge(self, name: str) -> Gauge:
        pool, window = self._pools[name], self._current(name)
        return Gauge(
            pool=name,
            used_of_limit=window.shared / pool.limit,
            used_of_share=window.own / (pool.limit * self._share),
            resets_in_s=self._remaining(name),
        )

    def _refuse_the_impossible(self, pool: Pool, weight: int, is_account: bool) -> None:
        ceiling = self._pools[pool.name].limit * self._share * (ACCOUNT_STOP if is_account else HARD_STOP)
        if weight > ceiling:
            raise ValueError(
                f"{pool.name}: weight {weight} is more than this process may ever use ({ceiling:g})"
            )

    def _delay(self, name: str, weight: int, is_account: bool) -> float:
        """Seconds until this weight may be taken; 0 for now. Called with the lock held."""
        window, limit = self._current(name), self._pools[name].limit
        remaining = self._remaining(name)
        stop = ACCOUNT_STOP if is_account else HARD_STOP
        fill = max((window.shared + weight) / limit, (window.own + weight) / (limit * self._share))
        if fill > stop:
            return remaining + 0.001
        if is_account or fill <= SOFT_BRAKE or weight == 0:
            return 0.0
        now = self._monotonic()
        if window.next_paced_at > now:
            return min(window.next_paced_at - now, remaining + 0.001)
        step = weight / (limit * min(self._share, 1.0))
        window.next_paced_at = now + remaining * min(1.0, step / (HARD_STOP - SOFT_BRAKE))
        return 0.0

    def _charge(self, name: str, weight: int) -> None:
        window = self._current(name)
        window.own += weight
        window.shared += weight

    def _current(self, name: str) -> _Window:
        window = self._windows[name]
        index = math.floor((self._monotonic() + self._phase) / self._pools[name].window_s)
        if window.index != index:
            window.index, window.own, window.shared, window.next_paced_at = index, 0, 0, 0.0
        return window

    def _remaining(self, name: str) -> float:
        seconds = self._pools[name].window_s
        return seconds - (self._monotonic() + self._phase) % seconds


def kline_weight(limit: int) -> int:
    """Weight of a klines call by its number of rows.

    >>> [kline_weight(limit) for limit in (99, 100, 499, 500, 1000, 1001)]
    [1, 2, 2, 5, 5, 10]
    """
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


def depth_weight(limit: int) -> int:
    """Weight of a futures book by its number of levels.

    >>> [depth_weight(limit) for limit in (5, 50, 100, 500, 1000)]
    [2, 2, 5, 10, 20]
    """
    return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20


def spot_depth_weight(limit: int) -> int:
    """Weight of a spot book by its number of levels.

    >>> [spot_depth_weight(limit) for limit in (100, 101, 500, 1000, 5000)]
    [5, 25, 25, 50, 250]
    """
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250
