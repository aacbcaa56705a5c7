"""The state for scoring: every number lands in its column, missing stays missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal as D

import numpy as np
import pytest
from sqlalchemy import Connection

from risk.adapters import store
from risk.records import Observed
from risk.state import INPUT_COLUMNS, FlowTrouble, State, VanishedPosition
from tests.adapters import rows as x
from tests.adapters.test_store_decision import ALERT, DECISION
from tests.risk.builders import value_at_risk

H = timedelta(hours=1)
SECOND = timedelta(seconds=1)
T = 1_773_144_000.0  # 2026-03-10 12:00:00 UTC in seconds since 1970 (date -u -d '2026-03-10 12:00' +%s)


def read(db: Connection, *symbols: str, now: datetime | None = None) -> State:
    """The state, but for the fact that the days of these tests have no partitions."""
    found = store.latest_state(
        db, symbols or ("BTCUSDT",), account="default", watches_account=True, now=now or x.NOW
    )
    return replace(found, facts={k: v for k, v in found.facts.items() if "missing_partitions" not in k})


def test_an_empty_database_gives_a_state_in_which_everything_is_missing(db: Connection) -> None:
    state = read(db, "BTCUSDT", "ETHUSDT")
    assert tuple(state.columns) == INPUT_COLUMNS
    assert all(np.isnan(column).all() and column.shape == (2,) for column in state.columns.values())
    assert np.isnan(state.sell_slippage).all()
    assert state.sell_slippage.shape == state.buy_slippage.shape == (2, 10)
    assert (state.account, state.positions, dict(state.facts), state.vanished) == (None, (), {}, ())


def test_every_column_holds_what_was_saved_for_it(db: Connection) -> None:
    hour = replace(
        x.INDICATOR,
        interval="1h",
        close=D("64000"),
        atr_ratio=0.01,
        beta=1.0,
        sigma_24h=0.035,
        event_at=x.NOW - H,
    )
    earlier = [
        replace(x.INDICATOR, close=D("64200"), event_at=x.NOW - timedelta(minutes=15)),
        replace(x.OPEN_INTEREST, quantity=D("80000"), event_at=x.NOW - 24 * H),
        replace(x.OPEN_INTEREST, quantity=D("70000"), event_at=x.NOW - 72 * H),
        replace(x.OPEN_INTEREST, quantity=D("1"), event_at=x.NOW - 23 * H),
        replace(x.INSURANCE, value_usd=D("1000000"), event_at=x.NOW - 24 * H),
        replace(x.DEPTH, event_at=x.NOW - timedelta(seconds=3)),
    ]
    day = replace(x.INDICATOR, interval="1d", atr_ratio=0.04, event_at=x.NOW - 12 * H)
    spot = [replace(x.DEPTH, venue="spot", best_bid=D(1)), replace(x.TICKER, venue="spot", last_price=D(1))]
    venues = [
        x.VENUE,
        replace(x.VENUE, venue="bybit", funding_8h=0.0004),
        replace(x.VENUE, venue="gate", funding_8h=-0.0001),
    ]
    stale = replace(x.VENUE, venue="deribit", funding_8h=9.0, event_at=x.NOW - 4 * H)
    store.save(db, earlier)
    store.save(db, [*x.ALL, hour, day, *spot, *venues, stale])
    store.save(
        db, [replace(x.LIQUIDATION, side="BUY", notional_usdt=D(1000), event_at=x.NOW - timedelta(minutes=6))]
    )

    # 15m bar: 64050 / 64200 - 1. ATR of 1h: 0.01 of 64000. The feed of forced orders began in the hour of
    # 11:00, an hour before now, so its mean is over 12 periods of 5 min; the sale of 96,015 at 12:00 is in
    # the running hour, the purchase of 1,000 at 11:54 is older than 5 minutes.
    expected = {
        "atr_ratio_15m": 0.004, "bar_15m_at": T, "atr_ratio_1h": 0.01, "bar_1h_at": T - 3600,
        "atr_ratio_1d": 0.04, "bar_1d_at": T - 43200, "vol_ratio": 1.1, "sigma_24h": 0.035,
        "sigma_at": T - 3600,
        "beta": 1.0, "atr_1h": 640.0, "kline_spread": 0.003, "volume_ratio": 0.9, "kline_risk": 0.0033,
        "bar_return": -150 / 64200, "best_bid": 64049.9, "best_ask": 64050.0, "bid_depth_5_usdt": 5e5,
        "ask_depth_5_usdt": 510000.5, "bid_depth_01pct_usdt": 4e6, "ask_depth_01pct_usdt": 4.1e6,
        "bid_depth_1pct_usdt": 3e7, "ask_depth_1pct_usdt": 3.1e7, "bid_reach": 0.0025, "ask_reach": 0.0026,
        "depth_at": T, "book_changed_at": T - 3, "last_price": 64050.0, "price_change_24h": 0.0123,
        "quote_volume_24h": 1.28e10, "ticker_at": T, "mark_price": 64051.23456789, "index_price": 64060.0,
        "funding_rate": 0.0001, "next_funding_at": T + 14400, "mark_at": T, "interval_hours": 8.0,
        "interval_hours_before": 8.0, "rate_cap": 0.02, "rate_floor": -0.02, "terms_at": T,
        "settled_rate": -0.00012, "settled_at": T, "open_interest": 88000.123, "open_interest_at": T,
        "open_interest_24h": 80000.0, "open_interest_72h": 70000.0, "liquidated_buy_usdt": 0.0,
        "liquidated_sell_usdt": 96015.0, "liquidated_buy_mean_usdt": 1000 / 12,
        "liquidated_sell_mean_usdt": 96015 / 12, "venue_count": 3.0, "venue_median_8h": 0.0002,
        "venue_max_8h": 0.0004, "venue_min_8h": -0.0001, "venue_at": T, "insurance_usd": 999000.5,
        "insurance_usd_24h": 1e6, "insurance_at": T, "adl_risk": 1.0, "adl_at": T, "brackets_at": T,
        "instrument_at": T,
    }  # fmt: skip
    state = read(db, "ETHUSDT", "BTCUSDT")
    found = {name: column[1] for name, column in state.columns.items()}
    assert found == pytest.approx(expected, rel=1e-12)
    shared = {name for name, column in state.columns.items() if not np.isnan(column[0])}
    assert shared == {
        "insurance_usd", "insurance_usd_24h", "insurance_at",
        "liquidated_buy_usdt", "liquidated_sell_usdt",
        "liquidated_buy_mean_usdt", "liquidated_sell_mean_usdt",
    }  # fmt: skip  # the fund is shared, and a feed that lives says zero for a quiet symbol
    nan = float("nan")
    assert state.sell_slippage[1].tolist() == pytest.approx(
        [*x.DEPTH.sell_slippage[:8], nan, nan], nan_ok=True
    )
    assert state.buy_slippage[1].tolist() == pytest.approx(
        [*x.DEPTH.buy_slippage[:7], nan, nan, nan], nan_ok=True
    )


def test_the_account_side_comes_back_as_the_records_that_were_saved(db: Connection) -> None:
    store.save(db, [*x.BRACKETS, x.INSTRUMENT, x.DIVERGENCE])
    store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    state = read(db)
    assert state.account == x.ACCOUNT
    assert state.positions == (x.POSITION,)
    assert state.brackets == {"BTCUSDT": x.BRACKETS}
    assert state.previous_brackets == {}
    assert state.instruments == {"BTCUSDT": x.INSTRUMENT}  # held
    assert state.divergences == (x.DIVERGENCE,)
    assert (
        store.latest_state(db, ["BTCUSDT"], account="other", watches_account=True, now=x.NOW).account is None
    )


def test_the_former_ladder_and_interval_are_told_for_a_day(db: Connection) -> None:
    changed = tuple(
        replace(b, event_at=x.NOW + H, maintenance_rate=b.maintenance_rate * 2) for b in x.BRACKETS
    )
    store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    for batch in ([*x.BRACKETS, x.TERMS], [*changed, replace(x.TERMS, event_at=x.NOW + H, interval_hours=4)]):
        store.save(db, batch)
    soon, later = read(db, now=x.NOW + 2 * H), read(db, now=x.NOW + 26 * H)
    assert (soon.brackets["BTCUSDT"], soon.previous_brackets["BTCUSDT"]) == (changed, x.BRACKETS)
    assert later.previous_brackets == {}
    assert [s.columns["interval_hours_before"][0] for s in (soon, later)] == [8.0, 4.0]


def test_facts_carry_equity_its_peak_and_signs_of_life(db: Connection) -> None:
    def poll(hours: float, balance: int) -> None:
        at = x.NOW + timedelta(hours=hours)
        store.replace_positions(db, replace(x.ACCOUNT, event_at=at, margin_balance_usdt=D(balance)), [])

    for hours, balance in ((-200, 99_000), (-50, 12_000), (-49.5, 11_000), (-30, 11_500), (0, 9_000)):
        poll(hours, balance)
    store.save(db, [
        replace(x.INCOME, income_type="TRANSFER", symbol="", amount=D(-2000), event_at=x.NOW - 40 * H),
        replace(x.INCOME, amount=D(-700), event_at=x.NOW - 20 * H, transaction_id="2"),
    ])  # fmt: skip
    store.beat(db, "exchange", x.NOW)
    store.beat(db, "income", x.NOW - H)
    store.save_fact(db, "key_can_trade", 0, x.NOW - 2 * H)
    # The peak of 12,000 lies before a withdrawal of 2,000 and counts 10,000 now; the 11,500 after it stand.
    # 99,000 is older than 7 days. A funding fee is no transfer.
    facts = read(db).facts
    assert facts == {
        "equity_now": 9000.0, "equity_now_at": T,
        "equity_peak_7d": 11_500.0, "equity_peak_7d_at": T - 30 * 3600,
        "exchange_beat_at": T, "exchange_answered_at": T, "income_beat_at": T - 3600, "income_at": T - 3600,
        "key_can_trade": 0.0, "key_can_trade_at": T - 7200,
    }  # fmt: skip


def test_a_fit_that_fell_back_is_a_fact_until_the_next_good_one(db: Connection) -> None:
    store.save(db, [replace(x.FIT, method="ewma", reason="persistence")])
    assert read(db).facts == {"fit_failed/BTCUSDT/1h": T}
    store.save(db, [replace(x.FIT, event_at=x.NOW + H)])
    assert read(db).facts == {}


def test_a_breached_value_at_risk_is_seen_until_the_next_bar(db: Connection) -> None:
    breached, calm = value_at_risk(loss=0.04), value_at_risk("BTCUSDT", loss=0.01)
    store.save_var(db, [breached, calm, value_at_risk("ETHUSDT", method="ewma")])
    assert {row.scope for row in read(db).value_at_risk} == {"account", "ETHUSDT"}
    assert breached in read(db).value_at_risk
    store.save_var(db, [replace(breached, computed_at=breached.computed_at + H, closed_loss=-0.01)])
    assert [row.scope for row in read(db).value_at_risk] == ["ETHUSDT"]
    store.save_var(db, [breached])  # an older one changes nothing
    assert [row.scope for row in read(db).value_at_risk] == ["ETHUSDT"]


def test_a_vanished_position_is_seen_for_ten_minutes(db: Connection) -> None:
    store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    at = x.NOW + timedelta(seconds=5)
    store.replace_positions(db, replace(x.ACCOUNT, event_at=at), [])
    gone = VanishedPosition(
        symbol="BTCUSDT",
        side="SHORT",
        quantity=D("-0.250"),
        notional_usdt=D("-16012.8"),
        vanished_at=at,
        cause="unknown",
    )
    assert read(db, now=at + timedelta(minutes=9)).vanished == (gone,)
    assert read(db, now=at + timedelta(minutes=11)).vanished == ()
    (noted,) = store.unclassified_positions(db, "default", x.NOW, x.NOW, timedelta(seconds=10))
    store.classify_position(db, noted, "deleveraged", at)
    assert read(db, now=at + timedelta(minutes=9)).vanished == (replace(gone, cause="deleveraged"),)


def test_a_position_that_vanished_while_nobody_scored_is_seen_afterwards_until_it_is_told(
    db: Connection,
) -> None:
    evaluated = replace(DECISION, alerts=(), messages=(), signals=())
    store.save_decision(db, evaluated, channels=[])  # the last evaluation, at x.NOW
    store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    at = x.NOW + timedelta(seconds=5)
    store.replace_positions(db, replace(x.ACCOUNT, event_at=at), [])
    later = x.NOW + timedelta(hours=2)
    (gone,) = read(db, now=later).vanished
    alert = replace(
        ALERT, name="position_gone", scope="BTCUSDT/SHORT", told_count=0, last_told_at=None,
        details={"vanished_at": gone.vanished_at.isoformat()},
    )  # fmt: skip
    memory = {scope: replace(m, scored_at=later) for scope, m in DECISION.scores.memory.items()}
    scores = replace(DECISION.scores, memory=memory)
    after = replace(evaluated, decided_at=later, scores=scores, alerts=(alert,))
    store.save_decision(db, after, channels=[])
    assert read(db, now=later + timedelta(seconds=5)).vanished == (gone,)
    told = replace(alert, told_count=1, last_told_at=later, updated_at=later + timedelta(seconds=5))
    done = replace(after, decided_at=later + timedelta(seconds=5), alerts=(told,))
    store.save_decision(db, done, channels=[])
    assert read(db, now=later + timedelta(seconds=10)).vanished == ()


@pytest.mark.parametrize(
    ("record", "column"),
    [(x.DEPTH, "depth_at"), (x.TICKER, "ticker_at"), (x.MARK, "mark_at"),
     (x.OPEN_INTEREST, "open_interest_at")],
    ids=["depth", "ticker", "mark", "open interest"],
)  # fmt: skip
def test_data_is_as_old_as_the_older_of_its_stamps(db: Connection, record: Observed, column: str) -> None:
    # our clock runs 30 s late: what came 12 s ago by it bears a stamp that is still to come
    received = x.NOW - timedelta(seconds=12)
    store.save(db, [replace(record, event_at=received + timedelta(seconds=30), received_at=received)])
    assert read(db).columns[column][0] == pytest.approx(T - 12)


@pytest.mark.parametrize(
    ("record", "column"),
    [(x.DEPTH, "depth_at"), (x.TICKER, "ticker_at"), (x.MARK, "mark_at"),
     (x.OPEN_INTEREST, "open_interest_at")],
    ids=["depth", "ticker", "mark", "open interest"],
)  # fmt: skip
def test_a_stamp_from_tomorrow_does_not_shut_out_what_follows(
    db: Connection, record: Observed, column: str
) -> None:
    store.save(db, [replace(record, event_at=x.NOW + timedelta(hours=24), received_at=x.NOW - 2 * SECOND)])
    store.save(db, [replace(record, event_at=x.NOW - SECOND, received_at=x.NOW - SECOND)])
    assert read(db).columns[column][0] == pytest.approx(T - 1)
    store.save(db, [replace(record, event_at=x.NOW - 9 * SECOND, received_at=x.NOW)])
    assert read(db).columns[column][0] == pytest.approx(T - 1)


def test_a_book_that_stands_still_keeps_the_time_of_its_last_change(db: Connection) -> None:
    for seconds in (0, 1, 2):
        at = x.NOW + timedelta(seconds=seconds)
        store.save(db, [replace(x.DEPTH, event_at=at, received_at=at)])
    assert read(db).columns["book_changed_at"][0] == T
    assert read(db).columns["depth_at"][0] == T + 2
    store.save(db, [replace(x.DEPTH, event_at=x.NOW + timedelta(seconds=3), update_id=x.DEPTH.update_id + 1)])
    assert read(db).columns["book_changed_at"][0] == T + 3


def test_a_workers_word_about_its_flows_counts_for_a_day_and_no_other_parts_does(db: Connection) -> None:
    said = {"flow": "refit", "kind": "failed", "since": x.NOW.isoformat(), "problem": "DataError: 2 bars"}
    store.beat(db, "worker/heavy", x.NOW - 23 * H, {"troubles": [said], "runs": {}})
    store.beat(db, "worker/old", x.NOW - 25 * H, {"troubles": [{**said, "flow": "old"}]})
    store.beat(db, "worker/cadence", x.NOW, {"troubles": []})
    store.beat(db, "worker/before", x.NOW, {"runs": {}})
    store.beat(db, "streams", x.NOW, {"troubles": [{**said, "flow": "other"}]})
    expected = FlowTrouble(flow="refit", kind="failed", since=x.NOW, problem="DataError: 2 bars")
    assert read(db).troubles == (expected,)


# Made by day are: account, depth, mark, open_interest, position, score, ticker.
def test_tables_without_a_partition_for_tomorrow_are_counted(db: Connection) -> None:
    def facts() -> Mapping[str, float]:
        return store.latest_state(
            db, ("BTCUSDT",), account="default", watches_account=False, now=x.NOW
        ).facts  # fmt: skip

    assert facts()["missing_partitions"] == 7
    store.ensure_partitions(db, today=x.NOW.date())
    assert "missing_partitions" not in facts()
