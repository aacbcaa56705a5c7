"""What an account leaves behind: orders, income rows and the events of its user data stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from risk.simulator.printing import ZERO


@dataclass(slots=True, kw_only=True)
class Order:
    """One order, from acceptance to its end."""

    order_id: int
    client_id: str
    symbol: str
    side: str  # BUY or SELL
    position_side: str  # BOTH, LONG or SHORT
    kind: str  # LIMIT or MARKET
    time_in_force: str
    quantity: Decimal  # coins
    price: Decimal  # USDT per coin, 0 for MARKET
    is_reduce_only: bool
    created_ms: int
    updated_ms: int
    status: str = "NEW"
    filled: Decimal = ZERO  # coins
    average_price: Decimal = ZERO
    expiry_reason: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Income:
    """One line of the income history."""

    symbol: str
    kind: str  # FUNDING_FEE, REALIZED_PNL, COMMISSION, INSURANCE_CLEAR, TRANSFER
    value: Decimal  # in `asset`, negative when paid
    asset: str
    at_ms: int
    transaction_id: int
    trade_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """An order changed. `execution` is the exchange's x: NEW, TRADE, CALCULATED, CANCELED, EXPIRED."""

    order: Order
    execution: str
    status: str
    at_ms: int
    last_quantity: Decimal = ZERO
    last_price: Decimal = ZERO
    realised: Decimal = ZERO
    fee: Decimal = ZERO
    trade_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceEvent:
    """Balances or positions changed for `reason` (the exchange's a.m)."""

    reason: str
    at_ms: int
    change: Decimal = ZERO  # of the wallet, except realised profit and fees
    holdings: tuple[tuple[str, str], ...] = ()  # (symbol, position side) that changed
    symbol: str = ""  # of a funding fee


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCallEvent:
    """Positions that come near their liquidation; `is_cross` says whether they share the wallet."""

    at_ms: int
    is_cross: bool
    holdings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedOrder:
    """A liquidation or ADL order that was carried out, for forceOrders and the public stream."""

    order: Order
    is_adl: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEvent:
    """Leverage of a symbol, or multi-assets mode, was changed."""

    at_ms: int
    symbol: str = ""
    leverage: int = 0
    is_multi_assets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoEvent:
    """A conditional order was placed or cancelled. `row` is it as the algo service shows it."""

    at_ms: int
    row: Mapping[str, Any]
    status: str


AccountEvent = OrderEvent | BalanceEvent | MarginCallEvent | ForcedOrder | ConfigEvent | AlgoEvent
