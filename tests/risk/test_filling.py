"""Resting orders in the account's shock: what fills on the way counts, what cannot be counted does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from risk.decision import decide
from risk.filling import SHOCKS, nearest, order_shocks, outlooks
from risk.limits import default
from risk.open_orders import Protection, are_known, protection
from risk.records import OpenOrder
from risk.resting import Order
from risk.state import State
from tests.risk import builders as b

LADDERS = {symbol: b.ladder(symbol, rate="0.01") for symbol in ("BTCUSDT", "ETHUSDT")}
LONG = b.position("BTCUSDT", 1, liquidation=None, maintenance=500)
ACCOUNT = b.snapshot([LONG], wallet=10_000)
NONE: dict[str, float] = {}


def test_a_bid_on_the_way_down_brings_liquidation_nearer() -> None:
    # alone: 10 000 + P − 50 000 = 0.01·P at 40 000/0.99, 19.2 % below
    alone, rise = order_shocks(ACCOUNT, [LONG], LADDERS, [], NONE, NONE)
    assert (alone, rise) == (pytest.approx(40_000 / 0.99 / 50_000 - 1), None)
    # with 2 coins more from 45 000: 10 000 + P − 50 000 + 2·(P − 45 000) = 0.03·P at 130 000/2.97
    bid = Order("BTCUSDT", 45_000, 2.0)
    fall, _ = order_shocks(ACCOUNT, [LONG], LADDERS, [bid], NONE, NONE)
    assert fall == pytest.approx(130_000 / 2.97 / 50_000 - 1)


def test_an_order_of_a_symbol_without_a_position_opens_one() -> None:
    # 10 ETH from 2 800 (mark 3 000): 10 000 + 50 000·s + 10·(3 000·(1 + s) − 2 800) = 0.01·80 000·(1 + s)
    bid = Order("ETHUSDT", 2_800, 10.0)
    fall, _ = order_shocks(ACCOUNT, [LONG], LADDERS, [bid], {"ETHUSDT": 3_000.0}, NONE)
    assert fall == pytest.approx(-(10_000 + 2_000 - 800) / 79_200)
    # by a beta of 0.5 ETH is at 2 800 when BTC fell by 13.3 %, still before the long alone would be gone
    half, _ = order_shocks(ACCOUNT, [LONG], LADDERS, [bid], {"ETHUSDT": 3_000.0}, {"ETHUSDT": 0.5})
    assert half == pytest.approx(-(12_000 - 800) / (50_000 + 15_000 - 0.01 * 65_000))


@pytest.mark.parametrize("order", [Order("XRPUSDT", 1, 5.0), Order("BTCUSDC", 45_000, 2.0)])
def test_what_cannot_be_priced_or_stands_on_another_wallet_is_left_out(order: Order) -> None:
    ladders = {**LADDERS, "BTCUSDC": b.ladder("BTCUSDC")}
    found = order_shocks(ACCOUNT, [LONG], ladders, [order], {"BTCUSDC": 50_000.0}, NONE)
    assert found == order_shocks(ACCOUNT, [LONG], LADDERS, [], NONE, NONE)


def test_orders_of_an_isolated_position_stay_outside() -> None:
    alone = replace(
        b.position("ETHUSDT", 1, mark=3_000), is_isolated=True, isolated_wallet_usdt=Decimal(3_000)
    )
    bid = Order("ETHUSDT", 2_900, 100.0)
    account = b.snapshot([LONG, alone], wallet=10_000)
    found = order_shocks(account, [LONG, alone], LADDERS, [bid], {"ETHUSDT": 3_000.0}, NONE)
    assert found == order_shocks(ACCOUNT, [LONG], LADDERS, [], NONE, NONE)


def bid(at: str, coins: str, **fields: object) -> OpenOrder:
    return replace(
        OpenOrder(
            event_at=b.NOW, received_at=b.NOW, source="rest", account="default", service="book",
            order_id=f"{at}/{coins}", symbol="BTCUSDT", side="BOTH", kind="LIMIT", is_purchase=True,
            quantity=Decimal(coins), price=Decimal(at), trigger_price=None, triggered_by="",
            is_reduce_only=False, closes_position=False,
        ),
        **fields,
    )  # fmt: skip


def stop(at: str, coins: str = "0", **fields: object) -> OpenOrder:
    placed = {
        "service": "algo", "kind": "STOP_MARKET", "is_purchase": False, "price": None,
        "trigger_price": Decimal(at), "triggered_by": "mark", "closes_position": coins == "0",
    }  # fmt: skip
    return bid(at, coins, **{**placed, **fields})


def desk(*orders: OpenOrder, **fields: object) -> State:
    return b.state(positions=[LONG], account=ACCOUNT, brackets=LADDERS, orders=orders, **fields)


def test_of_the_ways_to_read_the_orders_the_nearer_counts() -> None:
    alone = (pytest.approx(40_000 / 0.99 / 50_000 - 1), None)
    assert nearest(desk(), NONE) == alone
    assert nearest(desk(bid("45000", "2")), NONE) == (pytest.approx(130_000 / 2.97 / 50_000 - 1), None)
    # a purchase back that ends the fall: without it the fall is nearer
    assert nearest(desk(bid("55000", "1", is_purchase=False)), NONE) == alone
    assert nearest(desk(stop("48000")), NONE) == alone  # a stop may fail


def test_the_grid_is_the_same_account_read_in_three_ways() -> None:
    state = desk(stop("45000"))
    found = outlooks(state, {"BTCUSDT": 1.0}, are_known=True)
    assert [(row.betas, row.orders) for row in found] == [
        (betas, orders) for betas in ("estimated", "uniform") for orders in ("none", "worst", "triggered")
    ]
    none, worst, triggered = found[:3]
    assert worst.shocks == (pytest.approx(none.shocks[0]), None)
    assert nearest(state, NONE) == (pytest.approx(none.shocks[0]), None)
    # the stop sells at 45 000, 10 % down: 10 000 − 5 000 stay, whatever comes, and nothing is held
    assert triggered.shocks == (None, None)
    at = dict(zip(SHOCKS, triggered.grid.equity.tolist(), strict=True))
    assert (at[-0.075], at[-0.1], at[-0.5]) == (
        pytest.approx(6_250),
        pytest.approx(5_000),
        pytest.approx(5_000),
    )
    # without it 10 000 + 50 000·s, at 1 % maintenance
    assert none.grid.equity.tolist() == pytest.approx([10_000 + 50_000 * s for s in SHOCKS], abs=1e-6)
    assert worst.grid.equity.tolist() == pytest.approx(none.grid.equity.tolist(), abs=1e-6)
    assert none.grid.liquidated.tolist() == [s <= none.shocks[0] for s in SHOCKS]


def test_orders_that_nobody_read_lately_are_trusted_with_nothing() -> None:
    found = outlooks(desk(stop("45000")), NONE, are_known=False)
    assert [row.orders for row in found] == ["none", "worst"] * 2
    seen = b.NOW.timestamp()
    both = {"open_orders_at": seen - 180, "open_algo_orders_at": seen - 180}
    assert are_known(both, seen)
    assert not are_known(both, seen + 1)
    assert not are_known({"open_orders_at": seen}, seen)  # one list alone


@pytest.mark.parametrize(
    ("orders", "cover", "share", "price"),
    [
        ([], "none", 0.0, None),
        ([stop("48000")], "whole", 1.0, 48_000.0),
        ([stop("48000", "0.25"), stop("47000", "0.25")], "part", 0.5, 48_000.0),
        ([stop("48000", "3")], "whole", 1.0, 48_000.0),
        ([stop("55000", kind="TAKE_PROFIT_MARKET")], "none", 0.0, None),
        ([stop("52000", is_purchase=True)], "none", 0.0, None),  # it adds to a long
        ([stop("48000", symbol="ETHUSDT")], "none", 0.0, None),
        ([stop("48000", side="LONG")], "none", 0.0, None),
        ([stop("48000", kind="TRAILING_STOP_MARKET", trigger_price=None)], "whole", 1.0, None),
    ],
)
def test_what_protects_a_position(
    orders: list[OpenOrder], cover: str, share: float, price: float | None
) -> None:
    assert protection(LONG, orders, is_known=True) == Protection(cover, share, price)
    assert protection(LONG, orders, is_known=False) == Protection("unknown")


def test_the_alert_speaks_of_the_move_with_orders_and_does_not_end_unread() -> None:
    held = b.position("BTCUSDT", 1, liquidation=40_404, maintenance=500)
    near = bid("45500", "30")  # 30 coins more at −9 % are more than the account carries
    state = b.state(positions=[held], account=b.snapshot([held], wallet=10_000), brackets=LADDERS)
    names = [a.name for a in decide(state, default(), b.NOW).alerts]
    assert "account_shock" not in names
    found = decide(replace(state, orders=(near,)), default(), b.NOW)
    (alert,) = [a for a in found.alerts if a.name == "account_shock"]
    assert (alert.value, alert.details["fall"]) == (pytest.approx(0.09), pytest.approx(-0.09))
    standing = {("account_shock", "account"): alert}
    later = b.NOW + timedelta(seconds=1)
    unread = {**state.facts, "open_algo_orders_at": b.NOW.timestamp() - 200}
    kept = decide(replace(state, alerts=standing, facts=unread), default(), later)
    cleared = decide(replace(state, alerts=standing), default(), later)
    phases = [[a.phase for a in decision.alerts if a.name == "account_shock"] for decision in (kept, cleared)]
    assert "clearing" in phases[1]
    assert "clearing" not in phases[0]


def test_an_alert_of_a_position_tells_its_stop() -> None:
    held = b.position("BTCUSDT", 1, liquidation=48_000, maintenance=500)
    state = b.state(positions=[held], account=b.snapshot([held]), brackets=LADDERS, orders=[stop("49000")])
    (alert,) = [a for a in decide(state, default(), b.NOW).alerts if a.name == "liquidation_distance"]
    assert (alert.details["stop"], alert.details["stop_price"]) == ("whole", 49_000.0)
