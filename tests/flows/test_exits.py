"""The flow of exits against the simulated exchange: stress rows and sizes, and the same when run again."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import dict_row

from flows import account, desk, exits, market, reference
from risk.adapters import settings
from risk.resting import Order


def rows(url: str, query: str) -> list[dict[str, object]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()


def test_every_crash_is_held_against_the_account(ready: str) -> None:
    reference.reference()
    account.account()
    exits.exits()
    found = rows(ready, "SELECT * FROM risk.latest_stress")
    # BTC's move is known for 11 pairs of crash and horizon (2022-11-08 lacks 1 h); not all have a rise
    falls = [row for row in found if row["direction"] == "fall"]
    assert len(falls) == 11
    assert len({row["scenario"] for row in falls}) == 6
    worst = next(row for row in falls if row["scenario"] == "2020-03-12" and row["hours"] == 24)
    # the demo's account is long at 20 times: a fall by half takes all of it
    assert "cross" in worst["liquidated"]
    assert worst["equity_usdt"] == 0
    equity = rows(ready, "SELECT margin_balance_usdt FROM risk.latest_account")[0]["margin_balance_usdt"]
    assert worst["loss_usdt"] == pytest.approx(float(str(equity)), rel=1e-6)
    assert worst["by_beta"] == ["SOLUSDT"]  # not yet listed then
    exits.exits()
    assert len(rows(ready, "SELECT * FROM risk.latest_stress")) == len(found)


def test_every_watched_symbol_has_sizes_that_say_what_is_missing(ready: str) -> None:
    reference.reference()
    account.account()
    market.market()
    exits.exits()
    found = rows(ready, "SELECT * FROM risk.latest_size_advice")
    assert {(r["symbol"], r["side"], r["method"]) for r in found} == {
        (symbol, side, method)
        for symbol in settings.load().symbols
        for side in ("LONG", "SHORT")
        for method in ("desk", "seed")
    }
    for row in found:
        assert (row["quantity"], row["bound_by"]) == (None, "missing")
        assert set(row["reasons"]["missing"]) == {  # type: ignore[index]
            "atr_ratio_15m", "atr_ratio_1h", "atr_ratio_1d", "atr_1h", "book", "level"
        }  # fmt: skip


def test_a_poll_stores_the_facts_of_each_price(ready: str) -> None:
    reference.reference()
    account.account()
    for row in rows(ready, "SELECT * FROM risk.latest_position"):
        assert row["pool_wallet_usdt"] is not None
        assert row["liquidation_tier"] is not None
        assert abs(float(str(row["liquidation_difference"]))) < 1e-6
        assert float(str(row["distance"])) > 0
        assert row["can_exit"] is None  # nobody has seen a book yet


def test_ladders_of_held_symbols_are_looked_at_every_minute(ready: str) -> None:
    account.account()
    assert rows(ready, "SELECT symbol FROM risk.bracket_check") == []
    exits.exits()
    checked = rows(ready, "SELECT symbol FROM risk.bracket_check ORDER BY symbol")
    assert [row["symbol"] for row in checked] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    account.account()
    assert all(row["liquidation_price"] for row in rows(ready, "SELECT * FROM risk.latest_position"))


def test_resting_orders_are_counted_in_the_move_that_liquidates(
    ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference.reference()
    account.account()
    market.market()
    exits.exits()
    assert rows(ready, "SELECT * FROM risk.fact WHERE name LIKE 'order_shock%'") == []
    mark = rows(ready, "SELECT mark_price FROM risk.latest_mark WHERE symbol = 'BTCUSDT'")[0]["mark_price"]
    bid = Order("BTCUSDT", 0.99 * float(str(mark)), 100.0)
    monkeypatch.setattr(desk.exchange(), "open_orders", lambda: [bid])
    exits.exits()
    found = {r["name"]: r["value"] for r in rows(ready, "SELECT * FROM risk.fact WHERE name LIKE 'order_%'")}
    # 100 BTC more are more than this account carries: it goes where they are filled, or soon after
    assert -0.03 < float(str(found["order_shock_fall"])) <= -0.0099


def test_without_a_key_nothing_is_said(ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RISK_API_KEY", "RISK_API_SECRET"):
        monkeypatch.delenv(name)
    settings.load.cache_clear()
    exits.exits()
    assert rows(ready, "SELECT * FROM risk.latest_size_advice") == []
