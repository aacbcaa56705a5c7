"""Recorded sessions and a misbehaving exchange through the books: frames in, samples out."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from risk.adapters.stream_books import Books
from risk.adapters.wire_market import DepthPayload, parse_depth
from risk.errors import BannedError, RateLimitError, UnreachableError
from risk.records import SLIPPAGE_LADDER_USDT, DataIssue, DepthSnapshot
from tests.adapters.depth_exchange import DepthExchange, frame
from tests.adapters.stream_server import until


class Desk:
    """Books with what they were given and what they handed over."""

    def __init__(self, symbols: list[str], fetch: Callable[[str, int], DepthPayload]) -> None:
        self.samples: list[DepthSnapshot] = []
        self.issues: list[DataIssue] = []
        self.fetched: list[tuple[str, int]] = []
        self._fetch = fetch
        self.books = Books(self.fetch, self.samples.append, self.issues.append)
        self.books.watch(symbols)

    def fetch(self, symbol: str, levels: int) -> DepthPayload:
        self.fetched.append((symbol, levels))
        return self._fetch(symbol, levels)

    def newest(self, symbol: str) -> DepthSnapshot:
        return [sample for sample in self.samples if sample.symbol == symbol][-1]

    async def synced(self) -> None:
        """Let the snapshots be fetched until every book stands."""
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(self.books.keep_synced())
            await until(lambda: self.books.status()["live"] == len(self.books.symbols))
            keeper.cancel()


# --- recorded: four symbols, one socket ------------------------------------------------------------


def text_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def recorded_snapshots(shared: Path) -> dict[str, bytes]:
    found = {}
    for line in text_of(shared / "data/rest_um_depth_4symbols_20210722.txt.gz"):
        if "symbol=" in line:
            symbol = line.partition("symbol=")[2].partition("&")[0]
            found[symbol] = line.partition(": ")[2].strip().encode()
    return found


def recorded_frames(shared: Path) -> list[bytes]:
    lines = text_of(shared / "data/ws_um_4symbols_20210722.txt.gz")[1:]
    return [line.partition(": ")[2].encode() for line in lines if line]


def tickers(frames: list[bytes]) -> dict[str, list[tuple[int, float, float]]]:
    """Best quotes as the exchange published them: (update id, bid, ask) per symbol, in order."""
    quotes: dict[str, list[tuple[int, float, float]]] = {}
    for raw in frames:
        data = json.loads(raw)["data"]
        if data["e"] == "bookTicker":
            quotes.setdefault(data["s"], []).append((data["u"], float(data["b"]), float(data["a"])))
    return quotes


def test_the_best_quotes_of_the_recorded_session_equal_the_exchanges_own_ticker(shared: Path) -> None:
    snapshots, frames = recorded_snapshots(shared), recorded_frames(shared)
    quotes = tickers(frames)
    depth = [raw for raw in frames if b"depthUpdate" in raw]
    desk = Desk(sorted(snapshots), lambda symbol, _: parse_depth(snapshots[symbol], symbol=symbol))
    for raw in depth[:40]:
        desk.books.on_frame(raw)
    asyncio.run(desk.synced())
    compared = 0
    for raw in depth[40:]:
        desk.books.on_frame(raw)
        desk.books.sample()
        sample = desk.samples[-1]
        known = [quote for quote in quotes[sample.symbol] if quote[0] <= sample.update_id]
        if known and len(known) < len(quotes[sample.symbol]):  # the ticker went on: nothing is missing
            assert (float(sample.best_bid), float(sample.best_ask)) == known[-1][1:]
            compared += 1
    assert compared > 500
    assert desk.books.status()["gaps"] == 0
    assert desk.issues == []


def test_one_symbols_lost_event_leaves_the_other_recorded_books_alone(shared: Path) -> None:
    snapshots = recorded_snapshots(shared)
    depth = [raw for raw in recorded_frames(shared) if b"depthUpdate" in raw]
    desk = Desk(sorted(snapshots), lambda symbol, _: parse_depth(snapshots[symbol], symbol=symbol))
    for raw in depth[:40]:
        desk.books.on_frame(raw)
    asyncio.run(desk.synced())
    lost = next(raw for raw in depth[60:] if b'"s":"SUSHIUSDT"' in raw)
    for raw in depth[40:]:
        if raw is not lost:
            desk.books.on_frame(raw)
    assert desk.books.status()["gaps"] == 1
    assert desk.books.status()["live"] == 3


# --- recorded: 90 seconds of BTCUSDT, numbers computed apart ----------------------------------------


def test_samples_of_the_recorded_btc_session_equal_the_reference_numbers(shared: Path) -> None:
    reference = json.loads((shared / "data/ref_orderbook_metrics.json").read_text())["um_BTCUSDT_90s"]
    points = {point["update_id"]: point for point in reference["points"]}
    lines = text_of(shared / "data/ws_um_BTCUSDT_20240808_90s.jsonl.gz")
    raws = [line.partition(" ")[2] for line in lines]
    body = next(raw for raw in raws if '"lastUpdateId"' in raw)
    plain = json.dumps(json.loads(body).get("data", json.loads(body))).encode()
    desk = Desk(["BTCUSDT"], lambda symbol, _: parse_depth(plain, symbol=symbol))
    depth = [raw.encode() for raw in raws if '"depthUpdate"' in raw]
    snapshot_id = json.loads(plain)["lastUpdateId"]
    before = [raw for raw in depth if json.loads(raw)["data"]["u"] <= snapshot_id]
    for raw in before:
        desk.books.on_frame(raw)
    asyncio.run(desk.synced())
    for raw in depth[len(before) :]:
        desk.books.on_frame(raw)
        if json.loads(raw)["data"]["u"] in points:
            desk.books.sample()
            check(desk.samples[-1], points[desk.samples[-1].update_id])
    assert {sample.update_id for sample in desk.samples} == set(points)
    assert desk.books.status()["gaps"] == 0


def check(sample: DepthSnapshot, point: dict[str, Any]) -> None:
    mid = float(sample.best_bid + sample.best_ask) / 2
    spread_bps = float(sample.best_ask - sample.best_bid) / mid * 1e4
    assert float(sample.best_bid) == point["best_bid"]
    assert float(sample.best_ask) == point["best_ask"]
    assert spread_bps == pytest.approx(point["spread_bps"])
    assert float(sample.bid_depth_5_usdt) == pytest.approx(point["depth5_bid_usd"])
    assert float(sample.ask_depth_5_usdt) == pytest.approx(point["depth5_ask_usd"])
    assert float(sample.bid_depth_01pct_usdt) == pytest.approx(point["depth_10bps_bid_usd"])
    assert float(sample.ask_depth_01pct_usdt) == pytest.approx(point["depth_10bps_ask_usd"])
    assert int(sample.event_at.timestamp() * 1000 + 0.5) <= point["event_time"]
    for notional, name in ((100_000, "100k"), (1_000_000, "1m"), (10_000_000, "10m")):
        rung = SLIPPAGE_LADDER_USDT.index(notional)
        buy, sell = sample.buy_slippage[rung], sample.sell_slippage[rung]
        assert buy is not None
        assert sell is not None
        # the reference fills a notional at the prices paid, the ladder notional / mid coins: apart by
        # less than the cost itself squared
        assert buy * 1e4 == pytest.approx(point[f"slip_buy_bps_{name}"], rel=2e-3, abs=1e-4)
        assert sell * 1e4 == pytest.approx(point[f"slip_sell_bps_{name}"], rel=2e-3, abs=1e-4)


# --- a misbehaving exchange ------------------------------------------------------------------------


def started(symbols: list[str]) -> tuple[Desk, dict[str, DepthExchange]]:
    exchanges = {symbol: DepthExchange(symbol, number) for number, symbol in enumerate(symbols)}
    desk = Desk(symbols, lambda symbol, _: exchanges[symbol].snapshot())
    for exchange in exchanges.values():
        desk.books.on_frame(frame(exchange.diff()))
    asyncio.run(desk.synced())
    return desk, exchanges


def test_twenty_books_stand_after_twenty_snapshots_of_a_thousand_levels() -> None:
    symbols = [f"S{number}USDT" for number in range(20)]
    desk, _ = started(symbols)
    assert sorted(desk.fetched) == sorted((symbol, 1_000) for symbol in symbols)


def test_a_sample_carries_the_books_own_time_and_id() -> None:
    desk, exchanges = started(["AAAUSDT"])
    exchange = exchanges["AAAUSDT"]
    desk.books.on_frame(frame(exchange.diff()))
    desk.books.sample()
    sample = desk.newest("AAAUSDT")
    assert sample.update_id == exchange.last_id
    assert sample.event_at == datetime.fromtimestamp(exchange.now_ms / 1000, UTC)
    assert sample.source == "stream"


def test_a_book_that_does_not_move_is_not_sampled_again() -> None:
    desk, _ = started(["AAAUSDT"])
    desk.books.sample()
    desk.books.sample()
    assert len(desk.samples) == 1  # so its event time stays, and it goes stale by itself


def test_unreadable_frames_go_to_the_ledger_and_cost_no_book() -> None:
    desk, exchanges = started(["AAAUSDT"])
    good = frame(exchanges["AAAUSDT"].diff())
    chance = random.Random(7)
    for _ in range(300):
        mutated = bytearray(good)
        mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        desk.books.on_frame(bytes(mutated[: chance.randrange(1, len(mutated))]))
    desk.books.on_frame(b'{"stream":"x","data":{"e":"depthUpdate","s":"AAAUSDT","U":1,"u":2,"pu":0}}')
    desk.books.on_frame(good.replace(b'"b":[', b'"b":[["NaN","1"],'))
    assert desk.books.status()["live"] == 1
    assert len(desk.issues) > 200


def test_other_symbols_frames_are_ignored() -> None:
    desk, _ = started(["AAAUSDT"])
    desk.books.on_frame(frame(DepthExchange("ZZZUSDT", 1).diff()))
    assert desk.books.symbols == ("AAAUSDT",)


@pytest.mark.parametrize(
    "error",
    [
        RateLimitError("slow down", 60.0),
        BannedError("banned", datetime.now(UTC) + timedelta(minutes=2)),
    ],
)
def test_after_a_refusal_no_further_snapshot_is_asked_for(error: Exception) -> None:
    def refuse(symbol: str, levels: int) -> DepthPayload:
        raise error

    desk = Desk(["AAAUSDT", "BBBUSDT"], refuse)
    for symbol in ("AAAUSDT", "BBBUSDT"):
        desk.books.on_frame(frame(DepthExchange(symbol, 1).diff()))

    async def scene() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.6):
                await desk.books.keep_synced()

    asyncio.run(scene())
    # two may be under way when the first refusal comes back; none follows
    assert 1 <= len(desk.fetched) <= 2


def test_while_the_link_is_down_samples_come_by_rest_with_a_hundred_levels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("risk.adapters.stream_books.DOWN_AFTER_S", 0.05)
    exchange = DepthExchange("AAAUSDT", 3)
    desk = Desk(["AAAUSDT"], lambda *_: exchange.snapshot())

    async def scene() -> None:
        task = asyncio.create_task(desk.books.keep_fallback(lambda: True))
        await until(lambda: bool(desk.samples))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(scene())
    assert desk.fetched[0] == ("AAAUSDT", 100)
    assert desk.newest("AAAUSDT").source == "rest"


def test_an_exchange_that_does_not_answer_is_asked_again_later_and_nothing_breaks() -> None:
    def fail(symbol: str, levels: int) -> DepthPayload:
        raise UnreachableError("depth: timed out")

    desk = Desk(["AAAUSDT"], fail)
    desk.books.on_frame(frame(DepthExchange("AAAUSDT", 1).diff()))

    async def scene() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.4):
                await desk.books.keep_synced()

    asyncio.run(scene())
    assert len(desk.fetched) == 1  # the next one only after ten seconds
    assert desk.books.status()["live"] == 0
