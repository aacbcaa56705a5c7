"""The simulated account: published liquidation examples, and what it does along a path of marks."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from risk.simulator import clearing
from risk.simulator.account import Account, Contract, contract
from risk.simulator.clearing import first_liquidation, settle_funding, step
from risk.simulator.ledger import BalanceEvent, ForcedOrder, MarginCallEvent, OrderEvent
from risk.simulator.liquidation import Bracket, Leg, liquidation_price, maintenance
from risk.simulator.presets import PRESETS, open_position, random_account
from risk.simulator.spec import spec_of
from risk.simulator.world import SimulatorConfig, World

D = Decimal
MARKS = {"BTCUSDT": D(64_000), "ETHUSDT": D(3_100), "SOLUSDT": D(150)}
CONTRACTS: dict[str, Contract] = {
    symbol: contract(
        symbol,
        tick=spec.tick,
        step=spec.step,
        min_notional=spec.min_notional,
        liquidation_fee=spec.liquidation_fee,
        brackets=spec.brackets,
    )
    for symbol, spec in ((symbol, spec_of(symbol)) for symbol in MARKS)
}


def one_bracket(rate: str, cum: str) -> tuple[Bracket, ...]:
    """A ladder of a single bracket."""
    return (Bracket(D(0), D(10**15), D(rate), D(cum), 1),)


def test_published_cross_example_of_two_symbols(shared: Path) -> None:
    # Examples 1 and 2 of BINANCE.md 5.2: Binance FAQ b3c689c1f50a44cabb3a84e663b81d93.
    faq = json.loads((shared / "payloads" / "liquidation_examples_faq.json").read_text(), parse_float=D)
    rows = {row["symbol"]: row for row in faq["account"]["positions"]}
    for symbol, expected in faq["expected"].items():
        row = rows[symbol]
        leg = Leg(1, row["qty"], row["entry"], one_bracket(str(row["mmr"]), str(row["cum"])))
        found = liquidation_price(
            faq["account"]["crossWalletBalance"],
            [leg],
            row["mark"],
            other_maintenance=expected["TMM1"],
            other_profit=expected["UPNL1"],
        )
        assert found is not None
        assert round(found, 2) == expected["liquidationPrice"]


# Examples 3 and 4: old documentation samples of positionRisk v2 in hedge mode and ACCOUNT_UPDATE.
@pytest.mark.parametrize(
    ("sign", "quantity", "entry", "wallet", "expected"),
    [
        (1, "20", "6563.665", "13200.70726908", "5930.78"),
        (-1, "10", "6563.86", "6570.42511771", "7189.95"),
    ],
)
def test_published_isolated_hedge_examples(
    sign: int, quantity: str, entry: str, wallet: str, expected: str
) -> None:
    leg = Leg(sign, D(quantity), D(entry), one_bracket("0.005", "50"))
    found = liquidation_price(D(wallet), [leg], D("6679.5"))
    assert found is not None
    assert round(found, 2) == D(expected)


def test_both_sides_of_a_cross_hedge_share_one_price() -> None:
    # Example 5: margin balance 1000 + 0.5(P-60000) - 0.2(P-61000) = 0.004 * 0.7 P at P = 56527.59.
    ladder = one_bracket("0.004", "0")
    legs = [Leg(1, D("0.5"), D(60_000), ladder), Leg(-1, D("0.2"), D(61_000), ladder)]
    found = liquidation_price(D(1000), legs, D(60_500))
    assert found is not None
    assert round(found, 2) == D("56527.59")


def test_the_bracket_is_that_of_the_notional_at_the_liquidation_price() -> None:
    # BINANCE.md 5.2: long 10.2 BTC @ 60 000, 20x, isolated: bracket 3 at entry, bracket 2 at the liquidation.
    leg = Leg(1, D("10.2"), D(60_000), CONTRACTS["BTCUSDT"].ladder)
    found = liquidation_price(D("10.2") * 60_000 / 20, [leg], D(60_000))
    assert found is not None
    assert round(found, 2) == D("57281.51")


@pytest.mark.parametrize("symbol", list(CONTRACTS))
def test_maintenance_has_no_step_at_a_bracket_s_edge(symbol: str) -> None:
    ladder = CONTRACTS[symbol].ladder
    for bracket in ladder[1:]:
        below = maintenance(ladder, bracket.floor - D("0.000001"))
        assert maintenance(ladder, bracket.floor) == pytest.approx(below, abs=D("0.00001"))


@pytest.mark.parametrize("seed", range(60))
def test_a_random_account_liquidates_exactly_at_its_printed_price(seed: int) -> None:
    account = random_account(seed, CONTRACTS, MARKS)
    assert not any(isinstance(event, ForcedOrder) for event in step(account, MARKS, 0))
    for held in account.open_holdings():
        price = account.liquidation_price(held, MARKS)
        if price is None:
            continue
        away = 1 if price > MARKS[held.symbol] else -1
        for part, is_over in ((D("-1e-7"), False), (D("1e-7"), True)):
            marks = MARKS | {held.symbol: price * (1 + away * part)}
            if held.is_isolated:
                is_broken = clearing.isolated_ratio(account, held, marks[held.symbol]) >= 1
            else:
                is_broken = clearing.is_cross_broken(account, marks)
            assert is_broken is is_over


def falling_path(symbol: str, steps: int, per_step: str) -> list[dict[str, Decimal]]:
    """Marks with one symbol falling by the same fraction each step."""
    return [MARKS | {symbol: MARKS[symbol] * (1 - D(per_step)) ** number} for number in range(steps)]


def test_a_walk_tells_where_an_isolated_long_liquidates() -> None:
    account = Account(contracts=CONTRACTS, wallet={"USDT": D(10_000)})
    open_position(account, "SOLUSDT", "BOTH", D(5_000), MARKS, leverage=10, is_isolated=True)
    price = account.liquidation_price(account.holding("SOLUSDT", "BOTH"), MARKS)
    found = first_liquidation(account, falling_path("SOLUSDT", 400, "0.0005"))
    assert found is not None
    assert price is not None
    assert (found.symbol, found.is_cross) == ("SOLUSDT", False)
    # The first mark at or below the price: at most one step of 0.05 % under it.
    assert price * (1 - D("0.0005")) < found.mark <= price


def test_an_isolated_liquidation_leaves_the_cross_wallet_alone() -> None:
    account = Account(contracts=CONTRACTS, wallet={"USDT": D(10_000)})
    open_position(account, "SOLUSDT", "BOTH", D(5_000), MARKS, leverage=10, is_isolated=True)
    before = account.wallet["USDT"]
    found = first_liquidation(account, falling_path("SOLUSDT", 400, "0.0005"))
    assert found is not None
    assert account.open_holdings() == []
    assert account.wallet["USDT"] == pytest.approx(before)  # what was left went to the fund as fee
    kinds = [row.kind for row in account.income]
    assert kinds == ["REALIZED_PNL", "INSURANCE_CLEAR"]


def test_the_events_of_a_liquidation_come_in_order() -> None:
    account = Account(contracts=CONTRACTS, wallet={"USDT": D(400)})
    open_position(account, "BTCUSDT", "BOTH", D(6_400), MARKS, leverage=20)
    price = account.liquidation_price(account.holding("BTCUSDT", "BOTH"), MARKS)
    assert price is not None
    events = step(account, MARKS | {"BTCUSDT": price - 1}, 1_700_000_000_000)
    orders = [event for event in events if isinstance(event, OrderEvent)]
    assert [(event.execution, event.status) for event in orders] == [("NEW", "NEW"), ("CALCULATED", "FILLED")]
    assert orders[0].order.client_id.startswith("autoclose-1700000000000")
    reasons = [event.reason for event in events if isinstance(event, BalanceEvent)]
    assert reasons == ["ORDER", "INSURANCE_CLEAR"]
    assert isinstance(events[-1], ForcedOrder)
    assert account.forced[0].order.side == "SELL"


def test_the_insurance_fund_pays_what_a_gap_takes_beyond_the_margin() -> None:
    account = Account(contracts=CONTRACTS, wallet={"USDT": D(400)})
    open_position(account, "BTCUSDT", "BOTH", D(6_400), MARKS, leverage=20)  # 0.1 BTC
    step(account, MARKS | {"BTCUSDT": D(50_000)}, 0)
    # Loss 0.1 * 14 000 = 1400 against 400 of margin: the fund pays 1000 and the wallet ends at nothing.
    assert account.wallet["USDT"] == 0
    assert account.insurance_used == D(1000)


def test_a_margin_call_comes_before_the_liquidation_and_once_a_minute() -> None:
    account = Account(contracts=CONTRACTS, wallet={"USDT": D(400)})
    open_position(account, "BTCUSDT", "BOTH", D(6_400), MARKS, leverage=20)
    # 0.1 BTC at 60 290: balance 400 - 371 = 29, maintenance 0.004 * 6029 = 24.1: ratio 0.83, above 0.8.
    near = MARKS | {"BTCUSDT": D(60_290)}
    calls = [
        sum(isinstance(event, MarginCallEvent) for event in step(account, near, now_ms))
        for now_ms in (0, 1_000, 59_999, 60_000)
    ]
    assert calls == [1, 0, 0, 1]
    assert account.open_holdings() != []


@pytest.mark.parametrize(("sign", "expected"), [(1, "-0.64"), (-1, "0.64")])
def test_a_positive_funding_rate_takes_from_longs_and_gives_to_shorts(sign: int, expected: str) -> None:
    # 0.1 BTC at 64 000 and 0.01 %: 6400 * 0.0001 = 0.64 USDT.
    account = Account(contracts=CONTRACTS, wallet={"USDT": D(1_000)})
    open_position(account, "BTCUSDT", "BOTH", D(6_400) * sign, MARKS, leverage=10)
    events = settle_funding(account, "BTCUSDT", D("0.0001"), MARKS["BTCUSDT"], 0)
    assert account.wallet["USDT"] == 1_000 + D(expected)
    assert [(row.kind, row.value) for row in account.income] == [("FUNDING_FEE", D(expected))]
    assert [event.holdings for event in events if isinstance(event, BalanceEvent)] == [()]  # cross: only B


def test_funding_of_an_isolated_position_moves_its_own_wallet() -> None:
    account = Account(contracts=CONTRACTS, wallet={"USDT": D(1_000)})
    open_position(account, "BTCUSDT", "BOTH", D(6_400), MARKS, leverage=10, is_isolated=True)
    cross = account.wallet["USDT"]
    events = settle_funding(account, "BTCUSDT", D("0.0001"), MARKS["BTCUSDT"], 0)
    assert account.wallet["USDT"] == cross
    assert account.holding("BTCUSDT", "BOTH").isolated_wallet == D(640) - D("0.64")
    assert events[0].holdings == (("BTCUSDT", "BOTH"),)  # type: ignore[union-attr]


def test_the_demo_crash_takes_the_isolated_position_and_spares_the_cross_wallet() -> None:
    falls = {"BTCUSDT": 0.105, "ETHUSDT": 0.16, "SOLUSDT": 0.185}
    account = PRESETS["demo"](CONTRACTS, MARKS, falls)
    path = [
        {symbol: MARKS[symbol] * (1 - D(str(fall)) * number / 100) for symbol, fall in falls.items()}
        for number in range(101)
    ]
    found = first_liquidation(account, path)
    assert found is not None
    assert (found.symbol, found.is_cross) == ("SOLUSDT", False)
    for marks in path[found.step :]:
        step(account, marks, 0)
    assert {held.symbol for held in account.open_holdings()} == {"BTCUSDT", "ETHUSDT"}
    lowest = path[-1]
    btc = account.liquidation_price(account.holding("BTCUSDT", "BOTH"), lowest)
    assert btc is not None
    # DOMAIN.md 4: a distance of 2.5 % of the mark or less reads extreme.
    assert 0 < 1 - btc / lowest["BTCUSDT"] < D("0.025")


def test_multi_assets_mode_counts_all_collateral() -> None:
    account = PRESETS["multi"](CONTRACTS, MARKS, {})
    # 10 000 USDT, 4 000 USDC at the same rate, 0.05 BTC at 64 000 less 5 %: 3040 USD, 3040.30 USDT at 0.9999.
    assert round(account.cross_wallet(), 2) == D("17040.30")


def test_a_random_account_is_the_same_for_the_same_seed() -> None:
    first, second = (random_account(11, CONTRACTS, MARKS) for _ in range(2))
    assert first.holdings == second.holdings
    assert first.wallet == second.wallet


def test_auto_deleveraging_closes_a_share_and_is_marked_as_such() -> None:
    account = Account(contracts=CONTRACTS, wallet={"USDT": D(1_000)})
    open_position(account, "BTCUSDT", "BOTH", D(-6_400), MARKS, leverage=10)
    held = account.holding("BTCUSDT", "BOTH")
    events = clearing.deleverage(account, held, D("0.5"), D(60_000), 0)
    assert held.quantity == D("-0.05")
    assert account.wallet["USDT"] == 1_000 + D("0.05") * 4_000
    forced = events[-1]
    assert isinstance(forced, ForcedOrder)
    assert (forced.is_adl, forced.order.client_id, forced.order.side) == (True, "adl_autoclose", "BUY")


def world(**options: Any) -> World:
    """A world at a fixed instant."""
    return World(SimulatorConfig(account="flat", **options), lambda: 1_700_000_000_000)


def test_the_expected_falls_of_a_scenario_follow_from_its_curves() -> None:
    # Scenario "demo": BTC's log price falls by 0.111, 1 - e^-0.111 = 10.51 %. SOL (beta 1.35) follows the
    # altcoins' 0.19 by 1.35 / 1.25: 0.2052, 18.55 %.
    falls = world(scenario="demo").expected_falls()
    assert falls["BTCUSDT"] == pytest.approx(0.1051, abs=1e-4)
    assert falls["SOLUSDT"] == pytest.approx(0.1855, abs=1e-4)
    assert world(scenario="calm").expected_falls() == {}


def test_the_expected_falls_of_an_archive_are_read_ahead(shared: Path) -> None:
    # 2024-08-05 00:00 and six hours on (180 s at 120x), from the archive's own file.
    with gzip.open(shared / "data" / "kl_um_BTCUSDT_5m_20240801_20240810.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    start = datetime(2024, 8, 5, tzinfo=UTC)
    first = int(start.timestamp() * 1000)
    ahead = [row for row in rows if first <= int(row["ts"]) < first + 6 * 3_600_000]
    expected = 1 - min(float(row["low"]) for row in ahead) / float(ahead[0]["open"])
    falls = world(archive_dir=shared / "data", archive_from=start, speed=120.0).expected_falls()
    assert falls["BTCUSDT"] == pytest.approx(expected, abs=0.01)
    assert expected > 0.1
