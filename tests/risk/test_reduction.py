"""The plan of an extreme level: in which order, how much, its cost in the book, and the cover after it."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from risk.decision import decide
from risk.limits import default
from risk.positions import priced
from risk.records import Signal
from risk.scorecard import Curve
from risk.state import State
from tests.risk import builders as b


def plan(given: State) -> list[Signal]:
    return [s for s in decide(given, default(), b.NOW).signals if s.kind == "reduce"]


def one(**changes: Any) -> State:
    """1 BTC at 50 000 on 1 400 of wallet, maintenance 200, 2.2 % from liquidation: give up 53 %."""
    held = b.position(quantity=1, liquidation=48_900, maintenance=200)
    return b.state(
        positions=[held], account=b.snapshot([held], wallet=1_400), brackets={"BTCUSDT": b.ladder()},
        **changes,
    )  # fmt: skip


def test_a_step_says_its_place_the_cover_after_it_and_its_cost() -> None:
    (step,) = plan(one(slippage=0.0004))
    assert step.fraction == pytest.approx(0.53)
    # one tier without cum: maintenance 200·0.47; 0.53·50 000 sold at 0.04 %
    assert step.details["place"] == 1
    assert step.details["cover_after"] == pytest.approx(1_400 / 94)
    assert step.details["slippage"] == pytest.approx(0.0004)
    assert step.details["cost_usdt"] == pytest.approx(26_500 * 0.0004)


def test_without_a_fresh_book_the_cost_is_unknown_and_the_plan_stands() -> None:
    (step,) = plan(one(columns={"depth_at": b.NOW.timestamp() - 60}))
    assert step.fraction == pytest.approx(0.53)
    assert step.details["slippage"] is step.details["cost_usdt"] is None


def test_the_largest_maintenance_goes_first_and_frees_the_next() -> None:
    # a cross wallet of 2 000 with 2 BTC (maintenance 800) and 10 ETH (300): both extreme
    btc = b.position("BTCUSDT", 2, liquidation=49_500, maintenance=800)
    eth = b.position("ETHUSDT", 10, mark=3_000, liquidation=2_950, maintenance=300)
    found = plan(
        b.state(
            ("BTCUSDT", "ETHUSDT"), positions=[eth, btc], account=b.snapshot([btc, eth], wallet=2_000),
            brackets={"BTCUSDT": b.ladder(), "ETHUSDT": b.ladder("ETHUSDT")},
        )
    )  # fmt: skip
    assert [(s.symbol, s.details["place"]) for s in found] == [("BTCUSDT", 1), ("ETHUSDT", 2)]
    first, second = found
    assert first.fraction is not None
    assert second.fraction is not None
    after_first = 300 + 800 * (1 - first.fraction)
    assert first.details["cover_after"] == pytest.approx(2_000 / after_first)
    after_both = 300 * (1 - second.fraction) + 800 * (1 - first.fraction)
    assert second.details["cover_after"] == pytest.approx(2_000 / after_both)


def test_what_a_ladder_frees_is_more_than_its_share() -> None:
    # two tiers: 100 000 USDT ask 0.004·N up to 50 000 and 0.01·N − 300 above: 700; half of it asks 200
    (low,), (high,) = b.ladder(), b.ladder(rate="0.01")
    high = replace(high, tier=2, floor_usdt=Decimal(50_000), cum_usdt=Decimal(300))
    held = b.position(quantity=2, liquidation=49_000, maintenance=700)
    account = b.snapshot([held], wallet=2_500)
    (step,) = plan(b.state(positions=[held], account=account, brackets={"BTCUSDT": (low, high)}))
    assert step.fraction is not None
    left = 100_000 * (1 - step.fraction)
    assert step.details["cover_after"] == pytest.approx(2_500 / max(0.004 * left, 0.01 * left - 300))


def test_the_share_is_the_smallest_by_the_ladder_itself() -> None:
    # 0.004·N up to 250 000 USDT, 0.05·N − 11 500 above: 500 000 on a wallet of 15 500 ask for 13 500
    (low,), (high,) = b.ladder(), b.ladder(rate="0.05")
    high = replace(high, tier=2, floor_usdt=Decimal(250_000), cum_usdt=Decimal(11_500))
    held = replace(b.position(quantity=10, maintenance=13_500), side="LONG")
    account = b.snapshot([held], wallet=15_500)
    (held,) = priced(account, [replace(held, exchange_liquidation_price=None)], {"BTCUSDT": (low, high)})
    (step,) = plan(
        b.state(
            positions=[held], account=account, brackets={"BTCUSDT": (low, high)}, columns={"sigma_24h": 0.05}
        )
    )

    def leverage(fraction: float) -> float:
        """Score of 15 500 USDT under what is left, its distance found by halving."""
        size, near, far = 500_000 * (1 - fraction), 0.0, 1.0
        for _ in range(60):
            fall = (near + far) / 2
            left = size * (1 - fall)
            is_alive = 15_500 - size * fall > max(0.004 * left, 0.05 * left - 11_500)
            near, far = (fall, far) if is_alive else (near, fall)
        values = {"distance": near, "distance_sigmas": near / 0.05}
        return max(Curve(default().curves[name])(value) for name, value in values.items())

    assert step.fraction is not None
    assert step.details["leverage_after"] == pytest.approx(leverage(step.fraction))
    assert leverage(step.fraction) < 61 <= leverage(step.fraction - 0.01)


def test_both_sides_of_a_hedge_stand_beside_each_other_in_the_plan() -> None:
    # maintenance 5 000 and 4 000 of the pair, 4 500 of the ETH between them, on 14 500
    sides = [
        b.position("BTCUSDT", 10, side="LONG", maintenance=5_000, exchange=None),
        b.position("BTCUSDT", -8, side="SHORT", maintenance=4_000, exchange=None),
        b.position("ETHUSDT", 150, mark=3_000, side="LONG", maintenance=4_500, exchange=None),
    ]
    ladders = {name: b.ladder(name, rate="0.01") for name in ("BTCUSDT", "ETHUSDT")}
    account = b.snapshot(sides, wallet=14_500, is_hedge_mode=True)
    found = plan(
        b.state(
            ("BTCUSDT", "ETHUSDT"), positions=priced(account, sides, ladders), account=account,
            brackets=ladders,
        )
    )  # fmt: skip
    assert [(s.symbol, s.side, s.details["place"]) for s in found] == [
        ("BTCUSDT", "LONG", 1), ("BTCUSDT", "SHORT", 2), ("ETHUSDT", "LONG", 3)
    ]  # fmt: skip
    pair, _, eth = (s.fraction or 0.0 for s in found)
    left = 9_000 * (1 - pair)
    assert [s.details["cover_after"] for s in found] == [
        pytest.approx(14_500 / (left + 4_500)), pytest.approx(14_500 / (left + 4_500)),
        pytest.approx(14_500 / (left + 4_500 * (1 - eth))),
    ]  # fmt: skip


def test_nothing_is_left_to_cover_when_all_of_it_goes() -> None:
    held = b.position(quantity=1, liquidation=48_900, maintenance=200)
    (step,) = plan(b.state(positions=[held], account=b.snapshot([held], wallet=-10)))
    assert step.fraction == 1.0
    assert step.details["cover_after"] in (None, 0.0)
    assert not math.isnan(step.details["leverage_after"])
