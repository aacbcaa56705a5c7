"""What to do: which reductions stand, in which order, the size by hand, the dearer way of each crash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from risk.adapters import store
from risk.web.plan import standing, worst_directions
from tests.web import filled
from tests.web.conftest import served, settings


def demand(symbol: str, place: int, *, age_s: float, stands: bool = True, fraction: float = 0.5) -> Any:
    return {
        "symbol": symbol, "side": "BOTH", "scored_at": filled.NOW - timedelta(seconds=age_s),
        "fraction": fraction, "quantity": "0.1", "stands": stands,
        "details": {"direction": "LONG", "place": place, "left": "0.1"},
    }  # fmt: skip


def test_of_each_position_the_newest_demand_stands_in_the_order_of_the_plan() -> None:
    newest_first = [
        demand("BTCUSDT", 2, age_s=5, fraction=0.7), demand("ETHUSDT", 1, age_s=9),
        demand("BTCUSDT", 1, age_s=60), demand("SOLUSDT", 1, age_s=70, stands=False),
    ]  # fmt: skip
    assert [(s["symbol"], s["fraction"]) for s in standing(newest_first)] == [
        ("ETHUSDT", 0.5), ("BTCUSDT", 0.7),
    ]  # fmt: skip
    assert standing([]) == []


def test_of_a_crash_the_direction_that_costs_more_is_shown_and_the_dearest_first() -> None:
    names = ("scenario", "hours", "direction", "loss_usdt")
    told = [
        ("2020-03-12", 24, "rise", -50.0), ("2020-03-12", 24, "fall", 400.0),
        ("2021-05-19", 1, "fall", 900.0), ("2020-03-12", 1, "fall", 300.0),
    ]  # fmt: skip
    shown = worst_directions([dict(zip(names, row, strict=True)) for row in told])
    assert [tuple(row.values()) for row in shown] == [told[2], told[1], told[3]]


def test_the_plan_tells_the_size_its_bound_and_what_each_crash_leaves(page: str) -> None:
    plan = httpx.get(f"{page}/api/plan").json()
    long = next(row for row in plan["sizes"] if (row["symbol"], row["side"]) == ("BTCUSDT", "LONG"))
    # 30 % of 9,979.5 USDT at 64,050 is 0.04674 coins, and 0.25 are held already
    assert (long["quantity"], long["bound_by"], long["level"]) == (0.0, "funds", "low")
    assert {row["scenario"] for row in plan["stress"]} >= {"2020-03-12", "2025-10-10"}
    assert all(row["market_move"] < 0 for row in plan["stress"])  # a long loses by falls
    assert [row["loss_usdt"] for row in plan["stress"]] == sorted(
        (row["loss_usdt"] for row in plan["stress"]), reverse=True
    )
    assert plan["steps"] == []


def test_a_position_shows_the_tightest_stop_from_its_entry(page: str) -> None:
    (held,) = httpx.get(f"{page}/api/desk").json()["positions"]
    # 64,000 − 2·0.004·64,050 = 63,487.6; the fixed loss at 63,201.6 and 80 % of the way to 47,000 lie farther
    assert held["stop"] == pytest.approx(63_487.6)
    assert (held["stop_bound_by"], held["stop_is_passed"]) == ("volatility", False)


def test_a_demanded_reduction_and_a_passed_stop_are_shown(database_url: str) -> None:
    filled.fill(database_url)
    later = filled.NOW + timedelta(seconds=5)
    decision = filled.fall(database_url, later)
    wanted = next(signal for signal in decision.signals if signal.kind == "reduce")
    with served(settings(database_url), clock=lambda: later) as address:
        plan = httpx.get(f"{address}/api/plan").json()
        (held,) = httpx.get(f"{address}/api/desk").json()["positions"]
    (step,) = plan["steps"]
    assert (step["symbol"], step["side"], step["fraction"]) == ("BTCUSDT", "LONG", wanted.fraction)
    assert "reduce" in {row["kind"] for row in plan["advice"]}
    assert held["stop_is_passed"] is True  # the mark fell to 47,800
    with store.connect(database_url) as db:
        assert store.latest_state(
            db, filled.SYMBOLS, account="default", watches_account=True, now=later
        ).alerts[("reduce", "BTCUSDT/LONG")]
