"""Funding and open interest as other venues answer: six of them, and CoinGlass for those who pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from risk.adapters import wire_checks as check
from risk.adapters.wire_checks import Id, Parsed
from risk.errors import PayloadError


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One instrument under the venue's own name.

    Attributes:
        rate: fraction per `interval_hours`, as quoted.
        rate_8h: fraction per 8 hours.
        open_interest_usd: None where the answer does not tell.
    """

    name: str
    event_at: datetime
    rate: float
    interval_hours: float
    rate_8h: float
    open_interest_usd: Decimal | None = None


class _Okx(msgspec.Struct):
    code: str
    data: msgspec.Raw = msgspec.Raw(b"[]")
    msg: str = ""


class _OkxFunding(msgspec.Struct, rename="camel"):
    inst_id: str
    funding_rate: float
    funding_time: Id
    next_funding_time: Id
    ts: Id


class _OkxInterest(msgspec.Struct, rename="camel"):
    inst_id: str
    oi_usd: Decimal


class _BybitTicker(msgspec.Struct, rename="camel"):
    symbol: str
    funding_rate: str
    funding_interval_hour: str
    open_interest_value: Decimal


class _Bybit(msgspec.Struct, rename="camel"):
    ret_code: int
    time: Id = 0
    result: Any = None
    ret_msg: str = ""


class _Bitget(msgspec.Struct, rename="camel"):
    code: str
    request_time: Id = 0
    data: msgspec.Raw = msgspec.Raw(b"[]")
    msg: str = ""


class _BitgetFunding(msgspec.Struct, rename="camel"):
    symbol: str
    funding_rate: float
    funding_rate_interval: float


class _BitgetSize(msgspec.Struct):
    symbol: str
    size: Decimal


class _BitgetInterest(msgspec.Struct, rename="camel"):
    open_interest_list: list[_BitgetSize]


class _GateContract(msgspec.Struct):
    name: str
    funding_rate: float
    funding_interval: Id
    position_size: Decimal
    quanto_multiplier: Decimal
    mark_price: Decimal


class _HyperAsset(msgspec.Struct):
    name: str


class _HyperMeta(msgspec.Struct):
    universe: list[_HyperAsset]


class _HyperContext(msgspec.Struct, rename="camel"):
    funding: float
    open_interest: Decimal
    mark_px: Decimal


class _Deribit(msgspec.Struct):
    result: msgspec.Raw


class _DeribitSummary(msgspec.Struct):
    instrument_name: str
    open_interest: Decimal
    creation_timestamp: Id
    current_funding: float | None = None
    funding_8h: float | None = None


class _GlassRow(msgspec.Struct):
    exchange: str
    funding_rate: float
    funding_rate_interval: float


class _GlassSymbol(msgspec.Struct):
    symbol: str
    stablecoin_margin_list: list[_GlassRow] = []


def parse_okx_funding(body: bytes, *, received_at: datetime) -> Parsed[Quote]:
    """Running rate of each swap; the interval is the distance of its next two settlements."""
    source = "okx funding-rate"

    def build(row: _OkxFunding) -> Quote:
        hours = (row.next_funding_time - row.funding_time) / 3_600_000
        at = check.moment(source, "ts", row.ts)
        return _quote(source, row.inst_id, row.funding_rate, hours, at)

    return check.rows(source, _okx(source, body), _OkxFunding, build, received_at)


def parse_okx_open_interest(body: bytes, *, received_at: datetime) -> dict[str, Decimal]:
    """Open interest in USD by instrument; rows that are zero or unreadable are left out."""
    source = "okx open-interest"

    def build(row: _OkxInterest) -> tuple[str, Decimal]:
        return row.inst_id, check.positive(source, "oiUsd", row.oi_usd)

    return dict(check.rows(source, _okx(source, body), _OkxInterest, build, received_at).rows)


def _okx(source: str, body: bytes) -> bytes:
    answer = check.decode(source, body, _Okx)
    if answer.code != "0":
        raise PayloadError(source, "code", answer.code, answer.msg or "refused")
    return bytes(answer.data)


def parse_bybit(body: bytes, *, received_at: datetime) -> Parsed[Quote]:
    """Tickers: running rate, interval in hours, open interest in USD. Rows without funding are futures."""
    source = "bybit tickers"
    answer = check.decode(source, body, _Bybit)
    if answer.ret_code != 0:
        raise PayloadError(source, "retCode", answer.ret_code, answer.ret_msg or "refused")
    at = check.moment(source, "time", answer.time) if answer.time else received_at
    listed = answer.result.get("list") if isinstance(answer.result, dict) else None

    def build(row: _BybitTicker) -> Quote | None:
        if not row.funding_rate or not row.funding_interval_hour:
            return None
        rate = check.number(source, "fundingRate", row.funding_rate)
        hours = check.number(source, "fundingIntervalHour", row.funding_interval_hour)
        value = check.not_negative(source, "openInterestValue", row.open_interest_value)
        return _quote(source, row.symbol, rate, hours, at, value or None)

    return check.rows(source, msgspec.json.encode(listed), _BybitTicker, build, received_at)


def parse_bitget_funding(body: bytes, *, received_at: datetime) -> Parsed[Quote]:
    """Running rate and interval of each contract."""
    source = "bitget current-fund-rate"
    answer = _bitget(source, body)
    at = check.moment(source, "requestTime", answer.request_time) if answer.request_time else received_at

    def build(row: _BitgetFunding) -> Quote:
        return _quote(source, row.symbol, row.funding_rate, row.funding_rate_interval, at)

    return check.rows(source, bytes(answer.data), _BitgetFunding, build, received_at)


def parse_bitget_open_interest(body: bytes) -> dict[str, Decimal]:
    """Open interest in coins by contract."""
    source = "bitget open-interest"
    answer = check.decode(source, bytes(_bitget(source, body).data), _BitgetInterest)
    return {one.symbol: check.positive(source, "size", one.size) for one in answer.open_interest_list}


def _bitget(source: str, body: bytes) -> _Bitget:
    answer = check.decode(source, body, _Bitget)
    if answer.code != "00000":
        raise PayloadError(source, "code", answer.code, answer.msg or "refused")
    return answer


def parse_gate(body: bytes, *, received_at: datetime) -> Parsed[Quote]:
    """Contracts: Iderval in seconds, open interest in contracts of `quanto_multiplier` coins."""
    source = "gate contracts"

    def build(row: _GateContract) -> Quote:
        size = check.not_negative(source, "position_size", row.position_size)
        coin = check.positive(source, "quanto_multiplier", row.quanto_multiplier)
        mark = check.positive(source, "mark_price", row.mark_price)
        hours = row.funding_interval / 3600
        value = check.not_negative(source, "position_size", size * coin * mark)
        return _quote(source, row.name, row.funding_rate, hours, received_at, value or None)

    return check.rows(source, body, _GateContract, build, received_at)


def parse_hyperliquid(body: bytes, *, received_at: datetime) -> Parsed[Quote]:
    """Two parallel arrays: names, and their funding per hour with open interest in coins."""
    source = "hyperliquid metaAndAssetCtxs"
    parts = check.decode(source, body, list[msgspec.Raw])
    if len(parts) != 2:
        raise PayloadError(source, "", len(parts), "not two arrays")
    names = [one.name for one in check.decode(source, bytes(parts[0]), _HyperMeta).universe]
    contexts = check.decode(source, bytes(parts[1]), list[msgspec.Raw])
    if len(names) != len(contexts):
        raise PayloadError(source, "", (len(names), len(contexts)), "arrays differ in length")
    quotes: list[Quote] = []
    issues = []
    for name, raw in zip(names, contexts, strict=True):
        try:
            row = check.decode(source, bytes(raw), _HyperContext)
            coins = check.not_negative(source, "openInterest", row.open_interest)
            value = coins * check.positive(source, "markPx", row.mark_px)
            value = check.not_negative(source, "openInterest", value)
            quotes.append(_quote(source, name, row.funding, 1.0, received_at, value or None))
        except PayloadError as error:
            issues.append(check.issue(error, received_at, symbol=name[:40]))
    return Parsed(tuple(quotes), tuple(issues))


def parse_deribit(body: bytes, *, received_at: datetime) -> Parsed[Quote]:
    """Perpetuals: continuous funding quoted per 8 hours, now and over the last 8; open interest in USD."""
    source = "deribit book summary"
    answer = check.decode(source, body, _Deribit)

    def build(row: _DeribitSummary) -> Quote | None:
        if row.current_funding is None or row.funding_8h is None:
            return None
        return Quote(
            name=check.name(source, "instrument_name", row.instrument_name),
            event_at=check.moment(source, "creation_timestamp", row.creation_timestamp),
            rate=check.fraction(source, "current_funding", row.current_funding),
            interval_hours=8.0,
            rate_8h=check.fraction(source, "funding_8h", row.funding_8h),
            open_interest_usd=check.not_negative(source, "open_interest", row.open_interest) or None,
        )

    return check.rows(source, bytes(answer.result), _DeribitSummary, build, received_at)


def parse_coinglass(body: bytes, *, received_at: datetime) -> Parsed[Quote]:
    """Rates of many exchanges, in percent, named "COIN@exchange". Only contracts against stable coins."""
    source = "coinglass exchange-list"

    def build(row: _GlassSymbol) -> tuple[Quote, ...]:
        return tuple(
            _quote(
                source,
                f"{row.symbol}@{one.exchange.lower().replace(' ', '')}",
                one.funding_rate / 100,
                one.funding_rate_interval,
                received_at,
            )
            for one in row.stablecoin_margin_list
        )

    parsed = check.rows(source, _okx(source, body), _GlassSymbol, build, received_at)
    return Parsed(tuple(quote for coin in parsed.rows for quote in coin), parsed.issues)


def _quote(
    source: str, name: str, rate: float, hours: float, at: datetime, value: Decimal | None = None
) -> Quote:
    if not 0.25 <= hours <= 24:
        raise PayloadError(source, "interval", hours, "not a funding interval in hours")
    checked = check.fraction(source, "funding rate", rate)
    return Quote(
        name=check.name(source, "name", name),
        event_at=at,
        rate=checked,
        interval_hours=hours,
        rate_8h=checked * 8 / hours,
        open_interest_usd=value,
    )
