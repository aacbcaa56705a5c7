"""Bursts of frames and floods of liquidations, with a database that takes its time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import text

from risk.adapters import store
from risk.adapters.market_watch import Watch
from risk.records import DataIssue, DepthSnapshot, ForcedLiquidation, Observed
from tests.adapters.depth_exchange import DepthExchange, frame
from tests.adapters.test_market_watch import Outside

SYMBOLS = [f"S{number:02d}USDT" for number in range(20)]
INSERT_S = 0.2
PATIENCE_S = 30.0  # of a crowded machine; nothing is measured by it
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def forced_order(symbol: str, at: datetime, quantity: int) -> bytes:
    """A sold position: `quantity` coins at 50 USDT."""
    at_ms = round(at.timestamp() * 1000)
    return (
        f'{{"stream":"!forceOrder@arr","data":{{"e":"forceOrder","E":{at_ms},"o":{{"s":"{symbol}","S":"SELL",'
        f'"o":"LIMIT","f":"IOC","q":"{quantity}","p":"49","ap":"50","X":"FILLED","l":"{quantity}",'
        f'"z":"{quantity}","T":{at_ms}}}}}}}'
    ).encode()


def test_two_thousand_liquidations_of_a_minute_are_each_stored_once(database_url: str) -> None:
    def save(records: Sequence[Observed], issues: Sequence[DataIssue]) -> None:
        with store.connect(database_url) as db:
            store.save(db, records)

    outside = Outside()
    watch = Watch("ws://127.0.0.1:1", SYMBOLS, outside.doors())
    watch.writer._save = save
    watch.books.watch(SYMBOLS)
    for number in range(2_000):
        order = forced_order(
            SYMBOLS[number % 20], START + timedelta(milliseconds=30 * number), 1 + number % 7
        )
        watch.on_market_frame(order)
        watch.on_market_frame(order)  # and once more, as after a reconnect
        if number % 250 == 249:
            asyncio.run(watch.writer.flush())
    assert watch.writer.pending == 0
    # 2000 = 285 × 7 + 5: 285 × (1 + … + 7) + (1 + … + 5) = 7995 coins at 50 USDT
    with store.connect(database_url) as db:
        rows = db.execute(text("SELECT count(*), sum(notional_usdt) FROM risk.liquidation")).one()
        hours = db.execute(text("SELECT sum(orders), sum(notional_usdt) FROM risk.liquidation_hour")).one()
    assert tuple(rows) == tuple(hours) == (2_000, Decimal(7_995 * 50))


class Burst:
    """A watch whose books are live, behind a database that takes 200 ms for each write."""

    def __init__(self) -> None:
        self.outside = Outside()
        self.stored: list[ForcedLiquidation] = []
        self.latest: dict[str, DepthSnapshot] = {}
        self.watch = Watch("ws://127.0.0.1:1", SYMBOLS, self.outside.doors())
        self.watch.writer._save = self.save
        self.watch.books.watch(SYMBOLS)
        self.exchanges = [DepthExchange(symbol, number) for number, symbol in enumerate(SYMBOLS)]
        for exchange in self.exchanges:
            self.watch.books.on_frame(frame(exchange.diff()))
            assert self.watch.books._books[exchange.symbol].load(exchange.snapshot())
        self.most_pending = self.liquidations = 0

    def save(self, records: Sequence[Observed], issues: Sequence[DataIssue]) -> None:
        time.sleep(INSERT_S)
        for record in records:
            if isinstance(record, ForcedLiquidation):
                self.stored.append(record)
            elif isinstance(record, DepthSnapshot):
                self.latest[record.symbol] = record

    async def run(self, frames_per_s: int, lasts_s: float) -> float:
        """Frames at this pace, one in a hundred a liquidation; seconds from the end until nothing waits."""
        tasks = [
            asyncio.create_task(self.watch.writer.run()),
            asyncio.create_task(self.watch._keep_sampling()),
        ]
        loop, turn = asyncio.get_running_loop(), count()
        ends_at = loop.time() + lasts_s
        while loop.time() < ends_at:
            began = loop.time()
            for _ in range(frames_per_s // 50):
                self.one(next(turn))
            self.most_pending = max(self.most_pending, self.watch.writer.pending)
            await asyncio.sleep(max(0.0, 0.02 - (loop.time() - began)))
        ended = loop.time()
        while not self.is_caught_up() and loop.time() < ended + PATIENCE_S:
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return loop.time() - ended

    def is_caught_up(self) -> bool:
        """Whether nothing waits and every newest book is stored: the sampler looks each second."""
        stored = {symbol: sample.update_id for symbol, sample in self.latest.items()}
        return not self.watch.writer.pending and all(
            stored.get(exchange.symbol) == exchange.last_id for exchange in self.exchanges
        )

    def one(self, number: int) -> None:
        exchange = self.exchanges[number % len(self.exchanges)]
        if number % 100 == 0:
            self.liquidations += 1
            self.watch.on_market_frame(
                forced_order(exchange.symbol, START + timedelta(milliseconds=number), 1)
            )
            return
        diff = exchange.diff()
        while len(exchange.states) > 10:  # the reference remembers more than this needs
            del exchange.states[next(iter(exchange.states))]
        self.watch.books.on_frame(frame(diff))

    def judge(self) -> None:
        assert len(self.stored) == self.liquidations
        assert len({(one.symbol, one.event_at) for one in self.stored}) == self.liquidations
        assert self.watch.books.status()["live"] == len(SYMBOLS)
        for exchange in self.exchanges:
            sample, (bids, asks) = self.latest[exchange.symbol], exchange.states[exchange.last_id]
            assert sample.update_id == exchange.last_id
            assert (float(sample.best_bid), float(sample.best_ask)) == (max(bids), min(asks))


@pytest.mark.parametrize(
    ("frames_per_s", "lasts_s"), [(2_000, 2.0), pytest.param(5_000, 30.0, marks=pytest.mark.faults)]
)
def test_behind_a_slow_database_the_newest_depth_wins_and_no_liquidation_is_dropped(
    frames_per_s: int, lasts_s: float
) -> None:
    burst = Burst()
    late_s = asyncio.run(burst.run(frames_per_s, lasts_s))
    burst.judge()
    print(
        f"{burst.watch.writer.saved} saved, at most {burst.most_pending} waited, empty after {late_s:.1f} s"
    )
    # What waits is bounded: one sample a symbol, and the liquidations of two seconds and a half of writing.
    assert burst.most_pending <= len(SYMBOLS) + 3 * frames_per_s / 100
