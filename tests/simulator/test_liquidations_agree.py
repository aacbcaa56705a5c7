"""A thousand random accounts: the simulated exchange liquidates within one tick of the price that we state.

The exchange's side is `risk.simulator`, which shares no code with `risk.margin` (other types, Decimal instead
of float, brackets looked up instead of a maximum of lines); what is compared is when it liquidates on a walk
of marks, not the price that it prints.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from risk import margin, positions
from risk.records import AccountSnapshot, LeverageBracket, PositionSnapshot
from risk.simulator.account import Account, Contract, Holding, contract
from risk.simulator.clearing import step
from risk.simulator.ledger import ForcedOrder
from risk.simulator.presets import random_account
from risk.simulator.spec import BUILT_IN, spec_of

D = Decimal
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
OBSERVED = {"event_at": AT, "received_at": AT, "source": "rest"}
SPECS = {symbol: spec_of(symbol) for symbol in BUILT_IN}
MARKS = {symbol: D(str(spec.reference_price)) for symbol, spec in SPECS.items()}
CONTRACTS: dict[str, Contract] = {
    symbol: contract(
        symbol, tick=spec.tick, step=spec.step, min_notional=spec.min_notional,
        liquidation_fee=spec.liquidation_fee, brackets=spec.brackets,
    )
    for symbol, spec in SPECS.items()
}  # fmt: skip
LADDERS = {
    symbol: tuple(
        LeverageBracket(
            **OBSERVED, symbol=symbol, tier=tier, floor_usdt=D(str(floor)), cap_usdt=D(str(cap)),
            maintenance_rate=D(str(rate)), cum_usdt=D(str(cum)), max_leverage=leverage,
        )
        for tier, (floor, cap, rate, cum, leverage) in enumerate(spec.brackets, 1)
    )
    for symbol, spec in SPECS.items()
}  # fmt: skip


def drawn(seed: int) -> Account:
    """A random healthy account; of those that multi-assets mode allows, every fifth is in it."""
    account = random_account(seed, CONTRACTS, MARKS)
    if seed % 5 == 0 and not account.isolated and not account.is_hedge:
        account.is_multi_assets = True
        account.rates = {"USDT": D("0.9991"), "BTC": D("60800"), "USDC": D("0.9999")}
        usdt = account.wallet["USDT"]
        account.wallet = {"USDT": usdt / 2, "BTC": usdt / 4 / D("60800"), "USDC": usdt / 3}
    return account


def as_read(account: Account) -> tuple[AccountSnapshot, list[PositionSnapshot]]:
    """The records that the account's answers become (BINANCE.md 2.3: totals are USD in multi-assets mode)."""
    usd = account.rate("USDT") if account.is_multi_assets else D(1)
    wallet = account.cross_wallet() * usd
    profit = account.cross_profit(MARKS) * usd
    needed = account.cross_maintenance(MARKS) * usd
    totals = AccountSnapshot(
        **OBSERVED, account="default", is_multi_assets=account.is_multi_assets,
        is_hedge_mode=account.is_hedge, wallet_usdt=wallet, cross_wallet_usdt=wallet,
        cross_unrealized_usdt=profit, unrealized_usdt=profit, margin_balance_usdt=wallet + profit,
        maintenance_usdt=needed, cross_maintenance_usdt=needed, initial_usdt=D(0), available_usdt=D(0),
    )  # fmt: skip
    return totals, [row_of(account, held) for held in account.open_holdings()]


def row_of(account: Account, held: Holding) -> PositionSnapshot:
    mark = MARKS[held.symbol]
    return PositionSnapshot(
        **OBSERVED, account="default", symbol=held.symbol, side=held.side, quantity=held.quantity,
        entry_price=held.entry, break_even_price=None, mark_price=mark, notional_usdt=held.quantity * mark,
        unrealized_usdt=held.profit(mark), is_isolated=held.is_isolated,
        isolated_wallet_usdt=held.isolated_wallet, leverage=held.leverage, initial_usdt=D(0),
        maintenance_usdt=account.maintenance(held, mark), adl_rank=None, exchange_liquidation_price=None,
        liquidation_price=None, liquidation_reason="",
    )  # fmt: skip


def is_liquidated(account: Account, held: PositionSnapshot, mark: Decimal) -> bool:
    """Whether the exchange takes something of this position's pool over when the mark alone moves there."""
    walked = copy.deepcopy(account)
    for event in step(walked, MARKS | {held.symbol: mark}, 0):
        if isinstance(event, ForcedOrder):
            order = event.order
            is_own = (order.symbol, order.position_side) == (held.symbol, held.side)
            if (
                is_own
                if held.is_isolated
                else not walked.holding(order.symbol, order.position_side).is_isolated
            ):
                return True
    return False


def prices(account: Account, found: PositionSnapshot) -> Iterator[tuple[float, int]]:
    """The stated price and, for a hedged symbol, the other one too; each with its side of the mark."""
    totals, rows = as_read(account)
    book = margin.Account(
        positions.collateral_wallet(totals, rows),
        [positions.margin_position(row, LADDERS) for row in rows],
    )
    answer = margin.liquidation(book, found.symbol, found.side)
    assert found.liquidation_price in (answer.below, answer.above)
    if answer.below is not None:
        yield answer.below, -1
    if answer.above is not None:
        yield answer.above, +1


def test_a_thousand_accounts_are_liquidated_within_one_tick_of_our_price() -> None:
    seen: Counter[str] = Counter()
    wrong = []
    for seed in range(1000):
        account = drawn(seed)
        totals, rows = as_read(account)
        for found in positions.priced(totals, rows, LADDERS):
            tick = CONTRACTS[found.symbol].tick
            for price, away in prices(account, found):
                for ticks, expected in ((-1, False), (+1, True)):
                    mark = D(price) + away * ticks * tick
                    if mark > 0 and is_liquidated(account, found, mark) is not expected:
                        wrong.append((seed, found.symbol, found.side, price, ticks))
                seen["price"] += 1
                seen["isolated" if found.is_isolated else "cross"] += 1
                seen["hedge" if account.is_hedge else "one-way"] += 1
                seen["multi-assets"] += account.is_multi_assets
                seen["many symbols"] += len({row.symbol for row in rows}) > 1
                seen["another bracket"] += bracket(found, price) != bracket(found, float(found.mark_price))
    assert wrong == []
    # every kind of account is really among them
    assert all(seen[kind] >= 50 for kind in ("isolated", "cross", "hedge", "one-way", "many symbols")), seen
    assert seen["price"] >= 1000, seen
    assert seen["multi-assets"] >= 50, seen
    assert seen["another bracket"] >= 50, seen


def bracket(held: PositionSnapshot, price: float) -> int:
    size = abs(float(held.quantity)) * price
    return sum(size >= float(tier.floor_usdt) for tier in LADDERS[held.symbol])


def test_where_we_state_no_price_no_mark_liquidates() -> None:
    seen = 0
    for seed in range(300):
        account = drawn(seed)
        for found in positions.priced(*as_read(account), LADDERS):
            if found.liquidation_price is None:
                assert found.liquidation_reason == "no_price_above_zero"
                for part in ("0.0001", "0.01", "0.1", "0.5", "2", "10", "1000"):
                    mark = MARKS[found.symbol] * D(part)
                    assert not is_liquidated(account, found, mark), (seed, found.symbol, part)
                seen += 1
    assert seen >= 30


def test_a_wallet_in_dollars_is_brought_to_the_money_of_the_positions() -> None:
    # one long of 1 BTC from 64 000, collateral 6 400 USD at 0.999 USD a USDT, so 6 406.41 USDT:
    # 6 406.4064 + (P − 64 000) = 0.005·P − 50  →  P = (64 000 − 6 406.4064 − 50) / 0.995 = 57 832.757
    account = Account(contracts=CONTRACTS, wallet={"USDT": D("3203.2032"), "USDC": D(3200)})
    account.is_multi_assets = True
    account.rates = {"USDT": D("0.999"), "USDC": D("1.0000")}
    held = account.holding("BTCUSDT", "BOTH")
    held.quantity, held.entry = D(1), D(64_000)
    totals, rows = as_read(account)
    (found,) = positions.priced(totals, rows, LADDERS)
    assert found.liquidation_price == pytest.approx(57_832.757, abs=0.01)


def test_a_position_on_a_wallet_that_the_totals_do_not_tell_gets_no_price() -> None:
    account = drawn(1)
    totals, rows = as_read(account)
    other = replace(rows[0], symbol="BTCUSDC", is_isolated=False)
    found = positions.priced(totals, [*rows, other], LADDERS)
    assert (found[-1].liquidation_price, found[-1].liquidation_reason) == (None, "other_margin_asset")
    assert [p.liquidation_price for p in found[:-1]] == [
        p.liquidation_price for p in positions.priced(totals, rows, LADDERS)
    ]
