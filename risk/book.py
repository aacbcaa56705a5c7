"""A local order book that is exact or refuses: the exchange's procedure, without any I/O.

Prices are USDT per coin, quantities coins, both float64. Diffs carry absolute quantities; 0 removes a
level. Frames only go into a dict; the sorted arrays are brought up to date when somebody reads, which
at ten frames a second and one sample a second is what makes a book cheap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from risk.errors import BookGapError, DataError, PayloadError
from risk.levels import Side, slippage_ladder, value_of_best, value_within
from risk.records import DepthSnapshot

SideName = Literal["bid", "ask"]
Venue = Literal["usdm", "spot"]

BUFFERED_EVENTS = 6_000
"""Ten minutes of 100 ms diffs waiting for a snapshot; older ones are dropped, and the chain shows it."""
PENDING_LEVELS = 4_096
"""Changes that may wait for a reader before they are sorted in anyway."""


class Diff(Protocol):
    """What `apply` needs of a decoded depthUpdate; a dict with U, u, pu, b, a does as well."""

    @property
    def first_update_id(self) -> int: ...
    @property
    def final_update_id(self) -> int: ...
    @property
    def previous_update_id(self) -> int | None: ...
    @property
    def bids(self) -> Sequence[Any]: ...
    @property
    def asks(self) -> Sequence[Any]: ...


class Snapshot(Protocol):
    """What `load_snapshot` needs; a dict with lastUpdateId, bids, asks does as well."""

    @property
    def last_update_id(self) -> int: ...
    @property
    def bids(self) -> Sequence[Any]: ...
    @property
    def asks(self) -> Sequence[Any]: ...


class OrderBook:
    """One symbol's book, kept by snapshot and diffs.

    Feed every event to `apply` from the start: before a snapshot it is buffered, afterwards it must
    continue the chain. On futures an event's `pu` is the `u` before it, and the first one after the
    snapshot spans its id (pu ≤ lastUpdateId ≤ u); on spot its `U` is at most one above the `u` before.
    Events seen before are ignored. On a break the book is emptied, the event kept for the next
    snapshot, and BookGapError raised: a wrong book is worse than none.

    Attributes:
        symbol, venue: as given.
        update_id: id of the last event or snapshot taken in; None while there is no book.
    """

    def __init__(self, symbol: str, venue: Venue = "usdm") -> None:
        if venue not in ("usdm", "spot"):
            raise ValueError(f"venue {venue!r} is neither usdm nor spot")
        self.symbol, self.venue = symbol, venue
        self.update_id: int | None = None
        self._bids, self._asks = _Levels(), _Levels()
        self._is_first = True
        self._buffer: deque[_Event] = deque(maxlen=BUFFERED_EVENTS)

    def load_snapshot(self, payload: Snapshot | Mapping[str, Any], *, limit: int | None = None) -> None:
        """Begin anew from a complete book, then take in the buffered events that follow it.

        Args:
            limit: levels per side that were asked for. A side that came with fewer is known to its end
                (see `reach`).

        Raises:
            PayloadError: a field is missing or impossible, or the quotes cross.
            BookGapError: the buffered events begin later than the snapshot: fetch another one. The
                buffer is kept.
        """
        last_id, bids, asks = _snapshot_fields(payload, self.symbol)
        if bids and asks and max(bids) >= min(asks):
            raise PayloadError(f"{self.symbol} depth snapshot", "bids", max(bids), "not below the best ask")
        self._bids, self._asks = _Levels(), _Levels()
        self._bids.begin(bids, edge=min(bids, default=0.0), is_complete=_is_below(len(bids), limit))
        self._asks.begin(asks, edge=max(asks, default=0.0), is_complete=_is_below(len(asks), limit))
        self.update_id, self._is_first = last_id, True
        waiting = deque(sorted(self._buffer, key=lambda event: event.final_id), maxlen=BUFFERED_EVENTS)
        self._buffer.clear()
        while waiting:
            event = waiting.popleft()
            try:
                self._take(event)
            except BookGapError:
                waiting.appendleft(event)
                self._buffer = waiting
                raise

    def apply(self, diff: Diff | Mapping[str, Any]) -> bool:
        """Take in one depthUpdate; True when the book took it, False when buffered or seen before.

        Raises:
            BookGapError: the chain is broken; the book is empty now and waits for a snapshot.
            PayloadError: a field is missing or impossible.
        """
        event = _event(diff, self.symbol)
        if self.update_id is None:
            self._buffer.append(event)
            return False
        return self._take(event)

    def _take(self, event: _Event) -> bool:
        last = self.update_id
        assert last is not None
        if event.final_id <= last:
            return False
        expected, got = self._link(event, last)
        if got > expected if self._is_first or self.venue == "spot" else got != expected:
            self._give_up(event)
            raise BookGapError(self.symbol, expected, got)
        self.update_id, self._is_first = event.final_id, False
        self._bids.change(event.bids)
        self._asks.change(event.asks)
        return True

    def _link(self, event: _Event, last: int) -> tuple[int, int]:
        """(id that the event should follow, id that it says it follows)."""
        if self.venue == "spot":
            return last + 1, event.first_id
        if event.previous_id is None:
            raise PayloadError(f"{self.symbol} depthUpdate", "pu", None, "missing on a futures stream")
        return last, event.previous_id

    def _give_up(self, event: _Event) -> None:
        self._bids, self._asks = _Levels(), _Levels()
        self.update_id = None
        self._buffer.clear()
        self._buffer.append(event)

    @property
    def is_loaded(self) -> bool:
        """Whether there is a book at all."""
        return self.update_id is not None

    @property
    def best_bid(self) -> float | None:
        """Highest bid, or None when there is none."""
        prices, _ = self._side("bid")
        return float(prices[0]) if len(prices) else None

    @property
    def best_ask(self) -> float | None:
        """Lowest ask, or None when there is none."""
        prices, _ = self._side("ask")
        return float(prices[0]) if len(prices) else None

    def quotes(self) -> tuple[float, float]:
        """(best bid, best ask).

        Raises:
            DataError: no book yet, a side is empty, or the quotes cross or touch: build it anew.
        """
        bid, ask = self.best_bid, self.best_ask
        if bid is None or ask is None:
            raise DataError(f"{self.symbol}: the book has no {'bids' if bid is None else 'asks'}")
        if bid >= ask:
            raise DataError(f"{self.symbol}: bid {bid} is not below ask {ask}: the book must be built anew")
        return bid, ask

    @property
    def mid(self) -> float:
        """Middle of the best prices. Raises DataError as `quotes` does."""
        bid, ask = self.quotes()
        return (bid + ask) / 2.0

    def top(self, side: SideName, levels: int = 5) -> list[tuple[float, float]]:
        """Best (price, quantity) pairs of a side, best first; fewer when there are fewer."""
        prices, quantities = self._side(side)
        return list(zip(prices[:levels].tolist(), quantities[:levels].tolist(), strict=True))

    def depth(self, side: SideName, fraction: float) -> float:
        """USDT within `fraction` of mid on a side: a lower bound where it exceeds `reach`.

        Raises:
            DataError: the book cannot be sampled, see `quotes`.
        """
        mid = self.mid
        return value_within(*self._side(side), mid, fraction)

    def reach(self, side: SideName) -> float:
        """How far from mid this side is really known, as a fraction of mid, 0…1.

        A snapshot shows so many levels and no more; what lies behind its last one is known only where
        it has changed since. 1 when the snapshot held fewer levels than were asked for.

        Raises:
            DataError: the book cannot be sampled, see `quotes`.
        """
        levels, mid = self._bids if side == "bid" else self._asks, self.mid
        if levels.is_complete:
            return 1.0
        distance = mid - levels.edge if side == "bid" else levels.edge - mid
        return min(max(distance / mid, 0.0), 1.0)

    def arrays(self, side: SideName) -> tuple[Side, Side]:
        """(prices, quantities) of all live levels of a side, best first; copies."""
        prices, quantities = self._side(side)
        return prices.copy(), quantities.copy()

    def level_count(self, side: SideName) -> int:
        """Live levels of a side; nothing else is kept once it was read."""
        return len(self._side(side)[0])

    def _side(self, side: SideName) -> tuple[Side, Side]:
        if side == "bid":
            prices, quantities = self._bids.sorted_in()
            return prices[::-1], quantities[::-1]
        if side == "ask":
            return self._asks.sorted_in()
        raise ValueError(f"side {side!r} is neither bid nor ask")


class _Levels:
    """One side: live levels sorted by price, and the changes not yet sorted in."""

    __slots__ = ("edge", "is_complete", "pending", "prices", "quantities")

    def __init__(self) -> None:
        self.prices: Side = np.empty(0)
        self.quantities: Side = np.empty(0)
        self.pending: dict[float, float] = {}
        self.edge, self.is_complete = 0.0, False

    def begin(self, levels: dict[float, float], *, edge: float, is_complete: bool) -> None:
        self.pending, self.edge, self.is_complete = dict(levels), edge, is_complete

    def change(self, levels: Iterable[tuple[float, float]] | dict[float, float]) -> None:
        self.pending.update(levels)
        if len(self.pending) > PENDING_LEVELS:
            self.sorted_in()

    def sorted_in(self) -> tuple[Side, Side]:
        """(prices rising, quantities) of the live levels."""
        count = len(self.pending)
        if not count:
            return self.prices, self.quantities
        prices = np.fromiter(self.pending, np.float64, count)
        order = prices.argsort()
        prices = prices[order]
        quantities = np.fromiter(self.pending.values(), np.float64, count)[order]
        self.pending = {}
        at = self.prices.searchsorted(prices)
        is_known = np.zeros(count, dtype=bool)
        inside = at < len(self.prices)
        is_known[inside] = self.prices[at[inside]] == prices[inside]
        self.quantities[at[is_known]] = quantities[is_known]
        is_new = ~is_known & (quantities > 0.0)
        merged = np.insert(self.prices, at[is_new], prices[is_new])
        amounts = np.insert(self.quantities, at[is_new], quantities[is_new])
        live = amounts > 0.0
        self.prices, self.quantities = merged[live], amounts[live]
        return self.prices, self.quantities


class _Event(NamedTuple):
    first_id: int
    final_id: int
    previous_id: int | None
    bids: Any  # pairs of float, or a dict
    asks: Any


def _event(diff: Any, symbol: str) -> _Event:
    if not isinstance(diff, Mapping):
        bids, asks = diff.bids, diff.asks
        if _is_text(bids) or _is_text(asks):
            bids, asks = _floats(bids, symbol, "bids"), _floats(asks, symbol, "asks")
        return _Event(diff.first_update_id, diff.final_update_id, diff.previous_update_id, bids, asks)
    source = f"{symbol} depthUpdate"
    if diff.get("s", symbol) != symbol:
        raise PayloadError(source, "s", diff["s"], "another symbol's event")
    try:
        previous = diff.get("pu")
        ids = int(diff["U"]), int(diff["u"]), None if previous is None else int(previous)
        bids, asks = _floats(diff["b"], symbol, "b"), _floats(diff["a"], symbol, "a")
    except KeyError as cause:
        raise PayloadError(source, str(cause.args[0]), None, "missing") from cause
    except (TypeError, ValueError) as cause:
        raise PayloadError(source, "U, u, pu", diff, "not whole numbers") from cause
    return _Event(*ids, bids, asks)


def _snapshot_fields(payload: Any, symbol: str) -> tuple[int, dict[float, float], dict[float, float]]:
    source = f"{symbol} depth snapshot"
    try:
        if isinstance(payload, Mapping):
            last_id, bids, asks = payload["lastUpdateId"], payload["bids"], payload["asks"]
        else:
            last_id, bids, asks = payload.last_update_id, payload.bids, payload.asks
    except (KeyError, AttributeError) as cause:
        raise PayloadError(source, str(cause), None, "missing") from cause
    if not isinstance(last_id, int):
        raise PayloadError(source, "lastUpdateId", last_id, "not a whole number")
    return last_id, _floats(bids, symbol, "bids"), _floats(asks, symbol, "asks")


def _is_text(levels: Sequence[Any]) -> bool:
    return bool(levels) and isinstance(levels[0][0], str)


def _floats(levels: Sequence[Any], symbol: str, field: str) -> dict[float, float]:
    """Price → quantity; refuses what cannot be a level."""
    try:
        numbers = {float(price): float(quantity) for price, quantity in levels}
    except (TypeError, ValueError) as cause:
        raise PayloadError(f"{symbol} depth", field, levels, "not pairs of numbers") from cause
    for price, quantity in numbers.items():
        if not (isfinite(price) and price > 0.0 and isfinite(quantity) and quantity >= 0.0):
            raise PayloadError(f"{symbol} depth", field, (price, quantity), "cannot be a level")
    return numbers


def _is_below(count: int, limit: int | None) -> bool:
    return limit is not None and count < limit


def depth_snapshot(
    book: OrderBook, *, event_at: datetime, received_at: datetime, source: str = "stream"
) -> DepthSnapshot:
    """What is stored of a book: best prices, depth of both sides, reach, and the cost of market orders.

    Raises:
        DataError: the book is empty or crossed and must not be sampled.
    """
    best_bid, best_ask = book.quotes()
    mid = (best_bid + best_ask) / 2.0
    bids, asks = book._side("bid"), book._side("ask")
    return DepthSnapshot(
        symbol=book.symbol,
        venue=book.venue,
        event_at=event_at,
        received_at=received_at,
        source=source,
        update_id=book.update_id or 0,
        best_bid=Decimal(repr(best_bid)),
        best_ask=Decimal(repr(best_ask)),
        bid_depth_5_usdt=_money(value_of_best(*bids, 5)),
        ask_depth_5_usdt=_money(value_of_best(*asks, 5)),
        bid_depth_01pct_usdt=_money(value_within(*bids, mid, 0.001)),
        ask_depth_01pct_usdt=_money(value_within(*asks, mid, 0.001)),
        bid_depth_1pct_usdt=_money(value_within(*bids, mid, 0.01)),
        ask_depth_1pct_usdt=_money(value_within(*asks, mid, 0.01)),
        bid_reach=book.reach("bid"),
        ask_reach=book.reach("ask"),
        sell_slippage=_rungs(slippage_ladder(*bids, mid)),
        buy_slippage=_rungs(slippage_ladder(*asks, mid)),
    )


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.8f}")


def _rungs(fractions: Side) -> tuple[float | None, ...]:
    return tuple(None if x != x else x for x in fractions.tolist())
