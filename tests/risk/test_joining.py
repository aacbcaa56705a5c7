"""What new coins join, and where the whole of it is liquidated, by arithmetic that is shown."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from risk.joining import held_coins, joined, liquidation_beside, open_risk
from risk.limits import default
from risk.records import AccountSnapshot, LeverageBracket, PositionSnapshot
from tests.risk import builders as b

LIMITS = default()
SEEN = {"event_at": b.NOW, "received_at": b.NOW, "source": "rest"}
LADDERS = {
    "BTCUSDT": (
        LeverageBracket(
            **SEEN, symbol="BTCUSDT", tier=1, floor_usdt=Decimal(0), cap_usdt=Decimal(10**9),
            maintenance_rate=Decimal("0.005"), cum_usdt=Decimal(0), max_leverage=100,
        ),
    ),
}  # fmt: skip


def price(account: AccountSnapshot, held: list[PositionSnapshot], side: int, entry: float) -> float | None:
    found = liquidation_beside(
        account, held, LADDERS, symbol="BTCUSDT", side=side, quantity=1.0, entry=entry, leverage=10.0
    )
    return None if found is None else found.price


def test_losses_at_the_stops_of_other_positions_take_from_the_account_s_cap() -> None:
    held = b.position("ETHUSDT", "3", mark="3000")
    two = b.state(("BTCUSDT", "ETHUSDT"), positions=[held], columns={"atr_1h": [200.0, 100.0]})
    assert open_risk(two, LIMITS, 100_000, besides=None) == pytest.approx(600)  # 2·100·3
    assert open_risk(two, LIMITS, 100_000, besides=held) == 0
    huge = replace(two, positions=(b.position("ETHUSDT", "300", mark="3000"),))
    assert open_risk(huge, LIMITS, 100_000, besides=None) == 2_000  # the fixed stop: 2 % of equity
    unknown = replace(two, positions=(b.position("XRPUSDT", "3", mark="3000"),))
    assert open_risk(unknown, LIMITS, 100_000, besides=None) == 2_000


def test_coins_join_the_one_position_of_one_way_mode_and_their_own_side_of_a_hedge() -> None:
    one = b.position("BTCUSDT", "-2")
    assert joined(b.snapshot([one]), [one], "BTCUSDT", +1) is one
    assert (held_coins(one, +1), held_coins(one, -1)) == (0.0, 2.0)
    long, short = b.position("BTCUSDT", "1", side="LONG"), b.position("BTCUSDT", "-2", side="SHORT")
    hedged = b.snapshot([long, short], is_hedge_mode=True)
    assert joined(hedged, [long, short], "BTCUSDT", -1) is short
    assert joined(hedged, [short], "BTCUSDT", +1) is None
    assert joined(None, [], "BTCUSDT", +1) is None


def test_what_is_opened_joins_what_is_held() -> None:
    # one BTC long from 50 000 held, one more at 48 000 on a wallet of 10 000:
    # 10 000 + 2·P − 98 000 = 0.005·2·P  →  P = 88 000/1.99
    held = b.position("BTCUSDT", "1", mark="50000")
    account = b.snapshot([held], wallet=10_000)
    assert price(account, [held], +1, 48_000) == pytest.approx(88_000 / 1.99)
    # a short of the same size closes it
    assert price(account, [held], -1, 48_000) is None


def test_coins_that_join_an_isolated_position_stand_on_its_wallet_alone() -> None:
    # 1 long from 50 000 with 5 000 set aside; one more at 48 000 brings 4 800 along at 10 times:
    # 9 800 + 2·P − 98 000 = 0.005·2·P  →  P = 88 200/1.99, whatever the cross wallet holds
    held = b.position("BTCUSDT", "1", is_isolated=True, isolated_wallet_usdt=Decimal(5_000))
    for wallet in (0, 1_000_000):
        assert price(b.snapshot([held], wallet=wallet), [held], +1, 48_000) == pytest.approx(88_200 / 1.99)
