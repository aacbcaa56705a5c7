"""Both cross sides of a hedged symbol: one price, one distance, and a plan that keeps the hedge."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from risk.decision import decide
from risk.exposure import distance
from risk.limits import default
from risk.margin import Account, Bracket, Position, liquidation
from risk.positions import priced
from risk.records import AccountSnapshot, PositionSnapshot
from risk.state import State
from tests.risk import builders as b

LADDERS = {"BTCUSDT": b.ladder(rate="0.01")}


def pair(
    long: float, short: float, wallet: float, exchange: float | None = None
) -> tuple[AccountSnapshot, tuple[PositionSnapshot, ...]]:
    """Both sides from 50 000, which is the mark; 1 % of maintenance."""
    sides = [
        b.position(quantity=coins, side=side, maintenance=abs(coins) * 500, exchange=exchange)
        for side, coins in (("LONG", long), ("SHORT", -short))
    ]
    account = b.snapshot(sides, wallet=wallet, is_hedge_mode=True)
    return account, priced(account, sides, LADDERS)


@pytest.mark.parametrize(
    ("long", "short", "price"),
    [
        # 50 000 + 5·(P − 50 000) = 0.01·15·P from below, 50 000 − 5·(P − 50 000) = 0.15·P from above
        (10, 5, 200_000 / 4.85),
        (5, 10, 300_000 / 5.15),
        # no coin of net: 50 000 = 0.01·20·P
        (10, 10, 250_000),
        # a net long that only a rise liquidates: 50 000 + 0.1·(P − 50 000) = 0.199·P
        (10, 9.9, 45_000 / 0.099),
    ],
)
def test_both_sides_are_as_far_as_the_price_that_they_share(long: float, short: float, price: float) -> None:
    account, sides = pair(long, short, 50_000)
    for side in sides:
        assert side.liquidation_price == pytest.approx(price)
        assert distance(account, side) == pytest.approx(abs(price - 50_000) / 50_000)


def test_the_exchange_s_price_counts_on_either_side_of_the_mark() -> None:
    account, sides = pair(10, 5, 50_000, exchange=45_000.0)
    assert [distance(account, side) for side in sides] == [pytest.approx(0.1)] * 2


def test_a_pair_that_stands_at_its_maintenance_has_no_distance_left() -> None:
    # 10 long, 5 short, maintenance 0.01·15·50 000 = 7 500
    for wallet, far in ((7_500, 0.0), (7_000, 0.0), (7_501, 1 / (4.85 * 50_000))):
        account, sides = pair(10, 5, wallet)
        assert [distance(account, side) for side in sides] == [pytest.approx(far, abs=1e-9)] * 2


def test_a_hedged_book_far_from_liquidation_is_calm() -> None:
    account, sides = pair(1, 0.8, 100_000)
    state = b.state(positions=sides, account=account, brackets=LADDERS)
    found = decide(state, default(), b.NOW)
    assert found.scores.level[0] == 0
    assert not {a.name for a in found.alerts} & {"liquidation_distance", "cannot_exit", "reduce"}


def test_of_a_fall_and_a_rise_that_liquidate_the_nearer_is_the_price() -> None:
    # long 10 and short 9 from 60 000 on 10 000; from 1 000 000 USDT on 10 % asks for more than one coin wins.
    # below: 10 000 + P − 60 000 = 0.004·19·P; above, both in the second tier: … = 0.1·19·P − 2·96 000
    two = [Bracket(0, 1e6, 0.004, 0), Bracket(1e6, 1e12, 0.1, 96_000)]
    below, above = 50_000 / 0.924, 142_000 / 0.9
    for mark, price in ((100_000, below), (110_000, above), (157_000, above)):
        sides = [
            Position("BTCUSDT", 10, 60_000, mark, two, "LONG"),
            Position("BTCUSDT", 9, 60_000, mark, two, "SHORT"),
        ]
        assert liquidation(Account(10_000, sides), "BTCUSDT", "LONG").price == pytest.approx(price)


def near(long: float, short: float, wallet: float) -> State:
    account, sides = pair(long, short, wallet)
    return b.state(positions=sides, account=account, brackets=LADDERS)


def test_a_plan_gives_up_the_same_share_of_both_sides() -> None:
    # maintenance 0.01·(10 + 9.9)·50 000 = 9 950 on 11 500: the cover is 1.16, leverage extreme.
    # To give up the longs alone would leave 9.9 naked shorts, 1.3 % from liquidation.
    steps = [s for s in decide(near(10, 9.9, 11_500), default(), b.NOW).signals if s.kind == "reduce"]
    assert [(s.side, s.details["place"]) for s in steps] == [("LONG", 1), ("SHORT", 2)]
    assert {s.fraction for s in steps} == {0.5}  # 11 500/(0.5·9 950) = 2.31: enough
    assert [s.details["cover_after"] for s in steps] == [pytest.approx(11_500 / 4_975)] * 2
    assert all(s.details["is_enough"] for s in steps)
    assert [s.quantity for s in steps] == [Decimal("5.0"), Decimal("4.95")]


def test_the_counterfactual_of_a_pair_gives_up_both_sides() -> None:
    # cover 1.16 → score 91; 1.2 is 86 and 1.5 is 61: high needs 11 500/(9 950·(1 − f)) > 1.2, f > 3.7 %
    found = decide(near(10, 9.9, 11_500), default(), b.NOW)
    assert found.scores.counterfactual[0] == pytest.approx(0.04)


def test_an_isolated_side_of_a_hedge_goes_by_itself() -> None:
    account, (_, short) = pair(10, 9.9, 11_500)
    alone = replace(
        short, is_isolated=True, isolated_wallet_usdt=Decimal(100_000), liquidation_price=58_000.0
    )
    assert distance(account, alone) == pytest.approx(0.16)
    assert distance(account, replace(alone, liquidation_price=49_000.0)) == pytest.approx(-0.02)
