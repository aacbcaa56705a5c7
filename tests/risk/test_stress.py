"""Stress scenarios: worst moves of bars, who goes first, what is left, by arithmetic that is shown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.margin import Account, Bracket, Position, surface
from risk.stress import Pool, Scenario, Stressed, moves, stress_table, worst_move

ONE = [Bracket(0, 1e12, 0.01, 0.0)]
CRASH = Scenario(name="2020-03-12", hours=24, direction="fall", moves={"BTCUSDT": -0.5, "ETHUSDT": -0.6})


def pool(name: str, wallet: float, *held: Position, has_collateral: bool = False) -> Pool:
    return Pool(
        name,
        surface(Account(wallet, held)),
        tuple(p.symbol for p in held),
        tuple(f"{p.symbol}/{'LONG' if p.signed_quantity > 0 else 'SHORT'}" for p in held),
        has_collateral,
    )


def free(symbol: str, notional: float, depth_left: float) -> float:
    return 0.0


def one(pools: list[Pool], scenario: Scenario = CRASH, **betas: float) -> Stressed:
    return stress_table(pools, [scenario], betas, free)[0]


BTC = Position("BTCUSDT", 1, 60_000, 60_000, ONE)


def test_worst_move_is_from_an_open_to_the_lowest_low_and_the_highest_close_within_the_window() -> None:
    # opens 100, 90, 95; lows 85, 80, 94; closes 90, 95, 99. Two hours: 80/100 and 80/90; closes 95/100, 99/90
    at, open_, low, close = [0.0, 3600, 7200], [100.0, 90, 95], [85.0, 80, 94], [90.0, 95, 99]
    assert worst_move(at, open_, low, close, hours=2, bar_s=3600) == pytest.approx((-0.2, 0.1))
    # one hour: 85/100, 80/90, 94/95; 90/100, 95/90, 99/95
    assert worst_move(at, open_, low, close, hours=1, bar_s=3600) == pytest.approx((-0.15, 5 / 90))


def test_windows_with_a_gap_or_shorter_than_a_bar_tell_nothing() -> None:
    at, price = [0.0, 3600, 10_800], [100.0, 90, 50]
    # the only whole window of two hours is the first: 90/100
    assert worst_move(at, price, price, price, hours=2, bar_s=3600) == pytest.approx((-0.1, 0.0))
    assert all(math.isnan(x) for x in worst_move(at, price, price, price, hours=3, bar_s=3600))
    assert all(math.isnan(x) for x in worst_move([0.0], [1.0], [1.0], [1.0], hours=1, bar_s=86_400))


def test_what_survives_keeps_equity_and_cover() -> None:
    # 40 000 + 1·(30 000 − 60 000) = 10 000 over 300
    row = one([pool("cross", 40_000, BTC)])
    assert (row.equity_usdt, row.maintenance_usdt) == pytest.approx((10_000, 300))
    assert row.cover == pytest.approx(100 / 3)
    assert (row.liquidated, row.first, row.first_at, row.loss_usdt) == ((), "", None, pytest.approx(30_000))


def test_the_first_to_go_is_named_and_what_it_held_is_lost() -> None:
    # cross: 40 000 survives. Isolated ETH long of 10 at 3 000 with 3 000: 3 000 − 30 000·m = 300·(1 − m) at
    # m = 2 700/29 700, a share of (2 700/29 700)/0.6 of the scenario's way
    eth = Position("ETHUSDT", 10, 3_000, 3_000, ONE, "BOTH", None)
    row = one([pool("cross", 40_000, BTC), pool("ETHUSDT/LONG", 3_000, eth)])
    assert row.liquidated == ("ETHUSDT/LONG",)
    assert row.first == "ETHUSDT/LONG"
    assert row.first_at == pytest.approx(2_700 / 29_700 / 0.6)
    assert row.loss_usdt == pytest.approx(30_000 + 3_000)


@pytest.mark.parametrize("order", [1, -1])
def test_in_the_cross_pool_the_largest_loss_goes_first(order: int) -> None:
    # losses at the point: BTC −0.5·t·60 000, ETH −0.6·t·30 000: BTC's is larger
    eth = Position("ETHUSDT", 10, 3_000, 3_000, ONE)
    row = one([pool("cross", 9_000, *[BTC, eth][::order])])
    # 9 000 − 30 000·t − 18 000·t = 0.01·(90 000 − 48 000·t)  →  t = 8 100/47 520
    assert (row.first, row.first_at) == ("BTCUSDT/LONG", pytest.approx(8_100 / 47_520))
    assert (row.equity_usdt, row.cover, row.loss_usdt) == (0.0, math.inf, 9_000)


def test_a_short_gains_in_a_fall_and_is_squeezed_in_a_rise() -> None:
    short = pool("cross", 20_000, Position("BTCUSDT", -1, 60_000, 60_000, ONE))
    assert one([short]).loss_usdt == pytest.approx(-30_000)
    rise = Scenario(name="x", hours=24, direction="rise", moves={"BTCUSDT": 0.5})
    assert one([short], rise).liquidated == ("cross",)


def test_a_symbol_without_history_moves_by_beta_times_btc() -> None:
    found, by_beta = moves(CRASH, ("BTCUSDT", "ETHUSDT", "PEPEUSDT", "NEWUSDT"), {"PEPEUSDT": 3.0})
    assert found.tolist() == [-0.5, -0.6, -1.0, -0.5]  # 3·−0.5 is no price; without a beta it is 1
    assert by_beta == ("NEWUSDT", "PEPEUSDT")


def test_a_lower_bound_counts_only_where_it_is_the_larger_move() -> None:
    known = {"BTCUSDT": -0.2, "XRPUSDT": -0.06, "SOLUSDT": -0.42}
    bounds = frozenset(known)
    scenario = Scenario(
        name="x", hours=24, direction="fall", moves=known, at_least=bounds
    )  # fmt: skip
    found, by_beta = moves(scenario, ("BTCUSDT", "XRPUSDT", "SOLUSDT"), {"XRPUSDT": 1.2, "SOLUSDT": 1.3})
    assert found == pytest.approx([-0.2, -0.24, -0.42])
    assert by_beta == ("XRPUSDT",)


def test_a_scenario_without_btc_is_refused() -> None:
    with pytest.raises(ValueError, match="BTCUSDT"):
        one([pool("cross", 1, BTC)], Scenario(name="x", hours=1, direction="fall", moves={}))
    with pytest.raises(ValueError, match="depth_left"):
        one(
            [pool("cross", 1, BTC)],
            Scenario(name="x", hours=1, direction="fall", moves={"BTCUSDT": 0}, depth_left=0),
        )


def test_collateral_of_multi_assets_mode_loses_its_share_and_a_usdt_wallet_does_not() -> None:
    scenario = Scenario(
        name="2025-10-10", hours=24, direction="fall", moves={"BTCUSDT": -0.1}, collateral_left=0.65
    )
    kept, cut = (one([pool("cross", 40_000, BTC, has_collateral=c)], scenario) for c in (False, True))
    assert kept.equity_usdt == pytest.approx(34_000)
    assert cut.equity_usdt == pytest.approx(26_000 - 6_000)  # 0.65·40 000 − 6 000
    assert cut.loss_usdt == pytest.approx(20_000)  # the haircut is a loss as well
    gone = one([pool("cross", 1_000, BTC, has_collateral=True)], scenario)
    assert gone.first_at is not None


def test_getting_out_is_priced_at_the_stressed_notional_in_the_stressed_book() -> None:
    asked = []

    def cost(symbol: str, notional: float, depth_left: float) -> float:
        asked.append((symbol, notional, depth_left))
        return 0.01

    thin = Scenario(name="x", hours=1, direction="fall", moves={"BTCUSDT": -0.1}, depth_left=0.05)
    row = stress_table([pool("cross", 40_000, BTC)], [thin], {}, cost)[0]
    assert asked == [("BTCUSDT", pytest.approx(54_000), 0.05)]
    assert row.exit_cost_usdt == pytest.approx(540)
    unknown = stress_table([pool("cross", 40_000, BTC)], [thin], {}, lambda *_: math.nan)[0]
    assert math.isnan(unknown.exit_cost_usdt)


def test_without_positions_nothing_happens() -> None:
    row = one([pool("cross", 40_000)])
    assert (row.equity_usdt, row.loss_usdt, row.cover, row.exit_cost_usdt) == (40_000, 0, math.inf, 0)


@given(st.floats(-0.9, 0.0), st.floats(0.0, 1.0), st.floats(1_000, 60_000))
def test_a_deeper_fall_never_leaves_a_long_with_more(move: float, part: float, wallet: float) -> None:
    def after(m: float) -> Stressed:
        return one(
            [pool("cross", wallet, BTC)], Scenario(name="x", hours=1, direction="fall", moves={"BTCUSDT": m})
        )

    assert after(move).equity_usdt <= after(move * part).equity_usdt + 1e-6


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.2, 3)), min_size=1, max_size=5), st.floats(-0.8, 0.8))
def test_one_move_for_all_is_the_grid_at_beta_one(held: list[tuple[float, float]], move: float) -> None:
    positions = [Position(f"S{i}", q, 1_000 * m, 1_000, ONE) for i, (q, m) in enumerate(held) if q != 0]
    whole = surface(Account(1e6, positions)).grid([move])
    scenario = Scenario(name="x", hours=1, direction="fall", moves={"BTCUSDT": move})
    row = one([pool("cross", 1e6, *positions)], scenario)
    assert row.equity_usdt == pytest.approx(float(whole.equity[0]), rel=1e-12)
    assert row.maintenance_usdt == pytest.approx(float(whole.maintenance[0]), rel=1e-9, abs=1e-9)
    assert not np.any(whole.liquidated)
