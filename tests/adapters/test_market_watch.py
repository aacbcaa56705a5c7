"""The whole stream side against a loopback exchange: leases, books, marks, forced orders, storing."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from websockets.asyncio.server import ServerConnection

from risk.adapters import market_watch
from risk.adapters.market_watch import Doors, Watch
from risk.adapters.stream_user import UserStream
from risk.adapters.stream_writer import Writer
from risk.adapters.wire_contract import ContractChange
from risk.adapters.wire_market import DepthPayload
from risk.errors import RejectedError, StoreError
from risk.records import DataIssue, DepthSnapshot, ForcedLiquidation, Mark, Observed, Ticker
from tests.adapters.depth_exchange import DepthExchange, frame
from tests.adapters.stream_server import stream_server, until


class Outside:
    """The doors of a watch, with what went through them."""

    def __init__(self) -> None:
        self.exchange = DepthExchange("AAAUSDT", 1)
        self.saved: list[Observed] = []
        self.issues: list[DataIssue] = []
        self.beats: list[dict[str, Any]] = []
        self.changes: list[ContractChange] = []
        self.granted: list[str] = ["AAAUSDT"]
        self.is_down = False
        self.lock = threading.Lock()

    def doors(self) -> Doors:
        return Doors(
            fetch_depth=self.fetch,
            save=self.save,
            lease=lambda _: self.granted,
            beat=self.beats.append,
            change=self.changes.append,
        )

    def fetch(self, symbol: str, levels: int) -> DepthPayload:
        with self.lock:
            return self.exchange.snapshot()

    def next_frame(self, number: int) -> bytes:
        with self.lock:
            return frame(self.exchange.diff())

    def save(self, records: Sequence[Observed], issues: Sequence[DataIssue]) -> None:
        if self.is_down:
            raise StoreError("OperationalError: the database is away")
        self.saved.extend(records)
        self.issues.extend(issues)

    def of(self, kind: type[Observed]) -> list[Any]:
        return [record for record in self.saved if isinstance(record, kind)]


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_depth_flows_from_the_socket_to_the_database_and_ends_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(market_watch, "SAMPLE_EVERY_S", 0.1)
    monkeypatch.setattr("risk.adapters.stream_writer.FLUSH_S", 0.1)
    outside = Outside()

    async def scene() -> tuple[list[str], int]:
        async with stream_server() as server:
            server.frames = outside.next_frame
            before = len(asyncio.all_tasks())
            watch = Watch(server.url, ["AAAUSDT", "BBBUSDT"], outside.doors())
            task = asyncio.create_task(watch.run())
            await until(lambda: len(outside.of(DepthSnapshot)) >= 3 and bool(outside.beats))
            async with asyncio.timeout(5):
                await cancelled(task)
            return server.paths, len(asyncio.all_tasks()) - before

    paths, left_over = asyncio.run(scene())
    assert left_over == 0
    assert sorted(paths) == [
        "/market/stream?streams=!forceOrder@arr/!contractInfo/aaausdt@markPrice@1s",
        "/public/stream?streams=aaausdt@depth@100ms",
        "/public/stream?streams=aaausdt@depth@100ms",
    ]
    for sample in outside.of(DepthSnapshot):
        bids, asks = outside.exchange.states[sample.update_id]
        assert (float(sample.best_bid), float(sample.best_ask)) == (max(bids), min(asks))


def test_a_socket_that_drops_again_and_again_costs_no_book_while_its_twin_lives() -> None:
    outside = Outside()

    async def scene() -> tuple[int, int, bool]:
        async with stream_server() as server:
            server.frames = outside.next_frame

            def twins() -> list[ServerConnection]:
                return [one for one in server.open if one.request and "/public" in one.request.path]

            watch = Watch(server.url, ["AAAUSDT"], outside.doors())
            task = asyncio.create_task(watch.run())
            await until(lambda: watch.books.status()["live"] == 1 and len(twins()) == 2)
            for number in range(6):
                twins()[number % 2].transport.abort()
                await until(lambda: len(twins()) == 1)
                await until(lambda: len(twins()) == 2)
                heard = [feed.counts.frames for feed in watch.depth_feeds]
                await until(
                    lambda heard=heard: all(
                        feed.counts.frames > before
                        for feed, before in zip(watch.depth_feeds, heard, strict=True)
                    )
                )
            status = watch.status()
            await cancelled(task)
            return status["gaps"], status["snapshots"], status["drops"] >= 6

    assert asyncio.run(scene()) == (0, 1, True)


def test_symbols_of_a_dead_neighbour_are_followed_once_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market_watch, "LEASE_EVERY_S", 0.05)
    outside = Outside()

    async def scene() -> list[str]:
        async with stream_server() as server:
            watch = Watch(server.url, ["AAAUSDT", "BBBUSDT"], outside.doors())
            task = asyncio.create_task(watch.run())
            await until(lambda: len(server.open) == 3)
            outside.granted = ["AAAUSDT", "BBBUSDT"]
            await until(lambda: any("bbbusdt@depth" in path for path in server.paths))
            await cancelled(task)
            return list(watch.books.symbols)

    assert asyncio.run(scene()) == ["AAAUSDT", "BBBUSDT"]


def watch_of(symbols: list[str]) -> tuple[Watch, Outside]:
    outside = Outside()
    watch = Watch("ws://127.0.0.1:1", symbols, outside.doors())
    watch.books.watch(symbols)
    return watch, outside


def stored(watch: Watch, outside: Outside) -> list[Observed]:
    asyncio.run(watch.writer.flush())
    return outside.saved


def test_recorded_forced_orders_of_watched_symbols_are_stored_once(shared: Path) -> None:
    frames = (shared / "data/ws_um_forceOrder_recorded_frames.jsonl").read_bytes().splitlines()
    watch, outside = watch_of(["BTCUSDT", "XRPUSDT"])
    for raw in (*frames, *frames):
        if raw:
            watch.on_market_frame(raw)
    orders = stored(watch, outside)
    assert all(isinstance(order, ForcedLiquidation) for order in orders)
    # the recorded lines: z x ap, e.g. 0.190 x 82651.90 = 15703.861
    assert {(order.symbol, order.side, order.notional_usdt) for order in outside.of(ForcedLiquidation)} == {
        ("XRPUSDT", "BUY", Decimal("127.2") * Decimal("1.4912")),
        ("BTCUSDT", "SELL", Decimal("15703.8610")),
    }
    assert len(orders) == 2


def test_forced_orders_of_coin_margined_contracts_are_left_out() -> None:
    watch, outside = watch_of(["BTCUSD"])
    order = (
        b'{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSD","S":"SELL",'
        b'"o":"LIMIT","f":"IOC","q":"1","p":"9910","ap":"9910","X":"FILLED","l":"1","z":"1",'
        b'"T":1568014460893},"st":2}}'
    )
    watch.on_market_frame(order)
    assert stored(watch, outside) == []


def mark_frame(symbol: str, at_ms: int, price: str) -> bytes:
    return (
        f'{{"stream":"{symbol.lower()}@markPrice@1s","data":{{"e":"markPriceUpdate","E":{at_ms},"s":"{symbol}",'
        f'"p":"{price}","i":"100.0","P":"100.0","r":"0.0001","T":{at_ms + 1000}}}}}'
    ).encode()


def test_marks_are_kept_once_in_five_seconds() -> None:
    watch, outside = watch_of(["AAAUSDT"])
    for second in range(4):
        watch.on_market_frame(mark_frame("AAAUSDT", 1_700_000_000_000 + second * 1_000, f"{100 + second}"))
    marks = stored(watch, outside)
    assert [mark.mark_price for mark in marks if isinstance(mark, Mark)] == [Decimal("100")]


def test_unreadable_market_frames_go_to_the_ledger() -> None:
    watch, outside = watch_of(["AAAUSDT"])
    watch.on_market_frame(mark_frame("AAAUSDT", 1_700_000_000_000, "NaN"))
    watch.on_market_frame(b'{"stream":"!forceOrder@arr","data":{"e":"forceOrder"')
    assert stored(watch, outside) == []
    assert len(outside.issues) == 2


# --- a slow or absent database ---------------------------------------------------------------------


def ticker(symbol: str, price: int) -> Ticker:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Ticker(
        event_at=at, received_at=at, source="rest", symbol=symbol, venue="usdm", last_price=Decimal(price),
        price_change=0.0, high=Decimal(price), low=Decimal(price), volume=Decimal(1), quote_volume=Decimal(1),
    )  # fmt: skip


def test_while_the_database_is_away_samples_coalesce_and_orders_all_stay() -> None:
    outside = Outside()
    writer = Writer(outside.save)
    outside.is_down = True
    for number in range(100):
        writer.put_latest("AAAUSDT", ticker("AAAUSDT", number + 1))
        writer.put(ticker("ORDER", number + 1))
        asyncio.run(writer.flush())
    assert (outside.saved, writer.pending) == ([], 101)
    outside.is_down = False
    asyncio.run(writer.flush())
    latest = [record.last_price for record in outside.of(Ticker) if record.symbol == "AAAUSDT"]
    orders = [record.last_price for record in outside.of(Ticker) if record.symbol == "ORDER"]
    assert latest == [Decimal(100)]
    assert orders == [Decimal(number + 1) for number in range(100)]
    assert writer.pending == 0


def test_a_sample_that_comes_during_a_failed_write_is_not_overwritten_by_the_older_one() -> None:
    outside = Outside()

    def save(records: Sequence[Observed], issues: Sequence[DataIssue]) -> None:
        if outside.is_down:
            outside.is_down = False
            writer.put_latest("AAAUSDT", ticker("AAAUSDT", 2))
            raise StoreError("away")
        outside.save(records, issues)

    writer = Writer(save)
    outside.is_down = True
    writer.put_latest("AAAUSDT", ticker("AAAUSDT", 1))
    asyncio.run(writer.flush())
    asyncio.run(writer.flush())
    assert [record.last_price for record in outside.of(Ticker)] == [Decimal(2)]


def test_a_record_that_the_database_refuses_does_not_hold_the_others_back() -> None:
    outside = Outside()

    def save(records: Sequence[Observed], issues: Sequence[DataIssue]) -> None:
        if any(isinstance(record, Ticker) and record.last_price == 7 for record in records):
            raise StoreError("CheckViolation") from psycopg.errors.CheckViolation("impossible price")
        outside.save(records, issues)

    writer = Writer(save)
    for number in range(20):
        writer.put(ticker("ORDER", number))
    asyncio.run(writer.flush())
    assert {int(record.last_price) for record in outside.of(Ticker)} == set(range(20)) - {7}
    assert writer.pending == 0


def test_a_flood_of_equal_troubles_is_one_line_of_the_ledger() -> None:
    outside = Outside()
    writer = Writer(outside.save)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(1_000):
        writer.put_issue(
            DataIssue(at=at, source="depth", symbol="A", field="b", value=str(number), problem="impossible")
        )
    asyncio.run(writer.flush())
    assert [issue.value for issue in outside.issues] == ["999"]


def test_what_is_pending_is_stored_on_the_way_out() -> None:
    outside = Outside()

    async def scene() -> None:
        writer = Writer(outside.save)
        task = asyncio.create_task(writer.run())
        await asyncio.sleep(0)
        writer.put(ticker("ORDER", 1))
        await cancelled(task)

    asyncio.run(scene())
    assert len(outside.saved) == 1


def test_changed_contracts_go_out_where_they_are_ours_or_nobodys() -> None:
    outside = Outside()

    async def scene() -> None:
        async with stream_server() as server:
            server.is_paused = True
            watch = Watch(server.url, ["AAAUSDT", "BBBUSDT"], outside.doors())
            task = asyncio.create_task(watch.run())
            await until(lambda: watch.books.symbols != ())
            for symbol, market in (("BBBUSDT", 1), ("CCCUSDT", 2), ("AAAUSDT", 1), ("CCCUSDT", 1)):
                watch.on_market_frame(
                    f'{{"stream":"!contractInfo","data":{{"e":"contractInfo","E":1669356423908,"s":"{symbol}",'
                    f'"cs":"SETTLING","st":{market}}}}}'.encode()
                )
            await until(lambda: len(outside.changes) == 2)
            await cancelled(task)

    asyncio.run(scene())
    # BBBUSDT is another worker's, and coin-margined contracts are not ours
    assert [(one.symbol, one.ends) for one in outside.changes] == [("AAAUSDT", True), ("CCCUSDT", True)]


# --- user data -------------------------------------------------------------------------------------

ALGO_UPDATE = b'{"e":"ALGO_UPDATE","E":1750515742303,"T":1750515742297,"o":{"s":"BNBUSDT","X":"NEW"}}'
ACCOUNT_UPDATE = b'{"e":"ACCOUNT_UPDATE","E":1564745798939,"T":1564745798938,"a":{"m":"ORDER","B":[],"P":[]}}'


def test_an_account_event_asks_for_a_reading_and_an_expired_key_for_a_new_one() -> None:
    keys = iter(["first", "second"])
    changes: list[bool] = []
    readings: list[str] = []

    async def note(has_new_configuration: bool) -> None:
        changes.append(has_new_configuration)

    async def note_orders() -> None:
        readings.append("orders")

    async def scene() -> list[str]:
        async with stream_server() as server:
            server.is_paused = True
            user = UserStream(server.url, lambda: next(keys), lambda: None, note, note_orders)
            task = asyncio.create_task(user.run())
            await until(lambda: bool(server.open))
            for connection in server.open:
                await connection.send(ACCOUNT_UPDATE.decode())
            await until(lambda: bool(changes))
            assert readings == []
            for connection in server.open:
                await connection.send(ALGO_UPDATE.decode())
                await connection.send(ALGO_UPDATE.decode())
            await until(lambda: bool(readings))
            for connection in server.open:
                await connection.send('{"e":"listenKeyExpired","E":1736996475556,"listenKey":"first"}')
            await until(lambda: any(path.endswith("second") for path in server.paths))
            await cancelled(task)
            return server.paths

    paths = asyncio.run(scene())
    assert paths == ["/private/ws/first", "/private/ws/second"]
    assert changes == [False]
    assert readings == ["orders"]  # the second event waits its turn


def test_a_key_that_the_exchange_no_longer_knows_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("risk.adapters.stream_user.KEEPALIVE_S", 0.05)
    monkeypatch.setattr("risk.adapters.stream_user.RETRY_FIRST_S", 0.01)
    keys = iter(["first", "second", *[f"more{number}" for number in range(100)]])

    def keepalive() -> None:
        raise RejectedError("This listenKey does not exist.", 400, -1125)

    async def note(has_new_configuration: bool) -> None:
        return None

    async def note_orders() -> None:
        return None

    async def scene() -> None:
        async with stream_server() as server:
            server.is_paused = True
            task = asyncio.create_task(
                UserStream(server.url, lambda: next(keys), keepalive, note, note_orders).run()
            )
            await until(lambda: "/private/ws/second" in server.paths)
            await cancelled(task)

    asyncio.run(scene())
    assert next(keys) != "first"
