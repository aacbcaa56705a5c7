"""A stored position says what its price was computed from, how far it is, and whether it can get out."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from risk.positions import WayOut, judged, priced
from risk.records import AccountSnapshot, LeverageBracket, PositionSnapshot

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SEEN = {"event_at": NOW, "received_at": NOW, "source": "rest"}


def rung(symbol: str, rate: str, cum: str) -> tuple[LeverageBracket, ...]:
    return (
        LeverageBracket(
            **SEEN, symbol=symbol, tier=1, floor_usdt=D(0), cap_usdt=D(10**12), maintenance_rate=D(rate),
            cum_usdt=D(cum), max_leverage=20,
        ),
    )  # fmt: skip


def held(symbol: str, quantity: str, entry: str, mark: str, exchange: str | None) -> PositionSnapshot:
    coins, price = D(quantity), D(mark)
    return PositionSnapshot(
        **SEEN, account="default", symbol=symbol, side="BOTH", quantity=coins, entry_price=D(entry),
        break_even_price=None, mark_price=price, notional_usdt=coins * price,
        unrealized_usdt=coins * (price - D(entry)), is_isolated=False, isolated_wallet_usdt=D(0), leverage=20,
        initial_usdt=D(0), maintenance_usdt=D(0), adl_rank=1,
        exchange_liquidation_price=None if exchange is None else D(exchange), liquidation_price=None,
        liquidation_reason="",
    )  # fmt: skip


# Binance FAQ b3c689c1f50a44cabb3a84e663b81d93, examples 1 and 2 of BINANCE.md 5.2.
ETH = held("ETHUSDT", "3683.979", "1456.84", "1335.18", "1153.26")
BTC = held("BTCUSDT", "109.488", "32481.98", "31967.27", "26316.89")
LADDERS = {"ETHUSDT": rung("ETHUSDT", "0.10", "135365"), "BTCUSDT": rung("BTCUSDT", "0.025", "16300")}
ACCOUNT = AccountSnapshot(
    **SEEN, account="default", is_multi_assets=False, is_hedge_mode=False, wallet_usdt=D("1535443.01"),
    cross_wallet_usdt=D("1535443.01"), cross_unrealized_usdt=D("-504547.53"),
    unrealized_usdt=D("-504547.53"), margin_balance_usdt=D("1030895.48"), maintenance_usdt=D("427713.32"),
    cross_maintenance_usdt=D("427713.32"), initial_usdt=D(0), available_usdt=D(0),
)  # fmt: skip


def test_the_facts_of_the_published_example_are_kept_with_the_price() -> None:
    eth, btc = priced(ACCOUNT, [ETH, BTC], LADDERS)
    assert eth.liquidation_price == pytest.approx(1153.26, abs=0.01)
    assert btc.liquidation_price == pytest.approx(26_316.89, abs=0.01)
    assert (eth.pool_wallet_usdt, eth.liquidation_tier) == (1_535_443.01, 1)
    assert (eth.liquidation_rate, eth.liquidation_cum_usdt) == (0.10, 135_365)
    # TMM1 and UPNL1 of the example
    assert eth.other_maintenance_usdt == pytest.approx(71_200.811, abs=0.001)
    assert eth.other_unrealized_usdt == pytest.approx(-56_354.568, abs=0.001)
    assert btc.other_maintenance_usdt == pytest.approx(356_512.508, abs=0.001)
    assert btc.other_unrealized_usdt == pytest.approx(-448_192.885, abs=0.001)
    assert eth.liquidation_difference == pytest.approx(0, abs=0.01 / 1153.26)


def test_the_difference_is_ours_over_theirs() -> None:
    eth, _ = priced(ACCOUNT, [replace(ETH, exchange_liquidation_price=D("1100")), BTC], LADDERS)
    assert eth.liquidation_difference == pytest.approx(1153.26 / 1100 - 1, abs=1e-5)
    (none, _) = priced(ACCOUNT, [replace(ETH, exchange_liquidation_price=None), BTC], LADDERS)
    assert none.liquidation_difference is None


def test_without_a_ladder_nothing_is_claimed() -> None:
    (eth, btc) = priced(ACCOUNT, [ETH, BTC], {"BTCUSDT": LADDERS["BTCUSDT"]})
    assert eth.liquidation_reason == btc.liquidation_reason == "no_brackets: ETHUSDT"
    assert eth.pool_wallet_usdt is eth.liquidation_tier is btc.liquidation_price is None


WAY = WayOut(
    sigma_24h=0.05, quote_volume_24h=1e9, sell_slippage=(0.001,) * 9 + (0.002,), buy_slippage=(0.004,) * 10
)


def far(price: float | None, reason: str = "") -> PositionSnapshot:
    """A long of 1 000 000 USDT at 100."""
    return replace(
        held("BTCUSDT", "10000", "100", "100", None), liquidation_price=price, liquidation_reason=reason
    )


def test_distance_is_a_share_of_the_mark_and_of_daily_moves() -> None:
    (found,) = judged(ACCOUNT, [far(90.0)], {"BTCUSDT": WAY})
    # (100 − 90)/100, 0.10/0.05; selling 1 000 000 costs 0.1 % by the rung, half the distance is 5 %
    assert (found.distance, found.distance_sigmas) == (pytest.approx(0.1), pytest.approx(2.0))
    assert (found.exit_slippage, found.can_exit) == (pytest.approx(0.001), True)


@pytest.mark.parametrize(("price", "can"), [(99.79, True), (99.81, False)])
def test_a_way_out_that_costs_more_than_half_the_distance_is_none(price: float, can: bool) -> None:
    # 0.1 % of slippage against 0.21 % and 0.19 % of distance
    (found,) = judged(ACCOUNT, [far(price)], {"BTCUSDT": WAY})
    assert found.can_exit is can


def test_the_nearer_of_both_prices_speaks() -> None:
    (found,) = judged(ACCOUNT, [replace(far(90.0), exchange_liquidation_price=D(95))], {"BTCUSDT": WAY})
    assert found.distance == pytest.approx(0.05)


def test_a_short_buys_to_get_out() -> None:
    short = replace(held("BTCUSDT", "-10000", "100", "100", None), liquidation_price=110.0)
    (found,) = judged(ACCOUNT, [short], {"BTCUSDT": WAY})
    assert (found.distance, found.exit_slippage) == (pytest.approx(0.1), pytest.approx(0.004))


def test_without_a_liquidation_price_there_is_no_distance_and_any_book_lets_out() -> None:
    (found,) = judged(ACCOUNT, [far(None, "no_price_above_zero")], {"BTCUSDT": WAY})
    assert (found.distance, found.distance_sigmas, found.can_exit) == (None, None, True)


def test_below_maintenance_the_distance_is_zero_and_there_is_no_way_out() -> None:
    (found,) = judged(ACCOUNT, [far(None, "below_maintenance_at_every_price")], {"BTCUSDT": WAY})
    assert (found.distance, found.distance_sigmas, found.can_exit) == (0.0, 0.0, False)


def test_what_is_missing_stays_unknown() -> None:
    (found,) = judged(ACCOUNT, [far(90.0)], {})
    assert found.distance == pytest.approx(0.1)
    assert found.distance_sigmas is found.exit_slippage is found.can_exit is None
    only_volume = WayOut(sigma_24h=0.05, quote_volume_24h=1e9)  # nobody sees the book
    assert math.isnan(only_volume.cost(1_000_000))


def test_a_thinner_book_takes_an_order_as_a_larger_one_now() -> None:
    way = WayOut(sigma_24h=0.05, quote_volume_24h=1e9, sell_slippage=tuple(i / 1000 for i in range(1, 11)))
    # rungs of 100 000 (0.4 %) and 1 000 000 (0.7 %): a tenth of the depth makes the one the other
    assert way.cost(100_000) == pytest.approx(0.004)
    assert way.cost(100_000, 0.1) == pytest.approx(0.007)
