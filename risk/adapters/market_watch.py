"""One process's share of the market: books, marks and forced liquidations of the symbols it holds.

The exchange splits its streams by path, and a stream on the wrong path connects and stays silent:
depth is /public; marks, forced orders and changes of contracts are /market.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from risk.adapters.backoff import Backoff, Gate
from risk.adapters.stream_books import DOWN_AFTER_S, Books
from risk.adapters.stream_writer import Writer
from risk.adapters.streams import DEPTH_PATIENCE, LIFE_S, MARKET_PATIENCE, Feed, combined_url
from risk.adapters.wire_checks import Parsed
from risk.adapters.wire_contract import ContractChange, decode_contract_info
from risk.adapters.wire_market import DepthPayload
from risk.adapters.wire_stream import decode_force_order, decode_mark_array, force_order_key
from risk.errors import PayloadError, RiskError, StoreError
from risk.records import DataIssue, DepthSnapshot, ForcedLiquidation, Mark, Observed

log = logging.getLogger(__name__)

SYMBOLS_PER_SOCKET = 250  # 1,024 streams are allowed, but they all stand in one address line
TWINS = 2
"""Each depth stream comes over two sockets: when one drops, the other has every event, and no book is lost
to a resync (of which only ten a minute are allowed). What comes twice is ignored by its id."""
LEASE_EVERY_S, BEAT_EVERY_S, SAMPLE_EVERY_S, MARK_EVERY_S = 5.0, 5.0, 1.0, 5.0
REMEMBERED_ORDERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the watch needs of the outside; all blocking, called in threads.

    Attributes:
        fetch_depth: (symbol, levels) -> the book by REST.
        save: stores records and ledger lines in one transaction. Raises StoreError.
        lease: symbols wanted -> symbols that are ours for the next 15 s. Raises StoreError.
        beat: leaves a sign of life with details. Raises StoreError.
        change: looks at a contract that the exchange has changed. Raises RiskError.
    """

    fetch_depth: Callable[[str, int], DepthPayload]
    save: Callable[[Sequence[Observed], Sequence[DataIssue]], None]
    lease: Callable[[Sequence[str]], Sequence[str]]
    beat: Callable[[dict[str, Any]], None]
    change: Callable[[ContractChange], None]


class Watch:
    """Follows the symbols that the lease grants, until cancelled.

    Args:
        root: the streams' address, e.g. wss://fstream.binance.com.
        symbols: all that this project watches; other processes may hold some of them.
    """

    def __init__(self, root: str, symbols: Sequence[str], doors: Doors) -> None:
        self._root, self._symbols, self._doors = root, tuple(symbols), doors
        self.writer = Writer(doors.save)
        self.books = Books(doors.fetch_depth, self._keep_sample, self.writer.put_issue)
        self.gate = Gate()
        self.depth_groups = max(1, math.ceil(len(self._symbols) / SYMBOLS_PER_SOCKET))
        self.depth_feeds = [
            Feed(
                f"depth {number}",
                self.books.on_frame,
                patience=DEPTH_PATIENCE,
                life_s=LIFE_S - 3600.0 * (number // self.depth_groups),
                backoff=Backoff(is_eager=number < self.depth_groups),  # the first of each pair of twins
                gate=self.gate,
            )
            for number in range(self.depth_groups * TWINS)
        ]
        self.market_feed = Feed("market", self.on_market_frame, patience=MARKET_PATIENCE, gate=self.gate)
        self._orders: OrderedDict[Hashable, None] = OrderedDict()
        self._changes: asyncio.Queue[ContractChange] = asyncio.Queue()
        self._marked_at: dict[str, float] = {}
        self.liquidations = 0

    async def run(self) -> None:
        """Until cancelled; the last records are stored on the way out."""
        async with asyncio.TaskGroup() as tasks:
            for feed in (*self.depth_feeds, self.market_feed):
                tasks.create_task(feed.run())
            tasks.create_task(self._keep_leases())
            tasks.create_task(self.books.keep_synced())
            tasks.create_task(self.books.keep_fallback(self._is_link_down))
            tasks.create_task(self._keep_sampling())
            tasks.create_task(self._keep_beating())
            tasks.create_task(self._keep_changes())
            tasks.create_task(self.writer.run())

    def follow(self, symbols: Sequence[str]) -> None:
        """Follow exactly these symbols from now on."""
        if set(symbols) == set(self.books.symbols):
            return
        self.books.watch(symbols)
        names = sorted(symbol.lower() for symbol in symbols)
        for number, feed in enumerate(self.depth_feeds):
            share = [f"{name}@depth@100ms" for name in names[number % self.depth_groups :: self.depth_groups]]
            feed.retarget(combined_url(self._root, "public", share) if share else "", share)
        market = ["!forceOrder@arr", "!contractInfo", *(f"{name}@markPrice@1s" for name in names)]
        self.market_feed.retarget(combined_url(self._root, "market", market) if names else "", market)

    def on_market_frame(self, frame: bytes) -> None:
        """One frame of /market: a forced order, a changed contract or a mark price."""
        received_at = datetime.now(UTC)
        try:
            if b"forceOrder" in frame[:64]:
                self._note(decode_force_order(frame, received_at=received_at), self._keep_order)
            elif b"contractInfo" in frame[:64]:
                self._keep_change(decode_contract_info(frame, received_at=received_at))
            else:
                self._note(decode_mark_array(frame, received_at=received_at), self._keep_mark)
        except PayloadError as error:
            self.writer.put_issue(
                DataIssue(
                    at=received_at,
                    source=error.source,
                    symbol="",
                    field=error.field,
                    value=error.value,
                    problem=error.problem,
                )
            )

    def status(self) -> dict[str, Any]:
        """What the heartbeat says."""
        feeds = (*self.depth_feeds, self.market_feed)
        saved_at = self.writer.saved_at
        return {
            **self.books.status(),
            "connects": sum(feed.counts.connects for feed in feeds),
            "drops": sum(feed.counts.drops for feed in feeds),
            "refusals": sum(feed.counts.refusals for feed in feeds),
            "frames": sum(feed.counts.frames for feed in feeds),
            "liquidations": self.liquidations,
            "saved": self.writer.saved,
            "pending": self.writer.pending,
            "coalesced": self.writer.coalesced,
            "saved_ago_s": None if saved_at is None else round(monotonic() - saved_at, 1),
        }

    def _note(self, parsed: Parsed[Any], keep: Callable[[Any], None]) -> None:
        for record in parsed.rows:
            keep(record)
        for issue in parsed.issues:
            self.writer.put_issue(issue)

    def _keep_sample(self, sample: DepthSnapshot) -> None:
        self.writer.put_latest(("depth", sample.symbol), sample)

    def _keep_mark(self, mark: Mark) -> None:
        now = monotonic()
        if now - self._marked_at.get(mark.symbol, -MARK_EVERY_S) >= MARK_EVERY_S:
            self._marked_at[mark.symbol] = now
            self.writer.put_latest(("mark", mark.symbol), mark)

    def _keep_order(self, order: ForcedLiquidation) -> None:
        """Each order once, of the symbols that are ours: the stream is market-wide."""
        key = force_order_key(order)
        if order.symbol not in self.books.symbols or key in self._orders:
            return
        self._orders[key] = None
        if len(self._orders) > REMEMBERED_ORDERS:
            self._orders.popitem(last=False)
        self.liquidations += 1
        self.writer.put(order)

    def _keep_change(self, change: ContractChange | None) -> None:
        """Those of our symbols, and of those that nobody watches: the account may hold them."""
        if change and (change.symbol in self.books.symbols or change.symbol not in self._symbols):
            self._changes.put_nowait(change)

    def _is_link_down(self) -> bool:
        """Whether some group of symbols comes over none of its sockets."""
        groups: dict[int, list[float]] = {}
        for number, feed in enumerate(self.depth_feeds):
            if feed.is_wanted:
                groups.setdefault(number % self.depth_groups, []).append(feed.silent_s())
        return any(min(silences) > DOWN_AFTER_S for silences in groups.values())

    async def _keep_leases(self) -> None:
        while True:
            try:
                self.follow(await asyncio.to_thread(self._doors.lease, self._symbols))
            except StoreError as error:
                log.warning("symbols kept without a lease: %s", error)
            await asyncio.sleep(LEASE_EVERY_S)

    async def _keep_changes(self) -> None:
        while True:
            change = await self._changes.get()
            try:
                await asyncio.to_thread(self._doors.change, change)
            except RiskError as error:
                log.warning("%s: changed contract not looked at: %s", change.symbol, error)

    async def _keep_sampling(self) -> None:
        while True:
            now = datetime.now(UTC).timestamp()
            await asyncio.sleep(SAMPLE_EVERY_S - now % SAMPLE_EVERY_S)
            self.books.sample()

    async def _keep_beating(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._doors.beat, self.status())
            except StoreError as error:
                log.warning("no heartbeat: %s", error)
            await asyncio.sleep(BEAT_EVERY_S)
