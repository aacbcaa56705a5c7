"""The live market: the same whoever asks, and reactions that follow the price."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from risk.errors import SettingsError
from risk.simulator.market import Market, MarketConfig

START = int(datetime(2026, 3, 5, 10, 7, 12, 345_000, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000


def facts(market: Market) -> list[object]:
    return [
        (
            market.last(s),
            market.mark(s),
            market.index(s),
            market.running_funding(s),
            market.open_interest(s),
            market.klines(s, "1m", limit=10),
            market.klines(s, "1h", limit=3, kind="mark"),
        )
        for s in market.symbols
    ]


def test_the_same_seed_gives_the_same_market_whatever_times_are_asked() -> None:
    config = MarketConfig(start_ms=START, scenario="demo")
    often, once = Market(config), Market(config)
    for step in range(1, 901):
        often.advance(START + step * 100)
        if step % 7 == 0:
            often.book("BTCUSDT").drain_diffs(often.now_ms)
    once.advance(START + 90_000)
    assert facts(often) == facts(once)
    assert often.liquidations_due(START + 90_000) == once.liquidations_due(START + 90_000)


def test_another_seed_gives_another_market() -> None:
    one, two = (Market(MarketConfig(start_ms=START, seed=seed)) for seed in (1, 2))
    assert one.klines("BTCUSDT", "1h", limit=50) != two.klines("BTCUSDT", "1h", limit=50)


def test_time_does_not_run_backwards() -> None:
    market = Market(MarketConfig(start_ms=START))
    market.advance(START + 5_000)
    before = facts(market)
    market.advance(START + 5_000)
    market.advance(START)
    assert facts(market) == before


def test_live_minutes_show_every_price_that_was_seen() -> None:
    market = Market(MarketConfig(start_ms=START, scenario="flash_crash"))
    seen: dict[int, list[float]] = {}
    for step in range(1, 1_801):
        market.advance(START + step * 100)
        seen.setdefault(market.now_ms // 60_000 * 60_000, []).append(market.last("BTCUSDT"))
    bars = {row[0]: row for row in market.klines("BTCUSDT", "1m", limit=10)}
    for minute in list(seen)[1:-1]:
        assert max(seen[minute]) <= bars[minute][2]
        assert min(seen[minute]) >= bars[minute][3]
        assert seen[minute][-1] == pytest.approx(bars[minute][4], rel=2e-4)


def run(scenario: str, seconds: int) -> tuple[Market, list[float], list[float]]:
    market = Market(MarketConfig(start_ms=START, scenario=scenario))
    bitcoin, solana = [market.last("BTCUSDT")], [market.last("SOLUSDT")]
    for second in range(1, seconds + 1):
        market.advance(START + second * 1000)
        bitcoin.append(market.last("BTCUSDT"))
        solana.append(market.last("SOLUSDT"))
    return market, bitcoin, solana


@pytest.mark.parametrize(
    ("scenario", "seconds", "low", "high"),
    [
        ("calm", 300, -0.02, 0.02),
        ("demo", 80, -0.14, -0.08),
        ("flash_crash", 125, -0.17, -0.09),
        ("squeeze", 310, 0.06, 0.14),
        ("altcoin_collapse", 420, -0.05, 0.02),
    ],
)
def test_scenarios_move_bitcoin_as_they_say(scenario: str, seconds: int, low: float, high: float) -> None:
    _, bitcoin, _ = run(scenario, seconds)
    assert low < bitcoin[-1] / bitcoin[0] - 1 < high


def test_altcoins_fall_further_than_bitcoin_in_the_demo_and_recover() -> None:
    _, bitcoin, solana = run("demo", 180)
    assert solana[80] / solana[0] < bitcoin[80] / bitcoin[0] < 0.92
    assert bitcoin[180] > bitcoin[80] * 1.03
    assert max(abs(p / bitcoin[0] - 1) for p in bitcoin[:40]) < 0.01


def test_a_crash_thins_the_book_turns_funding_and_closes_positions() -> None:
    market = Market(MarketConfig(start_ms=START, scenario="demo"))
    market.advance(START + 30_000)
    calm_spread, calm_depth = spread(market), depth(market)
    interest, fund = market.open_interest("SOLUSDT"), market.insurance()[0].balances["USDT"]
    assert market.liquidations_due(START + 30_000) == [] or market.stress("BTCUSDT") < 2
    assert market.adl_level("SOLUSDT") == "low"
    market.advance(START + 75_000)
    assert spread(market) > 20 * calm_spread
    assert depth(market) < calm_depth / 4
    market.advance(START + 100_000)
    assert market.running_funding("SOLUSDT") < 0
    assert market.open_interest("SOLUSDT") < 0.92 * interest
    assert market.insurance()[0].balances["USDT"] < 0.97 * fund
    assert market.adl_level("SOLUSDT") == "high"
    market.advance(START + 400_000)
    assert spread(market) < 10 * calm_spread
    assert depth(market) > calm_depth / 2


def spread(market: Market) -> float:
    view = market.book("SOLUSDT").snapshot(1)
    return view["asks"][0][0] - view["bids"][0][0]


def depth(market: Market) -> float:
    view = market.book("SOLUSDT").snapshot(5_000)
    best = view["bids"][0][0]
    return sum(price * coins for price, coins in view["bids"] if price > best * 0.99)


def test_forced_orders_sell_in_a_fall_and_are_at_most_one_a_second() -> None:
    market = Market(MarketConfig(start_ms=START, scenario="demo"))
    market.advance(START + 80_000)
    orders = market.liquidations_due(START + 80_000)
    fall = [o for o in orders if o.time_ms > START + 55_000]
    assert len(fall) > 20
    assert sum(o.side == "SELL" for o in fall) > 0.9 * len(fall)
    assert len({(o.symbol, o.time_ms // 1000) for o in orders}) > 0.9 * len(orders)
    assert market.liquidations_due(START + 80_000) == []
    # the bankrupt long sells below the market, and fills between the two
    assert all(o.price < o.average_price for o in fall if o.side == "SELL")


def test_mark_lies_between_the_candidates() -> None:
    market, _, _ = run("demo", 120)
    for symbol in market.symbols:
        assert market.mark(symbol) == pytest.approx(market.last(symbol), rel=0.01)
        assert market.mark(symbol) != market.last(symbol)


def test_a_settlement_is_recorded_at_its_time() -> None:
    before = START // (8 * HOUR) * 8 * HOUR + 8 * HOUR - 5_000
    market = Market(MarketConfig(start_ms=before, symbols=("BTCUSDT",)))
    due = market.next_funding_ms("BTCUSDT")
    market.advance(due)
    (at, rate, mark), (past, _, _) = market.funding_history("BTCUSDT", limit=2)[::-1]
    assert 0 <= at - due < 1_000
    assert abs(rate) <= 0.003
    assert mark == pytest.approx(market.mark("BTCUSDT"), rel=1e-3)
    assert at - past == pytest.approx(8 * HOUR, abs=1_000)
    assert market.next_funding_ms("BTCUSDT") == due + 8 * HOUR


def test_open_interest_is_recorded_each_five_minutes() -> None:
    market = Market(MarketConfig(start_ms=START, symbols=("BTCUSDT",)))
    market.advance(START + 1_200_000)
    boundary = (START // 300_000 + 1) * 300_000
    late = [t for t, _, _ in market.open_interest_history("BTCUSDT", "5m", START)]
    assert set(late) <= {boundary + k * 300_000 for k in range(4)}
    assert len(late) >= 2


def test_a_scenario_can_be_started_again() -> None:
    market = Market(MarketConfig(start_ms=START))
    market.advance(START + 60_000)
    before = market.last("BTCUSDT")
    market.start_scenario("demo")
    market.advance(START + 60_000 + 90_000)
    assert market.last("BTCUSDT") < 0.93 * before
    with pytest.raises(SettingsError, match="boom"):
        market.start_scenario("boom")


def test_the_ticker_agrees_with_the_minutes_of_the_day() -> None:
    market, _, _ = run("demo", 100)
    ticker = market.ticker("BTCUSDT")
    rows = [r for r in market.klines("BTCUSDT", "1m", limit=1_441) if r[0] >= market.now_ms - 86_400_000]
    assert ticker["high"] == max(row[2] for row in rows)
    assert ticker["low"] == min(row[3] for row in rows)
    assert ticker["open"] == rows[0][1]
    assert ticker["volume"] == pytest.approx(sum(row[5] for row in rows), rel=1e-9)
    assert ticker["change"] == pytest.approx(market.last("BTCUSDT") - rows[0][1])
    assert ticker["bid"] < ticker["ask"]


def test_spot_follows_the_index() -> None:
    market, _, _ = run("demo", 60)
    assert market.last("BTCUSDT", "spot") == pytest.approx(market.index("BTCUSDT"), rel=5e-3)
    spot = market.klines("BTCUSDT", "1h", limit=100, venue="spot")
    futures = market.klines("BTCUSDT", "1h", limit=100)
    basis = np.array([f[4] / s[4] - 1 for f, s in zip(futures, spot, strict=True)])
    assert np.abs(basis).max() < 0.005
    assert np.abs(basis).max() > 0
