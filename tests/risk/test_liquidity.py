"""Spread, walking a book, slippage beyond it, ladders, and the kline stand-in: by shown arithmetic."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.levels import LADDER
from risk.liquidity import (
    Fill,
    coverage,
    depth_of_best,
    depth_within,
    kline_proxy,
    ladder,
    slippage,
    slippage_from_ladder,
    spread,
    square_root_law,
    walk,
)
from risk.records import SLIPPAGE_LADDER_USDT

ASKS = [(101.0, 1.0), (102.0, 2.0), (104.0, 1.0)]
BIDS = [(99.0, 1.0), (98.0, 2.0), (96.0, 1.0)]
NAN = math.nan


def test_spread_is_a_fraction_of_mid_in_the_type_of_the_quotes() -> None:
    assert spread(Decimal("99.95"), Decimal("100.05")) == Decimal("0.001")
    assert spread(99.95, 100.05) == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("bid", "ask"), [(100.0, 100.0), (101.0, 100.0), (0.0, 1.0), (-1.0, 1.0), (NAN, 1.0)]
)
def test_quotes_that_cross_touch_or_cannot_be_are_refused(bid: float, ask: float) -> None:
    with pytest.raises(ValueError, match="not a quote"):
        spread(bid, ask)


def test_among_symbols_only_the_bad_quote_is_missing() -> None:
    bids = np.array([99.95, 100.0, NAN, 0.0, 1.0])
    asks = np.array([100.05, 100.0, 1.0, 1.0, np.inf])
    assert spread(bids, asks) == pytest.approx([0.001, NAN, NAN, NAN, NAN], nan_ok=True)


def test_walking_takes_the_best_levels_first() -> None:
    # 1 · 101 + 1 · 102 = 203 for 2 coins
    assert walk(ASKS, 2.0) == Fill(vwap=101.5, filled=2.0, unfilled=0.0, worst=102.0)
    assert walk(BIDS, 2.0) == Fill(vwap=98.5, filled=2.0, unfilled=0.0, worst=98.0)
    assert walk(ASKS, 1.0).worst == 101.0


def test_a_book_that_ends_first_leaves_the_rest() -> None:
    # 101 + 204 + 104 = 409 for 4 coins
    assert walk(ASKS, 10.0) == Fill(vwap=409.0 / 4.0, filled=4.0, unfilled=6.0, worst=104.0)


def test_an_empty_book_fills_nothing() -> None:
    for levels in ([], [(100.0, 0.0)]):
        fill = walk(levels, 2.0)
        assert (fill.filled, fill.unfilled) == (0.0, 2.0)
        assert math.isnan(fill.vwap) and math.isnan(fill.worst)


@pytest.mark.parametrize("quantity", [0.0, -1.0, NAN, math.inf])
def test_an_order_of_nothing_is_refused(quantity: float) -> None:
    with pytest.raises(ValueError, match="quantity"):
        walk(ASKS, quantity)


@pytest.mark.parametrize(
    "levels", [[(NAN, 1.0)], [(1.0, NAN)], [(0.0, 1.0)], [(1.0, -1.0)], [(1.0, 1.0, 1.0)]]
)
def test_levels_that_cannot_be_are_refused(levels: list[tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="level"):
        walk(levels, 1.0)


def test_slippage_within_the_book_is_the_average_price_against_mid() -> None:
    for levels in (ASKS, BIDS):
        cost, extrapolated, fill = slippage(levels, 2.0, 100.0, 0.04, 1_000.0)
        assert cost == pytest.approx(0.015) and extrapolated == 0.0 and fill.unfilled == 0.0


def test_beyond_the_book_the_square_root_law_prices_the_rest() -> None:
    # book: 4 coins at 409/4 − 100 = 2.25 %; law: 0.5 · √(16/64) = 25 % for 12 of 16 coins
    cost, extrapolated, fill = slippage(ASKS, 16.0, 100.0, 0.5, 64.0)
    assert cost == pytest.approx(0.25 * 0.0225 + 0.75 * 0.25)
    assert extrapolated == pytest.approx(0.75) and fill.filled == 4.0


def test_the_rest_never_pays_less_than_the_last_level() -> None:
    # law: 0.01 · √(16/6400) = 0.05 %, last level: 4 %
    cost, _, _ = slippage(ASKS, 16.0, 100.0, 0.01, 6_400.0)
    assert cost == pytest.approx(0.25 * 0.0225 + 0.75 * 0.04)


def test_without_a_book_all_is_the_law_and_without_sigma_nothing_is_known() -> None:
    cost, extrapolated, _ = slippage([], 16.0, 100.0, 0.5, 64.0)
    assert cost == pytest.approx(0.25) and extrapolated == 1.0
    assert math.isnan(slippage(ASKS, 16.0, 100.0, NAN, 64.0).cost)
    assert math.isnan(slippage(ASKS, 16.0, 100.0, 0.5, 0.0).cost)
    assert slippage(ASKS, 2.0, 100.0, NAN, NAN).cost == pytest.approx(0.015)
    with pytest.raises(ValueError, match="mid"):
        slippage(ASKS, 1.0, 0.0, 0.5, 64.0)


def test_a_whole_days_volume_moves_the_price_by_one_sigma() -> None:
    assert square_root_law(1_000.0, 0.04, 1_000.0) == pytest.approx(0.04)
    known = square_root_law(np.array([250.0, 1.0, 1.0]), 0.04, np.array([1_000.0, 0.0, NAN]))
    assert known == pytest.approx([0.02, NAN, NAN], nan_ok=True)


def test_depth_counts_the_edge_and_no_further() -> None:
    # within 2 %: 101 · 1 + 102 · 2
    assert depth_within(ASKS, 100.0, 0.02) == pytest.approx(305.0)
    assert depth_within(BIDS, 100.0, 0.01) == pytest.approx(99.0)
    assert depth_within(BIDS, 100.0, 0.0099) == 0.0
    assert depth_of_best(ASKS, 2) == pytest.approx(305.0)
    assert depth_of_best([], 5) == 0.0


def test_a_ladder_walks_until_the_notional_is_spent() -> None:
    # 203 USDT: 1 coin at 101, 1 at 102: 101.5; 409 USDT is the whole side: 102.25; 410 is too much
    assert ladder(ASKS, 100.0, [101.0, 203.0, 409.0, 410.0]) == pytest.approx(
        [0.01, 0.015, 0.0225, NAN], nan_ok=True
    )
    # 99 USDT received for 1 coin; 197 for 2: 98.5
    assert ladder(BIDS, 100.0, [99.0, 197.0]) == pytest.approx([0.01, 0.015])
    assert len(ladder([], 100.0)) == len(SLIPPAGE_LADDER_USDT) and np.isnan(ladder([], 100.0)).all()


books = st.lists(
    st.tuples(st.floats(1e-4, 0.05), st.floats(1.0, 1e4)), min_size=1, max_size=12, unique_by=lambda x: x[0]
)


@settings(deadline=None)
@given(books, st.floats(1e3, 2e7))
def test_interpolating_the_ladder_is_never_cheaper_than_walking_the_book(
    steps: list[tuple[float, float]], notional: float
) -> None:
    asks = [(100.0 * (1.0 + s), q) for s, q in sorted(steps)]
    walked = ladder(asks, 100.0, [notional])[0]
    cost, extrapolated = slippage_from_ladder(ladder(asks, 100.0), notional, 0.03, 1e9)
    if extrapolated[0] == 0.0:
        assert cost[0] >= walked * (1.0 - 1e-9)
    assert cost[0] > 0.0


def rungs(*known: float) -> list[float]:
    return [*known, *[NAN] * (len(LADDER) - len(known))]


def test_between_rungs_the_cost_is_interpolated_not_the_slippage() -> None:
    # 10k at 0.1 % costs 10, 25k at 0.2 % costs 50; halfway, 17.5k, 30: 30/17 500
    table = [rungs(0.001, 0.002)] * 4
    cost, extrapolated = slippage_from_ladder(table, [10_000.0, 17_500.0, 25_000.0, 5_000.0], NAN, NAN)
    assert cost == pytest.approx([0.001, 30.0 / 17_500.0, 0.002, 0.001])
    assert extrapolated.tolist() == [0.0] * 4


def test_beyond_the_ladder_the_law_takes_the_rest() -> None:
    # 100k: 25k cost 50; the law: 0.1 · √(100k/1M) = 3.162 % on 75k
    cost, extrapolated = slippage_from_ladder([rungs(0.001, 0.002)], [100_000.0], [0.1], [1e6])
    assert cost[0] == pytest.approx((50.0 + 75_000.0 * 0.1 * math.sqrt(0.1)) / 100_000.0)
    assert extrapolated[0] == pytest.approx(0.75)


def test_beyond_the_ladder_no_coin_is_cheaper_than_the_last_stretch() -> None:
    # last stretch: 40 USDT on 15k = 0.2667 %; the law 0.001 · √0.1 is less
    cost, _ = slippage_from_ladder([rungs(0.001, 0.002)], [100_000.0], [0.001], [1e6])
    assert cost[0] == pytest.approx((50.0 + 75_000.0 * 40.0 / 15_000.0) / 100_000.0)


def test_symbols_stand_side_by_side_and_the_unknown_stay_unknown() -> None:
    table = [rungs(0.001), rungs(), rungs(), rungs(0.001), rungs(0.001), rungs(0.001)]
    order = [20_000.0, 20_000.0, 20_000.0, NAN, -1.0, 0.0]
    sigma = [NAN, 0.1, 0.1, 0.1, 0.1, 0.1]
    volume = [1e6, 2e6, 0.0, 1e6, 1e6, 1e6]
    cost, extrapolated = slippage_from_ladder(table, order, sigma, volume)
    # no rung at all: 0.1 · √(20k/2M) = 1 %
    assert cost == pytest.approx([NAN, 0.01, NAN, NAN, NAN, 0.001], nan_ok=True)
    assert extrapolated == pytest.approx([NAN, 1.0, NAN, NAN, NAN, 0.0], nan_ok=True)


def test_a_full_ladder_is_used_to_its_last_rung() -> None:
    full = np.linspace(0.001, 0.01, len(LADDER))
    cost, extrapolated = slippage_from_ladder([full], [LADDER[-1]], [NAN], [NAN])
    assert (cost[0], extrapolated[0]) == (pytest.approx(0.01), 0.0)


def test_coverage_is_depth_over_the_exit() -> None:
    answer = coverage(np.array([50_000.0, 0.0, NAN, 1.0]), np.array([100_000.0, 100_000.0, 1.0, 0.0]))
    assert answer == pytest.approx([0.5, 0.0, NAN, NAN], nan_ok=True)


def test_the_kline_stand_in_by_hand() -> None:
    n = 21
    volume = np.full(n, 10.0)
    volume[20] = 200.0  # mean of the last 20: (19 · 10 + 200)/20 = 19.5
    width, ratio, risk = kline_proxy(np.full(n, 102.0), np.full(n, 98.0), np.full(n, 100.0), volume)
    assert width == pytest.approx(0.04)
    assert np.isnan(ratio[:19]).all() and np.isnan(risk[:19]).all()
    assert ratio[19:] == pytest.approx([1.0, 200.0 / 19.5])
    assert risk[19:] == pytest.approx([0.04, 0.04 * 19.5 / 200.0])


def test_a_quiet_bar_divides_by_no_less_than_a_twentieth() -> None:
    volume = np.full(20, 100.0)
    volume[-1] = 0.0
    assert kline_proxy(np.full(20, 102.0), np.full(20, 98.0), np.full(20, 100.0), volume).risk[
        -1
    ] == pytest.approx(0.04 / 0.05)


@pytest.mark.parametrize("volume", [0.0, NAN, -1.0])
def test_without_volume_there_is_no_statement(volume: float) -> None:
    flat = np.full(25, 100.0)
    proxy = kline_proxy(flat, flat, flat, np.full(25, volume))
    assert np.isnan(proxy.volume_ratio).all() and np.isnan(proxy.risk).all()


def test_bars_that_cannot_be_and_short_series_are_missing() -> None:
    proxy = kline_proxy([99.0, 1.0], [100.0, 1.0], [100.0, 0.0], [1.0, 1.0])
    assert np.isnan(proxy.spread).all() and np.isnan(proxy.risk).all()
    with pytest.raises(ValueError, match="differ in length"):
        kline_proxy([1.0], [1.0], [1.0], [1.0, 2.0])
