"""Exits in the database: what a way out meets, and the facts of a position's price, there and back."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from risk.adapters import episodes, store
from risk.advice import SizeAdvice
from risk.limits import default
from risk.positions import WayOut
from risk.stress import Stressed
from tests.adapters import rows as x

AGES = default().ages_s
FACTS = replace(
    x.POSITION, pool_wallet_usdt=1000.5, other_maintenance_usdt=12.25, other_unrealized_usdt=-3.5,
    liquidation_tier=2, liquidation_rate=0.005, liquidation_cum_usdt=50.0, liquidation_difference=0.0001,
    distance=0.54, distance_sigmas=15.5, exit_slippage=0.0003, can_exit=True,
)  # fmt: skip


def test_the_facts_of_a_position_come_back_and_stand_in_history(db: Connection) -> None:
    store.replace_positions(db, x.ACCOUNT, [FACTS])
    assert store.open_positions(db, "default") == (FACTS,)
    later = x.NOW + timedelta(seconds=5)
    unknown = replace(x.POSITION, event_at=later)
    store.replace_positions(db, replace(x.ACCOUNT, event_at=later), [unknown])
    assert store.open_positions(db, "default") == (unknown,)
    found = db.execute(text("SELECT distance, can_exit FROM risk.position ORDER BY event_at")).fetchall()
    assert found == [(0.54, True), (None, None)]
    (gone,) = store.replace_positions(db, replace(x.ACCOUNT, event_at=later + timedelta(seconds=5)), [])
    assert gone == unknown


def test_a_way_out_is_the_newest_forecast_and_book(db: Connection) -> None:
    hour = replace(x.INDICATOR, interval="1h", sigma_24h=0.035)
    store.save(db, [hour, x.DEPTH, x.TICKER])
    found = store.ways_out(db, ["BTCUSDT", "ETHUSDT"], x.NOW + timedelta(seconds=2), AGES)
    assert (found["BTCUSDT"].sigma_24h, found["BTCUSDT"].quote_volume_24h) == (0.035, 1.28e10)
    given = [math.nan if cost is None else cost for cost in x.DEPTH.sell_slippage]
    assert list(found["BTCUSDT"].sell_slippage) == pytest.approx(given, nan_ok=True)
    assert math.isnan(found["ETHUSDT"].cost(1000))


def test_what_is_too_old_is_missing(db: Connection) -> None:
    store.save(db, [replace(x.INDICATOR, interval="1h", sigma_24h=0.035), x.DEPTH, x.TICKER])
    old_book = store.ways_out(db, ["BTCUSDT"], x.NOW + timedelta(seconds=6), AGES)["BTCUSDT"]
    assert old_book.sigma_24h == 0.035
    assert math.isnan(old_book.cost(1000))
    old = store.ways_out(db, ["BTCUSDT"], x.NOW + timedelta(hours=3), AGES)["BTCUSDT"]
    assert math.isnan(old.sigma_24h)
    assert isinstance(old, WayOut)


def test_past_crashes_are_data_with_their_source(db: Connection) -> None:
    found = {(s.name, s.hours, s.direction): s for s in store.scenarios(db)}
    assert {name for name, _, _ in found} == {
        "2020-03-12", "2021-05-19", "2022-06-13..18", "2022-11-08", "2024-08-05", "2025-10-10"
    }  # fmt: skip
    # ref: BTCUSDT perpetual opened 12 March 2020, 24 h windows: 3,621.81 is the day's low (13 March, 02:00)
    assert found["2020-03-12", 24, "fall"].moves["BTCUSDT"] == pytest.approx(-0.5276, abs=1e-4)
    assert ("2022-11-08", 1, "fall") not in found  # no archive has bars shorter than a day of these days
    crash = found["2025-10-10", 24, "fall"]
    assert (crash.depth_left, crash.collateral_left) == (0.05, 0.65)
    assert found["2022-11-08", 24, "fall"].at_least >= {"SOLUSDT", "BTCUSDT"}
    silent = db.execute(text("SELECT count(*) FROM risk.stress_move WHERE source = ''")).scalar_one()
    assert silent == 0


def test_the_stored_moves_are_those_that_the_archives_give(db: Connection, shared: Path) -> None:
    found = episodes.from_folder(shared / "data", now=x.NOW)
    query = "SELECT scenario, symbol, hours, fall, rise, is_bound FROM risk.stress_move"
    stored = {tuple(r[:3]): tuple(r[3:]) for r in db.execute(text(query)) if r[0] != "2025-10-10"}
    given = {
        (m.scenario, m.symbol, m.hours): (m.fall, m.rise, m.is_bound)
        for m in found
        if m.scenario != "2025-10-10"
    }
    assert stored == given
    assert all(m.fall is None for m in found if m.scenario == "2025-10-10")  # the archives end before


def test_newer_stress_rows_replace_older_ones(db: Connection) -> None:
    row = Stressed(
        scenario="2020-03-12", hours=24, direction="fall", equity_usdt=0.0, maintenance_usdt=0.0,
        cover=math.inf, liquidated=("cross", "SOLUSDT/LONG"), first="BTCUSDT/LONG", first_at=0.4,
        loss_usdt=9000.0, exit_cost_usdt=math.nan, by_beta=("SOLUSDT",),
    )  # fmt: skip
    store.save_stress(db, "default", [row], x.NOW)
    store.save_stress(db, "default", [replace(row, loss_usdt=1.0)], x.NOW - timedelta(seconds=1))
    found = db.execute(text("SELECT * FROM risk.latest_stress")).mappings().one()
    assert (found["loss_usdt"], found["cover"], found["exit_cost_usdt"]) == (9000.0, None, None)
    assert (found["liquidated"], found["by_beta"]) == (["cross", "SOLUSDT/LONG"], ["SOLUSDT"])
    store.save_stress(db, "default", [replace(row, loss_usdt=2.0)], x.NOW + timedelta(seconds=1))
    assert db.execute(text("SELECT loss_usdt FROM risk.latest_stress")).scalars().all() == [2.0]


def test_newer_sizes_replace_older_ones(db: Connection) -> None:
    row = SizeAdvice(
        account="default", symbol="BTCUSDT", side="LONG", method="desk", computed_at=x.NOW,
        equity_usdt=1e5, entry_price=5e4, stop_price=49_600.0, stop_bound_by="volatility",
        targets=(50_600.0, 51_200.0), trailing_price=None, quantity=0.6, notional_usdt=3e4,
        margin_usdt=1500.0, leverage=20.0, liquidation_price=None, level=0, multiplier=1.0, bound_by="funds",
        reasons={"risk": 5.0, "bracket": math.inf},
    )  # fmt: skip
    store.save_size_advice(db, [row])
    unknown = replace(
        row, computed_at=x.NOW + timedelta(minutes=1), quantity=None, targets=(), bound_by="missing",
        reasons={"missing": ["book"]},
    )  # fmt: skip
    found = db.execute(text("SELECT * FROM risk.latest_size_advice")).mappings().one()
    assert (found["target_1_price"], found["target_2_price"]) == (50_600, 51_200)
    assert found["reasons"] == {"risk": 5.0, "bracket": None}
    store.save_size_advice(db, [unknown])
    found = db.execute(text("SELECT * FROM risk.latest_size_advice")).mappings().one()
    assert (found["quantity"], found["bound_by"], found["reasons"]) == (
        None,
        "missing",
        {"missing": ["book"]},
    )


def test_extremes_are_those_of_the_newest_bars_and_none_of_too_few(db: Connection) -> None:
    bars = [
        replace(
            x.KLINE, interval="1h", open_at=x.NOW - timedelta(hours=n), open=D(100), close=D(100),
            event_at=x.NOW - timedelta(hours=n - 1), high=D(100 + n), low=D(100 - n),
        )
        for n in range(1, 5)
    ]  # fmt: skip
    store.save(db, bars)
    assert store.extremes(db, ["BTCUSDT", "ETHUSDT"], "1h", 3) == {"BTCUSDT": (103.0, 97.0)}
    assert store.extremes(db, ["BTCUSDT"], "1h", 5) == {}


def test_funding_is_money_by_position_and_by_book(db: Connection) -> None:
    # short 0.25 BTC, mark 64,051.23…: at +0.01 % a short earns; the cap against a short is the floor
    soon = x.NOW + timedelta(hours=4)
    store.save(db, [x.MARK, x.TERMS])
    store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    row = db.execute(text("SELECT * FROM risk.funding_payment")).mappings().one()
    notional = 0.25 * 64_051.23456789
    assert row["next_funding_at"] == soon
    assert row["next_payment_usdt"] == pytest.approx(-notional * 0.0001)
    assert row["per_day_usdt"] == pytest.approx(-notional * 0.0001 * 3)
    assert row["rate_to_cap"] == pytest.approx(0.0001 + 0.02)
    assert row["worst_per_day_usdt"] == pytest.approx(notional * 0.02 * 3)
    assert row["interval_hours_before"] is None
    book = db.execute(text("SELECT * FROM risk.funding_book")).mappings().one()
    assert (book["positions"], book["next_funding_at"]) == (1, soon)
    assert book["per_day_usdt"] == pytest.approx(-notional * 0.0003)
    assert book["per_day_of_equity"] == pytest.approx(
        -notional * 0.0003 / float(x.ACCOUNT.margin_balance_usdt)
    )


def test_funding_of_a_position_without_a_mark_leaves_that_of_the_book_unknown(db: Connection) -> None:
    store.save(db, [x.MARK, x.TERMS])
    store.replace_positions(db, x.ACCOUNT, [x.POSITION, replace(x.POSITION, symbol="XRPUSDT")])
    found = {r["symbol"]: r for r in db.execute(text("SELECT * FROM risk.funding_payment")).mappings()}
    assert found["XRPUSDT"]["per_day_usdt"] is found["XRPUSDT"]["next_payment_usdt"] is None
    book = db.execute(text("SELECT * FROM risk.funding_book")).mappings().one()
    assert (book["positions"], book["per_day_usdt"], book["per_day_of_equity"]) == (2, None, None)


def test_an_interval_that_changed_is_told_with_the_cost_at_the_new_one(db: Connection) -> None:
    store.save(db, [x.MARK, x.TERMS])
    store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    changed = x.NOW + timedelta(hours=1)
    store.save(db, [replace(x.TERMS, event_at=changed, received_at=changed, interval_hours=4)])
    row = db.execute(text("SELECT * FROM risk.funding_payment")).mappings().one()
    assert (row["interval_hours"], row["interval_hours_before"]) == (4, 8)
    assert row["per_day_usdt"] == pytest.approx(-0.25 * 64_051.23456789 * 0.0001 * 6)


def test_transfers_are_no_income_and_no_drawdown(db: Connection) -> None:
    at = x.NOW - timedelta(hours=30)
    peak = replace(x.ACCOUNT, event_at=at, margin_balance_usdt=D(12_000))
    store.replace_positions(db, peak, [])
    store.replace_positions(db, replace(x.ACCOUNT, margin_balance_usdt=D(9_000)), [])
    store.save(db, [
        replace(x.INCOME, transaction_id="1", income_type="TRANSFER", symbol="", amount=D(-2000),
                event_at=x.NOW - timedelta(hours=20)),
        replace(x.INCOME, transaction_id="2", income_type="FUNDING_FEE", amount=D("-7.5"),
                event_at=x.NOW - timedelta(hours=3)),
        replace(x.INCOME, transaction_id="3", income_type="REALIZED_PNL", amount=D(10),
                event_at=x.NOW - timedelta(hours=3)),
    ])  # fmt: skip
    row = db.execute(text("SELECT * FROM risk.drawdown")).mappings().one()
    # 12,000 less the 2,000 withdrawn since; 9,000 of 10,000
    assert (row["peak_usdt"], row["transferred_usdt"]) == (10_000, -2_000)
    assert row["drawdown"] == pytest.approx(0.1)
    days = db.execute(
        text("SELECT day, transferred, funding, realized, earned FROM risk.income_day ORDER BY day")
    )
    assert [tuple(day)[1:] for day in days] == [
        (D(-2000), None, None, None), (None, D("-7.5"), D(10), D("2.5"))
    ]  # fmt: skip


@pytest.mark.parametrize(("is_multi_assets", "peak"), [(False, 12_000), (True, 9_500)])
def test_usdc_that_is_withdrawn_lowers_the_peak_of_multi_assets_mode_only(
    db: Connection, is_multi_assets: bool, peak: int
) -> None:
    # in single-asset mode the totals are those of USDT alone: 9,500 of 12,000 stay a drawdown of 5/24
    was = replace(x.ACCOUNT, is_multi_assets=is_multi_assets, margin_balance_usdt=D(12_000))
    store.replace_positions(db, replace(was, event_at=x.NOW - timedelta(hours=30)), [])
    store.replace_positions(db, replace(was, margin_balance_usdt=D(9_500)), [])
    store.save(db, [
        replace(x.INCOME, income_type="TRANSFER", symbol="", asset="USDC", amount=D(-2_500),
                event_at=x.NOW - timedelta(hours=20)),
    ])  # fmt: skip
    row = db.execute(text("SELECT peak_usdt, drawdown FROM risk.drawdown")).mappings().one()
    assert (row["peak_usdt"], row["drawdown"]) == (peak, pytest.approx(1 - 9_500 / peak))
    state = store.latest_state(db, ["BTCUSDT"], account=x.ACCOUNT.account, watches_account=True, now=x.NOW)
    assert state.facts["equity_peak_7d"] == peak


def polled(db: Connection, minute: int, equity: int) -> None:
    at = x.NOW + timedelta(minutes=minute)
    store.replace_positions(db, replace(x.ACCOUNT, event_at=at, margin_balance_usdt=D(equity)), [])


def moved(db: Connection, minute: int, amount: int, kind: str = "TRANSFER") -> None:
    store.save(db, [
        replace(x.INCOME, transaction_id=str(minute), income_type=kind, symbol="", amount=D(amount),
                event_at=x.NOW + timedelta(minutes=minute)),
    ])  # fmt: skip


def fall(db: Connection) -> float:
    return float(db.execute(text("SELECT drawdown FROM risk.drawdown")).scalar_one())


def test_a_deposit_does_not_hide_a_fall_of_the_same_hour(db: Connection) -> None:
    # 10,000 fell to 9,000, then 5,000 came in: 14,000 of 15,000
    for minute, equity in ((0, 10_000), (5, 9_000)):
        polled(db, minute, equity)
    moved(db, 10, 5_000)
    polled(db, 11, 14_000)
    assert fall(db) == pytest.approx(1 / 15)


@pytest.mark.parametrize("kind", ["TRANSFER", "INTERNAL_TRANSFER", "COIN_SWAP_WITHDRAW"])
def test_a_peak_after_a_withdrawal_of_the_same_hour_is_one(db: Connection, kind: str) -> None:
    # 10,000 less 5,000 withdrawn, won to 5,200, fallen to 4,940
    polled(db, 0, 10_000)
    moved(db, 5, -5_000, kind)
    for minute, equity in ((6, 5_000), (10, 5_200), (20, 4_940)):
        polled(db, minute, equity)
    assert fall(db) == pytest.approx(0.05)


def test_a_poll_that_comes_late_is_held_against_the_peak_with_what_came_between(db: Connection) -> None:
    moved(db, 10, 5_000)
    polled(db, 20, 15_000)
    polled(db, 5, 10_100)  # of before the deposit: worth 15,100 now
    polled(db, 30, 15_000)
    assert fall(db) == pytest.approx(100 / 15_100)
