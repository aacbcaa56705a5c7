"""The flow of exits against the simulated exchange: stress rows and sizes, and the same when run again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest
from psycopg.rows import dict_row

from flows import account, desk, exits, market, reference, steps
from risk.adapters import settings, store
from risk.adapters.wire_contract import ContractChange
from risk.errors import UnreachableError
from risk.records import OpenOrder
from risk.web import holdings
from tests.conftest_simulator import RunningSimulator


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


def place(simulator: RunningSimulator, **terms: str) -> int:
    answer = simulator.signed("/fapi/v1/algoOrder", "POST", symbol="BTCUSDT", **terms).json()
    return int(answer["algoId"])


def test_open_orders_are_kept_and_counted_in_the_moves_that_liquidate(
    ready: str, simulator: RunningSimulator
) -> None:
    reference.reference()
    account.account()
    market.market()
    mark = rows(ready, "SELECT mark_price FROM risk.latest_mark WHERE symbol = 'BTCUSDT'")[0]["mark_price"]
    stop_price = f"{0.995 * float(str(mark)):.1f}"
    stop = {"algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": stop_price}
    placed = place(simulator, closePosition="true", **stop)
    try:
        exits.exits()
    finally:
        simulator.signed("/fapi/v1/algoOrder", "DELETE", algoId=placed)
    found = rows(ready, "SELECT service, order_id, kind, trigger_price FROM risk.latest_order")
    assert found == [
        {
            "service": "algo",
            "order_id": str(placed),
            "kind": "STOP_MARKET",
            "trigger_price": Decimal(stop_price),
        }
    ]
    shocks = {
        r["orders"]: r for r in rows(ready, "SELECT * FROM risk.latest_shock WHERE betas = 'estimated'")
    }
    assert set(shocks) == {"none", "worst", "triggered"}
    assert shocks["worst"]["fall"] == pytest.approx(shocks["none"]["fall"])  # not counted on
    assert float(str(shocks["triggered"]["fall"] or -9)) < float(str(shocks["none"]["fall"]))
    # the page answers with the same numbers for the same account
    with store.connect(ready) as db:
        state = store.latest_state(
            db, settings.load().symbols, account="default", watches_account=True, now=desk.now()
        )
    held = holdings.account(state, {}, desk.now())
    assert held is not None
    shown = held["shock"]
    assert shown["down"] == max(shocks["none"]["fall"], shocks["worst"]["fall"])
    assert shown["alone"]["down"] == shocks["none"]["fall"]
    assert shown["equity_usdt"] == shocks["worst"]["equity_usdt"]
    assert shown["triggered"]["down"] == shocks["triggered"]["fall"]
    (one,) = [
        p
        for p in holdings.held(state, settings.load().limits, {}, {}, {}, desk.now())
        if p["symbol"] == "BTCUSDT"
    ]
    assert (one["placed"], one["placed_price"]) == ("whole", float(stop_price))
    exits.exits()
    assert rows(ready, "SELECT * FROM risk.latest_order") == []


def test_a_list_that_cannot_be_read_stays_and_grows_old(ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reference.reference()
    account.account()
    market.market()
    exits.exits()
    facts = "SELECT name, updated_at FROM risk.fact WHERE name IN ('open_orders', 'open_algo_orders')"
    before = {row["name"]: row["updated_at"] for row in rows(ready, facts)}
    answers = desk.exchange().open_orders

    def without_algo(service: str) -> list[OpenOrder]:
        if service == "algo":
            raise UnreachableError("GET /fapi/v1/openAlgoOrders: no answer")
        return answers(service)

    monkeypatch.setattr(desk.exchange(), "open_orders", without_algo)
    exits.exits()
    after = {row["name"]: row["updated_at"] for row in rows(ready, facts)}
    assert after["open_algo_orders"] == before["open_algo_orders"]
    assert after["open_orders"] != before["open_orders"]


def test_a_changed_ladder_counts_once_before_the_table_is_read(ready: str) -> None:
    reference.reference()
    account.account()
    before = rows(ready, "SELECT * FROM risk.bracket_check WHERE symbol = 'BTCUSDT'")[0]
    with store.connect(ready) as db:
        tiers = store.ladders(db, ["BTCUSDT"])["BTCUSDT"]

    def changed(factor: Decimal) -> ContractChange:
        now = desk.now()
        ladder = tuple(
            replace(
                t,
                maintenance_rate=t.maintenance_rate * factor,
                cum_usdt=t.cum_usdt * factor,
                event_at=now,
                source="stream",
            )
            for t in tiers
        )
        return ContractChange("BTCUSDT", now, "TRADING", None, ladder)

    checks = "SELECT ladder_at, previous_ladder_at FROM risk.bracket_check WHERE symbol = 'BTCUSDT'"
    steps.read_change(changed(Decimal("0.5")))
    assert rows(ready, checks)[0]["ladder_at"] == before["ladder_at"]  # the table itself has to say so
    change = changed(Decimal(2))
    steps.read_change(change)
    announced = rows(ready, checks)
    assert announced == [{"ladder_at": change.event_at, "previous_ladder_at": before["ladder_at"]}]
    exits.exits()  # reads the table, which still shows the ladder before
    assert rows(ready, checks) == announced
    held = "SELECT liquidation_price FROM risk.latest_position WHERE symbol = 'BTCUSDT'"
    price = rows(ready, held)[0]["liquidation_price"]
    account.account()
    assert float(str(rows(ready, held)[0]["liquidation_price"])) > float(str(price))


def test_the_rules_of_a_contract_that_ends_are_read_at_once(ready: str) -> None:
    steps.read_change(ContractChange("NOBODYUSDT", desk.now(), "SETTLING", None, ()))
    assert rows(ready, "SELECT symbol FROM risk.instrument") == []
    steps.read_change(ContractChange("BTCUSDT", desk.now(), "SETTLING", None, ()))
    assert len(rows(ready, "SELECT symbol FROM risk.instrument")) > 1


def test_without_a_key_nothing_is_said(ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RISK_API_KEY", "RISK_API_SECRET"):
        monkeypatch.delenv(name)
    settings.load.cache_clear()
    exits.exits()
    assert rows(ready, "SELECT * FROM risk.latest_size_advice") == []
