"""Shocks with resting orders on the way: plain arithmetic, a walk in small steps, and invariances."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.margin import Account, Bracket, Position, shock_to_liquidation
from risk.resting import Order, grid_with_orders, shock_with_orders

FREE = [Bracket(0, 1e12, 0.0, 0.0)]
ONE = [Bracket(0, 1e12, 0.01, 0.0)]
TWO = [Bracket(0, 100_000, 0.01, 0), Bracket(100_000, 1e12, 0.05, 4_000)]


def long_btc(wallet: float = 10_000, quantity: float = 2.0, brackets: list[Bracket] = ONE) -> Account:
    return Account(wallet, [Position("BTCUSDT", quantity, 60_000, 60_000, brackets)])


def test_a_purchase_on_the_way_down_brings_liquidation_nearer() -> None:
    # 2 BTC at 60 000, one more bought at 57 000 (−5 %): equity at P = 10 000 + 2·(P − 60 000) + (P − 57 000)
    # = 3·P·0.01  →  2.97·P = 167 000  →  P = 56 228.956, s = −0.062 850 7; without it −8 800/118 800
    with_order = shock_with_orders(long_btc(), [Order("BTCUSDT", 57_000, 1)], None, -1)
    assert with_order.shock == pytest.approx(167_000 / 2.97 / 60_000 - 1, rel=1e-12)
    assert [(coins, at) for _, coins, at in with_order.filled] == [(1.0, pytest.approx(-0.05))]
    assert shock_to_liquidation(long_btc(), None, -1) == pytest.approx(-8_800 / 118_800)


def test_a_stop_like_sale_on_the_way_up_ends_a_short_squeeze_of_the_other_side() -> None:
    # short 2 at 60 000; buying 2 back at 57 000 happens on the way down and leaves nothing to liquidate
    account = long_btc(quantity=-2.0)
    found = shock_with_orders(account, [Order("BTCUSDT", 57_000, 2)], None, -1)
    assert (found.shock, len(found.filled)) == (None, 1)
    # on the way up nothing fills: 10 000 − 120 000·s = 1 200·(1 + s)
    up = shock_with_orders(account, [Order("BTCUSDT", 57_000, 2)], None, +1)
    assert up.shock == pytest.approx(8_800 / 121_200, rel=1e-12)
    assert up.filled == ()


def test_a_fill_that_jumps_over_maintenance_liquidates_at_its_own_shock() -> None:
    # at 59 400 (−1 %) 20 BTC more are bought: notional 22·59 400 = 1 306 800, maintenance 5 % − 4 000 =
    # 61 340, equity 10 000 − 1 200 = 8 800: liquidated there, with the order filled
    found = shock_with_orders(long_btc(brackets=TWO), [Order("BTCUSDT", 59_400, 20)], None, -1)
    assert found.shock == pytest.approx(-0.01, rel=1e-12)
    assert len(found.filled) == 1


def test_an_order_in_another_symbol_opens_a_position_there() -> None:
    # ETH stands in the account with quantity 0; 10 ETH bought at 2 700 (−10 % at beta 1)
    account = Account(30_000, [*long_btc().positions, Position("ETHUSDT", 0, 3_000, 3_000, FREE)])
    grid = grid_with_orders(account, [Order("ETHUSDT", 2_700, 10)], [-0.05, -0.20])
    # −5 %: 30 000 − 6 000; −20 %: 30 000 − 24 000 + 10·(2 400 − 2 700)
    assert grid.equity == pytest.approx([24_000, 3_000])
    assert grid.maintenance == pytest.approx([2 * 57_000 * 0.01, 2 * 48_000 * 0.01])
    assert grid.liquidated.tolist() == [False, False]


def test_a_grid_tells_what_was_liquidated_on_the_way() -> None:
    # the purchase at −5 % liquidates at −6.285 %; a later sale cannot save what is gone
    grid = grid_with_orders(long_btc(), [Order("BTCUSDT", 57_000, 1)], [-0.06, -0.063, 0.5])
    assert grid.liquidated.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("order", "side", "held", "coins"),
    [
        (Order("BTCUSDT", 66_000, -5, is_reduce_only=True), "BOTH", 2, -2.0),  # turns nothing
        (Order("BTCUSDT", 66_000, -5), "BOTH", 2, -5.0),
        (Order("BTCUSDT", 66_000, -5, "LONG"), "LONG", 2, -2.0),
        (Order("BTCUSDT", 66_000, 5, is_reduce_only=True), "BOTH", 2, 0.0),
    ],
)
def test_what_may_only_reduce_never_turns_a_position(
    order: Order, side: str, held: float, coins: float
) -> None:
    account = Account(1e6, [Position("BTCUSDT", held, 60_000, 60_000, ONE, side)])
    filled = shock_with_orders(account, [order], None, +1).filled
    assert sum(amount for _, amount, _ in filled) == coins


def test_orders_of_isolated_positions_stay_outside() -> None:
    account = Account(10_000, [*long_btc().positions, Position("SOLUSDT", 10, 150, 150, ONE, "BOTH", 500.0)])
    assert shock_with_orders(account, [Order("SOLUSDT", 140, 1000)], None, -1).filled == ()


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order("BTCUSDT", 0, 1), "above zero"),
        (Order("BTCUSDT", float("nan"), 1), "finite"),
        (Order("XRPUSDT", 1, 1), "quantity 0"),
    ],
)
def test_impossible_orders_are_refused(order: Order, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        shock_with_orders(long_btc(), [order], None, -1)


SHORT_ETH = Position("ETHUSDT", -10, 3_000, 3_000, ONE)


def test_a_stop_is_trusted_only_where_told_to() -> None:
    # 2 BTC at 60 000 with 10 000: gone at −8 800/118 800; sold at 57 000 (−5 %) 4 000 stay, nothing is held
    stop = Order("BTCUSDT", 57_000, -1, trigger="stop", closes=True)
    worst = shock_with_orders(long_btc(), [stop], None, -1)
    assert (worst.shock, worst.filled) == (pytest.approx(-8_800 / 118_800), ())
    trusted = shock_with_orders(long_btc(), [stop], None, -1, trusts_triggers=True)
    assert (trusted.shock, [coins for _, coins, _ in trusted.filled]) == (None, [-2.0])
    grid = grid_with_orders(long_btc(), [stop], [-0.04, -0.06, -0.5], trusts_triggers=True)
    assert grid.equity == pytest.approx([5_200, 4_000, 4_000])
    assert grid.maintenance == pytest.approx([2 * 57_600 * 0.01, 0, 0])


def test_a_stop_that_ends_a_winning_hedge_counts() -> None:
    # long 2 BTC, short 10 ETH, both fall alike: 10 000 + 120 000·s − 30 000·s = 0.01·150 000·(1 + s)
    # at s = −8 500/88 500; with ETH bought back at 2 850 (−5 %, 1 500 won) the long is alone:
    # 11 500 + 120 000·s = 1 200·(1 + s) at s = −10 300/118 800
    account = Account(10_000, [*long_btc().positions, SHORT_ETH])
    profit = Order("ETHUSDT", 2_850, 10, is_reduce_only=True, trigger="profit")
    assert shock_to_liquidation(account, None, -1) == pytest.approx(-8_500 / 88_500)
    found = shock_with_orders(account, [profit], None, -1)
    assert found.shock == pytest.approx(-10_300 / 118_800)
    assert [coins for _, coins, _ in found.filled] == [10.0]
    # and the long's own stop is not counted on to save it, though both are there
    stop = Order("BTCUSDT", 56_000, -2, is_reduce_only=True, trigger="stop")
    both = shock_with_orders(account, [stop, profit], None, -1)
    assert (both.shock, both.filled) == (pytest.approx(found.shock), found.filled)


def test_a_stop_that_opens_counts_at_its_trigger() -> None:
    # flat but for 0 coins: a sale of 40 BTC at 59 400 needs 40·59 400·0.01 = 23 760 at once
    flat = Account(10_000, [Position("BTCUSDT", 0, 60_000, 60_000, ONE), SHORT_ETH])
    entry = Order("BTCUSDT", 59_400, -40, trigger="stop")
    assert shock_with_orders(flat, [entry], None, -1).shock == pytest.approx(-0.01)


@pytest.mark.parametrize(
    ("quantity", "trigger", "price", "direction", "at"),
    [
        (-1, "stop", 57_000, -1, -0.05), (-1, "stop", 57_000, +1, None),
        (+1, "stop", 63_000, +1, +0.05), (+1, "stop", 63_000, -1, None),
        (-1, "profit", 63_000, +1, +0.05), (+1, "profit", 57_000, -1, -0.05),
        (-1, "stop", 61_000, +1, 0.0),  # passed: it triggers now, at the mark
        (-1, "trailing", 0, +1, 0.0),
    ],
)  # fmt: skip
def test_conditional_orders_trigger_on_their_side(
    quantity: int,
    trigger: Literal["stop", "profit", "trailing"],
    price: int,
    direction: int,
    at: float | None,
) -> None:
    account = long_btc(wallet=1e6, quantity=2.0 if quantity < 0 else -2.0)
    order = Order("BTCUSDT", price, quantity, trigger=trigger)
    filled = shock_with_orders(account, [order], None, direction, trusts_triggers=True).filled
    assert [found for _, _, found in filled] == ([] if at is None else [pytest.approx(at)])


position = st.builds(
    lambda i, q, m, two: Position(f"S{i}USDT", q, 1_000 * m, 1_000, TWO if two else ONE),
    st.integers(0, 3), st.floats(-50, 50), st.floats(0.8, 1.2), st.booleans(),
)  # fmt: skip
books = st.lists(position, min_size=1, max_size=4, unique_by=lambda p: p.symbol)
order_of = st.builds(
    lambda i, p, q, only: (i, Order("", round(1_000 * p, 1), q if p < 1 else -q, "BOTH", only)),
    st.integers(0, 3), st.floats(0.5, 1.5), st.floats(0.1, 60), st.booleans(),
)  # fmt: skip


def placed(held: list[Position], drawn: list[tuple[int, Order]]) -> list[Order]:
    return [
        Order(held[i % len(held)].symbol, o.price, o.quantity, "BOTH", o.is_reduce_only) for i, o in drawn
    ]


@settings(deadline=None, max_examples=150)
@given(books, st.floats(100, 60_000), st.lists(order_of, max_size=3), st.sampled_from([-1, 1]))
def test_the_order_of_listing_changes_nothing(
    held: list[Position], wallet: float, drawn: list[tuple[int, Order]], direction: int
) -> None:
    orders = placed(held, drawn)
    found = {shock_with_orders(Account(wallet, held), list(p), None, direction) for p in permutations(orders)}
    assert len({answer.shock for answer in found}) == 1
    assert len({frozenset(answer.filled) for answer in found}) == 1


@settings(deadline=None, max_examples=100)
@given(books, st.floats(100, 60_000), st.sampled_from([-1, 1]), st.floats(0.3, 2.5))
def test_without_orders_it_is_the_plain_shock(
    held: list[Position], wallet: float, direction: int, beta: float
) -> None:
    account = Account(wallet, held)
    found, plain = (
        shock_with_orders(account, [], beta, direction).shock,
        shock_to_liquidation(account, beta, direction),
    )
    assert (found is None) == (plain is None)
    assert found is None or found == pytest.approx(plain, rel=1e-9, abs=1e-12)


def stepwise(account: Account, orders: list[Order], direction: int, steps: int) -> int | None:
    """Walk in small steps, fill what the mark has reached, then look; the step of the liquidation."""
    held = {p.symbol: p for p in account.positions}
    state = {p.symbol: [p.signed_quantity, -p.signed_quantity * float(p.entry_price)] for p in held.values()}
    waiting = list(orders)
    for step in range(steps + 1):
        marks = {s: float(p.mark_price) * max(0.0, 1 + direction * step / steps) for s, p in held.items()}
        for o in sorted(waiting, key=lambda o: o.is_reduce_only):
            if (float(o.price) - marks[o.symbol]) * float(o.quantity) >= 0:
                coins, have = float(o.quantity), state[o.symbol][0]
                if o.is_reduce_only:
                    coins = 0.0 if coins * have >= 0 else np.sign(coins) * min(abs(coins), abs(have))
                state[o.symbol][0] += coins
                state[o.symbol][1] -= coins * float(o.price)
                waiting.remove(o)
        equity = float(account.wallet) + sum(c + q * marks[s] for s, (q, c) in state.items())
        needed = sum(
            max(0.0, *(abs(q) * marks[s] * b.rate - b.cum for b in held[s].brackets))
            for s, (q, _) in state.items()
        )
        if equity <= needed and any(q for q, _ in state.values()):
            return step
    return None


@settings(deadline=None, max_examples=60)
@given(books, st.floats(100, 60_000), st.lists(order_of, max_size=3), st.sampled_from([-1, 1]))
def test_a_walk_in_small_steps_is_liquidated_where_we_say(
    held: list[Position], wallet: float, drawn: list[tuple[int, Order]], direction: int
) -> None:
    # one order a price, or two that only reduce would fill within one step in an order of their own
    orders = list({(o.symbol, round(float(o.price), -1)): o for o in placed(held, drawn)}.values())
    held = [p for p in held if abs(p.signed_quantity) > 1e-3 or any(o.symbol == p.symbol for o in orders)]
    account, steps = Account(wallet, held), 2_000
    found = shock_with_orders(account, orders, None, direction)
    step = stepwise(account, orders, direction, steps)
    if found.shock is None or abs(found.shock) > 1.0:
        assert step is None or step >= steps - 1
        return
    assert step is None or step / steps >= abs(found.shock) - 1e-9
    # and there it is: what was filled by then and the definition, written out
    coins, cash = {p.symbol: p.signed_quantity for p in held}, 0.0
    for order, amount, _ in found.filled:
        coins[order.symbol] += amount
        cash -= amount * float(order.price)
    marks = {p.symbol: float(p.mark_price) * max(0.0, 1 + found.shock) for p in held}
    cash -= sum(p.signed_quantity * float(p.entry_price) for p in held)
    equity = wallet + cash + sum(q * marks[s] for s, q in coins.items())
    needed = sum(
        max(0.0, *(abs(coins[p.symbol]) * marks[p.symbol] * b.rate - b.cum for b in p.brackets)) for p in held
    )
    scale = wallet + sum(abs(q) * marks[s] for s, q in coins.items())
    assert equity <= needed + 1e-9 * scale


conditional = st.builds(
    lambda i, p, q, kind, only, closes: (i, Order("", round(1_000 * p, 1), q, "BOTH", only, kind, closes)),
    st.integers(0, 3), st.floats(0.5, 1.5), st.floats(-60, 60).filter(lambda q: abs(q) > 0.1),
    st.sampled_from(["stop", "profit", "trailing"]), st.booleans(), st.booleans(),
)  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(
    books, st.floats(100, 60_000), st.lists(order_of, max_size=2),
    st.lists(conditional, min_size=1, max_size=4), st.sampled_from([-1, 1]), st.floats(0.01, 0.6),
)  # fmt: skip
def test_the_worst_is_that_of_all_ways_the_conditional_orders_may_go(
    held: list[Position], wallet: float, certain: list[tuple[int, Order]],
    drawn: list[tuple[int, Order]], direction: int, move: float,
) -> None:  # fmt: skip
    account = Account(wallet, held)
    orders = placed(held, certain)
    promised = [replace(o, symbol=held[i % len(held)].symbol) for i, o in drawn]
    ways = [[*orders, *chosen] for k in range(len(promised) + 1) for chosen in combinations(promised, k)]
    ends = [shock_with_orders(account, way, None, direction, trusts_triggers=True).shock for way in ways]
    known = [abs(end) for end in ends if end is not None]
    found = shock_with_orders(account, [*orders, *promised], None, direction).shock
    assert (found is None) == (not known)
    assert found is None or abs(found) == pytest.approx(min(known), rel=1e-9, abs=1e-12)
    # and on the way, shock by shock
    shock = direction * move
    left = [g.equity[0] - g.maintenance[0] for g in (
        grid_with_orders(account, way, [shock], trusts_triggers=True) for way in ways
    )]  # fmt: skip
    grid = grid_with_orders(account, [*orders, *promised], [shock])
    scale = wallet + sum(abs(p.signed_quantity) * 1_000 for p in held)
    assert grid.equity[0] - grid.maintenance[0] == pytest.approx(min(left), abs=1e-9 * scale)
