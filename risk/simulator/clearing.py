"""What the exchange does to an account: margin calls, liquidation, auto-deleveraging, funding.

Simplified against the real engine: a position is closed whole and at once (the real one reduces large ones
bracket by bracket), cross positions go one after the other with the largest loss first until the rest is
covered, and the fill is the mark or what the caller's market gives. When it liquidates is exact; what is left
afterwards is an approximation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from risk.simulator.account import Account, Holding, Marks
from risk.simulator.ledger import (
    AccountEvent,
    BalanceEvent,
    ForcedOrder,
    MarginCallEvent,
    Order,
    OrderEvent,
)
from risk.simulator.printing import ZERO

MARGIN_CALL_RATIO = Decimal("0.8")  # the exchange does not publish its threshold
MARGIN_CALL_EVERY_MS = 60_000
LIQUIDATED = "5"  # expiry reason "account was liquidated"

Fill = Callable[[str, str, Decimal, Decimal], Decimal]
"""(symbol, side, coins, mark) -> average price of a forced order in the market."""


def at_mark(symbol: str, side: str, quantity: Decimal, mark: Decimal) -> Decimal:
    """Forced orders fill at the mark: the market is deep."""
    return mark


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Where a walk along a path of marks ended in a liquidation."""

    symbol: str
    side: str
    is_cross: bool
    mark: Decimal
    step: int  # index in the path


def step(account: Account, marks: Marks, now_ms: int, fill: Fill = at_mark) -> list[AccountEvent]:
    """Bring an account to these marks: liquidate what must be, warn of what comes near.

    Args:
        marks: mark price of every symbol that the account holds, USDT per coin.
    """
    events: list[AccountEvent] = []
    for held in account.open_holdings():
        mark = marks[held.symbol]
        if held.is_isolated and isolated_ratio(account, held, mark) >= 1:
            events += liquidate(account, held, marks, now_ms, fill)
    events += _liquidate_cross(account, marks, now_ms, fill)
    return events + _warn(account, marks, now_ms)


def isolated_ratio(account: Account, held: Holding, mark: Decimal) -> Decimal:
    """Maintenance / margin balance of an isolated position; 1 or more means liquidation."""
    balance = held.isolated_wallet + held.profit(mark)
    return account.maintenance(held, mark) / balance if balance > 0 else Decimal("Infinity")


def is_cross_broken(account: Account, marks: Marks) -> bool:
    """True when the cross wallet no longer covers the maintenance of its positions."""
    balance = account.cross_wallet() + account.cross_profit(marks)
    return bool(account.cross()) and account.cross_maintenance(marks) >= balance


def _liquidate_cross(account: Account, marks: Marks, now_ms: int, fill: Fill) -> list[AccountEvent]:
    events: list[AccountEvent] = []
    while is_cross_broken(account, marks):
        worst = min(account.cross(), key=lambda held: held.profit(marks[held.symbol]))
        events += liquidate(account, worst, marks, now_ms, fill)
    return events


def liquidate(
    account: Account, held: Holding, marks: Marks, now_ms: int, fill: Fill = at_mark
) -> list[AccountEvent]:
    """Take a position over and close it: the `autoclose-` order, its fee and the insurance fund's share."""
    events = _cancel_orders(account, held, now_ms)
    limit = account.bankruptcy_price(held, marks)
    side = "SELL" if held.quantity > 0 else "BUY"
    price = fill(held.symbol, side, abs(held.quantity), marks[held.symbol])
    order = forced_order(account, held, limit, now_ms, client_id=f"autoclose-{now_ms}{account.take_id():06d}")
    account.orders[order.order_id] = order
    events.append(OrderEvent(order=order, execution="NEW", status="NEW", at_ms=now_ms))
    is_isolated, before = held.is_isolated, account.wallet.get("USDT", ZERO)
    filled = account.apply_fill(order, abs(order.quantity), price, ZERO, now_ms, "CALCULATED")
    left = account.wallet["USDT"] - before
    if not is_isolated:
        left = account.cross_wallet() + account.cross_profit(marks)
    fee = account.contracts[held.symbol].liquidation_fee * order.quantity * price
    events += filled + _settle_with_fund(account, held.symbol, left, fee, now_ms)
    forced = ForcedOrder(order=order, is_adl=False)
    account.forced.append(forced)
    return [*events, forced]


def _settle_with_fund(
    account: Account, symbol: str, left: Decimal, fee: Decimal, now_ms: int
) -> list[AccountEvent]:
    """The fund takes the liquidation fee from what is left, or pays what is missing."""
    change = -left if left < 0 else -min(fee, left)
    if not change:
        return []
    account.wallet["USDT"] += change
    account.insurance_used += change
    account.book(symbol, "INSURANCE_CLEAR", change, now_ms)
    return [BalanceEvent(reason="INSURANCE_CLEAR", at_ms=now_ms, change=change)]


def deleverage(
    account: Account, held: Holding, share: Decimal, price: Decimal, now_ms: int
) -> list[AccountEvent]:
    """Close `share` (0..1) of a winning position at the bankruptcy price of somebody else."""
    unit = account.contracts[held.symbol].step
    quantity = max(unit, (abs(held.quantity) * share // unit) * unit)
    order = forced_order(account, held, price, now_ms, client_id="adl_autoclose")
    order.quantity, order.time_in_force = min(quantity, abs(held.quantity)), "GTC"
    account.orders[order.order_id] = order
    events = account.apply_fill(order, order.quantity, price, ZERO, now_ms, "CALCULATED")
    forced = ForcedOrder(order=order, is_adl=True)
    account.forced.append(forced)
    return [*events, forced]


def forced_order(account: Account, held: Holding, price: Decimal, now_ms: int, *, client_id: str) -> Order:
    """The order by which the exchange closes a position, not yet filled."""
    return Order(
        order_id=account.take_id(),
        client_id=client_id,
        symbol=held.symbol,
        side="SELL" if held.quantity > 0 else "BUY",
        position_side=held.side,
        kind="LIMIT",
        time_in_force="IOC",
        quantity=abs(held.quantity),
        price=price,
        is_reduce_only=False,
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def _cancel_orders(account: Account, held: Holding, now_ms: int) -> list[AccountEvent]:
    events: list[AccountEvent] = []
    for order in account.orders.values():
        touches = order.symbol == held.symbol or not held.is_isolated
        if order.status in ("NEW", "PARTIALLY_FILLED") and touches:
            order.status, order.expiry_reason, order.updated_ms = "EXPIRED", LIQUIDATED, now_ms
            events.append(OrderEvent(order=order, execution="EXPIRED", status="EXPIRED", at_ms=now_ms))
    return events


def _warn(account: Account, marks: Marks, now_ms: int) -> list[AccountEvent]:
    """Margin calls, at most one a minute and scope."""
    near: list[tuple[str, tuple[tuple[str, str], ...]]] = []
    ratio = account.cross_ratio(marks)
    if account.cross() and (ratio is None or ratio >= MARGIN_CALL_RATIO):
        near.append(("cross", tuple((held.symbol, held.side) for held in account.cross())))
    for held in account.open_holdings():
        is_near = held.is_isolated and isolated_ratio(account, held, marks[held.symbol]) >= MARGIN_CALL_RATIO
        if is_near:
            near.append((f"{held.symbol} {held.side}", ((held.symbol, held.side),)))
    events: list[AccountEvent] = []
    for scope, keys in near:
        if now_ms - account.warned_ms.get(scope, -MARGIN_CALL_EVERY_MS) >= MARGIN_CALL_EVERY_MS:
            account.warned_ms[scope] = now_ms
            events.append(MarginCallEvent(at_ms=now_ms, is_cross=scope == "cross", holdings=keys))
    return events


def settle_funding(
    account: Account, symbol: str, rate: Decimal, mark: Decimal, now_ms: int
) -> list[AccountEvent]:
    """Pay or receive funding on every position of a symbol: -quantity * mark * rate."""
    events: list[AccountEvent] = []
    for held in account.open_holdings():
        if held.symbol != symbol:
            continue
        value = -held.quantity * mark * rate
        account.pay(held, value)
        account.book(symbol, "FUNDING_FEE", value, now_ms)
        keys = ((held.symbol, held.side),) if held.is_isolated else ()
        events.append(
            BalanceEvent(reason="FUNDING_FEE", at_ms=now_ms, change=value, holdings=keys, symbol=symbol)
        )
    return events


def first_liquidation(account: Account, path: Iterable[Marks]) -> Liquidation | None:
    """Walk an account along a path of marks and say where the first liquidation happens; None if it survives.

    The account is changed by the walk.
    """
    for index, marks in enumerate(path):
        for event in step(account, marks, index * 1000):
            if isinstance(event, ForcedOrder):
                order = event.order
                held = account.holding(order.symbol, order.position_side)
                return Liquidation(
                    order.symbol, order.position_side, not held.is_isolated, marks[order.symbol], index
                )
    return None


def adl_rank(held: Holding, mark: Decimal, balance: Decimal) -> int:
    """Place in the auto-deleveraging queue, 0 (last) to 4 (first): profit ratio times effective leverage.

    The exchange ranks against all other accounts; alone, we cut the product at fixed quantiles.
    """
    gain = held.profit(mark)
    if not held.quantity or gain <= 0 or balance <= 0:
        return 0
    score = gain / abs(held.quantity * held.entry) * abs(held.quantity * mark) / balance
    return sum(score > Decimal(edge) for edge in ("0", "0.05", "0.2", "0.5"))
