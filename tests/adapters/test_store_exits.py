"""Exits in the database: what a way out meets, and the facts of a position's price, there and back."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from risk.adapters import store
from risk.limits import default
from risk.positions import WayOut
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
