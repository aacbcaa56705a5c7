"""Shocks of the cross pool by arithmetic that is shown; test_margin compares them with bisection."""

from __future__ import annotations

import pytest

from risk.margin import Account, Bracket, Position, shock_grid, shock_to_liquidation


def one(rate: float, cum: float) -> list[Bracket]:
    return [Bracket(0, 1e12, rate, cum)]


def test_grid_of_one_position_is_plain_arithmetic() -> None:
    account = Account(10_000, [Position("BTCUSDT", 2, 60_000, 60_000, one(0.01, 0))])
    grid = shock_grid(account, [-0.05, 0.0, 0.05])
    assert grid.equity == pytest.approx([4_000, 10_000, 16_000])  # 10 000 + 2·60 000·s
    assert grid.maintenance == pytest.approx([1_140, 1_200, 1_260])  # 2·60 000·(1 + s)·0.01
    assert grid.liquidated.tolist() == [False, False, False]
    # 10 000 + 120 000 s = 1 200·(1 + s)  →  s = −8 800 / 118 800
    assert shock_to_liquidation(account, None, -1) == pytest.approx(-8_800 / 118_800, rel=1e-12)
    assert shock_to_liquidation(account, None, +1) is None


def test_a_price_that_reaches_zero_stays_there() -> None:
    # long 1 @ 100 with beta 2 loses at most 100: a wallet of 150 survives any fall
    account = Account(150, [Position("X", 1, 100, 100, one(0.01, 0))])
    assert shock_to_liquidation(account, {"X": 2.0}, -1) is None
    grid = shock_grid(account, [-0.9], {"X": 2.0})
    assert grid.equity == pytest.approx([50])


def test_the_root_lies_behind_a_price_that_reached_zero() -> None:
    # a short of 1 @ 100 with beta 3 has won its 100 at −1/3; a long of 10 @ 100 with beta 0.5 goes on:
    # 300 + 100 − 500·m = 10·(1 − m/2)  →  m = 390/495
    held = [Position("A", -1, 100, 100, one(0.01, 0)), Position("B", 10, 100, 100, one(0.01, 0))]
    found = shock_to_liquidation(Account(300, held), {"A": 3.0, "B": 0.5}, -1)
    assert found == pytest.approx(-390 / 495, rel=1e-12)
