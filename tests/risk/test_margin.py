"""Liquidation prices and shocks against the exchange's published examples and against plain arithmetic."""

from __future__ import annotations

import csv
import gzip
import json
import math
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.margin import (
    Account,
    Bracket,
    Position,
    liquidation,
    liquidation_price,
    maintenance,
    margin_ratio,
    quick_liquidation_price,
    shock_to_liquidation,
)

# Recorded BTCUSDT ladder of 2024-10 (BINANCE.md 2.3): floor, rate, cum, leverage.
BTC = [
    Bracket(f, c, r, k, lev)
    for (f, r, k, lev), c in zip(
        [
            (0, 0.004, 0, 125), (50e3, 0.005, 50, 100), (600e3, 0.0065, 950, 75), (3e6, 0.01, 11_450, 50),
            (12e6, 0.02, 131_450, 25), (70e6, 0.025, 481_450, 20), (100e6, 0.05, 2_981_450, 10),
            (230e6, 0.1, 14_481_450, 5), (480e6, 0.125, 26_481_450, 4), (600e6, 0.15, 41_481_450, 3),
            (800e6, 0.25, 121_481_450, 2), (1.2e9, 0.5, 421_481_450, 1),
        ],
        [50e3, 600e3, 3e6, 12e6, 70e6, 100e6, 230e6, 480e6, 600e6, 800e6, 1.2e9, 1.8e9],
        strict=True,
    )
]  # fmt: skip


def one(rate: float, cum: float) -> list[Bracket]:
    return [Bracket(0, 1e12, rate, cum)]


ETH = Position("ETHUSDT", 3683.979, 1456.84, 1335.18, one(0.10, 135_365))
BTC_LONG = Position("BTCUSDT", 109.488, 32_481.98, 31_967.27, one(0.025, 16_300))
FAQ = Account(1_535_443.01, [ETH, BTC_LONG])


# Binance FAQ b3c689c1f50a44cabb3a84e663b81d93, as BINANCE.md 5.2 lists it: examples 1 to 5.
@pytest.mark.parametrize(
    ("account", "symbol", "side", "price"),
    [
        (FAQ, "ETHUSDT", "BOTH", 1153.26),
        (FAQ, "BTCUSDT", "BOTH", 26_316.89),
        (
            Account(0, [Position("BTCUSDT", 20, 6563.665, 6500, one(0.005, 50), "LONG", 13_200.70726908)]),
            "BTCUSDT", "LONG", 5930.78,
        ),
        (
            Account(0, [Position("BTCUSDT", -10, 6563.86, 6563.86, one(0.005, 50), "SHORT", 6570.42511771)]),
            "BTCUSDT", "SHORT", 7189.95,
        ),
        (
            Account(1000, [
                Position("BTCUSDT", 0.5, 60_000, 60_000, one(0.004, 0), "LONG"),
                Position("BTCUSDT", 0.2, 61_000, 60_000, one(0.004, 0), "SHORT"),
            ]),
            "BTCUSDT", "LONG", 56_527.59,
        ),
    ],
)  # fmt: skip
def test_published_examples_hold_to_a_cent(account: Account, symbol: str, side: str, price: float) -> None:
    assert liquidation_price(account, symbol, side) == pytest.approx(price, abs=0.01)


def test_the_reference_file_holds(shared: Path) -> None:
    cases = json.loads((shared / "data" / "ref_liquidation_price.json").read_text())["cases"]
    for case in cases:
        given_ = case["inputs"]
        isolated = given_["wallet_balance"] if given_["mode"] == "isolated" else None
        target = Position(
            "ETHUSDT", given_["size"], given_["entry"], given_["mark"],
            one(given_["mmr"], given_["cum"]), "BOTH", isolated,
        )  # fmt: skip
        others = [
            Position(f"O{i}", o["size"], o["entry"], o["mark"], one(o["mmr"], o["cum"]))
            for i, o in enumerate(given_["other"])
        ]
        price = liquidation_price(Account(given_["wallet_balance"], [target, *others]), "ETHUSDT")
        assert price == pytest.approx(case["exact"], rel=1e-12), case["name"]


def test_the_bracket_is_the_one_at_the_liquidation_price() -> None:
    # BINANCE.md 5.2: long 10.2 BTC @ 60 000, 20x isolated: bracket 3 at entry gives 57 279.18, but at
    # the liquidation price the notional is 584 k, bracket 2:
    # (30 600 + 50 - 612 000) / (10.2·0.005 - 10.2) = 57 281.51
    position = Position("BTCUSDT", 10.2, 60_000, 60_000, BTC, "BOTH", 30_600)
    answer = liquidation(Account(0, [position]), "BTCUSDT")
    assert answer.price == pytest.approx(57_281.51, abs=0.01)
    assert (answer.tier, answer.rate, answer.cum) == (2, 0.005, 50)


def test_answers_name_what_they_were_computed_from() -> None:
    answer = liquidation(FAQ, "ETHUSDT")
    # 109.488 · 31 967.27 · 0.025 − 16 300 and 109.488 · (31 967.27 − 32 481.98)
    assert answer.other_maintenance == pytest.approx(71_200.811, abs=0.001)
    assert answer.other_unrealized == pytest.approx(-56_354.568, abs=0.001)
    assert (answer.wallet, answer.cum) == (1_535_443.01, 135_365)


def test_every_recorded_ladder_is_continuous_and_convex(shared: Path) -> None:
    with gzip.open(shared / "data" / "um_leverage_brackets_20241017.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    ladders = 0
    for symbol, group in groupby(rows, key=lambda row: row["symbol"]):
        tiers = [
            Bracket(
                float(r["min_notional"]),
                float(r["max_notional"]),
                float(r["maint_margin_rate"]),
                float(r["cum"]),
            )
            for r in group
        ]
        ladders += 1
        for lower, upper in pairwise(tiers):
            edge = float(upper.floor)
            left = edge * float(lower.rate) - float(lower.cum)
            right = edge * float(upper.rate) - float(upper.cum)
            assert left == pytest.approx(right, rel=1e-9, abs=1e-6), symbol
            assert maintenance(edge, tiers) == pytest.approx(right, rel=1e-9, abs=1e-6), symbol
            assert upper.rate >= lower.rate, symbol
    assert ladders > 200


def test_a_fully_collateralised_long_has_no_liquidation_price() -> None:
    answer = liquidation(Account(70_000, [Position("BTCUSDT", 1, 60_000, 60_000, BTC)]), "BTCUSDT")
    assert answer.price is None
    assert answer.reason == "no_price_above_zero"


def test_an_account_below_maintenance_keeps_the_price_on_the_losing_side() -> None:
    # wallet 100, long 1 @ 60 000, mark 59 000: P·(1 − 0.005) = 60 000 − 100 − 50, P above the mark
    position = Position("BTCUSDT", 1, 60_000, 59_000, one(0.005, 50))
    price = liquidation_price(Account(100, [position]), "BTCUSDT")
    assert price == pytest.approx((60_000 - 100 - 50) / 0.995, rel=1e-12)


def test_a_perfect_hedge_is_liquidated_by_its_maintenance_alone() -> None:
    # 1 long and 1 short from the same price: wallet 1000 = 2·P·0.004, P = 125 000
    account = Account(
        1000,
        [
            Position("BTCUSDT", 1, 60_000, 60_000, one(0.004, 0), "LONG"),
            Position("BTCUSDT", -1, 60_000, 60_000, one(0.004, 0), "SHORT"),
        ],
    )
    assert liquidation_price(account, "BTCUSDT", "LONG") == pytest.approx(125_000)
    assert liquidation_price(account, "BTCUSDT", "SHORT") == pytest.approx(125_000)


def test_of_two_roots_the_one_on_the_losing_side_is_the_price() -> None:
    # long 10 and short 9 from 60 000 on 10 000; from 1 000 000 USDT on 10 % asks for more than one coin wins.
    # below: 10 000 + P − 60 000 = 0.004·19·P; above, both in the second tier: … = 0.1·19·P − 2·96 000
    two = [Bracket(0, 1e6, 0.004, 0), Bracket(1e6, 1e12, 0.1, 96_000)]
    sides = [
        Position("BTCUSDT", 10, 60_000, 60_000, two, "LONG"),
        Position("BTCUSDT", 9, 60_000, 60_000, two, "SHORT"),
    ]
    found = liquidation(Account(10_000, sides), "BTCUSDT", "LONG")
    assert (found.below, found.above) == (pytest.approx(50_000 / 0.924), pytest.approx(142_000 / 0.9))
    assert found.price == found.below


def test_margin_ratio_is_maintenance_over_balance() -> None:
    # BINANCE.md 5.2, row 5 at its liquidation price: balance 158.28 = maintenance 158.28
    account = Account(
        1000,
        [
            Position("BTCUSDT", 0.5, 60_000, 56_527.59, one(0.004, 0), "LONG"),
            Position("BTCUSDT", 0.2, 61_000, 56_527.59, one(0.004, 0), "SHORT"),
        ],
    )
    assert margin_ratio(account) == pytest.approx(1.0, abs=1e-4)
    assert margin_ratio(Account(10, [])) == 0.0
    assert margin_ratio(Account(-10, account.positions)) > 0.9
    assert margin_ratio(Account(-1e6, account.positions)) == math.inf


@pytest.mark.parametrize(
    ("side", "price"), [("LONG", 54_240.0), ("short", 65_760.0), (1, 54_240.0), (-1, 65_760.0)]
)  # 60 000·(1 ∓ 0.1 ± 0.004), DOMAIN.md 3
def test_quick_form_of_both_sides(side: str | int, price: float) -> None:
    assert quick_liquidation_price(60_000, 10, side) == pytest.approx(price)


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (Position("BTCUSDT", 1, 0, 60_000, BTC), "entry_price"),
        (Position("BTCUSDT", 1, 60_000, math.nan, BTC), "mark_price"),
        (Position("BTCUSDT", 1, 60_000, 60_000, []), "brackets"),
        (Position("BTCUSDT", math.inf, 60_000, 60_000, BTC), "quantity"),
    ],
)
def test_impossible_positions_are_refused_by_name(position: Position, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        liquidation(Account(1000, [position]), "BTCUSDT")


@pytest.mark.parametrize("quantity", [1, -1])
@pytest.mark.parametrize("mark", [0.0, -5.0, math.nan])
def test_another_position_s_impossible_mark_is_refused_and_never_counts_as_profit(
    quantity: int, mark: float
) -> None:
    # a short whose mark reads 0 would look like its whole notional won
    other = Position("ETHUSDT", quantity, 3_000, mark, one(0.005, 0))
    account = Account(1000, [Position("BTCUSDT", 1, 60_000, 60_000, BTC), other])
    for answer in (lambda: liquidation(account, "BTCUSDT"), lambda: margin_ratio(account)):
        with pytest.raises(ValueError, match="ETHUSDT: mark_price"):
            answer()


def test_an_unknown_position_is_refused_with_what_is_held() -> None:
    with pytest.raises(KeyError, match="ETHUSDT/BOTH"):
        liquidation_price(Account(1000, [ETH]), "SOLUSDT")


ladder_of = st.sampled_from([BTC, BTC[:4], one(0.004, 0)])
positions = st.lists(
    st.builds(
        lambda q, e, m, b, i: Position(f"S{i}USDT", q, e, m, b),
        st.floats(0.01, 50).flatmap(lambda q: st.sampled_from([q, -q])),
        st.floats(10, 60_000), st.floats(10, 60_000), ladder_of, st.integers(0, 30),
    ),
    min_size=1, max_size=6, unique_by=lambda p: p.symbol,
)  # fmt: skip


def excess(account: Account, symbol: str, price: float) -> float:
    """Margin balance minus maintenance with one symbol's mark moved: the definition, written out."""
    total = float(account.wallet)
    for p in account.positions:
        mark = price if p.symbol == symbol else float(p.mark_price)
        total += p.signed_quantity * (mark - float(p.entry_price))
        total -= maintenance(p.signed_quantity * mark, p.brackets)
    return total


@settings(deadline=None, max_examples=300)
@given(positions, st.floats(0, 3e6))
def test_balance_meets_maintenance_at_the_price(held: list[Position], wallet: float) -> None:
    account = Account(wallet, held)
    answer = liquidation(account, held[0].symbol)
    if answer.price is None:
        return
    scale = (
        abs(held[0].signed_quantity) * answer.price
        + abs(wallet)
        + sum(abs(p.signed_quantity) * (float(p.mark_price) + float(p.entry_price)) for p in held)
    )
    assert abs(excess(account, held[0].symbol, answer.price)) <= 1e-9 * scale
    assert answer.residual is not None
    assert abs(answer.residual) <= 1e-9 * scale


@settings(deadline=None, max_examples=200)
@given(positions, st.floats(0, 3e6), st.floats(1, 1e6))
def test_more_wallet_never_brings_liquidation_nearer(
    held: list[Position], wallet: float, more: float
) -> None:
    before = liquidation_price(Account(wallet, held), held[0].symbol)
    after = liquidation_price(Account(wallet + more, held), held[0].symbol)
    if after is None:
        return  # nothing is farther than nowhere
    if before is None:  # nowhere before: then nowhere after, unless it stood below maintenance everywhere
        assert liquidation(Account(wallet, held), held[0].symbol).reason == "below_maintenance_at_every_price"
    elif held[0].signed_quantity > 0:
        assert after <= before * (1 + 1e-12)
    else:
        assert after >= before * (1 - 1e-12)


@settings(deadline=None, max_examples=200)
@given(positions, st.floats(0, 3e6), st.floats(0, 0.9))
def test_a_losing_or_flat_second_position_never_increases_the_distance(
    held: list[Position], wallet: float, loss: float
) -> None:
    second = Position("ZUSDT", 3, 1000, 1000 * (1 - loss), BTC)
    alone = liquidation_price(Account(wallet, held), held[0].symbol)
    both = liquidation_price(Account(wallet, [*held, second]), held[0].symbol)
    if alone is None:
        return
    if both is None:  # it may only end at "liquidated everywhere", never at "nowhere"
        answer = liquidation(Account(wallet, [*held, second]), held[0].symbol)
        assert answer.reason == "below_maintenance_at_every_price"
    elif held[0].signed_quantity > 0:
        assert both >= alone * (1 - 1e-12)
    else:
        assert both <= alone * (1 + 1e-12)


def test_a_winning_hedge_may_increase_the_distance() -> None:
    # 1 BTC long from 60 000 on 6 000: P = (60 000 − 6 000)/0.995 = 54 271.36. Beside it a short of 10 at
    # 3 000 that has won 2 000 and asks for 0.005·28 000 = 140: P = (60 000 − 6 000 − 2 000 + 140)/0.995
    long = Position("BTCUSDT", 1, 60_000, 60_000, one(0.005, 0))
    hedge = Position("ETHUSDT", -10, 3_000, 2_800, one(0.005, 0))
    alone = liquidation_price(Account(6_000, [long]), "BTCUSDT")
    both = liquidation_price(Account(6_000, [long, hedge]), "BTCUSDT")
    assert (alone, both) == (pytest.approx(54_000 / 0.995), pytest.approx(52_140 / 0.995))


@pytest.mark.parametrize("short", [0.4, 0.999])
def test_the_other_side_of_a_hedge_increases_the_distance_of_the_larger_one(short: float) -> None:
    # both sides share one price: 6 000 + (1 − q)·(P − 60 000) = 0.005·(1 + q)·P; at 0.999 nothing is left
    # that a fall could cost
    sides = [
        Position("BTCUSDT", 1, 60_000, 60_000, one(0.005, 0), "LONG"),
        Position("BTCUSDT", short, 60_000, 60_000, one(0.005, 0), "SHORT"),
    ]
    found = liquidation(Account(6_000, sides), "BTCUSDT", "LONG")
    root = ((1 - short) * 60_000 - 6_000) / ((1 - short) - 0.005 * (1 + short))
    assert found.price == pytest.approx(root)
    assert (found.price < 54_000 / 0.995) if short < 0.9 else (found.price > 60_000)


@settings(deadline=None, max_examples=200)
@given(st.floats(0, 2e9), st.floats(0, 2e9), st.floats(0, 1))
def test_maintenance_is_convex_and_its_slope_is_a_rate_of_the_ladder(a: float, b: float, t: float) -> None:
    def asked(notional: float) -> float:
        """The exchange's own wording: the bracket whose floor the notional has passed."""
        tier = max((one for one in BTC if notional >= one.floor), key=lambda one: one.floor)
        return notional * float(tier.rate) - float(tier.cum)

    between = maintenance(t * a + (1 - t) * b, BTC)
    assert between == pytest.approx(asked(t * a + (1 - t) * b), rel=1e-9, abs=1e-6)
    assert between <= t * maintenance(a, BTC) + (1 - t) * maintenance(b, BTC) + 1e-6 + 1e-12 * (a + b)
    assert abs(maintenance(a, BTC) - maintenance(b, BTC)) <= 0.5 * abs(a - b) * (1 + 1e-9) + 1e-6


@settings(deadline=None, max_examples=200)
@given(
    positions,
    st.floats(0, 3e6),
    st.sampled_from([-1, 1]),
    st.lists(st.floats(0.2, 3), min_size=6, max_size=6),
)
def test_the_shock_root_agrees_with_bisection(
    held: list[Position], wallet: float, direction: int, betas: list[float]
) -> None:
    account = Account(wallet, held)
    by_symbol = {p.symbol: b for p, b in zip(held, betas, strict=False)}

    def left(s: float) -> float:
        total = wallet
        for p in held:
            mark = float(p.mark_price) * max(0.0, 1 + by_symbol[p.symbol] * s)
            total += p.signed_quantity * (mark - float(p.entry_price))
            total -= maintenance(p.signed_quantity * mark, p.brackets)
        return total

    root = shock_to_liquidation(account, by_symbol, direction)
    grid = [direction * s for s in np.linspace(0, 6, 601)]
    scale = wallet + sum(abs(p.signed_quantity) * (float(p.mark_price) + float(p.entry_price)) for p in held)
    if root is None:
        assert all(left(s) > -1e-9 * scale for s in grid)
        return
    assert left(root) <= 1e-9 * scale * max(1.0, abs(root))
    assert all(left(s) > -1e-9 * scale for s in grid if abs(s) < abs(root) * (1 - 1e-9))


@settings(deadline=None, max_examples=100)
@given(st.floats(0.01, 50), st.floats(100, 60_000), st.floats(2, 100))
def test_a_short_mirrors_a_long_without_maintenance(quantity: float, entry: float, leverage: float) -> None:
    free = one(0.0, 0.0)
    wallet = quantity * entry / leverage
    long = liquidation_price(Account(wallet, [Position("A", quantity, entry, entry, free)]), "A")
    short = liquidation_price(Account(wallet, [Position("A", -quantity, entry, entry, free)]), "A")
    assert long is not None
    assert short is not None
    assert entry - long == pytest.approx(short - entry, rel=1e-9)
