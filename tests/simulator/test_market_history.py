"""The generated past: whole, consistent, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from risk.errors import SettingsError
from risk.simulator.klines import Bar
from risk.simulator.market import Market, MarketConfig
from risk.simulator.series import bucket, paths_through, split

START = int(datetime(2026, 3, 5, 10, 7, 12, 345_000, tzinfo=UTC).timestamp() * 1000)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(MarketConfig(start_ms=START))


def merged(rows: Sequence[Bar], width: int) -> dict[int, list[float]]:
    """Bars of `width` by hand: first open, highest high, lowest low, last close, summed volumes."""
    found: dict[int, list[float]] = {}
    for row in rows:
        key = row[0] // width * width
        if key not in found:
            found[key] = [*row[1:6], row[7], row[8]]
            continue
        bar = found[key]
        bar[1], bar[2], bar[3] = max(bar[1], row[2]), min(bar[2], row[3]), row[4]
        bar[4] += row[5]
        bar[5] += row[7]
        bar[6] += row[8]
    return found


@pytest.mark.parametrize(("interval", "width"), [("1h", HOUR), ("4h", 4 * HOUR), ("1d", DAY)])
@pytest.mark.parametrize("symbol", ["BTCUSDT", "SOLUSDT"])
def test_15m_bars_add_up_to_longer_bars_exactly(
    market: Market, symbol: str, interval: str, width: int
) -> None:
    short = market.klines(symbol, "15m", limit=5_760)
    longer = {row[0]: row for row in market.klines(symbol, interval, limit=60 * DAY // width)}
    by_hand = merged(short, width)
    whole = [key for key in by_hand if key >= short[0][0] + DAY]
    assert len(whole) >= 58 * DAY // width
    for key in whole:
        row = longer[key]
        assert list(row[1:5]) == by_hand[key][:4]
        assert row[5] == pytest.approx(by_hand[key][4], rel=1e-12)
        assert row[7] == pytest.approx(by_hand[key][5], rel=1e-12)
        assert row[8] == by_hand[key][6]


@pytest.mark.parametrize(("interval", "least"), [("1d", 1_500), ("1h", 4_000), ("15m", 5_760), ("1m", 2_880)])
def test_history_is_long_enough_for_a_first_score(market: Market, interval: str, least: int) -> None:
    rows = market.klines("ETHUSDT", interval, limit=least)
    assert len(rows) == least
    opens = np.array([row[0] for row in rows])
    assert set(np.diff(opens)) == {rows[0][6] + 1 - rows[0][0]}


def test_bars_are_possible_and_on_the_tick(market: Market) -> None:
    for symbol, spec in market.symbols.items():
        rows = np.array([row[1:6] for row in market.klines(symbol, "5m", limit=20_000)])
        assert (rows[:, 1] >= rows[:, :4].max(axis=1)).all()
        assert (rows[:, 2] <= rows[:, :4].min(axis=1)).all()
        assert (rows > 0).all()
        assert np.abs(rows[:, :4] - np.round(rows[:, :4], spec.price_precision)).max() == 0


def test_the_last_bar_is_unfinished_and_the_others_are_not(market: Market) -> None:
    rows = market.klines("BTCUSDT", "15m", limit=3)
    assert rows[-1][6] >= market.now_ms > rows[-2][6]


def test_start_and_end_choose_the_oldest_bars_from_the_start(market: Market) -> None:
    # start between two bars: the first whole open after it, as the exchange answers
    first = (START // HOUR - 100) * HOUR
    rows = market.klines("BTCUSDT", "1h", first - 1, first + 5 * HOUR, 3)
    assert [row[0] for row in rows] == [first, first + HOUR, first + 2 * HOUR]
    rows = market.klines("BTCUSDT", "1h", first + 1, first + 2 * HOUR, 500)
    assert [row[0] for row in rows] == [first + HOUR, first + 2 * HOUR]
    assert market.klines("BTCUSDT", "1h", START + DAY, START + 2 * DAY, 500) == []


def test_an_unknown_interval_is_refused(market: Market) -> None:
    with pytest.raises(ValueError, match="7m"):
        market.klines("BTCUSDT", "7m")


def test_weeks_open_on_monday_and_months_on_the_first() -> None:
    # 2026-03-05 is a Thursday
    at = np.array([START], dtype=np.int64)
    assert datetime.fromtimestamp(int(bucket(at, "1w")[0]) / 1000, UTC) == datetime(2026, 3, 2, tzinfo=UTC)
    assert datetime.fromtimestamp(int(bucket(at, "1M")[0]) / 1000, UTC) == datetime(2026, 3, 1, tzinfo=UTC)


def test_volatility_comes_in_clusters_and_tails_are_fat(market: Market) -> None:
    # Of Gaussian returns kurtosis is 3 and squares do not correlate (bound: 4 / sqrt(1599) = 0.1).
    closes = np.array([row[4] for row in market.klines("BTCUSDT", "1d", limit=1_600)])
    daily = np.diff(np.log(closes))
    hourly = np.diff(np.log([row[4] for row in market.klines("BTCUSDT", "1h", limit=20_000)]))
    centred = hourly - hourly.mean()
    assert (centred**4).mean() / (centred**2).mean() ** 2 > 4.0
    size = np.abs(hourly) - np.abs(hourly).mean()
    assert (size[24:] * size[:-24]).mean() / (size**2).mean() > 0.05
    assert 0.015 < daily.std() < 0.045


def test_altcoins_follow_bitcoin(market: Market) -> None:
    moves = {
        symbol: np.diff(np.log([row[4] for row in market.klines(symbol, "1h", limit=5_000)]))
        for symbol in market.symbols
    }
    assert np.corrcoef(moves["BTCUSDT"], moves["ETHUSDT"])[0, 1] > 0.7
    assert np.corrcoef(moves["BTCUSDT"], moves["SOLUSDT"])[0, 1] > 0.5


def test_settlements_stand_on_the_grid_within_some_milliseconds(market: Market) -> None:
    rows = market.funding_history("BTCUSDT", limit=2_000)
    late = np.array([row[0] for row in rows]) % (8 * HOUR)
    assert len(rows) == 2_000
    assert (late <= 16).all()
    assert (late > 0).any()
    assert max(abs(row[1]) for row in rows) <= market.symbols["BTCUSDT"].rate_cap
    assert market.next_funding_ms("BTCUSDT") % (8 * HOUR) == 0


def test_an_interval_of_four_hours_settles_every_four_hours() -> None:
    market = Market(MarketConfig(start_ms=START, symbols=("SOLUSDT",), interval_hours=(("SOLUSDT", 4),)))
    rows = market.funding_history("SOLUSDT", limit=3)
    assert [round(row[0] / HOUR) % 24 for row in rows] == [0, 4, 8]
    assert market.next_funding_ms("SOLUSDT") // HOUR % 24 == 12


def test_open_interest_reaches_thirty_days_with_a_few_missing_periods(market: Market) -> None:
    rows = market.open_interest_history("BTCUSDT", "5m", limit=10_000)
    times = [row[0] for row in rows]
    assert START - times[0] <= 30 * DAY < START - times[0] + HOUR
    wanted = 30 * DAY // (5 * MINUTE)
    assert 0 < wanted - len(rows) < wanted // 100
    assert all(coins > 0 and usdt > coins for _, coins, usdt in rows)
    days = market.open_interest_history("BTCUSDT", "1d", limit=500)
    assert {t % DAY for t, _, _ in days} == {0}


def test_missing_periods_stay_missing(market: Market) -> None:
    assert market.open_interest_history("ETHUSDT", "1h") == market.open_interest_history("ETHUSDT", "1h")


def test_the_generator_says_that_all_is_synthetic(market: Market) -> None:
    assert {row["source"] for row in market.coverage()} == {"synthetic"}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"scenario": "boom"}, "scenario"),
        ({"symbols": ("BTCEUR",)}, "BTCEUR"),
        ({"interval_hours": (("BTCUSDT", 3),)}, "interval"),
    ],
)
def test_impossible_settings_are_refused_by_name(config: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Market(MarketConfig(start_ms=START, **config))  # type: ignore[arg-type]


def test_a_path_touches_open_high_low_and_close() -> None:
    rows = np.array([[10.0, 12.0, 9.0, 11.0, 5.0], [10.0, 10.0, 8.0, 8.0, 1.0], [7.0, 7.0, 7.0, 7.0, 0.0]])
    for points in (4, 5, 40):
        path = paths_through(rows, points, np.random.default_rng(1), 2)
        assert path[:, 0].tolist() == rows[:, 0].tolist()
        assert path[:, -1].tolist() == rows[:, 3].tolist()
        assert path.max(axis=1).tolist() == rows[:, 1].tolist()
        assert path.min(axis=1).tolist() == rows[:, 2].tolist()


def test_split_bars_add_up_to_the_bar() -> None:
    row = np.array([[100.0, 130.0, 90.0, 95.0, 42.0]])
    parts = split(row, 12, np.random.default_rng(2), 1)
    assert parts[0, 0] == 100.0
    assert parts[-1, 3] == 95.0
    assert (parts[:, 1].max(), parts[:, 2].min()) == (130.0, 90.0)
    assert parts[:, 4].sum() == pytest.approx(42.0, rel=1e-12)
    assert (parts[1:, 0] == parts[:-1, 3]).all()
