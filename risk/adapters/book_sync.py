"""How one local book stays exact, without any I/O: buffer, snapshot, straddle, apply, gap, anew.

The procedure is the exchange's ("How to manage a local order book correctly", USD-M): every event's `pu`
must equal the `u` before it. Events seen twice (two sockets overlap) are ignored; events that run ahead
wait a moment for the one between; a real gap costs this symbol its book, and no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from risk.adapters.wire_market import DepthPayload
from risk.adapters.wire_stream import DepthDiff
from risk.book import OrderBook
from risk.errors import BookGapError

HELD_EVENTS = 8
HELD_MS = 1_000
"""An event ahead of the chain waits until so many follow it or so much exchange time has passed."""
BUFFERED_EVENTS = 1_200
"""Two minutes of `depth@100ms`; a snapshot older than that is of no use anyway."""


class BookSync:
    """One symbol's book and what it still waits for.

    Attributes:
        book: the exact book, or None: never built, or its chain broke. A wrong book is worse than none.
        event_at_ms: exchange time of what the book shows.
        gaps: how often the chain broke.
        wants_snapshot: events are buffered and only a snapshot is missing.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.book: OrderBook | None = None
        self.event_at_ms = 0
        self.last_id = 0
        self.gaps = 0
        self.loads = 0
        self._ahead: dict[int, DepthDiff] = {}  # by final update id: events that cannot be applied yet
        self._settled_id = -1
        self._is_first = False

    @property
    def wants_snapshot(self) -> bool:
        return self.book is None and bool(self._ahead)

    def feed(self, diff: DepthDiff) -> bool:
        """Take one event; True when the book moved."""
        if self.book is None:
            self._buffer(diff)
            return False
        if diff.final_update_id <= self.last_id:
            return False
        self._ahead[diff.final_update_id] = diff
        moved = self._drain()
        if self._ahead and self._waited_long_enough(diff):
            self.restart()
        return moved

    def load(self, payload: DepthPayload, *, limit: int | None = None) -> bool:
        """Take a snapshot of `limit` levels a side; True when a book stands on it.

        The first event after it must straddle its id. One whose `pu` lies at or before the id does, also
        where `U` lies behind it: ids count all symbols, and this one did not change in between.

        Raises:
            PayloadError: the snapshot is impossible, e.g. its quotes cross.
        """
        snapshot_id = payload.last_update_id
        self._ahead = {at: diff for at, diff in self._ahead.items() if at > snapshot_id}
        if self._ahead and not _straddles(self._ahead[min(self._ahead)], snapshot_id):
            return False
        book = OrderBook(self.symbol)
        book.load_snapshot(payload, limit=limit)
        self.book, self.last_id, self.loads = book, snapshot_id, self.loads + 1
        self.event_at_ms = payload.event_at_ms or 0
        self._is_first, self._settled_id = True, -1
        self._drain()
        return self.book is not None

    def settle(self) -> None:
        """Called about once a second: an event that still waits for the one before it waits in vain."""
        if self.book is not None and self._ahead and self._settled_id == self.last_id:
            self.restart()
        self._settled_id = self.last_id

    def restart(self) -> None:
        """Give the book up and begin again with what has been heard since."""
        self.book = None
        self.gaps += 1

    def _buffer(self, diff: DepthDiff) -> None:
        self._ahead[diff.final_update_id] = diff
        while len(self._ahead) > BUFFERED_EVENTS:
            del self._ahead[min(self._ahead)]

    def _drain(self) -> bool:
        """Apply what has become applicable; True when anything was."""
        moved = False
        for final_id in sorted(self._ahead):
            diff = self._ahead[final_id]
            if final_id <= self.last_id:
                del self._ahead[final_id]
            elif self._continues(diff):
                if not self._apply(diff):
                    return False
                del self._ahead[final_id]
                moved = True
        return moved

    def _continues(self, diff: DepthDiff) -> bool:
        if self._is_first:
            return _straddles(diff, self.last_id)
        return _previous(diff) == self.last_id

    def _apply(self, diff: DepthDiff) -> bool:
        assert self.book is not None
        try:
            self.book.apply(diff)
        except BookGapError:
            self.restart()
            return False
        self.last_id, self.event_at_ms, self._is_first = diff.final_update_id, diff.event_at_ms, False
        return True

    def _waited_long_enough(self, newest: DepthDiff) -> bool:
        oldest_ms = min(diff.event_at_ms for diff in self._ahead.values())
        return len(self._ahead) > HELD_EVENTS or newest.event_at_ms - oldest_ms > HELD_MS


def _straddles(diff: DepthDiff, snapshot_id: int) -> bool:
    return _previous(diff) <= snapshot_id <= diff.final_update_id


def _previous(diff: DepthDiff) -> int:
    """`u` of the event before; spot does not send it, there ids run on without a hole."""
    return diff.first_update_id - 1 if diff.previous_update_id is None else diff.previous_update_id


@dataclass(slots=True)
class SnapshotPlan:
    """Which symbol may fetch a snapshot now. Times are monotonic seconds.

    A symbol's first snapshot is nearly free (20 books stand within seconds of the start: weight 20 each);
    afterwards at most one per symbol in `symbol_s` and `per_minute` in total, so that a bad hour of the
    exchange does not turn into a ban. A refusal (429, 418) stops all of them.
    """

    symbol_s: float = 10.0
    per_minute: int = 10
    first_per_minute: int = 30
    _taken: dict[str, float] = field(default_factory=dict)
    _first: list[float] = field(default_factory=list)
    _again: list[float] = field(default_factory=list)
    _closed_until: float = 0.0

    def choose(self, waiting: Iterable[str], now: float) -> str | None:
        """The symbol whose turn it is, noted as taken; None: nobody may."""
        if now < self._closed_until:
            return None
        self._first = [at for at in self._first if now - at < 60.0]
        self._again = [at for at in self._again if now - at < 60.0]
        ranked = sorted(waiting, key=lambda symbol: (symbol in self._taken, self._taken.get(symbol, 0.0)))
        for symbol in ranked:
            log, limit = (
                (self._again, self.per_minute)
                if symbol in self._taken
                else (self._first, self.first_per_minute)
            )
            if len(log) < limit and now - self._taken.get(symbol, -self.symbol_s) >= self.symbol_s:
                log.append(now)
                self._taken[symbol] = now
                return symbol
        return None

    def rest(self, symbol: str, until: float) -> None:
        """None for this symbol before `until`: the exchange does not know it."""
        self._taken[symbol] = until - self.symbol_s

    def close(self, until: float) -> None:
        """No snapshot before `until`: the exchange asked for silence."""
        self._closed_until = max(self._closed_until, until)
