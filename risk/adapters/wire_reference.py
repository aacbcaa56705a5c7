"""Reference payloads of the exchange: trading rules, brackets, insurance fund, ADL risk, asset prices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from risk.adapters import wire_checks as check
from risk.adapters.wire_checks import Id, Parsed
from risk.errors import PayloadError
from risk.records import AdlRisk, DataIssue, Instrument, InsuranceBalance, LeverageBracket

NO_DELIVERY_MS = 4_133_404_800_000
"""The delivery date of a perpetual that nobody means to delist."""
USD_ASSETS = frozenset({"USD", "USDT", "USDC", "BUSD", "FDUSD", "BNFCR"})
"""Counted as one dollar each. BNFCR is the exchange's own dollar credit."""
ADL_WORDS = frozenset({"low", "medium", "high"})
_KEY_LENGTH = 80


@dataclass(frozen=True, slots=True)
class ExchangeRules:
    """What exchangeInfo says: the contracts, the limit in force, the exchange's clock."""

    instruments: tuple[Instrument, ...]
    issues: tuple[DataIssue, ...]
    request_weight_limit: int | None  # per minute
    server_time: datetime


@dataclass(frozen=True, slots=True)
class AssetPrice:
    """Index price of one collateral asset, in USD."""

    asset: str
    index_usd: Decimal
    event_at: datetime


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    min_qty: Decimal | None = None
    notional: Decimal | None = None


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    contract_type: str
    status: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    filters: list[_Filter]
    liquidation_fee: Decimal
    delivery_date: int = NO_DELIVERY_MS
    onboard_date: int = 0
    st: int = 1


class _RateLimit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    interval_num: Id
    limit: Id


class _ExchangeInfo(msgspec.Struct, rename="camel"):
    server_time: int
    symbols: msgspec.Raw
    rate_limits: list[_RateLimit] = []


class Tier(msgspec.Struct, rename="camel"):
    """One tier of a ladder as leverageBracket writes it."""

    bracket: int
    initial_leverage: int
    notional_cap: Decimal
    notional_floor: Decimal
    maint_margin_ratio: Decimal
    cum: Decimal


class _Ladder(msgspec.Struct, rename="camel"):
    symbol: str
    brackets: list[Tier]


class _FundAsset(msgspec.Struct, rename="camel"):
    asset: str
    margin_balance: Decimal


class _Fund(msgspec.Struct):
    symbols: list[str]
    assets: list[_FundAsset]


class _AdlRisk(msgspec.Struct, rename="camel"):
    symbol: str
    adl_risk: str
    update_time: int


class _AssetIndex(msgspec.Struct):
    symbol: str
    index: Decimal
    time: int


def parse_exchange_info(body: bytes, *, received_at: datetime) -> ExchangeRules:
    """Every USD-margined contract with its filters.

    Coin-margined rows and placeholders that wait for trading with a tick of zero are left out.
    """
    source = "exchangeInfo"
    info = check.decode(source, body, _ExchangeInfo)
    now = check.moment(source, "serverTime", info.server_time)
    limits = [
        row.limit * 60 // max(1, _seconds(row))
        for row in info.rate_limits
        if row.rate_limit_type == "REQUEST_WEIGHT" and row.limit > 0
    ]

    def build(row: _Symbol) -> Instrument | None:
        return _instrument(source, row, event_at=now, received_at=received_at)

    parsed = check.rows(source, bytes(info.symbols), _Symbol, build, received_at)
    return ExchangeRules(
        instruments=parsed.rows,
        issues=parsed.issues,
        request_weight_limit=min(limits, default=None),
        server_time=now,
    )


def _seconds(row: _RateLimit) -> int:
    return {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}.get(row.interval, 60) * row.interval_num


def _instrument(source: str, row: _Symbol, *, event_at: datetime, received_at: datetime) -> Instrument | None:
    filters = {one.filter_type: one for one in row.filters}
    price, lot = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
    is_coin_margined = row.st == 2 or row.margin_asset == row.base_asset
    is_placeholder = row.status == "PENDING_TRADING" and (price is None or not price.tick_size)
    if is_coin_margined or is_placeholder:
        return None
    if (
        price is None
        or lot is None
        or price.tick_size is None
        or lot.step_size is None
        or lot.min_qty is None
    ):
        raise PayloadError(source, "filters", sorted(filters), "no PRICE_FILTER or LOT_SIZE")
    smallest = filters.get("MIN_NOTIONAL")
    notional = smallest.notional if smallest and smallest.notional is not None else Decimal(0)
    delivery = None if row.delivery_date in (0, NO_DELIVERY_MS) else row.delivery_date
    return Instrument(
        event_at=event_at,
        received_at=received_at,
        source="rest",
        symbol=check.name(source, "symbol", row.symbol),
        base_asset=check.name(source, "baseAsset", row.base_asset),
        quote_asset=check.name(source, "quoteAsset", row.quote_asset),
        margin_asset=check.name(source, "marginAsset", row.margin_asset),
        contract_type=row.contract_type,
        status=row.status,
        tick_size=check.positive(source, "tickSize", price.tick_size),
        step_size=check.positive(source, "stepSize", lot.step_size),
        min_quantity=check.not_negative(source, "minQty", lot.min_qty),
        min_notional_usdt=check.not_negative(source, "notional", notional),
        liquidation_fee=check.not_negative(source, "liquidationFee", row.liquidation_fee),
        onboard_at=check.moment(source, "onboardDate", row.onboard_date) if row.onboard_date else None,
        delivery_at=None if delivery is None else check.moment(source, "deliveryDate", delivery),
    )


def parse_leverage_brackets(
    body: bytes, *, event_at: datetime, received_at: datetime
) -> Parsed[LeverageBracket]:
    """Maintenance ladders, tier by tier. A ladder with one impossible tier is refused whole.

    `notionalCoef` is not applied: whether caps and cum come already scaled is not documented.
    """
    source = "leverageBracket"

    def build(row: _Ladder) -> tuple[LeverageBracket, ...]:
        return ladder(
            source,
            check.name(source, "symbol", row.symbol),
            row.brackets,
            event_at=event_at,
            received_at=received_at,
            origin="rest",
        )

    parsed = check.rows(source, body, _Ladder, build, received_at)
    return Parsed(tuple(tier for tiers in parsed.rows for tier in tiers), parsed.issues)


def ladder(
    source: str, symbol: str, tiers: Iterable[Tier], *, event_at: datetime, received_at: datetime, origin: str
) -> tuple[LeverageBracket, ...]:
    """The ladder of one symbol, by tier.

    Raises:
        PayloadError: no tiers, or one that cannot be.
    """
    ordered = sorted(tiers, key=lambda tier: tier.bracket)
    _check_ladder(source, ordered)
    return tuple(
        LeverageBracket(
            event_at=event_at,
            received_at=received_at,
            source=origin,
            symbol=symbol,
            tier=tier.bracket,
            floor_usdt=tier.notional_floor,
            cap_usdt=tier.notional_cap,
            maintenance_rate=tier.maint_margin_ratio,
            cum_usdt=tier.cum,
            max_leverage=tier.initial_leverage,
        )
        for tier in ordered
    )


def _check_ladder(source: str, tiers: Sequence[Tier]) -> None:
    if not tiers:
        raise PayloadError(source, "brackets", "[]", "no tiers")
    below = Decimal(0)
    for tier in tiers:
        check.not_negative(source, "notionalFloor", tier.notional_floor)
        check.positive(source, "notionalCap", tier.notional_cap)
        check.not_negative(source, "cum", tier.cum)
        check.positive(source, "maintMarginRatio", tier.maint_margin_ratio)
        if tier.maint_margin_ratio > 1:
            raise PayloadError(source, "maintMarginRatio", tier.maint_margin_ratio, "above one")
        if not 1 <= tier.initial_leverage <= 1000 or not 1 <= tier.bracket <= 1000:
            raise PayloadError(source, "initialLeverage", tier.initial_leverage, "not a leverage")
        if tier.notional_floor != below or tier.notional_cap <= tier.notional_floor:
            raise PayloadError(source, "notionalFloor", tier.notional_floor, f"ladder broken at {below}")
        below = tier.notional_cap


def parse_asset_index(body: bytes, *, received_at: datetime) -> Parsed[AssetPrice]:
    """Index prices of collateral assets against USD. Coin indices that are not against USD are left out."""
    source = "assetIndex"

    def build(row: _AssetIndex) -> AssetPrice | None:
        asset = check.name(source, "symbol", row.symbol).removesuffix("USD")
        if asset == row.symbol or not asset:
            return None
        price = check.positive(source, "index", row.index)
        return AssetPrice(asset, price, check.moment(source, "time", row.time))

    return check.rows(source, body, _AssetIndex, build, received_at)


def parse_insurance(
    body: bytes, *, prices_usd: Mapping[str, Decimal], event_at: datetime, received_at: datetime
) -> Parsed[InsuranceBalance]:
    """One row per asset of each group of symbols that share a fund, valued in USD.

    Args:
        prices_usd: index price by asset; stable coins count as one, an unknown asset has no value.
        event_at: the exchange's time of the answer. Rows' own updateTime tells the last change only.
    """
    source = "insuranceBalance"

    def build(row: _Fund) -> tuple[InsuranceBalance, ...]:
        symbols = tuple(sorted(check.name(source, "symbols", one) for one in row.symbols))
        if not symbols:
            raise PayloadError(source, "symbols", "[]", "a fund for nobody")
        return tuple(
            InsuranceBalance(
                event_at=event_at,
                received_at=received_at,
                source="rest",
                group_key=group_key(symbols),
                symbols=symbols,
                asset=check.name(source, "asset", one.asset),
                balance=check.not_negative(source, "marginBalance", one.margin_balance),
                value_usd=value_usd(one.asset, one.margin_balance, prices_usd),
            )
            for one in row.assets
        )

    parsed = check.rows(source, body, _Fund, build, received_at)
    return Parsed(tuple(row for fund in parsed.rows for row in fund), parsed.issues)


def group_key(symbols: Sequence[str]) -> str:
    """Sorted symbols joined with a comma; a long one keeps its beginning and ends in a hash of all."""
    joined = ",".join(sorted(symbols))
    if len(joined) <= _KEY_LENGTH:
        return joined
    digest = hashlib.sha256(joined.encode()).hexdigest()[:12]
    return f"{joined[: _KEY_LENGTH - 13]}#{digest}"


def value_usd(asset: str, amount: Decimal, prices_usd: Mapping[str, Decimal]) -> Decimal | None:
    """The amount in USD; None for an asset without an index price.

    Raises:
        PayloadError: more dollars than there are.
    """
    price = Decimal(1) if asset in USD_ASSETS else prices_usd.get(asset)
    if price is None:
        return None
    worth = check.not_negative("insuranceBalance", "marginBalance", amount * price)
    return worth.quantize(Decimal("1e-8"))


def parse_adl_risks(body: bytes, *, received_at: datetime) -> Parsed[AdlRisk]:
    """The exchange's word for how near auto-deleveraging is, per symbol."""
    source = "symbolAdlRisk"

    def build(row: _AdlRisk) -> AdlRisk:
        return AdlRisk(
            event_at=check.moment(source, "updateTime", row.update_time),
            received_at=received_at,
            source="rest",
            symbol=check.name(source, "symbol", row.symbol),
            risk=check.one_of(source, "adlRisk", row.adl_risk.lower(), ADL_WORDS),
        )

    return check.rows(source, body, _AdlRisk, build, received_at)
