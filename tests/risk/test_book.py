"""The local book: the exchange's procedure by table, recorded sessions, and disorder against a plain copy."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.book import BUFFERED_EVENTS, OrderBook, SideName, Venue, depth_snapshot
from risk.errors import BookGapError, DataError, PayloadError
from risk.records import SLIPPAGE_LADDER_USDT

NOW = datetime(2024, 8, 8, 23, 54, 15, tzinfo=UTC)
Sides = dict[SideName, dict[float, float]]


def snapshot(last_id: int = 100) -> dict[str, Any]:
    return {
        "lastUpdateId": last_id,
        "bids": [["99.0", "1.0"], ["98.0", "2.0"]],
        "asks": [["101.0", "1.0"], ["102.0", "2.0"]],
    }


def diff(
    first: int, final: int, previous: int | None = None, bids: Any = (), asks: Any = ()
) -> dict[str, Any]:
    event = {"e": "depthUpdate", "s": "BTCUSDT", "U": first, "u": final, "b": list(bids), "a": list(asks)}
    return event if previous is None else event | {"pu": previous}


def loaded(venue: Venue = "usdm") -> OrderBook:
    book = OrderBook("BTCUSDT", venue)
    book.load_snapshot(snapshot())
    return book


def contents(book: OrderBook) -> Sides:
    return {side: dict(book.top(side, 1_000_000)) for side in ("bid", "ask")}


# --- reading a book


def test_a_snapshot_is_a_book() -> None:
    book = loaded()
    assert (book.best_bid, book.best_ask, book.mid, book.update_id) == (99.0, 101.0, 100.0, 100)
    assert book.top("bid", 5) == [(99.0, 1.0), (98.0, 2.0)]
    assert book.top("ask", 1) == [(101.0, 1.0)]
    assert book.depth("bid", 0.01) == pytest.approx(99.0)
    assert book.depth("ask", 0.02) == pytest.approx(101.0 + 2 * 102.0)


def test_quantities_are_absolute_and_zero_removes_known_and_unknown_levels() -> None:
    book = loaded()
    assert book.apply(
        diff(101, 110, 100, bids=[["99.0", "5"], ["98.5", "3"], ["97.0", "0"]], asks=[["101.0", "0"]])
    )
    assert contents(book) == {"bid": {99.0: 5.0, 98.5: 3.0, 98.0: 2.0}, "ask": {102.0: 2.0}}
    assert book.apply(diff(111, 112, 110, bids=[["98.5", "0"]], asks=[["101.0", "0.5"]]))
    assert contents(book) == {"bid": {99.0: 5.0, 98.0: 2.0}, "ask": {101.0: 0.5, 102.0: 2.0}}


def test_decoded_events_are_taken_as_well_with_numbers_or_text() -> None:
    book = OrderBook("BTCUSDT")
    book.load_snapshot(SimpleNamespace(last_update_id=100, bids=[(99.0, 1.0)], asks=[("101.0", "1.0")]))
    for first, bids in ((101, [(99.5, 2.0)]), (102, [["99.75", "3"]])):
        event = SimpleNamespace(
            first_update_id=first, final_update_id=first, previous_update_id=first - 1, bids=bids, asks=[]
        )
        assert book.apply(event)
    assert book.top("bid", 3) == [(99.75, 3.0), (99.5, 2.0), (99.0, 1.0)]


def test_reach_is_what_the_snapshot_showed_and_moves_with_the_price() -> None:
    book = loaded()
    assert book.reach("bid") == pytest.approx(0.02) and book.reach("ask") == pytest.approx(0.02)
    book.apply(diff(101, 101, 100, bids=[["50", "1"]], asks=[["101", "0"], ["103", "9"]]))
    # mid is now (99 + 102)/2 = 100.5; what lies below 98 or above 102 was never shown as a whole
    assert book.reach("bid") == pytest.approx(2.5 / 100.5) and book.reach("ask") == pytest.approx(1.5 / 100.5)


def test_a_side_with_fewer_levels_than_asked_for_is_known_to_its_end() -> None:
    book = OrderBook("BTCUSDT")
    book.load_snapshot(snapshot(), limit=2)
    assert book.reach("bid") == pytest.approx(0.02)
    book.load_snapshot(snapshot(), limit=3)
    assert book.reach("bid") == book.reach("ask") == 1.0


@pytest.mark.parametrize(
    ("bids", "asks", "problem"),
    [
        ([["99.0", "0"], ["98.0", "0"]], [], "no bids"),
        ([], [["101.0", "0"], ["102.0", "0"]], "no asks"),
        ([["101.0", "1"]], [], "not below"),
        ([["103.0", "1"]], [], "not below"),
    ],
)
def test_an_empty_or_crossed_book_refuses_to_be_sampled(bids: Any, asks: Any, problem: str) -> None:
    book = loaded()
    book.apply(diff(101, 101, 100, bids=bids, asks=asks))
    for ask_it in (
        lambda: book.mid,
        lambda: book.depth("bid", 0.01),
        lambda: book.reach("ask"),
        lambda: depth_snapshot(book, event_at=NOW, received_at=NOW),
    ):
        with pytest.raises(DataError, match=problem):
            ask_it()


def test_a_book_that_was_never_loaded_has_no_prices() -> None:
    book = OrderBook("BTCUSDT")
    assert (book.best_bid, book.best_ask, book.is_loaded) == (None, None, False)
    with pytest.raises(DataError):
        depth_snapshot(book, event_at=NOW, received_at=NOW)


def test_names_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="venue"):
        OrderBook("BTCUSDT", "coinm")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="side"):
        loaded().top("buy")  # type: ignore[arg-type]


# --- the chain


# "The first processed event should have U <= lastUpdateId AND u >= lastUpdateId"; afterwards pu == u before.
@pytest.mark.parametrize(
    ("first", "final", "previous"),
    [(90, 100, 80), (95, 105, 94), (100, 100, 99), (101, 110, 100), (103, 110, 98)],
)
def test_a_futures_chain_begins_around_the_snapshots_id(first: int, final: int, previous: int) -> None:
    book = loaded()
    book.apply(diff(first, final, previous, bids=[["99.0", "7"]]))
    assert book.update_id == max(final, 100)
    assert book.apply(diff(200, 201, max(final, 100) if final > 100 else 100))


@pytest.mark.parametrize(("first", "final", "previous"), [(102, 110, 101), (150, 160, 149)])
def test_a_futures_event_that_begins_later_is_a_gap(first: int, final: int, previous: int) -> None:
    book = loaded()
    with pytest.raises(BookGapError) as caught:
        book.apply(diff(first, final, previous))
    assert (caught.value.symbol, caught.value.expected, caught.value.got) == ("BTCUSDT", 100, previous)
    assert not book.is_loaded and book.best_bid is None


@pytest.mark.parametrize("previous", [104, 106, 0])
def test_after_the_first_event_pu_must_be_the_u_before(previous: int) -> None:
    book = loaded()
    book.apply(diff(95, 105, 94))
    with pytest.raises(BookGapError):
        book.apply(diff(106, 110, previous))


@pytest.mark.parametrize(("first", "final"), [(95, 101), (101, 101), (101, 150)])
def test_a_spot_chain_goes_on_at_the_next_id(first: int, final: int) -> None:
    book = loaded("spot")
    assert book.apply(diff(first, final))
    assert book.apply(diff(final + 1, final + 1))


def test_a_spot_event_that_begins_later_is_a_gap() -> None:
    book = loaded("spot")
    with pytest.raises(BookGapError) as caught:
        book.apply(diff(102, 110))
    assert (caught.value.expected, caught.value.got) == (101, 102)


@pytest.mark.parametrize("venue", ["usdm", "spot"])
def test_an_event_seen_before_changes_nothing(venue: Venue) -> None:
    book = loaded(venue)
    event = diff(101, 105, 100, bids=[["99.0", "7"]])
    assert book.apply(event)
    assert not book.apply(event)
    assert not book.apply(diff(90, 99, 80, bids=[["99.0", "1"]]))
    assert book.top("bid", 1) == [(99.0, 7.0)] and book.update_id == 105


def test_events_before_the_snapshot_wait_and_those_it_contains_are_dropped() -> None:
    book = OrderBook("BTCUSDT")
    for event in (
        diff(80, 90, 79, bids=[["99.0", "50"]]),
        diff(91, 105, 90, bids=[["99.0", "60"]]),
        diff(106, 107, 105, asks=[["100.5", "4"]]),
    ):
        assert not book.apply(event)
    book.load_snapshot(snapshot())
    assert book.update_id == 107
    assert book.top("bid", 1) == [(99.0, 60.0)] and book.best_ask == 100.5


def test_a_snapshot_older_than_the_buffer_is_refused_and_a_newer_one_taken() -> None:
    book = OrderBook("BTCUSDT")
    book.apply(diff(150, 160, 149, bids=[["99.0", "50"]]))
    with pytest.raises(BookGapError):
        book.load_snapshot(snapshot(100))
    assert not book.is_loaded
    book.load_snapshot(snapshot(155))
    assert (book.update_id, book.top("bid", 1)) == (160, [(99.0, 50.0)])


def test_after_a_gap_the_event_that_showed_it_is_not_lost() -> None:
    book = loaded()
    with pytest.raises(BookGapError):
        book.apply(diff(150, 160, 149, bids=[["99.0", "50"]]))
    assert not book.apply(diff(161, 170, 160, bids=[["98.0", "51"]]))
    book.load_snapshot(snapshot(155))
    assert book.update_id == 170 and book.top("bid", 2) == [(99.0, 50.0), (98.0, 51.0)]


def test_a_buffer_with_a_hole_needs_a_snapshot_from_behind_the_hole() -> None:
    book = OrderBook("BTCUSDT")
    book.apply(diff(95, 105, 94))
    book.apply(diff(120, 130, 119))
    with pytest.raises(BookGapError):
        book.load_snapshot(snapshot(100))
    book.load_snapshot(snapshot(125))
    assert book.update_id == 130


def test_a_buffer_is_bounded() -> None:
    book = OrderBook("BTCUSDT")
    for at in range(1, BUFFERED_EVENTS + 10):
        book.apply(diff(at, at, at - 1))
    with pytest.raises(BookGapError):
        book.load_snapshot(snapshot(5))  # the events that follow 5 are no longer there
    book.load_snapshot(snapshot(9))
    assert book.update_id == BUFFERED_EVENTS + 9


# --- impossible payloads


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "", "-1", None, "x"])
@pytest.mark.parametrize("place", ["price", "quantity"])
def test_numbers_that_cannot_be_are_refused_before_they_touch_the_book(number: Any, place: str) -> None:
    level = [number, "1"] if place == "price" else ["99.5", number]
    book = loaded()
    with pytest.raises(PayloadError):
        book.apply(diff(101, 102, 100, bids=[level]))
    assert book.update_id == 100 and book.best_bid == 99.0
    with pytest.raises(PayloadError):
        book.load_snapshot({"lastUpdateId": 1, "bids": [level], "asks": []})


def test_a_price_of_zero_is_refused_and_a_very_small_one_kept() -> None:
    book = loaded()
    with pytest.raises(PayloadError):
        book.apply(diff(101, 102, 100, bids=[["0", "1"]]))
    book.apply(diff(101, 102, 100, bids=[["0.000000000000000001", "100000000000"]]))
    assert book.top("bid", 9)[-1] == (1e-18, 1e11)


@pytest.mark.parametrize("field", ["U", "u", "b", "a", "pu"])
def test_a_field_that_is_missing_is_named(field: str) -> None:
    event = diff(101, 102, 100)
    del event[field]
    with pytest.raises(PayloadError) as caught:
        loaded().apply(event)
    assert caught.value.field == field


def test_another_symbols_event_and_a_crossed_snapshot_are_refused() -> None:
    with pytest.raises(PayloadError, match="another symbol"):
        loaded().apply(diff(101, 102, 100) | {"s": "ETHUSDT"})
    with pytest.raises(PayloadError, match="best ask"):
        loaded().load_snapshot(snapshot() | {"bids": [["101.0", "1"]]})
    for field in ("lastUpdateId", "bids", "asks"):
        with pytest.raises(PayloadError, match=field):
            loaded().load_snapshot({k: v for k, v in snapshot().items() if k != field})


# --- what is stored


def test_the_stored_sample_by_hand() -> None:
    book = OrderBook("BTCUSDT")
    bids = [["99.95", "200"], ["99.5", "1000"], ["90", "1"]]
    asks = [["100.05", "100"], ["100.5", "100"]]
    book.load_snapshot({"lastUpdateId": 7, "bids": bids, "asks": asks})
    sample = depth_snapshot(book, event_at=NOW, received_at=NOW)
    assert (sample.symbol, sample.venue, sample.update_id, sample.source) == ("BTCUSDT", "usdm", 7, "stream")
    assert (sample.best_bid, sample.best_ask) == (Decimal("99.95"), Decimal("100.05"))
    assert sample.bid_depth_01pct_usdt == Decimal(19_990)  # 200 · 99.95; mid 100, edge 99.90
    assert sample.ask_depth_01pct_usdt == Decimal(10_005)
    assert sample.bid_depth_1pct_usdt == Decimal(119_490)  # + 1000 · 99.5
    assert sample.ask_depth_1pct_usdt == Decimal(20_055)  # + 100 · 100.5
    assert sample.bid_depth_5_usdt == Decimal(119_580)  # + 1 · 90
    assert sample.bid_reach == pytest.approx(0.1) and sample.ask_reach == pytest.approx(0.005)
    # 10 000 sold at 99.95: 0.05 %; bought: 10 000 / 100.05 coins at 100.05
    assert sample.sell_slippage[0] == pytest.approx(0.0005) == sample.buy_slippage[0]
    assert sample.buy_slippage[1:] == (None,) * 9  # the asks hold 20 055 USDT
    assert sample.sell_slippage[3] is not None and sample.sell_slippage[4] is None  # bids: 119 580
    assert len(sample.sell_slippage) == len(SLIPPAGE_LADDER_USDT)


# --- recorded sessions


def recorded(file: Path) -> Iterator[dict[str, Any]]:
    """Payloads of a recording: "<receive time>[:] <json>" a line; wrapped ones unwrapped."""
    with gzip.open(file, "rt") as lines:
        for line in lines:
            body = line.partition(" ")[2]
            if body.startswith("{"):
                message = json.loads(body)
                yield message.get("data", message)


@pytest.fixture(scope="module")
def btc(shared: Path) -> list[dict[str, Any]]:
    return list(recorded(shared / "data/ws_um_BTCUSDT_20240808_90s.jsonl.gz"))


@pytest.mark.parametrize("point", range(4))
def test_the_recorded_futures_book_has_the_expected_numbers(
    shared: Path, btc: list[dict[str, Any]], point: int
) -> None:
    metrics = json.loads((shared / "data/ref_orderbook_metrics.json").read_text())
    expected = metrics["um_BTCUSDT_90s"]["points"][point]
    book = OrderBook("BTCUSDT")
    for message in btc:
        if message.get("e") == "depthUpdate" and message["u"] <= expected["update_id"]:
            book.apply(message)
    book.load_snapshot(next(m for m in btc if "lastUpdateId" in m))
    assert book.update_id == expected["update_id"]
    sample = depth_snapshot(book, event_at=NOW, received_at=NOW)
    assert float(sample.best_bid) == expected["best_bid"] and float(sample.best_ask) == expected["best_ask"]
    assert book.mid == pytest.approx(expected["mid"], rel=1e-12)
    assert float(sample.bid_depth_5_usdt) == pytest.approx(expected["depth5_bid_usd"], rel=1e-9)
    assert float(sample.ask_depth_5_usdt) == pytest.approx(expected["depth5_ask_usd"], rel=1e-9)
    assert float(sample.bid_depth_01pct_usdt) == pytest.approx(expected["depth_10bps_bid_usd"], rel=1e-9)
    assert float(sample.ask_depth_01pct_usdt) == pytest.approx(expected["depth_10bps_ask_usd"], rel=1e-9)
    for name, usdt in (("100k", 100_000), ("1m", 1_000_000), ("10m", 10_000_000)):
        rung = SLIPPAGE_LADDER_USDT.index(usdt)
        for side, slippage in (("buy", sample.buy_slippage[rung]), ("sell", sample.sell_slippage[rung])):
            assert slippage == pytest.approx(expected[f"slip_{side}_bps_{name}"] / 1e4, rel=1e-9)
    assert book.level_count("bid") == expected["bid_levels"]
    assert book.level_count("ask") == expected["ask_levels"]


def test_the_recorded_futures_session_has_no_gap_and_agrees_with_its_own_best_prices(
    btc: list[dict[str, Any]],
) -> None:
    book, seen, agreed = OrderBook("BTCUSDT"), 0, 0
    tickers = {m["u"]: (float(m["b"]), float(m["a"])) for m in btc if m.get("e") == "bookTicker"}
    for message in btc:
        if "lastUpdateId" in message:
            book.load_snapshot(message)
        elif message.get("e") == "depthUpdate" and book.apply(message):
            bid, ask = book.quotes()
            assert bid < ask
            if message["u"] in tickers:
                seen += 1
                agreed += tickers[message["u"]] == (bid, ask)
    assert seen > 100 and agreed == seen


def test_four_recorded_altcoin_books_stay_whole_side_by_side(shared: Path) -> None:
    snapshots = {}
    with gzip.open(shared / "data/rest_um_depth_4symbols_20210722.txt.gz", "rt") as lines:
        for line in lines:
            if line.startswith("http") and "/fapi/v1/depth" in line:
                symbol = line.split("symbol=")[1].split("&")[0]
                snapshots[symbol] = json.loads(line[line.index(": {") + 2 :])
    assert len(snapshots) == 4
    diffs = [
        m for m in recorded(shared / "data/ws_um_4symbols_20210722.txt.gz") if m.get("e") == "depthUpdate"
    ]
    for symbol, payload in snapshots.items():
        book, plain = OrderBook(symbol), plain_sides(payload)
        own = [m for m in diffs if m["s"] == symbol]
        taken = [m for m in own if m["u"] >= payload["lastUpdateId"]]
        assert taken[0]["U"] <= payload["lastUpdateId"], "the recording straddles the snapshot"
        for message in own:
            book.apply(message)
        book.load_snapshot(payload, limit=1_000)
        for message in taken:
            plain_apply(plain, message)
        assert book.update_id == own[-1]["u"] and len(taken) > 10
        assert contents(book) == plain


def test_the_recorded_spot_book_follows_the_spot_rule(shared: Path) -> None:
    messages = list(recorded(shared / "data/ws_spot_BTCUSDT_20240808_60s.jsonl.gz"))
    payload = next(m for m in messages if "lastUpdateId" in m)
    book, plain, taken = OrderBook("BTCUSDT", "spot"), plain_sides(payload), 0
    for message in messages:
        if "lastUpdateId" in message:
            book.load_snapshot(message)
        elif message.get("e") == "depthUpdate":
            taken += book.apply(message)
            if message["u"] > payload["lastUpdateId"]:
                plain_apply(plain, message)
    assert taken > 500 and contents(book) == plain


def plain_sides(payload: dict[str, Any]) -> Sides:
    return {
        "bid": {float(p): float(q) for p, q in payload["bids"]},
        "ask": {float(p): float(q) for p, q in payload["asks"]},
    }


def plain_apply(sides: Sides, message: dict[str, Any]) -> None:
    """The procedure's step 6, written out."""
    for side, levels in (("bid", message["b"]), ("ask", message["a"])):
        for price, quantity in levels:
            if float(quantity) == 0.0:
                sides[side].pop(float(price), None)  # type: ignore[index]
            else:
                sides[side][float(price)] = float(quantity)  # type: ignore[index]


# --- disorder


@dataclass
class Truth:
    """A market's whole history: single updates, and the events that the stream packs them into."""

    states: list[tuple[int, Sides]]  # (id, book after it), ids rising
    events: list[dict[str, Any]]

    def at(self, update_id: int) -> Sides:
        return next(sides for at, sides in reversed(self.states) if at <= update_id)

    def snapshot(self, update_id: int) -> dict[str, Any]:
        sides = self.at(update_id)
        return {
            "lastUpdateId": update_id,
            "bids": [[str(p), str(q)] for p, q in sides["bid"].items()],
            "asks": [[str(p), str(q)] for p, q in sides["ask"].items()],
        }


def make_truth(rng: random.Random, venue: Venue, events: int) -> Truth:
    sides: Sides = {"bid": {99.0: 1.0}, "ask": {101.0: 1.0}}
    states, packed, now, previous = [(10, {s: dict(v) for s, v in sides.items()})], [], 10, 10
    for _ in range(events):
        changed: dict[str, dict[float, float]] = {"bid": {}, "ask": {}}
        first = 0
        for _ in range(rng.randint(1, 4)):
            now += 1 if venue == "spot" else rng.randint(1, 5)  # futures ids count other symbols too
            first = first or now
            side: SideName = rng.choice(("bid", "ask"))
            price = 99.0 - rng.randint(0, 8) if side == "bid" else 101.0 + rng.randint(0, 8)
            quantity = float(rng.choice((0, 0, 1, 2, 3)))
            if price in (99.0, 101.0):
                quantity += 1.0  # neither side ever runs empty
            changed[side][price] = quantity
            plain_apply(sides, {"b": [], "a": []} | {side[0]: [(price, quantity)]})
            states.append((now, {s: dict(v) for s, v in sides.items()}))
        pairs = {s[0]: [[str(p), str(q)] for p, q in c.items()] for s, c in changed.items()}
        event = {"s": "BTCUSDT", "U": first, "u": now, **pairs}
        packed.append(event if venue == "spot" else event | {"pu": previous})
        previous = now
    return Truth(states, packed)


def disorder(rng: random.Random, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """20 % twice, 5 % lost, and some of them up to five places late."""
    sent = [e for e in events if rng.random() > 0.05 for _ in range(1 + (rng.random() < 0.2))]
    places = [i + (rng.uniform(0, 5) if rng.random() < 0.1 else 0) for i in range(len(sent))]
    return [e for _, e in sorted(zip(places, sent, strict=True), key=lambda x: x[0])]


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["usdm", "spot"]))
def test_whatever_the_stream_does_the_book_is_the_true_one_or_none(seed: int, venue: Venue) -> None:
    rng = random.Random(seed)
    truth = make_truth(rng, venue, events=40)
    book, other = OrderBook("BTCUSDT", venue), OrderBook("ETHUSDT", venue)
    other.load_snapshot(snapshot())
    for event in disorder(rng, truth.events):
        try:
            book.apply(event)
        except BookGapError:
            assert not book.is_loaded
        if not book.is_loaded and rng.random() < 0.5:
            asked_at = max(10, event["u"] + rng.randint(-15, 15))  # older or newer than the buffer
            try:
                book.load_snapshot(truth.snapshot(min(asked_at, truth.states[-1][0])))
            except BookGapError:
                assert not book.is_loaded
        if book.is_loaded:
            assert book.update_id is not None
            expected = truth.at(book.update_id)
            assert contents(book) == expected
            assert (book.best_bid, book.best_ask) == (max(expected["bid"]), min(expected["ask"]))
    assert other.update_id == 100 and other.quotes() == (99.0, 101.0)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_reading_seldom_or_often_gives_the_same_book(seed: int, every: int) -> None:
    rng = random.Random(seed)
    truth = make_truth(rng, "usdm", events=60)
    often, seldom = OrderBook("BTCUSDT"), OrderBook("BTCUSDT")
    for book in (often, seldom):
        book.load_snapshot(truth.snapshot(10))
    for count, event in enumerate(truth.events):
        often.apply(event)
        seldom.apply(event)
        often.quotes()
        if count % every == 0:
            assert contents(often) == contents(seldom)
    assert contents(often) == contents(seldom) == truth.states[-1][1]


def test_levels_that_are_gone_are_not_kept() -> None:
    book = loaded()
    for at in range(101, 2_101):  # 50 new far levels an event, removed again by the next one
        quantity = "1" if at % 2 else "0"
        book.apply(
            diff(
                at,
                at,
                at - 1,
                bids=[[str(10 + (at // 2 * 50 + i) % 80_000 / 1_000), quantity] for i in range(50)],
            )
        )
    held = len(book._bids.prices) + len(book._bids.pending)
    live = book.level_count("bid")
    assert held <= 4_096 + 2 * live
    assert len(book._bids.prices) == live and not book._bids.pending


def test_arrays_are_copies_and_best_first() -> None:
    book = loaded()
    prices, quantities = book.arrays("bid")
    prices[0] = quantities[0] = -1.0
    assert book.top("bid", 1) == [(99.0, 1.0)]
    assert book.arrays("bid")[0].tolist() == [99.0, 98.0]
    assert isinstance(book.arrays("ask")[1], np.ndarray)
