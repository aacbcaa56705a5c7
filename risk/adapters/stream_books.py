"""The books of all watched symbols: frames go in, snapshots are fetched as needed, samples come out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic

from risk.adapters.book_sync import BookSync, SnapshotPlan
from risk.adapters.wire_market import DepthPayload
from risk.adapters.wire_stream import decode_depth
from risk.book import OrderBook, depth_snapshot
from risk.errors import (
    BannedError,
    DataError,
    ExchangeError,
    PayloadError,
    RateLimitError,
    UnknownSymbolError,
)
from risk.records import DataIssue, DepthSnapshot

log = logging.getLogger(__name__)

SNAPSHOT_LEVELS, FALLBACK_LEVELS = 1_000, 100  # weight 20 and 5
DOWN_AFTER_S = 5.0
"""Without an event for so long, a symbol is also asked for by REST."""
FROZEN_AFTER_S = 60.0
UNKNOWN_REST_S = 600.0


class Books:
    """Keeps one exact book per watched symbol.

    Args:
        fetch: blocking REST call (symbol, levels) -> DepthPayload.
        on_sample: takes a finished sample; from the stream's books or, marked "rest", from the fallback.
        on_issue: takes a line for the data-quality ledger.
    """

    def __init__(
        self,
        fetch: Callable[[str, int], DepthPayload],
        on_sample: Callable[[DepthSnapshot], None],
        on_issue: Callable[[DataIssue], None],
    ) -> None:
        self._fetch, self._on_sample, self._on_issue = fetch, on_sample, on_issue
        self._books: dict[str, BookSync] = {}
        self._moved_at: dict[str, float] = {}  # monotonic; when the book last moved, or watching began
        self._sampled_id: dict[str, int] = {}
        self._plan = SnapshotPlan()
        self._fallback = SnapshotPlan(symbol_s=2.0, per_minute=120, first_per_minute=120)
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="depth")

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self._books)

    def watch(self, symbols: Iterable[str]) -> None:
        """Keep books of exactly these symbols from now on."""
        wanted = set(symbols)
        for symbol in set(self._books) - wanted:
            del self._books[symbol], self._moved_at[symbol]
        for symbol in sorted(wanted - set(self._books)):
            self._books[symbol] = BookSync(symbol)
            self._moved_at[symbol] = monotonic()

    def on_frame(self, frame: bytes) -> None:
        """One frame of the depth streams; a frame that cannot be read costs nobody a book but its symbol."""
        try:
            diff = decode_depth(frame)
        except PayloadError as error:
            self._note(error)
            return
        sync = self._books.get(diff.symbol)
        if sync is not None and sync.feed(diff):
            self._moved_at[diff.symbol] = monotonic()

    def sample(self) -> None:
        """Hand over one sample of every book that has moved since the last one. Called once a second."""
        received_at = datetime.now(UTC)
        for symbol, sync in self._books.items():
            sync.settle()
            if sync.book is None or self._sampled_id.get(symbol) == sync.last_id:
                continue
            try:
                sample = depth_snapshot(
                    sync.book, event_at=_moment(sync.event_at_ms, received_at), received_at=received_at
                )
            except DataError as error:
                self._note(error, symbol)
                sync.restart()
                continue
            self._sampled_id[symbol] = sync.last_id
            self._on_sample(sample)

    async def keep_synced(self) -> None:
        """Fetch snapshots for books that wait for one, as fast as the plan allows. Runs until cancelled."""
        fetches: set[asyncio.Task[None]] = set()
        try:
            while True:
                waiting = [symbol for symbol, sync in self._books.items() if sync.wants_snapshot]
                symbol = self._plan.choose(waiting, monotonic()) if waiting and len(fetches) < 2 else None
                if symbol is None:
                    await asyncio.sleep(0.05)
                    continue
                task = asyncio.create_task(self._load(symbol))
                fetches.add(task)
                task.add_done_callback(fetches.discard)
        finally:
            for task in fetches:
                task.cancel()
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def keep_fallback(self, link_is_down: Callable[[], bool]) -> None:
        """While the stream is down, or a book cannot be had, sample by REST. Runs until cancelled."""
        while True:
            now = monotonic()
            is_down = link_is_down()
            dark = [
                symbol
                for symbol, sync in self._books.items()
                if now - self._moved_at[symbol] > DOWN_AFTER_S and (is_down or sync.book is None)
            ]
            symbol = self._fallback.choose(dark, now) if dark else None
            if symbol is None:
                await asyncio.sleep(0.25)
                continue
            payload = await self._ask(symbol, FALLBACK_LEVELS, self._fallback)
            if payload is not None:
                self._sample_payload(payload)

    def status(self) -> dict[str, object]:
        """What the heartbeat says about the books."""
        now = monotonic()
        return {
            "symbols": len(self._books),
            "live": sum(sync.book is not None for sync in self._books.values()),
            "gaps": sum(sync.gaps for sync in self._books.values()),
            "snapshots": sum(sync.loads for sync in self._books.values()),
            "frozen": [name for name, at in self._moved_at.items() if now - at > FROZEN_AFTER_S],
        }

    async def _load(self, symbol: str) -> None:
        payload = await self._ask(symbol, SNAPSHOT_LEVELS, self._plan)
        sync = self._books.get(symbol)
        if payload is None or sync is None or sync.book is not None:
            return
        try:
            is_met = sync.load(payload, limit=SNAPSHOT_LEVELS)
        except PayloadError as error:
            self._note(error, symbol)
            return
        if is_met:
            self._moved_at[symbol] = monotonic()
        else:
            log.info("%s: snapshot %d does not meet the stream", symbol, payload.last_update_id)

    async def _ask(self, symbol: str, levels: int, plan: SnapshotPlan) -> DepthPayload | None:
        """One REST snapshot; None when the exchange did not give it (and the plan knows until when)."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._fetch, symbol, levels)
        except RateLimitError as error:
            self._close_plans(error.retry_after_s)
        except BannedError as error:
            self._close_plans((error.until - datetime.now(UTC)).total_seconds() + 1.0)
        except UnknownSymbolError as error:
            plan.rest(symbol, monotonic() + UNKNOWN_REST_S)
            log.warning("%s: %s", symbol, error)
        except ExchangeError as error:
            log.info("%s: no depth by REST: %s", symbol, error)
        except PayloadError as error:
            self._note(error, symbol)
        return None

    def _close_plans(self, seconds: float) -> None:
        until = monotonic() + max(0.0, seconds)
        self._plan.close(until)
        self._fallback.close(until)

    def _sample_payload(self, payload: DepthPayload) -> None:
        received_at = datetime.now(UTC)
        book = OrderBook(payload.symbol)
        try:
            book.load_snapshot(payload, limit=FALLBACK_LEVELS)
            event_at = _moment(payload.event_at_ms or 0, received_at)
            sample = depth_snapshot(book, event_at=event_at, received_at=received_at, source="rest")
        except DataError as error:
            self._note(error, payload.symbol)
            return
        self._on_sample(sample)

    def _note(self, error: DataError, symbol: str = "") -> None:
        field, value = getattr(error, "field", ""), getattr(error, "value", "")
        problem = getattr(error, "problem", str(error))
        self._on_issue(
            DataIssue(
                at=datetime.now(UTC), source="depth", symbol=symbol, field=field, value=value, problem=problem
            )
        )


def _moment(epoch_ms: int, otherwise: datetime) -> datetime:
    """The exchange's time; ours where it sent none."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC) if epoch_ms else otherwise
