"""When to knock again at the streams' door: alone after a drop, together after a refusal."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import monotonic

REFUSALS = frozenset({403, 418, 429})
"""HTTP statuses of a handshake that mean: you come too often."""


class Backoff:
    """How long to wait before the next connection attempt, in seconds.

    Drops and refusals to listen: 0.25 s doubling to 5 s, shortened at random so that many do not knock at
    once; a connection that lived a second starts anew. After 429, 403 or 418 at the handshake: 12 s (five
    attempts a minute) doubling to 60 s, or the wait that the server asked for if that is longer.

    Args:
        is_eager: start anew after every connection that carried data, however short, but keep the attempts
            a second apart: where links are reset again and again, one of several must not wait for long.
    """

    FIRST_S, CAP_S, REFUSED_FIRST_S, REFUSED_CAP_S, GOOD_LIFE_S = 0.25, 5.0, 12.0, 60.0, 1.0

    def __init__(self, chance: Callable[[], float] = random.random, *, is_eager: bool = False) -> None:
        self._chance = chance
        self._is_eager = is_eager
        self._failures = 0
        self._refusals = 0

    def after(self, *, lived_s: float, status: int | None = None, retry_after_s: float = 0.0) -> float:
        """The wait after one connection's end.

        Args:
            lived_s: how long it carried data; 0 if it never did.
            status: HTTP status of a refused handshake.
        """
        if lived_s > 0:
            self._refusals = 0
        if lived_s >= self.GOOD_LIFE_S or (self._is_eager and lived_s > 0):
            self._failures = 0
        if status in REFUSALS:
            wait = min(self.REFUSED_CAP_S, self.REFUSED_FIRST_S * 2.0 ** min(self._refusals, 8))
            self._refusals += 1
            return max(wait, retry_after_s)
        wait = min(self.CAP_S, self.FIRST_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        wait *= 0.5 + 0.5 * self._chance()
        return max(wait, self.GOOD_LIFE_S - lived_s) if self._is_eager and lived_s > 0 else wait


class Gate:
    """Shared by all feeds to one address: after a refusal their attempts keep 12 s apart, together.

    Each feed's own back-off would let as many through as there are feeds.
    """

    SPACING_S, MEMORY_S = 12.0, 60.0

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._attempt_at = self._calm_at = float("-inf")

    def refused(self, retry_after_s: float = 0.0) -> None:
        """Note a refused handshake."""
        self._calm_at = self._clock() + max(self.MEMORY_S, retry_after_s)

    def wait_s(self) -> float:
        """Seconds until the next attempt may begin; zero notes it as begun."""
        now = self._clock()
        wait = self._attempt_at + self.SPACING_S - now if now < self._calm_at else 0.0
        if wait <= 0:
            self._attempt_at = now
        return max(0.0, wait)
