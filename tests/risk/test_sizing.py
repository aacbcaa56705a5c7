"""Sizes and stops by hand arithmetic, each cap on both sides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from risk.margin import Bracket
from risk.sizing import Contract, Rules, chandelier, position_size, seed_size, stops

LADDER = [
    Bracket(0, 50_000, 0.004, 0, 125),
    Bracket(50_000, 600_000, 0.005, 50, 100),
    Bracket(600_000, 3_000_000, 0.0065, 950, 75),
]
CONTRACT = Contract(
    step_size=Decimal("0.001"),
    tick_size=Decimal("0.1"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(100),
    brackets=LADDER,
)
WIDE = Rules(funds_share=100.0, position_risk_cap=1.0, account_risk_cap=1.0)


def size(**changed: Any) -> Any:
    given: dict[str, Any] = {
        "equity": 10_000.0, "entry": 50_000.0, "stop": 49_000.0, "side": 1, "volatility": 0.02,
        "multiplier": 1.0, "contract": CONTRACT, "leverage": 5.0, "rules": WIDE,
    }  # fmt: skip
    return position_size(**{**given, **changed})


def test_the_stop_costs_one_percent_of_equity() -> None:
    # 10 000 · 1 % · (0.02/0.02) / 1 000 = 0.1 coin
    answer = size()
    assert (answer.quantity, answer.notional, answer.bound_by) == (Decimal("0.1"), Decimal(5_000), "risk")


@pytest.mark.parametrize(
    ("volatility", "quantity"),
    [(0.01, "0.2"), (0.005, "0.2"), (0.04, "0.05"), (0.08, "0.025"), (0.5, "0.025")],
)  # adjust = clamp(0.02/v, 0.25, 2)
def test_volatility_scales_the_size_between_a_quarter_and_twice(volatility: float, quantity: str) -> None:
    assert size(volatility=volatility).quantity == Decimal(quantity)


@pytest.mark.parametrize(
    ("changed", "bound_by", "quantity"),
    [
        ({"multiplier": 0.5}, "level", "0.05"),
        ({"multiplier": 0.0}, "level", "0"),
        # 30 % of 10 000 at 50 000: 0.06
        ({"rules": Rules()}, "funds", "0.06"),
        # 2 000 USDT of book at 50 000: 0.04
        ({"book_capacity_usdt": 2_000.0}, "book", "0.04"),
        # 150 USDT of room below 6 % of 10 000: 0.15 is more than wanted; 50: 0.05 binds
        ({"rules": Rules(funds_share=100.0), "open_risk": 550.0}, "account_risk", "0.05"),
        # what is held counts: 0.06 − 0.0495; 2 % of 10 000 over 1 000 is 0.2, 6 % is 0.6; 1 − 0.8995
        ({"rules": Rules(), "held": 0.0495}, "funds", "0.010"),
        ({"rules": Rules(funds_share=100.0), "held": 0.1695}, "position_risk", "0.030"),
        ({"rules": Rules(funds_share=100.0, position_risk_cap=1.0), "held": 0.5595}, "account_risk", "0.040"),
        ({"stop": 49_990.0, "leverage": 125.0, "held": 0.8995}, "bracket", "0.1"),
        ({"rules": Rules(), "held": 5.0}, "funds", "0"),
        # leverage 125 is only allowed to 50 000 USDT: 1 coin; wanted 10 000·1 %/10 = 10 coins
        ({"stop": 49_990.0, "leverage": 125.0}, "bracket", "1"),
        # wanted 0.002 coins = 100 USDT is the minimum; at half of it nothing
        ({"equity": 100.0, "multiplier": 0.5}, "minimum", "0"),
    ],
)
def test_the_answer_names_the_rule_that_bound(changed: dict[str, Any], bound_by: str, quantity: str) -> None:
    answer = size(**changed)
    assert (answer.bound_by, answer.quantity) == (bound_by, Decimal(quantity))


def test_a_stop_behind_liquidation_allows_nothing_at_fixed_isolated_leverage() -> None:
    # 20x isolated: liquidation 4.6 % away; a stop 4 % away needs 6 %
    answer = size(stop=48_000.0, leverage=20.0)
    assert (answer.quantity, answer.bound_by) == (0, "stop_before_liquidation")


def test_a_cross_wallet_allows_as_much_as_keeps_liquidation_behind_the_stop() -> None:
    # wallet w, quantity q, needed room 1 500: w − q·1 500 = q·48 500·0.004 → q = 100/(1 500 + 194) = 0.0590
    answer = size(wallet=100.0)
    assert answer.bound_by == "stop_before_liquidation"
    assert answer.quantity == Decimal("0.059")


@pytest.mark.parametrize("stop", [50_000.0, 51_000.0])
def test_a_stop_on_the_wrong_side_is_refused(stop: float) -> None:
    with pytest.raises(ValueError, match="stop"):
        size(stop=stop)


@pytest.mark.parametrize("held", [-0.1, float("nan"), float("inf")])
def test_coins_held_that_cannot_be_are_refused(held: float) -> None:
    with pytest.raises(ValueError, match="held"):
        size(held=held)


@pytest.mark.parametrize("name", ["equity", "entry", "volatility", "leverage"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_numbers_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        size(**{name: value})


def test_the_seed_formula_caps_in_coins() -> None:
    # 10 000·1 %·(0.02/0.02)/1 000 = 0.1; 30 % of 10 000 at 50 000 = 0.06
    assert seed_size(equity=10_000, entry=50_000, stop=49_000, volatility=0.02) == pytest.approx(0.06)
    assert seed_size(equity=10_000, entry=50_000, stop=47_000, volatility=0.02) == pytest.approx(1 / 30)


@pytest.mark.parametrize(
    ("side", "liquidation", "quantity", "stop", "bound_by"),
    [
        (1, None, 0.01, "48999.9", "volatility"),  # 50 000.04 − 2·500.05, rounded away
        (-1, None, 0.01, "51000.2", "volatility"),
        (1, None, 0.4, "49500.0", "fixed_loss"),  # 2 % of 10 000 = 200 = 0.4·500
        (1, 49_500.04, 0.01, "49600.1", "liquidation"),  # 80 % of 500, rounded towards the position
    ],
)
def test_the_tightest_stop_binds(
    side: int, liquidation: float | None, quantity: float, stop: str, bound_by: str
) -> None:
    answer = stops(
        entry=50_000.04, side=side, atr=500.05, quantity=quantity, equity=10_000.0,
        liquidation=liquidation, tick_size=Decimal("0.1"),
    )  # fmt: skip
    assert (answer.stop, answer.bound_by) == (Decimal(stop), bound_by)


def test_targets_are_one_and_a_half_and_three_times_the_risk() -> None:
    answer = stops(
        entry=100.0,
        side=1,
        atr=5.0,
        quantity=1.0,
        equity=10_000.0,
        liquidation=None,
        tick_size=Decimal("0.5"),
    )
    assert answer.stop == 90
    assert answer.targets == (Decimal(115), Decimal(130))


def test_chandelier_trails_three_atr_behind_the_extreme() -> None:
    tick = Decimal("0.1")
    assert chandelier(highest=110.0, lowest=90.0, atr=2.0, side=1, tick_size=tick) == 104
    assert chandelier(highest=110.0, lowest=90.0, atr=2.0, side=-1, tick_size=tick) == 96


def test_the_liquidation_of_what_is_held_on_the_other_side_bounds_no_stop() -> None:
    # a short at 64,050 beside a long that is liquidated at 19,950.9: two ATR of 640 above the entry
    found = stops(
        entry=64_050, side=-1, atr=640, quantity=0.01, equity=100_000, liquidation=19_950.9,
        tick_size=Decimal("0.1"),
    )  # fmt: skip
    assert (found.bound_by, found.stop) == ("volatility", Decimal("65330.0"))
    assert found.targets == (Decimal("62130.0"), Decimal("60210.0"))  # 1.5 and 3 times 1,280 below
