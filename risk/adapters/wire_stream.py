"""Frames of the exchange's streams. Raw payloads and `{"stream": …, "data": …}` are both understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from risk.adapters import wire_checks as check
from risk.adapters.wire_account import forced_kind
from risk.adapters.wire_checks import Id, Parsed
from risk.adapters.wire_market import Bar, DepthPayload, Level, check_levels, kline_of
from risk.errors import PayloadError
from risk.records import ForcedLiquidation, Kline, Mark

_COMBINED = (b'{"stream"', b'{ "stream"')
COIN_MARGINED = 2


class DepthDiff(msgspec.Struct):
    """One `depthUpdate`: absolute quantities, zero removes the level.

    Attributes:
        previous_update_id: final id of the event before (`pu`); None on spot.
        event_at_ms: transaction time where there is one (futures), else the time of sending.
        market: 1 USD-margined, 2 coin-margined.
    """

    symbol: str = msgspec.field(name="s")
    first_update_id: Id = msgspec.field(name="U")
    final_update_id: Id = msgspec.field(name="u")
    bids: list[Level] = msgspec.field(name="b")
    asks: list[Level] = msgspec.field(name="a")
    sent_at_ms: Id = msgspec.field(name="E")
    previous_update_id: Id | None = msgspec.field(name="pu", default=None)
    transacted_at_ms: Id | None = msgspec.field(name="T", default=None)
    market: Id = msgspec.field(name="st", default=1)

    @property
    def event_at_ms(self) -> int:
        """The exchange's time of the change, epoch milliseconds."""
        return self.sent_at_ms if self.transacted_at_ms is None else self.transacted_at_ms


class _CombinedDepth(msgspec.Struct):
    data: DepthDiff


class _Combined(msgspec.Struct):
    stream: str
    data: msgspec.Raw


class _PartialSpot(msgspec.Struct):
    last_update_id: Id = msgspec.field(name="lastUpdateId")
    bids: list[Level]
    asks: list[Level]


class _ForcedOrder(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    side: str = msgspec.field(name="S")
    quantity: Decimal = msgspec.field(name="q")
    price: Decimal = msgspec.field(name="p")
    average_price: Decimal = msgspec.field(name="ap")
    filled: Decimal = msgspec.field(name="z")
    at_ms: int = msgspec.field(name="T")
    market: Id = msgspec.field(name="st", default=1)


class _ForceOrder(msgspec.Struct):
    order: _ForcedOrder = msgspec.field(name="o")
    market: Id = msgspec.field(name="st", default=1)


class _MarkPrice(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    at_ms: int = msgspec.field(name="E")
    mark: Decimal = msgspec.field(name="p")
    index: Decimal = msgspec.field(name="i")
    rate: str = msgspec.field(name="r")
    due_ms: int = msgspec.field(name="T")
    market: Id = msgspec.field(name="st", default=1)


class _Candle(msgspec.Struct):
    open_ms: int = msgspec.field(name="t")
    close_ms: int = msgspec.field(name="T")
    symbol: str = msgspec.field(name="s")
    interval: str = msgspec.field(name="i")
    open: Decimal = msgspec.field(name="o")
    close: Decimal = msgspec.field(name="c")
    high: Decimal = msgspec.field(name="h")
    low: Decimal = msgspec.field(name="l")
    volume: Decimal = msgspec.field(name="v")
    trades: int = msgspec.field(name="n")
    is_closed: bool = msgspec.field(name="x")
    quote_volume: Decimal = msgspec.field(name="q")
    taker_buy_volume: Decimal = msgspec.field(name="V")


class _KlineEvent(msgspec.Struct):
    candle: _Candle = msgspec.field(name="k")


class _UserEvent(msgspec.Struct):
    kind: str = msgspec.field(name="e")
    at_ms: int = msgspec.field(name="E")
    account: Any = msgspec.field(name="a", default=None)
    order: Any = msgspec.field(name="o", default=None)
    config: Any = msgspec.field(name="ac", default=None)
    calls: Any = msgspec.field(name="p", default=None)


class _Control(msgspec.Struct):
    id: Id | None = None
    result: Any = None
    code: int | None = None
    msg: str | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEvent:
    """That something happened to the account; REST tells what it led to.

    Attributes:
        kind: the exchange's event type, e.g. "ACCOUNT_UPDATE", "MARGIN_CALL", "listenKeyExpired".
        symbols: whom it concerns; empty when it concerns the account.
        reason: why ("FUNDING_FEE", an execution type, …), empty where the event gives none.
        forced: "liquidation", "adl" or "settlement" for orders that the exchange placed, else empty.
        changes_account: true when account and positions should be read again now.
        changes_configuration: true when leverage, margin type or modes should be.
        changes_orders: true when the open orders should be.
    """

    kind: str
    event_at: datetime
    received_at: datetime
    symbols: tuple[str, ...]
    reason: str
    forced: str
    changes_account: bool
    changes_configuration: bool
    changes_orders: bool


@dataclass(frozen=True, slots=True)
class ControlReply:
    """An answer to SUBSCRIBE and its kin. `problem` is empty when it was granted."""

    request_id: int | None
    result: Any
    problem: str


def unwrap(frame: bytes) -> tuple[str, bytes]:
    """Stream name and payload of a frame; the name is empty for a raw payload.

    Raises:
        PayloadError: the frame is not JSON.
    """
    if not frame.startswith(_COMBINED):
        return "", frame
    row = check.decode("stream", frame, _Combined)
    return row.stream, bytes(row.data)


def decode_depth(frame: bytes) -> DepthDiff:
    """A depth update of futures or spot, raw or wrapped.

    Raises:
        PayloadError: unreadable, ids that run backwards, or an impossible level.
    """
    if frame.startswith(_COMBINED):
        diff = check.decode("depth stream", frame, _CombinedDepth).data
    else:
        diff = check.decode("depth stream", frame, DepthDiff)
    if diff.first_update_id > diff.final_update_id:
        raise PayloadError("depth stream", "U", diff.first_update_id, f"after u = {diff.final_update_id}")
    if not 0 <= diff.event_at_ms <= check.LATEST_MS:
        raise PayloadError("depth stream", "T", diff.event_at_ms, "not a time in milliseconds")
    check_levels("depth stream", "b", diff.bids)
    check_levels("depth stream", "a", diff.asks)
    return diff


def decode_partial_depth(frame: bytes, *, symbol: str = "", venue: str = "usdm") -> DepthPayload:
    """A complete top of the book (`@depth20` and its kin): replaces, never merges.

    Args:
        symbol: spot payloads do not name theirs; taken from the stream's name when wrapped.

    Raises:
        PayloadError: unreadable, an impossible or empty level, or crossing sides.
    """
    stream, payload = unwrap(frame)
    if venue == "spot":
        row = check.decode("partial depth", payload, _PartialSpot)
        named = symbol or stream.partition("@")[0].upper()
        depth = DepthPayload(
            symbol=check.name("partial depth", "stream", named),
            venue=venue,
            last_update_id=row.last_update_id,
            event_at_ms=None,
            bids=row.bids,
            asks=row.asks,
        )
    else:
        diff = decode_depth(payload)
        depth = DepthPayload(
            symbol=diff.symbol,
            venue=venue,
            last_update_id=diff.final_update_id,
            event_at_ms=diff.event_at_ms,
            bids=sorted(diff.bids, reverse=True),
            asks=sorted(diff.asks),
        )
    check_levels("partial depth", "bids", depth.bids, may_be_zero=False)
    check_levels("partial depth", "asks", depth.asks, may_be_zero=False)
    if depth.bids and depth.asks and depth.bids[0][0] >= depth.asks[0][0]:
        raise PayloadError("partial depth", "bids", depth.bids[0], "best bid at or above best ask")
    return depth


def decode_force_order(frame: bytes, *, received_at: datetime) -> Parsed[ForcedLiquidation]:
    """Forced orders of a frame: one object, wrapped or not, or an array. Coin-margined ones are left out.

    Raises:
        PayloadError: unreadable, or no order of it possible.
    """
    source = "forceOrder"

    def build(row: _ForceOrder) -> ForcedLiquidation | None:
        order = row.order
        if COIN_MARGINED in (row.market, order.market):
            return None
        filled = check.not_negative(source, "z", order.filled)
        average = check.not_negative(source, "ap", order.average_price)
        if filled > 0 and average == 0:
            raise PayloadError(source, "ap", average, "filled at a price of zero")
        return ForcedLiquidation(
            event_at=check.moment(source, "T", order.at_ms),
            received_at=received_at,
            source="stream",
            symbol=check.name(source, "s", order.symbol),
            side=check.one_of(source, "S", order.side, ("BUY", "SELL")),
            price=check.positive(source, "p", order.price),
            average_price=average,
            quantity=check.positive(source, "q", order.quantity),
            filled_quantity=filled,
            notional_usdt=check.not_negative(source, "z·ap", filled * average),
        )

    return check.rows(source, unwrap(frame)[1], _ForceOrder, build, received_at)


def force_order_key(order: ForcedLiquidation) -> tuple[str, str, datetime, Decimal, Decimal]:
    """What makes two frames the same forced order: the stream has no event id."""
    return order.symbol, order.side, order.event_at, order.quantity, order.price


def decode_mark_array(frame: bytes, *, received_at: datetime) -> Parsed[Mark]:
    """Mark prices of `<symbol>@markPrice` or `!markPrice@arr`. Without funding (delivery) they are left out.

    Raises:
        PayloadError: unreadable, or no row possible.
    """
    source = "markPrice stream"

    def build(row: _MarkPrice) -> Mark | None:
        if row.market == COIN_MARGINED or (not row.rate and not row.due_ms):
            return None
        rate = check.number(source, "r", row.rate)
        return Mark(
            event_at=check.moment(source, "E", row.at_ms),
            received_at=received_at,
            source="stream",
            symbol=check.name(source, "s", row.symbol),
            mark_price=check.positive(source, "p", row.mark),
            index_price=check.positive(source, "i", row.index),
            funding_rate=check.fraction(source, "r", rate),
            next_funding_at=check.moment(source, "T", row.due_ms) if row.due_ms else None,
        )

    return check.rows(source, unwrap(frame)[1], _MarkPrice, build, received_at)


def decode_kline(frame: bytes, *, received_at: datetime, venue: str = "usdm") -> Kline | None:
    """The bar that closed; None while it is forming.

    Raises:
        PayloadError: unreadable, or an impossible closed bar.
    """
    source = "kline stream"
    one = check.decode(source, unwrap(frame)[1], _KlineEvent).candle
    if not one.is_closed:
        return None
    bar = Bar(
        one.open_ms, one.open, one.high, one.low, one.close, one.volume,
        one.close_ms, one.quote_volume, one.trades, one.taker_buy_volume,
    )  # fmt: skip
    symbol, interval = check.name(source, "s", one.symbol), check.name(source, "i", one.interval)
    return kline_of(
        source, bar, symbol=symbol, interval=interval, venue=venue, received_at=received_at, origin="stream"
    )


def decode_user_event(frame: bytes, *, received_at: datetime) -> UserEvent:
    """What a frame of the user-data stream says, as far as it makes us look.

    Raises:
        PayloadError: unreadable, or without type and time.
    """
    source = "user stream"
    row = check.decode(source, unwrap(frame)[1], _UserEvent)
    account, order = _mapping(row.account), _mapping(row.order)
    touched = [order, _mapping(row.config), *_listed(row.calls), *_listed(account.get("P"))]
    symbols = {one["s"] for one in touched if isinstance(one, dict) and isinstance(one.get("s"), str)}
    reason = account.get("m", order.get("x", ""))
    forced = forced_kind(str(order.get("c", "")))
    is_order = row.kind == "ORDER_TRADE_UPDATE"
    return UserEvent(
        kind=row.kind,
        event_at=check.moment(source, "E", row.at_ms),
        received_at=received_at,
        symbols=tuple(sorted(check.name(source, "s", one) for one in symbols)),
        reason=reason if isinstance(reason, str) else "",
        forced=forced if is_order and forced != "other" else "",
        changes_account=row.kind in ("ACCOUNT_UPDATE", "MARGIN_CALL")
        or (is_order and reason in ("TRADE", "CALCULATED")),
        changes_configuration=row.kind == "ACCOUNT_CONFIG_UPDATE"
        or reason in ("MARGIN_TYPE_CHANGE", "ASSET_TRANSFER"),
        changes_orders=row.kind in ("ORDER_TRADE_UPDATE", "ALGO_UPDATE"),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def decode_control(frame: bytes) -> ControlReply | None:
    """An answer to a control message; None for anything else.

    Raises:
        PayloadError: the frame is not JSON.
    """
    if b'"e"' in frame[:80] or frame.startswith((b"[", *_COMBINED)):
        return None
    row = check.decode("stream control", frame, _Control)
    if row.error is not None:
        return ControlReply(row.id, None, str(row.error.get("msg", row.error))[:200])
    if row.code is not None:
        return ControlReply(row.id, None, (row.msg or f"code {row.code}")[:200])
    return ControlReply(row.id, row.result, "")
