"""Signed payloads: account, positions, configuration, ledger, the key's own rights, errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from risk.adapters import wire_checks as check
from risk.adapters.wire_checks import Id, Parsed
from risk.errors import PayloadError
from risk.records import Income

SIDES = frozenset({"BOTH", "LONG", "SHORT"})
CREDIT_ASSET = "BNFCR"
REFUSED_RIGHTS = {
    "enableWithdrawals": "withdraw",
    "enableInternalTransfer": "transfer between accounts",
    "permitsUniversalTransfer": "transfer between wallets",
    "enableMargin": "borrow on margin",
    "enableSpotAndMarginTrading": "trade spot and margin",
    "enablePortfolioMarginTrading": "trade in portfolio margin",
    "enableVanillaOptions": "trade options",
    "enableFixApiTrade": "trade by FIX",
}
READING_RIGHTS = frozenset({"enableReading", "enableFixReadOnly"})


class AccountTotals(msgspec.Struct, rename="camel", frozen=True):
    """v3 account. In single-asset mode every total is USDT only, in multi-assets mode USD."""

    total_initial_margin: Decimal
    total_maint_margin: Decimal
    total_wallet_balance: Decimal
    total_unrealized_profit: Decimal
    total_margin_balance: Decimal
    total_cross_wallet_balance: Decimal
    total_cross_un_pnl: Decimal
    available_balance: Decimal
    assets: tuple[AccountAsset, ...] = ()


class AccountAsset(msgspec.Struct, rename="camel", frozen=True):
    """One collateral asset of the account."""

    asset: str
    wallet_balance: Decimal


class PositionRow(msgspec.Struct, rename="camel", frozen=True):
    """One row of v3 positionRisk: quantities and notionals are negative for shorts."""

    symbol: str
    position_side: str
    position_amt: Decimal
    entry_price: Decimal
    mark_price: Decimal
    un_realized_profit: Decimal
    liquidation_price: Decimal
    isolated_margin: Decimal
    notional: Decimal
    isolated_wallet: Decimal
    initial_margin: Decimal
    maint_margin: Decimal
    margin_asset: str = "USDT"
    break_even_price: Decimal | None = None
    adl: int | None = None


class SymbolConfig(msgspec.Struct, rename="camel", frozen=True):
    """How the account trades one symbol."""

    symbol: str
    margin_type: str
    leverage: int


class AccountConfig(msgspec.Struct, rename="camel", frozen=True):
    """How the account trades."""

    dual_side_position: bool
    multi_assets_margin: bool


class _Income(msgspec.Struct, rename="camel"):
    income_type: str
    income: Decimal
    asset: str
    time: int
    tran_id: Id
    symbol: str | None = ""
    info: str | None = ""
    trade_id: str | Id | None = ""


class _ForceOrder(msgspec.Struct, rename="camel"):
    order_id: Id
    symbol: str
    client_order_id: str
    side: str
    position_side: str
    price: Decimal
    avg_price: Decimal
    orig_qty: Decimal
    executed_qty: Decimal
    time: int


class _Error(msgspec.Struct):
    code: int
    msg: str = ""


class _ListenKey(msgspec.Struct, rename="camel"):
    listen_key: str


class _ServerTime(msgspec.Struct, rename="camel"):
    server_time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnForcedOrder:
    """A liquidation or auto-deleveraging order of this account."""

    event_at: datetime
    received_at: datetime
    account: str
    symbol: str
    order_id: int
    kind: str  # "liquidation", "adl", "settlement" or "other", by the client order id
    side: str
    position_side: str
    price: Decimal
    average_price: Decimal
    quantity: Decimal
    filled_quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRights:
    """What the API key may do.

    Attributes:
        state: "accepted", "refused", or "unverified" when the exchange would not tell.
        refusals: rights that a read-only service must not hold, in words.
        warnings: rights that deserve a look, in words.
    """

    state: str
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_ip_restricted: bool = False
    can_read: bool = False
    can_trade_futures: bool = False
    reason: str = ""


def parse_account(body: bytes) -> AccountTotals:
    """Totals of the account.

    Raises:
        PayloadError: unreadable, or a total that is not a number.
    """
    source = "account"
    row = check.decode(source, body, AccountTotals)
    for field in ("total_wallet_balance", "total_unrealized_profit", "total_margin_balance"):
        check.finite(source, field, getattr(row, field))
    for field in ("total_cross_wallet_balance", "total_cross_un_pnl", "available_balance"):
        check.finite(source, field, getattr(row, field))
    check.not_negative(source, "totalInitialMargin", row.total_initial_margin)
    check.not_negative(source, "totalMaintMargin", row.total_maint_margin)
    for one in row.assets:
        check.finite(source, "assets.walletBalance", one.wallet_balance)
    return row


def parse_positions(body: bytes, *, received_at: datetime) -> Parsed[PositionRow]:
    """Open positions: rows without a quantity are open orders only and are left out."""
    source = "positionRisk"

    def build(row: PositionRow) -> PositionRow | None:
        check.name(source, "symbol", row.symbol)
        check.one_of(source, "positionSide", row.position_side, SIDES)
        if check.finite(source, "positionAmt", row.position_amt) == 0:
            return None
        _check_position(source, row)
        return row

    return check.rows(source, body, PositionRow, build, received_at)


def _check_position(source: str, row: PositionRow) -> None:
    check.positive(source, "entryPrice", row.entry_price)
    check.positive(source, "markPrice", row.mark_price)
    check.finite(source, "unRealizedProfit", row.un_realized_profit)
    check.not_negative(source, "liquidationPrice", row.liquidation_price)
    check.finite(source, "isolatedMargin", row.isolated_margin)
    check.finite(source, "isolatedWallet", row.isolated_wallet)
    check.not_negative(source, "initialMargin", row.initial_margin)
    check.not_negative(source, "maintMargin", row.maint_margin)
    if row.break_even_price is not None:
        check.finite(source, "breakEvenPrice", row.break_even_price)
    if row.adl is not None and not 0 <= row.adl <= 4:
        raise PayloadError(source, "adl", row.adl, "not a rank from 0 to 4")
    if check.finite(source, "notional", row.notional) * row.position_amt < 0:
        raise PayloadError(source, "notional", row.notional, "sign differs from positionAmt")
    expected = {"LONG": 1, "SHORT": -1}.get(row.position_side, 0)
    if expected * row.position_amt < 0:
        raise PayloadError(source, "positionAmt", row.position_amt, f"sign of a {row.position_side} position")


def parse_symbol_config(body: bytes, *, received_at: datetime) -> Parsed[SymbolConfig]:
    """Leverage and margin type per symbol."""
    source = "symbolConfig"

    def build(row: SymbolConfig) -> SymbolConfig:
        check.name(source, "symbol", row.symbol)
        check.one_of(source, "marginType", row.margin_type.upper(), ("CROSSED", "CROSS", "ISOLATED"))
        if not 1 <= row.leverage <= 1000:
            raise PayloadError(source, "leverage", row.leverage, "not a leverage")
        return row

    return check.rows(source, body, SymbolConfig, build, received_at)


def parse_account_config(body: bytes) -> AccountConfig:
    """Position mode and collateral mode of the account."""
    return check.decode("accountConfig", body, AccountConfig)


def parse_income(body: bytes, *, account: str, received_at: datetime) -> Parsed[Income]:
    """Lines of the ledger, each in its own asset."""
    source = "income"

    def build(row: _Income) -> Income:
        return Income(
            event_at=check.moment(source, "time", row.time),
            received_at=received_at,
            source="rest",
            account=account,
            transaction_id=str(row.tran_id),
            income_type=check.name(source, "incomeType", row.income_type),
            symbol=check.name(source, "symbol", row.symbol) if row.symbol else "",
            asset=check.name(source, "asset", row.asset),
            amount=check.finite(source, "income", row.income),
            info=row.info or "",
            trade_id=str(row.trade_id or ""),
        )

    return check.rows(source, body, _Income, build, received_at)


def parse_force_orders(body: bytes, *, account: str, received_at: datetime) -> Parsed[OwnForcedOrder]:
    """This account's own liquidation and auto-deleveraging orders."""
    source = "forceOrders"

    def build(row: _ForceOrder) -> OwnForcedOrder:
        return OwnForcedOrder(
            event_at=check.moment(source, "time", row.time),
            received_at=received_at,
            account=account,
            symbol=check.name(source, "symbol", row.symbol),
            order_id=row.order_id,
            kind=forced_kind(row.client_order_id),
            side=check.one_of(source, "side", row.side, ("BUY", "SELL")),
            position_side=check.one_of(source, "positionSide", row.position_side, SIDES),
            price=check.not_negative(source, "price", row.price),
            average_price=check.not_negative(source, "avgPrice", row.avg_price),
            quantity=check.positive(source, "origQty", row.orig_qty),
            filled_quantity=check.not_negative(source, "executedQty", row.executed_qty),
        )

    return check.rows(source, body, _ForceOrder, build, received_at)


def forced_kind(client_order_id: str) -> str:
    """Who placed the order, by its client order id: the exchange marks its own.

    >>> forced_kind("autoclose-1596107620040000020"), forced_kind("adl_autoclose"), forced_kind("mine")
    ('liquidation', 'adl', 'other')
    """
    if client_order_id.startswith("adl_autoclose"):
        return "adl"
    if client_order_id.startswith(("settlement_autoclose", "delivery_autoclose")):
        return "settlement"
    return "liquidation" if client_order_id.startswith("autoclose-") else "other"


def parse_key_rights(body: bytes) -> KeyRights:
    """Judge a key by what it may do: anything that moves money or trades is refused.

    Futures trading is refused unless the key is bound to addresses: some keys cannot read futures without it.

    Raises:
        PayloadError: unreadable, or not an answer about a key.
    """
    source = "apiRestrictions"
    rights: Mapping[str, Any] = check.decode(source, body, dict[str, Any])
    if not isinstance(rights.get("enableReading"), bool):
        raise PayloadError(source, "enableReading", rights.get("enableReading", ""), "missing")
    for field in ("ipRestrict", "enableFutures", *REFUSED_RIGHTS):
        if not isinstance(rights.get(field, False), bool):
            raise PayloadError(source, field, rights[field], "not true or false")
    is_bound, trades = rights.get("ipRestrict", False), rights.get("enableFutures", False)
    refusals = [words for field, words in REFUSED_RIGHTS.items() if rights.get(field, False)]
    if trades and not is_bound:
        refusals.append("trade futures from any address")
    known = {"enableFutures", *REFUSED_RIGHTS, *READING_RIGHTS}
    warnings = [field for field, value in rights.items() if _is_right(field, value) and field not in known]
    if trades and is_bound:
        warnings.append("enableFutures")
    return KeyRights(
        state="refused" if refusals else "accepted",
        refusals=tuple(refusals),
        warnings=tuple(sorted(warnings)),
        is_ip_restricted=is_bound,
        can_read=rights["enableReading"],
        can_trade_futures=trades,
    )


def _is_right(field: str, value: object) -> bool:
    return field.startswith(("enable", "permits")) and value is True


def parse_listen_key(body: bytes) -> str:
    """The key of the user-data stream. It is a secret, so that no error shows what was sent.

    Raises:
        PayloadError: unreadable or not a key.
    """
    try:
        key = check.decode("listenKey", body, _ListenKey).listen_key
    except PayloadError as error:
        raise PayloadError("listenKey", error.field, "…", "not readable") from None
    if not key.isalnum() or len(key) > 200:
        raise PayloadError("listenKey", "listenKey", "…", "not a key")
    return key


def parse_server_time(body: bytes) -> int:
    """The exchange's clock, epoch milliseconds.

    Raises:
        PayloadError: unreadable or no plausible time.
    """
    epoch_ms = check.decode("time", body, _ServerTime).server_time
    check.moment("time", "serverTime", epoch_ms)
    return epoch_ms


def parse_error(body: bytes) -> tuple[int, str] | None:
    """The exchange's code and message; None when the body is not such an answer (a page, nothing)."""
    try:
        row = check.decode("error", body, _Error)
    except PayloadError:
        return None
    return row.code, row.msg
