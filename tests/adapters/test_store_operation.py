"""What keeps the desk running: bans, leases, locks, progress, ledger, partitions, roll-ups, series."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from risk.adapters import embedded, migrate, store
from risk.errors import StoreError
from risk.records import DataIssue, FlowProgress
from tests.adapters import rows as x
from tests.adapters.rows import NOW

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_a_ban_outlives_the_process_and_a_shorter_one_does_not_end_it(database_url: str) -> None:
    with store.connect(database_url) as db:
        store.save_ban(db, "fapi", NOW + 3 * MINUTE, "banned until …")
    store.dispose(database_url)
    with store.connect(database_url) as db:
        store.save_ban(db, "fapi", NOW + MINUTE)
        assert store.ban(db, "fapi", NOW) == NOW + 3 * MINUTE
        assert store.ban(db, "fapi", NOW + 3 * MINUTE) is None
        assert store.ban(db, "api", NOW) is None


def test_a_symbol_has_one_holder_until_its_lease_ends(db: Connection) -> None:
    assert store.lease_symbols(db, "one", ["BTCUSDT", "ETHUSDT"], 15, NOW) == ("BTCUSDT", "ETHUSDT")
    assert store.lease_symbols(db, "two", ["ETHUSDT", "SOLUSDT"], 15, NOW + SECOND) == ("SOLUSDT",)
    assert store.lease_symbols(db, "one", ["BTCUSDT"], 15, NOW + 10 * SECOND) == ("BTCUSDT",)  # renewed
    late = NOW + 15 * SECOND
    assert set(store.lease_symbols(db, "two", ["BTCUSDT", "ETHUSDT"], 15, late)) == {"ETHUSDT"}
    store.release_symbols(db, "one")
    assert store.lease_symbols(db, "two", ["BTCUSDT"], 15, late) == ("BTCUSDT",)


def test_a_role_is_held_by_one_and_free_after_it(database_url: str) -> None:
    with (
        store.role_lock(database_url, "cadence") as first,
        store.role_lock(database_url, "cadence") as second,
    ):
        assert (first, second) == (True, False)
        with store.role_lock(database_url, "streams") as other:
            assert other
    with store.role_lock(database_url, "cadence") as again:
        assert again


def test_progress_moves_forward_only(db: Connection) -> None:
    step = FlowProgress(flow="history", scope="BTCUSDT/15m", cursor_at=NOW, done=3, total=9, updated_at=NOW)
    store.save_progress(db, step)
    store.save_progress(db, replace(step, done=1, updated_at=NOW - SECOND))
    assert store.progress(db, "history") == {"BTCUSDT/15m": step}
    assert store.progress(db, "other") == {}


def test_the_last_beat_of_each_part_is_kept(db: Connection) -> None:
    store.beat(db, "streams", NOW, {"books": 3, "lag_s": 0.5, "at": NOW})
    store.beat(db, "streams", NOW - SECOND)
    beat = store.beats(db)["streams"]
    assert (beat.beat_at, beat.details) == (NOW, {"books": 3, "lag_s": 0.5, "at": NOW.isoformat()})


def test_the_same_issue_is_one_line_an_hour_that_counts(db: Connection) -> None:
    issue = DataIssue(
        at=NOW, source="depth", symbol="BTCUSDT", field="b.0", value="NaN", problem="not finite"
    )
    many = [replace(issue, at=NOW + n * SECOND, value="x" * 999) for n in range(1, 4)]
    assert store.save_issues(db, [issue]) == 1
    assert store.save_issues(db, many) == 1
    assert store.save_issues(db, many) == 0  # the same again
    assert store.save_issues(db, [replace(issue, at=NOW + timedelta(hours=1))]) == 1
    assert store.save_issues(db, []) == 0
    found = db.execute(
        text("SELECT first_at, last_at, occurrences, value FROM risk.data_issue ORDER BY hour_at")
    )
    assert [tuple(row) for row in found] == [
        (NOW, NOW + 3 * SECOND, 4, "x" * 200),
        (NOW + timedelta(hours=1), NOW + timedelta(hours=1), 1, "NaN"),
    ]


def test_partitions_reach_seven_days_ahead_across_a_month_and_a_leap_day(db: Connection) -> None:
    assert store.ensure_partitions(db, today=date(2028, 2, 25)) == 7 * 8
    assert store.ensure_partitions(db, today=date(2028, 2, 25)) == 0
    assert store.ensure_partitions(db, today=date(2028, 2, 26)) == 7
    names = db.execute(
        text("SELECT relname FROM pg_class WHERE relname LIKE 'depth_p2028%' AND relkind = 'r'")
    )
    days = ["0225", "0226", "0227", "0228", "0229", "0301", "0302", "0303", "0304"]
    assert sorted(name for (name,) in names) == [f"depth_p2028{day}" for day in days]


def test_retention_keeps_the_days_it_names(db: Connection) -> None:
    for days in range(10):
        store.save(db, [replace(x.DEPTH, event_at=NOW - timedelta(days=days))])
    store.save(db, [replace(x.LIQUIDATION, event_at=NOW - timedelta(days=n)) for n in (0, 400, 401)])
    assert store.drop_partitions(db, {"depth": 7, "liquidation": 400}, NOW.date()) == 2 + 1
    oldest = db.execute(text("SELECT min(event_at), count(*) FROM risk.depth")).one()
    assert tuple(oldest) == (NOW - timedelta(days=7), 8)


@pytest.mark.parametrize("table", ["nonsense", "latest_depth", "alert", "score'; DROP TABLE risk.score; --"])
def test_only_tables_with_a_history_can_be_forgotten(database_url: str, table: str) -> None:
    with pytest.raises(StoreError), store.connect(database_url) as db:
        store.drop_partitions(db, {table: 7}, NOW.date())


def test_depth_rolls_up_by_minute_and_hour_and_again_without_change(db: Connection) -> None:
    # Around a mid of 100, spreads of 0.02 and 0.04 are 0.0002 and 0.0004 of it.
    base = replace(
        x.DEPTH, best_bid=D("99.99"), best_ask=D("100.01"), bid_depth_1pct_usdt=D(500), ask_reach=0.1
    )
    wide = replace(
        base,
        event_at=NOW + 30 * SECOND,
        best_bid=D("99.98"),
        best_ask=D("100.02"),
        bid_depth_1pct_usdt=D(300),
    )
    last = replace(
        base, event_at=NOW + 90 * SECOND, best_bid=D("109.99"), best_ask=D("110.01"), bid_reach=0.001
    )
    store.save(db, [base, wide, last, replace(base, event_at=NOW + 3600 * SECOND)])
    span = {"since": NOW - timedelta(hours=1), "until": NOW + timedelta(hours=1, seconds=30)}
    assert store.roll_up_depth(db, **span) == (2, 1)
    assert store.roll_up_depth(db, **span) == (0, 0)
    names = "samples, mid_open, mid_close, spread_mean, spread_max, depth_1pct_mean_usdt, depth_1pct_min_usdt"
    minute = db.execute(text(f"SELECT {names} FROM risk.depth_minute ORDER BY minute_at LIMIT 1")).one()
    assert tuple(minute) == (2, D(100), D(100), pytest.approx(0.0003), pytest.approx(0.0004), D(400), D(300))
    hour = db.execute(text(f"SELECT {names}, reach_min FROM risk.depth_hour")).one()
    third = 0.02 / 110
    mean = (0.0002 + 0.0004 + third) / 3
    depth = D("433.33")  # (500 + 300 + 500) / 3
    assert tuple(hour) == (
        3,
        D(100),
        D(110),
        pytest.approx(mean),
        pytest.approx(0.0004),
        depth,
        D(300),
        0.001,
    )
    cost = db.execute(text("SELECT slippage_100k_mean FROM risk.depth_hour")).scalar_one()
    assert cost == pytest.approx(4.5e-05)  # the dearer side's fourth rung, 100,000 USDT


def test_klines_come_in_time_order_and_as_many_as_asked(db: Connection) -> None:
    bars = [
        replace(x.KLINE, open_at=NOW + n * 15 * MINUTE, event_at=NOW + (n + 1) * 15 * MINUTE, volume=D(n))
        for n in range(5)
    ]
    store.save(db, [*reversed(bars), replace(bars[4], venue="spot"), replace(bars[4], interval="1h")])
    found = store.klines(db, "BTCUSDT", "15m", 3)
    start = NOW.timestamp()
    assert found.open_at.tolist() == [start + 1800, start + 2700, start + 3600]
    assert found.volume.tolist() == [2.0, 3.0, 4.0]
    assert (found.open[0], found.high[0], found.low[0], found.close[0]) == (
        64000.1,
        64100.0,
        63900.5,
        64050.0,
    )
    earlier = store.klines(db, "BTCUSDT", "15m", 2, before=NOW + 30 * MINUTE)
    assert earlier.volume.tolist() == [0.0, 1.0]
    assert store.klines(db, "ETHUSDT", "15m", 3).close.shape == (0,)
    assert store.newest_bar(db, ["BTCUSDT", "ETHUSDT"], "15m") == {"BTCUSDT": NOW + 60 * MINUTE}


def test_reference_and_newest_times_are_read_back(db: Connection) -> None:
    store.save(db, x.ALL)
    assert store.latest_fit(db, "BTCUSDT", "1h") == x.FIT
    assert store.latest_fit(db, "BTCUSDT", "1d") is None
    assert store.latest_terms(db, ["BTCUSDT", "ETHUSDT"]) == {"BTCUSDT": x.TERMS}
    assert store.instruments(db) == {"BTCUSDT": x.INSTRUMENT}
    assert store.ladders(db, ["BTCUSDT", "ETHUSDT"]) == {"BTCUSDT": x.BRACKETS}
    assert store.funding_history(db, "BTCUSDT", NOW) == (x.FUNDING,)
    assert store.funding_history(db, "BTCUSDT", NOW + SECOND) == ()
    assert store.newest_funding_at(db, ["BTCUSDT", "ETHUSDT"]) == {"BTCUSDT": NOW}
    assert store.newest_open_interest_at(db, ["BTCUSDT", "ETHUSDT"]) == {"BTCUSDT": NOW}
    assert store.newest_income_at(db, "default") == NOW
    assert store.newest_income_at(db, "other") is None
    assert store.latest_depth_price(db, "BTCUSDT") == D("64049.95")
    assert store.latest_depth_price(db, "ETHUSDT") is None


def test_table_sizes_count_partitions_with_their_table(db: Connection) -> None:
    store.ensure_partitions(db, today=NOW.date())
    sizes = {size.name: size for size in store.table_sizes(db)}
    assert sizes["depth"].partitions == 9  # eight days and the default
    assert sizes["depth"].bytes >= 9 * 8192  # each has at least the first page of its index
    assert sizes["alert"].partitions == 0
    assert not [name for name in sizes if name.endswith("_default") or "_p2026" in name]


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A server of this module's own, to be killed."""
    folder = tmp_path_factory.mktemp("killed")
    url = embedded.start(folder)
    migrate.upgrade(url)
    yield folder, url
    store.dispose(url)
    embedded.stop(folder, immediately=True)


@pytest.mark.parametrize("round_", range(3))
def test_no_acknowledged_row_is_lost_when_the_server_is_killed(
    own_server: tuple[Path, str], round_: int
) -> None:
    folder, url = own_server
    start = NOW + round_ * timedelta(hours=1)
    acknowledged = 0
    with pytest.raises(StoreError):
        for number in range(1000):
            if number == 20:
                os.kill(embedded.pid(folder) or 0, signal.SIGKILL)
            with store.connect(url) as db:
                store.save(db, [replace(x.MARK, event_at=start + number * SECOND)])
            acknowledged = number + 1
    assert acknowledged >= 20

    embedded.start(folder)
    with store.connect(url) as db:  # the same engine finds its way back by itself
        kept = db.execute(
            text("SELECT count(*) FROM risk.mark WHERE event_at >= :start AND event_at < :end"),
            {"start": start, "end": start + acknowledged * SECOND},
        ).scalar_one()
        assert kept == acknowledged
        assert store.save(db, [replace(x.MARK, event_at=start - SECOND)]) == 1
