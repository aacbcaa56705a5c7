"""Resting orders in the account's shock: what fills on the way counts, what cannot be counted does not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from risk.decision import decide
from risk.filling import nearer, order_shocks
from risk.limits import default
from risk.resting import Order
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


def test_the_nearer_of_both_counts_while_the_kept_one_is_young() -> None:
    facts = {"order_shock_fall": -0.08, "order_shock_fall_at": 1_000.0}
    assert nearer((-0.2, 0.5), facts, 1_180.0) == (-0.08, 0.5)
    assert nearer((-0.2, 0.5), facts, 1_181.0) == (-0.2, 0.5)
    assert nearer((-0.05, None), facts, 1_000.0) == (-0.05, None)
    assert nearer((None, None), facts, 1_000.0) == (-0.08, None)


def test_the_alert_speaks_of_the_move_with_orders() -> None:
    held = b.position("BTCUSDT", 1, liquidation=40_404, maintenance=500)
    seen = b.NOW.timestamp() - 30
    state = b.state(positions=[held], account=b.snapshot([held], wallet=10_000), brackets=LADDERS)
    kept = {"order_shock_fall": -0.09, "order_shock_fall_at": seen}
    names = [a.name for a in decide(state, default(), b.NOW).alerts]
    assert "account_shock" not in names
    found = decide(replace(state, facts={**state.facts, **kept}), default(), b.NOW)
    (alert,) = [a for a in found.alerts if a.name == "account_shock"]
    assert (alert.value, alert.details["fall"]) == (0.09, -0.09)
