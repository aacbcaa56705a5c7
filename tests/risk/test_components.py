"""Inputs of a state on their way to components: sides of the book, pools of margin, impossible values."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from risk import exposure, limits
from risk.components import exit_cost
from risk.decision import decide
from risk.scorecard import missing_names
from risk.state import COMPONENTS, Decision
from tests.risk.builders import NOW, ladder, position, snapshot, state

DEFAULT = limits.default()

IMPOSSIBLE = [
    ({"open_interest": 0.0}, "oi_change_3d"),
    ({"open_interest_72h": 0.0}, "oi_change_3d"),
    ({"best_bid": 0.0}, "spread"),
    ({"best_bid": 50_001.0, "best_ask": 50_000.0}, "depth_1pct"),  # a crossed book says nothing
    ({"bid_depth_1pct_usdt": -1.0}, "depth_1pct"),
    ({"ask_depth_01pct_usdt": -1.0}, "coverage"),
    ({"atr_ratio_15m": -0.01}, "atr_15m"),
    ({"sigma_24h": 0.0}, "sigma_24h"),
    ({"interval_hours": 0.0}, "funding_8h"),
    ({"interval_hours": float("nan")}, "funding_8h"),  # no rate is assumed to settle every 8 h
    ({"book_changed_at": NOW.timestamp() - 61}, "spread"),  # the time stamps move, the book does not
]


@pytest.mark.parametrize(("columns", "component"), IMPOSSIBLE)
def test_an_impossible_value_is_missing(columns: dict[str, float], component: str) -> None:
    decision = decide(state(columns=columns), DEFAULT, NOW)
    assert component in missing_names(int(decision.scores.missing[0]))
    assert decision.scores.composite[0] == 31
    assert np.isnan(decision.scores.values[0, COMPONENTS.index(component)])


def value(decision: Decision, component: str, row: int = 0) -> float:
    return float(decision.scores.values[row, COMPONENTS.index(component)])


def test_the_exit_of_a_position_hits_its_own_side_of_the_book() -> None:
    thin_bids = {"bid_depth_01pct_usdt": 1e5, "ask_depth_01pct_usdt": 4e5}
    long = decide(state(positions=[position(quantity=2)], columns=thin_bids), DEFAULT, NOW)
    short = decide(
        state(positions=[position(quantity=-2, liquidation=None)], columns=thin_bids), DEFAULT, NOW
    )
    # 2 coins at 50,000 are 100,000 USDT
    assert value(long, "coverage") == pytest.approx(1.0)
    assert value(short, "coverage") == pytest.approx(4.0)


def test_without_a_position_the_expected_order_meets_the_thinner_side() -> None:
    flat = decide(state(columns={"bid_depth_01pct_usdt": 3e5, "ask_depth_01pct_usdt": 2e5}), DEFAULT, NOW)
    assert value(flat, "coverage") == pytest.approx(2.0)  # 200,000 / 100,000


def test_the_seed_measures_five_levels() -> None:
    columns = {"bid_depth_5_usdt": 4e5, "ask_depth_5_usdt": 9e5}
    seed = decide(state(columns=columns), limits.seed(), NOW)
    assert value(seed, "depth_1pct") == pytest.approx(4e5)
    assert value(seed, "coverage") == pytest.approx(4.0)


def test_funding_is_brought_to_eight_hours() -> None:
    hourly = decide(state(columns={"funding_rate": -0.0005, "interval_hours": 1.0}), DEFAULT, NOW)
    assert value(hourly, "funding_8h") == pytest.approx(0.004)


def test_beyond_a_book_that_ends_the_cost_follows_the_square_root_law_or_grows_with_size() -> None:
    rungs = np.array([[0.0001, 0.0002, 0.0003] + [np.nan] * 7])
    known = exit_cost(rungs, np.array([1e6]), np.array([0.04]), np.array([1e8]))
    # 0.04 · sqrt(1e6 / 1e8) = 0.004 for the part beyond 50,000 USDT, the rest pays 0.0003
    assert 0.0003 < float(known[0]) <= 0.004
    assert float(known[0]) == pytest.approx((5e4 * 0.0003 + 95e4 * 0.004) / 1e6, rel=1e-6)
    unknown = exit_cost(rungs, np.array([1e6]), np.array([np.nan]), np.array([1e8]))
    assert float(unknown[0]) == pytest.approx(0.0003 * 1e6 / 5e4)


def test_cover_is_the_pools_own() -> None:
    crossed = position(maintenance=10_000)
    alone = position("ETHUSDT", maintenance=500, is_isolated=True, isolated_wallet_usdt=Decimal(2000))
    found = exposure.exposure(
        ("BTCUSDT", "ETHUSDT"), snapshot([crossed, alone], wallet=40_000), [crossed, alone], is_watched=True
    )
    assert found.cover.tolist() == pytest.approx([4.0, 4.0])  # 40,000 / 10,000 and 2,000 / 500


def test_of_two_liquidation_prices_the_nearer_counts() -> None:
    assert exposure.distance(None, position(liquidation=45_000, exchange=46_000)) == pytest.approx(0.08)
    assert exposure.distance(None, position(liquidation=47_000, exchange=46_000)) == pytest.approx(0.06)
    assert exposure.distance(
        None, position(quantity=-1, liquidation=55_000, exchange=52_000)
    ) == pytest.approx(0.04)


def test_no_liquidation_at_any_price_is_known_and_harmless() -> None:
    safe = decide(state(positions=[position(liquidation=None)]), DEFAULT, NOW)
    assert safe.scores.dimensions[0, 2] == 0
    assert safe.scores.missing[0] == 0
    assert np.isnan(value(safe, "distance"))


def test_a_position_that_no_price_saves_is_extreme() -> None:
    lost = position(liquidation=None, liquidation_reason="below_maintenance_at_every_price")
    assert decide(state(positions=[lost]), DEFAULT, NOW).scores.level[0] == 3


@pytest.mark.parametrize("wallet", [0, -500])
def test_equity_at_or_below_zero_is_extreme(wallet: float) -> None:
    broke = decide(state(positions=[position()], account=snapshot([position()], wallet=wallet)), DEFAULT, NOW)
    assert broke.scores.dimensions[0, 2] == 100
    assert broke.scores.level.tolist() == [3, 3]


def test_debt_without_a_position_is_extreme_for_the_account() -> None:
    in_debt = decide(state(account=snapshot(wallet=-1)), DEFAULT, NOW)
    assert in_debt.scores.scopes[-1] == "account"
    assert in_debt.scores.level[-1] == 3
    assert decide(state(account=snapshot(wallet=0)), DEFAULT, NOW).scores.level[-1] == 0


def test_the_account_takes_the_worst_held_symbol_and_no_other() -> None:
    held = state(
        ("AAAUSDT", "BBBUSDT", "CCCUSDT"),
        positions=[position("AAAUSDT", liquidation=None), position("BBBUSDT", liquidation=None)],
        columns={"atr_ratio_15m": [0.01, 0.02, 0.07]},
    )
    scores = decide(held, DEFAULT, NOW).scores
    assert scores.composite[2] > scores.composite[1] > scores.composite[0]
    assert scores.composite[-1] == scores.composite[1]


def test_a_position_outside_the_watch_list_is_judged_with_a_market_unknown() -> None:
    scores = decide(state(positions=[position("NEWUSDT", liquidation=45_000)]), DEFAULT, NOW).scores
    row = scores.scopes.index("NEWUSDT")
    assert scores.dimensions[row, 2] == pytest.approx(45)  # 10 % from liquidation
    assert np.isnan(scores.dimensions[row, [0, 1, 3]]).all()
    assert scores.composite[row] >= 31


@pytest.mark.parametrize("positions", [(), (position(),)])
def test_when_all_inputs_are_stale_nothing_reads_low(positions: tuple[Any, ...]) -> None:
    later = NOW + timedelta(days=3)
    scores = decide(state(positions=positions), DEFAULT, later).scores
    assert set(scores.level.tolist()) == {-1}
    assert np.isnan(scores.composite).all()


def test_the_counterfactual_is_the_smallest_reduction_that_lowers_the_level() -> None:
    # Cross, one tier: surplus 4,400 − 400 = 4,000 USDT on 100,000 of notional, 4 % from liquidation. With
    # `left` of it kept the surplus is 4,400 − 400·left and the distance 4 % · surplus / 4,000 / left. It
    # passes 5 % (where high ends) at left = 176 / 216 = 0.8148: 19 whole percent have to go.
    crossed = position(quantity=2, liquidation=48_000, maintenance=400)
    account = snapshot([crossed], wallet=4400)
    held = state(positions=[crossed], account=account, brackets={"BTCUSDT": ladder()})
    scores = decide(held, DEFAULT, NOW).scores
    assert scores.raw_level[0] == 2
    assert scores.counterfactual[0] == pytest.approx(0.19)
    for left, is_lower in ((Decimal("0.82"), False), (Decimal("0.81"), True)):
        away = 0.04 * (4400 - 400 * float(left)) / 4000 / float(left)
        smaller = replace(
            crossed,
            quantity=crossed.quantity * left,
            notional_usdt=crossed.notional_usdt * left,
            maintenance_usdt=crossed.maintenance_usdt * left,
            liquidation_price=50_000 * (1 - away),
            exchange_liquidation_price=None,
        )
        again = state(positions=[smaller], account=snapshot([smaller], wallet=4400))
        assert bool(decide(again, DEFAULT, NOW).scores.raw_level[0] < 2) is is_lower


def test_a_low_level_and_a_flat_symbol_have_no_counterfactual() -> None:
    assert np.isnan(decide(state(positions=[position()]), DEFAULT, NOW).scores.counterfactual[0])
    assert np.isnan(decide(state(columns={"atr_ratio_15m": 0.08}), DEFAULT, NOW).scores.counterfactual[0])


def test_where_no_reduction_helps_there_is_no_counterfactual() -> None:
    # The market alone is extreme: without the position the floor of 61 would still hold.
    stormy = state(positions=[position()], columns={"atr_ratio_15m": 0.08})
    scores = decide(stormy, DEFAULT, NOW).scores
    assert scores.raw_level[0] == 2
    assert np.isnan(scores.counterfactual[0])
