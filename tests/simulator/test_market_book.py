"""The simulated book: an exact chain, never crossed, as deep and as busy as it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk.simulator.bookframes import DepthDiff, Surroundings
from risk.simulator.market import Market, MarketConfig
from risk.simulator.orderbook import SimBook
from risk.simulator.spec import spec_of

START = int(datetime(2026, 3, 5, 10, 7, 12, tzinfo=UTC).timestamp() * 1000)


class Ground:
    """A market of one price that a test moves by hand."""

    def __init__(self, symbol: str) -> None:
        self.now_ms, self.price, self.stress = START, spec_of(symbol).reference_price, 0.0

    def __call__(self) -> Surroundings:
        return Surroundings(self.now_ms, self.price, self.stress)


class Follower:
    """A client that keeps its own book by the exchange's documented procedure."""

    def __init__(self, book: SimBook, *, is_spot: bool = False) -> None:
        view = book.snapshot(100_000)
        self.bids, self.asks = dict(view["bids"]), dict(view["asks"])
        self.last_update_id, self.previous, self.is_spot = view["lastUpdateId"], -1, is_spot

    def apply(self, frame: DepthDiff) -> None:
        if frame["u"] < self.last_update_id:
            return
        if self.previous < 0:
            assert frame["U"] <= self.last_update_id <= frame["u"]
        else:
            assert frame["pu"] == self.previous
            assert (frame["U"] == self.previous + 1) is self.is_spot
        self.previous = frame["u"]
        for side, levels in ((self.bids, frame["b"]), (self.asks, frame["a"])):
            for price, coins in levels:
                if coins == 0:
                    side.pop(price, None)
                else:
                    side[price] = coins


steps = st.lists(
    st.tuples(
        st.floats(-0.004, 0.004),  # log return
        st.floats(0, 40),  # stress
        st.sampled_from(["nothing", "snapshot", "buy", "sell"]),
        st.integers(20, 400),  # ms
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves=steps, symbol=st.sampled_from(["BTCUSDT", "SOLUSDT", "XRPUSDT"]), is_spot=st.booleans())
def test_snapshot_and_changes_give_the_book_at_any_time(
    moves: list[tuple[float, float, str, int]], symbol: str, is_spot: bool
) -> None:
    ground = Ground(symbol)
    book = SimBook(spec_of(symbol), 7, ground, is_spot=is_spot)
    book.drain_diffs(ground.now_ms)
    ground.now_ms += 130
    book.drain_diffs(ground.now_ms)
    ground.now_ms += 30
    client = Follower(book, is_spot=is_spot)
    for move, stress, act, passed in moves:
        ground.now_ms += passed
        ground.price *= float(np.exp(move))
        ground.stress = stress
        if act == "snapshot":
            book.snapshot(100)
        elif act != "nothing":
            book.fill("BUY" if act == "buy" else "SELL", 200_000 / ground.price)
        frames = book.drain_diffs(ground.now_ms)
        for frame in frames:
            client.apply(frame)
        assert book.bids[0][0] < book.asks[0][0]
        if frames:
            assert sorted(client.bids.items(), reverse=True) == book.bids
            assert sorted(client.asks.items()) == book.asks


def test_a_snapshot_taken_between_two_frames_lies_inside_the_second() -> None:
    ground = Ground("BTCUSDT")
    book = SimBook(spec_of("BTCUSDT"), 7, ground)
    book.drain_diffs(ground.now_ms)
    ground.now_ms += 100
    (first,) = book.drain_diffs(ground.now_ms)
    at = book.snapshot(10)["lastUpdateId"]
    ground.now_ms += 100
    (second,) = book.drain_diffs(ground.now_ms)
    assert first["u"] < second["U"] <= at <= second["u"]


def test_levels_are_sorted_whole_and_on_the_grid() -> None:
    market = Market(MarketConfig(start_ms=START))
    for symbol, spec in market.symbols.items():
        view = market.book(symbol).snapshot(5_000)
        for levels, order in ((view["bids"], -1), (view["asks"], 1)):
            prices = np.array([price for price, _ in levels])
            coins = np.array([quantity for _, quantity in levels])
            assert len(levels) >= 450
            assert (np.diff(prices) * order > 0).all()
            assert np.array_equal(prices, np.round(prices, spec.price_precision))
            assert np.array_equal(coins, np.round(coins, spec.qty_precision))
            assert (coins >= spec.step).all()


def test_a_calm_book_is_as_deep_as_the_recorded_one(shared: Path) -> None:
    # ref_orderbook_metrics.json: four instants of BTCUSDT; ours may stand within half and twice their range.
    points = json.loads((shared / "data" / "ref_orderbook_metrics.json").read_text())["um_BTCUSDT_90s"][
        "points"
    ]
    depths = [p[f"depth_10bps_{side}_usd"] for p in points for side in ("bid", "ask")]
    ticks = {round((p["best_ask"] - p["best_bid"]) / 0.1) for p in points}
    market = Market(MarketConfig(start_ms=START))
    view = market.book("BTCUSDT").snapshot(5_000)
    mid = (view["bids"][0][0] + view["asks"][0][0]) / 2
    assert {round((view["asks"][0][0] - view["bids"][0][0]) / 0.1)} == ticks == {1}
    for side in ("bids", "asks"):
        near = sum(p * q for p, q in view[side] if abs(p / mid - 1) <= 0.001)
        assert 0.5 * min(depths) < near < 2 * max(depths)


def test_the_thousandth_level_lies_about_a_quarter_percent_away() -> None:
    # BINANCE's 1,000-level snapshot of BTC reaches about 0.25 %.
    view = Market(MarketConfig(start_ms=START)).book("BTCUSDT").snapshot(1_000)
    assert 0.0015 < 1 - view["bids"][-1][0] / view["bids"][0][0] < 0.0045


@pytest.mark.parametrize(("symbol", "low", "high"), [("BTCUSDT", 20, 150), ("SOLUSDT", 4, 20)])
def test_calm_frames_are_as_large_as_stated(symbol: str, low: int, high: int) -> None:
    market = Market(MarketConfig(start_ms=START))
    book, sizes = market.book(symbol), []
    for step in range(1, 101):
        market.advance(START + step * 100)
        sizes += [len(f["b"]) + len(f["a"]) for f in book.drain_diffs(market.now_ms)]
    assert 95 <= len(sizes) <= 100  # ten a second
    assert low / 2 <= float(np.median(sizes)) <= high


def test_a_silent_book_keeps_no_frames_and_starts_anew_for_a_listener() -> None:
    market = Market(MarketConfig(start_ms=START))
    book = market.book("BTCUSDT")
    market.advance(START + 60_000)
    assert book.drain_diffs(market.now_ms) == []
    market.advance(START + 60_100)
    assert len(book.drain_diffs(market.now_ms)) == 1
    assert book.snapshot(1)["E"] == market.now_ms


def test_a_market_order_eats_the_book_from_the_best_price() -> None:
    market = Market(MarketConfig(start_ms=START))
    book = market.book("SOLUSDT")
    before = book.asks
    first_three = sum(coins for _, coins in before[:3])
    fill = market.impact("SOLUSDT", "BUY", first_three)
    # by hand: the first three levels, each whole
    assert fill.quantity == first_three
    assert fill.worst_price == before[2][0]
    assert fill.average_price == pytest.approx(sum(p * q for p, q in before[:3]) / first_three)
    assert book.asks[0][0] == before[3][0]


def test_an_order_larger_than_the_book_is_filled_in_part() -> None:
    market = Market(MarketConfig(start_ms=START))
    there = sum(coins for _, coins in market.book("SOLUSDT").bids)
    fill = market.impact("SOLUSDT", "SELL", there * 10)
    assert fill.quantity == pytest.approx(there)
    assert market.book("SOLUSDT").bids[0][0] < market.book("SOLUSDT").asks[0][0]
