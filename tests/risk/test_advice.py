"""Sizes from the live state, by arithmetic that is shown; what is missing gives none and is named."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from risk.advice import SizeAdvice, Wish, advise, book_capacity, rules_of
from risk.limits import default, from_mapping
from risk.records import Instrument, LeverageBracket
from risk.sizing import Rules
from risk.state import Memory, State
from tests.risk import builders as b

LIMITS = default()
SEEN = {"event_at": b.NOW, "received_at": b.NOW, "source": "rest"}
RULES = Instrument(
    **SEEN, symbol="BTCUSDT", base_asset="BTC", quote_asset="USDT", margin_asset="USDT",
    contract_type="PERPETUAL", status="TRADING", tick_size=Decimal("0.1"), step_size=Decimal("0.001"),
    min_quantity=Decimal("0.001"), min_notional_usdt=Decimal(100), liquidation_fee=Decimal("0.0125"),
    onboard_at=None, delivery_at=None,
)  # fmt: skip


def ladder(symbol: str = "BTCUSDT") -> tuple[LeverageBracket, ...]:
    return (
        LeverageBracket(
            **SEEN, symbol=symbol, tier=1, floor_usdt=Decimal(0), cap_usdt=Decimal(10**9),
            maintenance_rate=Decimal("0.005"), cum_usdt=Decimal(0), max_leverage=100,
        ),
    )  # fmt: skip


def level(number: int) -> dict[str, Memory]:
    return {
        "BTCUSDT": Memory(level=number, pending_level=number, rise_count=0, fall_count=0, scored_at=b.NOW)
    }


def calm(number: int = 0, **changes: Any) -> State:
    """ATR of 1h 200 USDT at a mark of 50 000, composite volatility 0.0072, equity 100 000."""
    given = {"memory": level(number), "instruments": {"BTCUSDT": RULES}, **changes}
    return b.state(**given)


def desk(state: State, wish: Wish | None = None, **options: Any) -> SizeAdvice:
    found = advise(
        state, LIMITS, wish or Wish(symbol="BTCUSDT", side="LONG"), {"BTCUSDT": ladder()}, b.NOW, **options
    )
    return found[0]


def test_a_size_with_its_stop_targets_and_what_bound_it() -> None:
    found = desk(calm())
    # risk: 100 000·0.01·min(0.02/0.0072, 2)/400 = 5 coins; funds: 0.3·100 000/50 000 = 0.6 coins
    assert (found.quantity, found.bound_by) == (0.6, "funds")
    assert found.reasons["risk"] == pytest.approx(5.0)
    assert (found.notional_usdt, found.margin_usdt, found.leverage) == (30_000, 1_500, 20)
    # stop 2·200 below; the fixed stop 2 000/0.6 is farther. 1.5 and 3 times 400 above
    assert (found.stop_price, found.stop_bound_by) == (49_600, "volatility")
    assert found.targets == (50_600, 51_200)
    assert found.liquidation_price is None  # 100 000 USDT carry 0.6 BTC down to nothing
    assert (found.level, found.multiplier) == (0, 1.0)


def test_a_short_mirrors_it() -> None:
    found = desk(calm(), Wish(symbol="BTCUSDT", side="SHORT"))
    assert (found.quantity, found.stop_price, found.targets) == (0.6, 50_400, (49_400, 48_800))
    # 100 000 − 0.6·(P − 50 000) = 0.005·0.6·P  →  P = 130 000/0.603
    assert found.liquidation_price == pytest.approx(130_000 / 0.603)


@pytest.mark.parametrize(("number", "multiplier"), [(0, 1.0), (1, 0.5), (2, 0.0), (3, 0.0)])
def test_the_live_level_multiplies(number: int, multiplier: float) -> None:
    # with a stop 20 000 away the risk rule gives 0.1 coins, before the level
    found = desk(calm(number), Wish(symbol="BTCUSDT", side="LONG", stop=30_000, leverage=1))
    assert found.multiplier == multiplier
    assert found.quantity == pytest.approx(0.1 * multiplier)
    assert found.bound_by == ("risk" if number == 0 else "level")


def test_an_own_stop_and_entry_are_taken_as_given() -> None:
    found = desk(calm(), Wish(symbol="BTCUSDT", side="LONG", entry=49_000, stop=48_000, equity=50_000))
    # 50 000·0.01·2/1 000 = 1 coin; funds 0.3·50 000/49 000 = 0.306; targets 1.5 and 3 times 1 000 above
    assert found.quantity == 0.306
    assert (found.stop_price, found.stop_bound_by, found.targets) == (48_000, "own", (50_500, 52_000))


@pytest.mark.parametrize(
    ("side", "own", "stop", "targets"),
    [
        # the tick is 0.1; away from the position is down for a long's stop and up for its targets
        ("LONG", 48_999.97, 48_999.9, (51_500.2, 53_000.3)),
        ("SHORT", 51_000.03, 51_000.1, (48_499.8, 46_999.7)),
    ],
)
def test_an_own_stop_and_its_targets_stand_at_the_tick(
    side: str, own: float, stop: float, targets: tuple[float, float]
) -> None:
    found = desk(calm(), Wish(symbol="BTCUSDT", side=side, stop=own))
    assert (found.stop_price, found.targets) == (stop, targets)


def test_a_size_bears_the_stop_as_it_can_be_placed() -> None:
    # tick 25: the volatility stop of a long from 50 010 lies at 49 610, so at 49 600
    coarse = calm(2, instruments={"BTCUSDT": replace(RULES, tick_size=Decimal(25))})
    found = desk(coarse, Wish(symbol="BTCUSDT", side="LONG", entry=50_010))
    assert found.stop_price == 49_600
    # 100 000·1 %·min(0.02/v, 2)/410 rather than 2 000/400
    assert found.reasons["risk"] == pytest.approx(2_000 / 410)


def test_a_stop_that_no_tick_allows_is_missing() -> None:
    # 50 000 − 2·200 lies below the first tick of 60 000
    coarse = calm(instruments={"BTCUSDT": replace(RULES, tick_size=Decimal(60_000))})
    assert desk(coarse).reasons["missing"] == ["stop"]


def test_the_book_binds_where_it_is_thin() -> None:
    thin = calm(slippage=0.01)
    found = desk(thin)
    assert (found.quantity, found.bound_by) == (0, "book")


def test_capacity_is_where_the_chord_of_costs_meets_the_limit() -> None:
    nan = [math.nan] * 7
    # costs 10, 25 and 150 USDT at 10 000, 25 000 and 50 000: 25 + 0.005·(N − 25 000) = 0.002·N → 33 333
    assert book_capacity([0.001, 0.001, 0.003, *nan], 0.002) == pytest.approx(100 / 0.003)
    assert book_capacity([0.001, 0.001, *nan, math.nan], 0.002) == 25_000  # the book ends: no promise
    assert book_capacity([0.003] * 10, 0.002) == 0.0
    assert book_capacity([0.001] * 10, 0.002) == 10_000_000


def test_what_is_missing_is_named_and_gives_no_size() -> None:
    late = calm(columns={"bar_1h_at": b.NOW.timestamp() - 3 * 3600, "depth_at": b.NOW.timestamp() - 60})
    found = desk(late)
    assert (found.quantity, found.bound_by) == (None, "missing")
    assert found.reasons["missing"] == ["atr_ratio_1h", "atr_1h", "book"]
    assert desk(calm(memory={})).reasons["missing"] == ["level"]
    assert desk(calm(instruments={})).reasons["missing"] == ["trading rules"]
    assert desk(b.state(watches_account=False, memory=level(0))).reasons["missing"] == [
        "account",
        "trading rules",
    ]
    closing = {"BTCUSDT": replace(RULES, status="SETTLING")}
    assert desk(calm(instruments=closing)).reasons["missing"] == ["trading: the contract is SETTLING"]
    without = advise(calm(), LIMITS, Wish(symbol="BTCUSDT", side="LONG"), {}, b.NOW)[0]
    assert without.reasons["missing"] == ["brackets of BTCUSDT"]


def test_an_account_of_an_hour_ago_is_no_account() -> None:
    old = b.snapshot(now=b.NOW - timedelta(hours=1))
    assert desk(calm(account=old)).reasons["missing"] == ["account"]
    debt = b.snapshot(wallet=-5)
    assert desk(calm(account=debt)).reasons["missing"] == ["equity"]


def test_a_wish_that_cannot_be_true_is_refused() -> None:
    with pytest.raises(ValueError, match="stop"):
        desk(calm(), Wish(symbol="BTCUSDT", side="LONG", stop=51_000))
    with pytest.raises(KeyError, match="not watched"):
        desk(calm(), Wish(symbol="XRPUSDT", side="LONG"))
    with pytest.raises(ValueError, match="LONG or SHORT"):
        desk(calm(), Wish(symbol="BTCUSDT", side="UP"))


def test_the_seed_s_formula_stands_beside_with_its_unit_corrected() -> None:
    seed = advise(calm(2), LIMITS, Wish(symbol="BTCUSDT", side="LONG"), {"BTCUSDT": ladder()}, b.NOW)[1]
    # 100 000·0.01·(0.02/0.0072)/400 = 6.9 coins, capped at 30 % of funds: 30 000 USDT = 0.6 coins;
    # uncorrected, 6.9 coins would be compared with 30 000 USDT and never capped. No level in it.
    assert (seed.method, seed.quantity, seed.bound_by) == ("seed", pytest.approx(0.6), "funds")


def test_the_trailing_stop_hangs_three_atr_from_the_extreme() -> None:
    found = desk(calm(), extremes=(51_000, 47_000))
    assert found.trailing_price == 51_000 - 600
    short = desk(calm(), Wish(symbol="BTCUSDT", side="SHORT"), extremes=(51_000, 47_000))
    assert short.trailing_price == 47_000 + 600


def test_what_is_held_counts_in_every_cap_of_its_position() -> None:
    # equity 100 000, stop 1 000 below: 2 % of equity allow 2 coins in all, of which 1.5 are held
    held = b.position("BTCUSDT", "1.5")
    limits = from_mapping({"sizing": {"leverage_for_cap": 10}})
    wish = Wish(symbol="BTCUSDT", side="LONG", stop=49_000)
    found = advise(calm(positions=[held]), limits, wish, {"BTCUSDT": ladder()}, b.NOW)[0]
    assert (found.quantity, found.bound_by) == (0.5, "position_risk")
    # coins against it only reduce: 100 000·1 %·2/1 000 = 2, as without it
    against = advise(
        calm(positions=[held]), limits, replace(wish, side="SHORT", stop=51_000), {"BTCUSDT": ladder()}, b.NOW
    )[0]
    assert (against.quantity, against.bound_by) == (2.0, "risk")


def test_no_size_brings_the_whole_position_s_liquidation_too_near_to_the_stop() -> None:
    # 4 coins held on a wallet of 10 000, equity 10 000: liquidation must stay 1.5·1 000 below 50 000
    held = b.position("BTCUSDT", "4")
    loose = dict.fromkeys(("risk_percent", "position_risk_cap", "account_risk_cap"), 1.0)
    limits = from_mapping({"sizing": {**loose, "leverage_for_cap": 100}})
    state = calm(positions=[held], account=b.snapshot([held], wallet=10_000))
    wish = Wish(symbol="BTCUSDT", side="LONG", stop=49_000)
    found = advise(state, limits, wish, {"BTCUSDT": ladder()}, b.NOW)[0]
    # 10 000 − (4 + q)·1 500 = 0.005·(4 + q)·48 500  →  4 + q = 10 000/1 742.5 = 5.738…
    assert (found.quantity, found.bound_by) == (1.738, "stop_before_liquidation")
    assert found.liquidation_price is not None
    assert 48_499 < found.liquidation_price <= 48_500
    # with 6 held it is too near already
    more = b.position("BTCUSDT", "6")
    near = calm(positions=[more], account=b.snapshot([more], wallet=10_000))
    full = advise(near, limits, wish, {"BTCUSDT": ladder()}, b.NOW)[0]
    assert full.quantity == 0
    # what is held is liquidated all the same: 10 000 − 6·(50 000 − p) = 0.005·6·p  →  p = 290 000/5.97
    assert full.liquidation_price == pytest.approx(290_000 / 5.97)


def test_the_rules_are_those_of_the_limits() -> None:
    assert rules_of(LIMITS) == Rules()
    assert rules_of(from_mapping({"sizing": {"risk_percent": 0.02}})) == Rules(risk_percent=0.02)
