"""An exchange's book in plain dicts: the reference that a local book must equal at every id."""

from __future__ import annotations

import random

from risk.adapters.wire_market import DepthPayload
from risk.adapters.wire_stream import DepthDiff

Book = tuple[dict[float, float], dict[float, float]]


class DepthExchange:
    """Makes diffs whose ids run over all symbols, so that they have holes, and remembers every state."""

    def __init__(self, symbol: str, seed: int, *, levels: int = 12) -> None:
        self.symbol, self._random = symbol, random.Random(seed)
        self.last_id = self._random.randrange(1_000, 9_000)
        self.now_ms = 1_700_000_000_000
        self.bids = {100.0 - step: float(step) for step in range(1, levels)}
        self.asks = {100.0 + step: float(step) for step in range(1, levels)}
        self.states: dict[int, Book] = {self.last_id: (dict(self.bids), dict(self.asks))}

    def diff(self) -> DepthDiff:
        """The next event; the state after it is remembered under its final id."""
        previous = self.last_id
        first = previous + self._random.choice((1, 1, 7, 40))
        self.last_id = first + self._random.randrange(0, 30)
        self.now_ms += 100
        bids = self._change(self.bids, -1.0)
        asks = self._change(self.asks, 1.0)
        self.states[self.last_id] = (dict(self.bids), dict(self.asks))
        return DepthDiff(
            symbol=self.symbol,
            first_update_id=first,
            final_update_id=self.last_id,
            bids=bids,
            asks=asks,
            sent_at_ms=self.now_ms + 3,
            previous_update_id=previous,
            transacted_at_ms=self.now_ms,
        )

    def snapshot(self, at_id: int | None = None, *, later_by: int = 0) -> DepthPayload:
        """The book of an id, newest by default. `later_by`: ids that other symbols used since."""
        known = self.last_id if at_id is None else at_id
        bids, asks = self.states[known]
        return DepthPayload(
            symbol=self.symbol,
            venue="usdm",
            last_update_id=known + later_by,
            event_at_ms=self.now_ms,
            bids=sorted(bids.items(), reverse=True),
            asks=sorted(asks.items()),
        )

    def _change(self, side: dict[float, float], direction: float) -> list[tuple[float, float]]:
        levels = []
        for _ in range(self._random.randrange(0, 4)):
            price = 100.0 + direction * self._random.randrange(2, 40)  # ±1 stays: the book never empties
            quantity = float(self._random.choice((0, 0, 1, 5, 9)))
            levels.append((price, quantity))
            if quantity:
                side[price] = quantity
            else:
                side.pop(price, None)
        return levels


def frame(diff: DepthDiff) -> bytes:
    """The diff as the combined stream carries it."""
    sides = "".join(
        f',"{name}":[{",".join(f"""["{price}","{quantity}"]""" for price, quantity in levels)}]'
        for name, levels in (("b", diff.bids), ("a", diff.asks))
    )
    return (
        f'{{"stream":"{diff.symbol.lower()}@depth@100ms","data":{{"e":"depthUpdate","E":{diff.sent_at_ms},'
        f'"T":{diff.transacted_at_ms},"s":"{diff.symbol}","U":{diff.first_update_id},'
        f'"u":{diff.final_update_id},"pu":{diff.previous_update_id}{sides}}}}}'
    ).encode()
