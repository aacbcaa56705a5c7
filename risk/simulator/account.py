"""One futures account: wallet, positions and every figure that the exchange derives from them.

Pure state: it knows no clock, no socket and no market. Marks and times are arguments, so that a test can walk
it along any path. What the exchange does to it (liquidation, funding, ADL) stands in `clearing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from risk.simulator.ledger import AccountEvent, BalanceEvent, ForcedOrder, Income, Order, OrderEvent
from risk.simulator.liquidation import (
    Bracket,
    Leg,
    bankruptcy_price,
    liquidation_price,
    maintenance,
    profit,
)
from risk.simulator.printing import ZERO, exact

Marks = Mapping[str, Decimal]
Key = tuple[str, str]  # symbol, position side

MAKER_FEE = Decimal("0.0002")
TAKER_FEE = Decimal("0.0005")
DEFAULT_LEVERAGE = 20


class Contract(NamedTuple):
    """What the account must know of a symbol."""

    symbol: str
    tick: Decimal
    step: Decimal
    min_notional: Decimal
    liquidation_fee: Decimal  # fraction of notional
    ladder: tuple[Bracket, ...]


def contract(
    symbol: str,
    *,
    tick: float | Decimal,
    step: float | Decimal,
    min_notional: float | Decimal,
    liquidation_fee: float | Decimal,
    brackets: Sequence[tuple[float, float, float, float, float]],
) -> Contract:
    """A contract from plain numbers; brackets as (floor, cap, rate, cum, highest leverage)."""
    ladder = tuple(Bracket(exact(f), exact(c), exact(r), exact(d), int(x)) for f, c, r, d, x in brackets)
    return Contract(symbol, exact(tick), exact(step), exact(min_notional), exact(liquidation_fee), ladder)


@dataclass(slots=True, kw_only=True)
class Holding:
    """One position. Quantity is signed: negative is short."""

    symbol: str
    side: str  # BOTH, LONG or SHORT
    quantity: Decimal = ZERO
    entry: Decimal = ZERO  # USDT per coin
    is_isolated: bool = False
    isolated_wallet: Decimal = ZERO  # USDT
    leverage: int = DEFAULT_LEVERAGE
    realised: Decimal = ZERO  # USDT since it was opened
    updated_ms: int = 0

    def leg(self, ladder: Sequence[Bracket]) -> Leg:
        """This position as the margin rule sees it."""
        return Leg(1 if self.quantity > 0 else -1, abs(self.quantity), self.entry, ladder)

    def profit(self, mark: Decimal) -> Decimal:
        """Unrealised profit in USDT."""
        return self.quantity * (mark - self.entry)


@dataclass(slots=True, kw_only=True)
class Account:
    """Wallet, positions and history of one account.

    `wallet` holds the cross wallet per asset; isolated wallets stand with their positions and are USDT.
    `rates` values one unit of an asset in USD for multi-assets mode (the exchange's bid rate).
    """

    contracts: dict[str, Contract]
    wallet: dict[str, Decimal] = field(default_factory=lambda: {"USDT": ZERO})
    rates: dict[str, Decimal] = field(default_factory=dict)
    holdings: dict[Key, Holding] = field(default_factory=dict)
    leverages: dict[str, int] = field(default_factory=dict)
    isolated: set[str] = field(default_factory=set)
    is_hedge: bool = False
    is_multi_assets: bool = False
    taker_fee: Decimal = TAKER_FEE
    maker_fee: Decimal = MAKER_FEE
    insurance_used: Decimal = ZERO  # USDT that the fund has paid for this account (less fees received)
    updated_ms: int = 0
    income: list[Income] = field(default_factory=list)
    forced: list[ForcedOrder] = field(default_factory=list)
    orders: dict[int, Order] = field(default_factory=dict)
    warned_ms: dict[str, int] = field(default_factory=dict)  # scope -> time of the last margin call
    next_id: int = 8_886_000

    # ---- positions

    def open_holdings(self) -> list[Holding]:
        """Positions that are not flat."""
        return [held for held in self.holdings.values() if held.quantity]

    def holding(self, symbol: str, side: str) -> Holding:
        """The position of a symbol and side, made flat where it did not exist."""
        key = (symbol, side)
        if key not in self.holdings:
            self.holdings[key] = Holding(
                symbol=symbol,
                side=side,
                is_isolated=symbol in self.isolated,
                leverage=self.leverages.get(symbol, DEFAULT_LEVERAGE),
            )
        return self.holdings[key]

    def cross(self) -> list[Holding]:
        """Open positions that share the cross wallet."""
        return [held for held in self.open_holdings() if not held.is_isolated]

    # ---- figures, all in USDT (in USD where multi-assets mode says so)

    def ladder(self, symbol: str) -> tuple[Bracket, ...]:
        """Maintenance ladder of a symbol."""
        return self.contracts[symbol].ladder

    def maintenance(self, held: Holding, mark: Decimal) -> Decimal:
        """Maintenance margin of one position."""
        return maintenance(self.ladder(held.symbol), held.quantity * mark)

    def initial(self, held: Holding, mark: Decimal) -> Decimal:
        """Initial margin of one position: notional / leverage."""
        return abs(held.quantity * mark) / held.leverage

    def cross_wallet(self) -> Decimal:
        """Wallet that carries the cross positions: USDT, or every asset at its USD rate in USDT."""
        if not self.is_multi_assets:
            return self.wallet.get("USDT", ZERO)
        worth = sum((value * self.rate(asset) for asset, value in self.wallet.items()), ZERO)
        return worth / self.rate("USDT")

    def rate(self, asset: str) -> Decimal:
        """USD worth of one unit of collateral; 1 where none is known."""
        return self.rates.get(asset, Decimal(1))

    def cross_profit(self, marks: Marks) -> Decimal:
        """Unrealised profit of the cross positions."""
        return sum((held.profit(marks[held.symbol]) for held in self.cross()), ZERO)

    def cross_maintenance(self, marks: Marks) -> Decimal:
        """Maintenance margin of the cross positions."""
        return sum((self.maintenance(held, marks[held.symbol]) for held in self.cross()), ZERO)

    def cross_ratio(self, marks: Marks) -> Decimal | None:
        """Maintenance / margin balance of the cross wallet; at 1 it is liquidated. None without a balance."""
        balance = self.cross_wallet() + self.cross_profit(marks)
        return self.cross_maintenance(marks) / balance if balance > 0 else None

    def total_wallet(self, asset: str = "USDT") -> Decimal:
        """Wallet balance of an asset, isolated wallets included."""
        kept = (
            sum((held.isolated_wallet for held in self.holdings.values()), ZERO) if asset == "USDT" else ZERO
        )
        return self.wallet.get(asset, ZERO) + kept

    def liquidation_price(self, held: Holding, marks: Marks) -> Decimal | None:
        """Mark at which this position is liquidated while every other mark stays; None if there is none."""
        mark, ladder = marks[held.symbol], self.ladder(held.symbol)
        if not held.quantity:
            return None
        if held.is_isolated:
            return liquidation_price(held.isolated_wallet, [held.leg(ladder)], mark)
        same = [other for other in self.cross() if other.symbol == held.symbol]
        rest = [other for other in self.cross() if other.symbol != held.symbol]
        return liquidation_price(
            self.cross_wallet(),
            [other.leg(ladder) for other in same],
            mark,
            other_maintenance=sum((self.maintenance(o, marks[o.symbol]) for o in rest), ZERO),
            other_profit=sum((o.profit(marks[o.symbol]) for o in rest), ZERO),
        )

    def bankruptcy_price(self, held: Holding, marks: Marks) -> Decimal:
        """Price at which closing this position leaves nothing of the margin behind it."""
        leg = held.leg(self.ladder(held.symbol))
        if held.is_isolated:
            return bankruptcy_price(held.isolated_wallet, leg)
        others = self.cross_profit(marks) - profit(leg, marks[held.symbol])
        return bankruptcy_price(self.cross_wallet() + others, leg)

    # ---- changes

    def take_id(self) -> int:
        """The next order, trade or transaction number."""
        self.next_id += 1
        return self.next_id

    def book(self, symbol: str, kind: str, value: Decimal, now_ms: int, trade_id: str = "") -> None:
        """Write one income row; zero amounts leave none."""
        if value:
            row = Income(
                symbol=symbol,
                kind=kind,
                value=value,
                asset="USDT",
                at_ms=now_ms,
                transaction_id=self.take_id(),
                trade_id=trade_id,
            )
            self.income.append(row)

    def pay(self, held: Holding, value: Decimal) -> None:
        """Add `value` USDT to the wallet behind a position (negative takes)."""
        if held.is_isolated:
            held.isolated_wallet += value
        else:
            self.wallet["USDT"] = self.wallet.get("USDT", ZERO) + value

    def apply_fill(
        self, order: Order, quantity: Decimal, price: Decimal, fee_rate: Decimal, now_ms: int, execution: str
    ) -> list[AccountEvent]:
        """Fill `quantity` coins of an order at `price`; wallet, position, income and events follow."""
        held = self.holding(order.symbol, order.position_side)
        signed = quantity if order.side == "BUY" else -quantity
        realised = self._move(held, signed, price, now_ms)
        fee = quantity * price * fee_rate
        trade = self.take_id()
        self.pay(held, realised - fee)
        self.book(order.symbol, "REALIZED_PNL", realised, now_ms, str(trade))
        self.book(order.symbol, "COMMISSION", -fee, now_ms, str(trade))
        self._release(held)
        total = order.filled + quantity
        order.average_price = (order.average_price * order.filled + price * quantity) / total
        order.filled, order.updated_ms = total, now_ms
        order.status = "FILLED" if total >= order.quantity else "PARTIALLY_FILLED"
        self.updated_ms = now_ms
        update = OrderEvent(
            order=order,
            execution=execution,
            status=order.status,
            at_ms=now_ms,
            last_quantity=quantity,
            last_price=price,
            realised=realised,
            fee=fee,
            trade_id=trade,
        )
        return [update, BalanceEvent(reason="ORDER", at_ms=now_ms, holdings=((held.symbol, held.side),))]

    def _move(self, held: Holding, signed: Decimal, price: Decimal, now_ms: int) -> Decimal:
        """Change a position by `signed` coins and return what that realised."""
        before, after = held.quantity, held.quantity + signed
        closing = min(abs(signed), abs(before)) if before * signed < 0 else ZERO
        realised = closing * (price - held.entry) * (1 if before > 0 else -1)
        if before * after <= 0:
            held.entry = price if after else ZERO
        elif not closing:
            held.entry = (held.entry * abs(before) + price * abs(signed)) / abs(after)
        if held.is_isolated and abs(after) > abs(before):
            margin = (abs(after) - abs(before)) * price / held.leverage
            held.isolated_wallet += margin
            self.wallet["USDT"] = self.wallet.get("USDT", ZERO) - margin
        if held.is_isolated and closing and after:
            freed = held.isolated_wallet * closing / abs(before)
            held.isolated_wallet -= freed
            self.wallet["USDT"] += freed
        held.quantity, held.updated_ms = after, now_ms
        held.realised = held.realised + realised if after else ZERO
        return realised

    def _release(self, held: Holding) -> None:
        """Give the isolated wallet of a closed position back to the cross wallet."""
        if held.is_isolated and not held.quantity:
            self.wallet["USDT"] = self.wallet.get("USDT", ZERO) + held.isolated_wallet
            held.isolated_wallet = ZERO
