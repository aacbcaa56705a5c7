"""Request limits per address: pools of weight, 429, and the bans that follow for those who go on.

Windows are fixed (clock minutes, five clock minutes): the exchange does not document its own. After a 429 a
few more requests in the same window are refused with 429 again, then the address is banned with 418 for two
minutes, and each further ban is longer, up to three days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from risk.simulator.rejection import Rejection

MINUTE_MS = 60_000
BAN_MS = (120_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000, 259_200_000)
PATIENCE = 5  # refused requests within a window before the ban
FORGET_BANS_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool of weight. `header` is the suffix of X-MBX-USED-WEIGHT-, empty when it is not reported."""

    name: str
    limit: int
    window_ms: int = MINUTE_MS
    header: str = ""
    is_spot: bool = False
    is_per_account: bool = False


def pools(request_limit: int = 2400) -> dict[str, Pool]:
    """The exchange's pools (BINANCE.md 3.1); `request_limit` is the USD-M weight per minute."""
    table = [
        Pool("fapi", request_limit, header="1M"),
        Pool("funding", 500, 5 * MINUTE_MS),
        Pool("data", 1000, 5 * MINUTE_MS),
        Pool("spot", 6000, header="1M", is_spot=True),
        Pool("sapi", 12000, is_spot=True),
        Pool("venue", 1_000_000),
        Pool("orders_10s", 300, 10_000, is_per_account=True),
        Pool("orders_1m", 1200, is_per_account=True),
    ]
    return {pool.name: pool for pool in table}


@dataclass(slots=True)
class Limiter:
    """Counts weight per address and pool. `retry_after` sends that header on fapi too (spot always does)."""

    pools: Mapping[str, Pool]
    retry_after: bool = False
    used: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)  # window number, weight
    refused: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    banned_until: dict[str, int] = field(default_factory=dict)  # address -> ms
    bans: dict[str, int] = field(default_factory=dict)  # address -> how many so far

    def charge(self, address: str, pool_name: str, weight: int, now_ms: int) -> None:
        """Count `weight` against a pool.

        Raises:
            Rejection: 429 over the limit, 418 while banned.
        """
        pool = self.pools[pool_name]
        self._refuse_banned(address, pool, now_ms)
        total = self._count(self.used, (address, pool_name), pool, weight, now_ms)
        if total > pool.limit:
            raise self._over(address, pool, now_ms)

    def weight(self, address: str, pool_name: str, now_ms: int) -> int:
        """Weight used in the running window."""
        pool = self.pools[pool_name]
        return self._count(self.used, (address, pool_name), pool, 0, now_ms)

    def headers(self, address: str, pool_name: str, now_ms: int) -> dict[str, str]:
        """Headers that go with every answer of this pool's service."""
        pool = self.pools[pool_name]
        base = pool if pool.header else self.pools["spot" if pool.is_spot else "fapi"]
        return {f"X-MBX-USED-WEIGHT-{base.header}": str(self.weight(address, base.name, now_ms))}

    def ban(self, address: str, until_ms: int) -> None:
        """Ban an address until `until_ms`."""
        self.banned_until[address] = until_ms

    def forgive(self) -> None:
        """Forget all counts and bans."""
        for table in (self.used, self.refused, self.banned_until, self.bans):
            table.clear()

    def _refuse_banned(self, address: str, pool: Pool, now_ms: int) -> None:
        until = self.banned_until.get(address, 0)
        if now_ms < until:
            raise self._banned(pool, until, now_ms)
        if until and now_ms > until + FORGET_BANS_MS:
            self.bans.pop(address, None)

    def _over(self, address: str, pool: Pool, now_ms: int) -> Rejection:
        if self._count(self.refused, (address, pool.name), pool, 1, now_ms) > PATIENCE:
            number = self.bans.get(address, 0)
            self.bans[address] = number + 1
            self.banned_until[address] = now_ms + BAN_MS[min(number, len(BAN_MS) - 1)]
            return self._banned(pool, self.banned_until[address], now_ms)
        left_ms = pool.window_ms - now_ms % pool.window_ms
        return Rejection(429, *self._over_text(pool), self._retry(pool, left_ms))

    def _over_text(self, pool: Pool) -> tuple[int, str]:
        if pool.is_per_account:
            return (
                -1015,
                f"Too many new orders; current limit is {pool.limit} orders per {pool.window_ms} ms.",
            )
        if pool.is_spot:
            return -1003, (
                f"Too much request weight used; current limit is {pool.limit} request weight per 1 MINUTE. "
                "Please use WebSocket Streams for live updates to avoid polling the API."
            )
        return -1003, (
            f"Too many requests; current limit is {pool.limit} requests per minute. "
            "Please use the websocket for live updates to avoid polling the API."
        )

    def _banned(self, pool: Pool, until_ms: int, now_ms: int) -> Rejection:
        texts = (
            f"Way too many requests; IP banned until {until_ms}. "
            "Please use the websocket for live updates to avoid bans.",
            f"Way too much request weight used; IP banned until {until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans.",
        )
        return Rejection(418, -1003, texts[pool.is_spot], self._retry(pool, until_ms - now_ms))

    def _retry(self, pool: Pool, wait_ms: int) -> dict[str, str]:
        return {"Retry-After": str(-(-wait_ms // 1000))} if pool.is_spot or self.retry_after else {}

    def _count(
        self,
        table: dict[tuple[str, str], tuple[int, int]],
        key: tuple[str, str],
        pool: Pool,
        weight: int,
        now_ms: int,
    ) -> int:
        window = now_ms // pool.window_ms
        known, total = table.get(key, (window, 0))
        total = weight + (total if known == window else 0)
        table[key] = (window, total)
        return total
