"""Public market payloads of the exchange, futures and spot, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import msgspec

from risk.adapters import wire_checks as check
from risk.adapters.wire_checks import Id, Parsed
from risk.errors import PayloadError
from risk.records import FundingSettlement, FundingTerms, Kline, Mark, OpenInterest, Ticker

Level = tuple[float, float]
"""Price in USDT per coin, quantity in coins."""

DEFAULT_INTERVAL_HOURS = 8
"""What fundingInfo means by not listing a symbol."""
SETTLEMENT_INTERVALS = (1, 2, 4, 8)
LARGEST_LEVEL = 1e18


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthPayload:
    """A complete book as the exchange sent it: bids falling, asks rising.

    Attributes:
        event_at_ms: transaction time (futures); None on spot, which sends none.
    """

    symbol: str
    venue: str
    last_update_id: int
    event_at_ms: int | None
    bids: list[Level]
    asks: list[Level]


class _Depth(msgspec.Struct):
    last_update_id: Id = msgspec.field(name="lastUpdateId")
    bids: list[Level]
    asks: list[Level]
    transacted_ms: int | None = msgspec.field(name="T", default=None)
    sent_ms: int | None = msgspec.field(name="E", default=None)


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: str
    price_change_percent: float
    last_price: Decimal
    high_price: Decimal
    low_price: Decimal
    volume: Decimal
    quote_volume: Decimal
    close_time: int
    st: int = 1


class _Premium(msgspec.Struct, rename="camel"):
    symbol: str
    mark_price: Decimal
    index_price: Decimal
    last_funding_rate: str
    next_funding_time: int
    time: int
    st: int = 1


class _FundingRate(msgspec.Struct, rename="camel"):
    symbol: str
    funding_rate: float
    funding_time: int
    mark_price: str = ""
    rate_type: str = "Regular"


class _FundingInfo(msgspec.Struct, rename="camel"):
    symbol: str
    funding_interval_hours: int
    adjusted_funding_rate_cap: float | None = None
    adjusted_funding_rate_floor: float | None = None


class _OpenInterest(msgspec.Struct, rename="camel"):
    symbol: str
    open_interest: Decimal
    time: int


class _OpenInterestHist(msgspec.Struct, rename="camel"):
    symbol: str
    sum_open_interest: Decimal
    sum_open_interest_value: Decimal
    timestamp: int


class Bar(msgspec.Struct, array_like=True):
    """One row of klines, in the exchange's order; the last two columns are not read."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    close_ms: int
    quote_volume: Decimal | None
    trades: int | None
    taker_buy_volume: Decimal | None


def parse_depth(body: bytes, *, symbol: str, venue: str = "usdm") -> DepthPayload:
    """The book snapshot of `/fapi/v1/depth` or `/api/v3/depth`.

    Raises:
        PayloadError: unreadable, a price or quantity that cannot be, or sides that cross.
    """
    source = "depth" if venue == "usdm" else "spot depth"
    row = check.decode(source, body, _Depth)
    check_levels(source, "bids", row.bids, may_be_zero=False)
    check_levels(source, "asks", row.asks, may_be_zero=False)
    if row.bids and row.asks and row.bids[0][0] >= row.asks[0][0]:
        raise PayloadError(source, "bids", (row.bids[0], row.asks[0]), "best bid at or above best ask")
    event_at_ms = row.transacted_ms if row.transacted_ms is not None else row.sent_ms
    if event_at_ms is not None:
        check.moment(source, "T", event_at_ms)
    return DepthPayload(
        symbol=symbol,
        venue=venue,
        last_update_id=row.last_update_id,
        event_at_ms=event_at_ms,
        bids=row.bids,
        asks=row.asks,
    )


def check_levels(source: str, field: str, levels: list[Level], *, may_be_zero: bool = True) -> None:
    """Refuse a level with an impossible price or quantity; NaN fails every comparison.

    Raises:
        PayloadError: naming the level.
    """
    for price, quantity in levels:
        if not (0.0 < price < LARGEST_LEVEL and 0.0 <= quantity < LARGEST_LEVEL):
            raise PayloadError(source, field, (price, quantity), "impossible price or quantity")
        if quantity == 0.0 and not may_be_zero:
            raise PayloadError(source, field, (price, quantity), "empty level in a snapshot")


def parse_tickers(body: bytes, *, received_at: datetime, venue: str = "usdm") -> Parsed[Ticker]:
    """Rolling 24 hours of one symbol (object) or all (array)."""
    source = "ticker/24hr" if venue == "usdm" else "spot ticker/24hr"

    def build(row: _Ticker) -> Ticker | None:
        if row.st == 2:
            return None
        change = row.price_change_percent
        return Ticker(
            event_at=check.moment(source, "closeTime", row.close_time),
            received_at=received_at,
            source="rest",
            symbol=check.name(source, "symbol", row.symbol),
            venue=venue,
            last_price=check.positive(source, "lastPrice", row.last_price),
            price_change=check.fraction(source, "priceChangePercent", change, within=1e6) / 100,
            high=check.positive(source, "highPrice", row.high_price),
            low=check.positive(source, "lowPrice", row.low_price),
            volume=check.not_negative(source, "volume", row.volume),
            quote_volume=check.not_negative(source, "quoteVolume", row.quote_volume),
        )

    return check.rows(source, body, _Ticker, build, received_at)


def parse_klines(
    body: bytes,
    *,
    symbol: str,
    interval: str,
    received_at: datetime,
    closed_before_ms: int,
    venue: str = "usdm",
) -> Parsed[Kline]:
    """Closed bars, oldest first. A bar that does not close before `closed_before_ms` is still forming.

    Raises:
        PayloadError: the whole is unreadable, or no bar is.
    """
    source = f"klines {symbol}/{interval}"

    def build(bar: Bar) -> Kline | None:
        if bar.close_ms >= closed_before_ms:
            return None
        return kline_of(
            source, bar, symbol=symbol, interval=interval, venue=venue, received_at=received_at, origin="rest"
        )

    parsed = check.rows(source, body, Bar, build, received_at)
    return replace(parsed, issues=tuple(replace(one, symbol=symbol) for one in parsed.issues))


def kline_of(
    source: str, bar: Bar, *, symbol: str, interval: str, venue: str, received_at: datetime, origin: str
) -> Kline:
    """One bar as a record.

    Raises:
        PayloadError: a price of zero, a high below the low, a time that runs backwards.
    """
    for field in ("open", "high", "low", "close"):
        check.positive(source, field, getattr(bar, field))
    lowest, highest = min(bar.open, bar.close), max(bar.open, bar.close)
    if not bar.low <= lowest <= highest <= bar.high:
        raise PayloadError(source, "low..high", (bar.low, bar.high), "open or close outside")
    if bar.close_ms <= bar.open_ms:
        raise PayloadError(source, "closeTime", bar.close_ms, "closes before it opens")
    if bar.trades is not None and not 0 <= bar.trades < 10**12:
        raise PayloadError(source, "trades", bar.trades, "not a count")
    quote, taker = bar.quote_volume, bar.taker_buy_volume
    return Kline(
        event_at=check.moment(source, "closeTime", bar.close_ms),
        received_at=received_at,
        source=origin,
        symbol=symbol,
        venue=venue,
        interval=interval,
        open_at=check.moment(source, "openTime", bar.open_ms),
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=check.not_negative(source, "volume", bar.volume),
        quote_volume=None if quote is None else check.not_negative(source, "quoteVolume", quote),
        trades=bar.trades,
        taker_buy_volume=None if taker is None else check.not_negative(source, "takerBuyVolume", taker),
    )


def parse_premium_index(body: bytes, *, received_at: datetime) -> Parsed[Mark]:
    """Mark, index and running funding. Delivery contracts have no funding and are left out."""
    source = "premiumIndex"

    def build(row: _Premium) -> Mark | None:
        if row.st == 2 or (not row.last_funding_rate and not row.next_funding_time):
            return None
        rate = check.number(source, "lastFundingRate", row.last_funding_rate)
        due_ms = row.next_funding_time
        return Mark(
            event_at=check.moment(source, "time", row.time),
            received_at=received_at,
            source="rest",
            symbol=check.name(source, "symbol", row.symbol),
            mark_price=check.positive(source, "markPrice", row.mark_price),
            index_price=check.positive(source, "indexPrice", row.index_price),
            funding_rate=check.fraction(source, "lastFundingRate", rate),
            next_funding_at=check.moment(source, "nextFundingTime", due_ms) if due_ms else None,
        )

    return check.rows(source, body, _Premium, build, received_at)


def parse_funding_rates(
    body: bytes, *, received_at: datetime, intervals: Mapping[str, int] | None = None
) -> Parsed[FundingSettlement]:
    """Settled rates, oldest first, each with the hours since the settlement before it.

    Where that distance is unknown (first row, a gap in the history) the interval is that of
    `intervals`, hours by symbol as fundingInfo has them now.
    """
    source = "fundingRate"

    def build(row: _FundingRate) -> FundingSettlement:
        mark = check.decimal(source, "markPrice", row.mark_price) if row.mark_price else None
        return FundingSettlement(
            event_at=check.moment(source, "fundingTime", row.funding_time),
            received_at=received_at,
            source="rest",
            symbol=check.name(source, "symbol", row.symbol),
            funding_rate=check.fraction(source, "fundingRate", row.funding_rate),
            interval_hours=(intervals or {}).get(row.symbol, DEFAULT_INTERVAL_HOURS),
            mark_price=None if mark is None else check.positive(source, "markPrice", mark),
            rate_type=row.rate_type or "Regular",
        )

    parsed = check.rows(source, body, _FundingRate, build, received_at)
    return replace(parsed, rows=with_intervals(parsed.rows, known=intervals or {}))


def with_intervals(
    settled: tuple[FundingSettlement, ...], *, known: Mapping[str, int]
) -> tuple[FundingSettlement, ...]:
    """Each settlement with the hours since the one before; the first borrows the distance that follows it."""
    result = list(settled)
    last: dict[str, int] = {}
    firsts: set[int] = set()
    for at, row in enumerate(settled):
        if row.rate_type != "Regular":
            continue
        before = last.get(row.symbol)
        last[row.symbol] = at
        if before is None:
            firsts.add(at)
            continue
        hours = round((row.event_at - settled[before].event_at).total_seconds() / 3600)
        if hours in SETTLEMENT_INTERVALS:
            result[at] = replace(row, interval_hours=hours)
            if before in firsts and row.symbol not in known:
                result[before] = replace(result[before], interval_hours=hours)
    return tuple(result)


def parse_funding_info(body: bytes, *, event_at: datetime, received_at: datetime) -> Parsed[FundingTerms]:
    """Terms of the symbols whose interval or cap was adjusted; who is not listed has the defaults.

    Args:
        event_at: the exchange's time of the answer. A row's own updateTime says when it last changed.
    """
    source = "fundingInfo"

    def build(row: _FundingInfo) -> FundingTerms:
        cap, floor = row.adjusted_funding_rate_cap, row.adjusted_funding_rate_floor
        if not 1 <= row.funding_interval_hours <= 24:
            raise PayloadError(source, "fundingIntervalHours", row.funding_interval_hours, "not an interval")
        return FundingTerms(
            event_at=event_at,
            received_at=received_at,
            source="rest",
            symbol=check.name(source, "symbol", row.symbol),
            interval_hours=row.funding_interval_hours,
            rate_cap=None if cap is None else check.fraction(source, "adjustedFundingRateCap", cap),
            rate_floor=None if floor is None else check.fraction(source, "adjustedFundingRateFloor", floor),
        )

    return check.rows(source, body, _FundingInfo, build, received_at)


def parse_open_interest(body: bytes, *, received_at: datetime) -> OpenInterest:
    """Open contracts of one symbol, in coins.

    Raises:
        PayloadError: unreadable, or zero, which cannot be true of a traded contract.
    """
    source = "openInterest"
    row = check.decode(source, body, _OpenInterest)
    return OpenInterest(
        event_at=check.moment(source, "time", row.time),
        received_at=received_at,
        source="rest",
        symbol=check.name(source, "symbol", row.symbol),
        quantity=check.positive(source, "openInterest", row.open_interest),
        value_usdt=None,
    )


def parse_open_interest_history(body: bytes, *, received_at: datetime) -> Parsed[OpenInterest]:
    """Open interest at the end of each period; periods without trades are absent."""
    source = "openInterestHist"

    def build(row: _OpenInterestHist) -> OpenInterest:
        return OpenInterest(
            event_at=check.moment(source, "timestamp", row.timestamp),
            received_at=received_at,
            source="rest",
            symbol=check.name(source, "symbol", row.symbol),
            quantity=check.positive(source, "sumOpenInterest", row.sum_open_interest),
            value_usdt=check.positive(source, "sumOpenInterestValue", row.sum_open_interest_value),
        )

    return check.rows(source, body, _OpenInterestHist, build, received_at)
