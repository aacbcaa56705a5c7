"""The exchange over REST: every documented read that the risk desk needs, as records.

    exchange = Exchange(Addresses(), Credentials(key, secret), budget=WeightBudget(share=0.5))
    account, positions = exchange.account_snapshot()

Every method raises one of ExchangeError's kinds when the exchange does not answer as asked, PayloadError
when the whole answer cannot be true, SettingsError when it needs a key and there is none. Single
impossible rows are left out and kept for `drain_issues`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Self, TypeVar

import httpx

from risk.adapters import wire
from risk.adapters.rest_holds import BanStore, Clock
from risk.adapters.rest_line import Addresses, Call, Credentials, Line
from risk.adapters.rest_private import PrivateReads, epoch_ms, parameters
from risk.adapters.signing import Value
from risk.adapters.weight import (
    FUNDING,
    SPOT,
    STATISTICS,
    WeightBudget,
    depth_weight,
    kline_weight,
    spot_depth_weight,
)
from risk.errors import PayloadError
from risk.records import (
    AccountSnapshot,
    AdlRisk,
    DataIssue,
    FundingSettlement,
    FundingTerms,
    Income,
    Instrument,
    InsuranceBalance,
    Kline,
    LeverageBracket,
    Mark,
    OpenInterest,
    OpenOrder,
    PositionSnapshot,
    Ticker,
)

__all__ = ["Addresses", "BanStore", "Clock", "Credentials", "Exchange"]

R = TypeVar("R")

MARKET_DEADLINE_S, HISTORY_DEADLINE_S = 8.0, 20.0


class Exchange:
    """A read-only client, one per process. Thread-safe.

    Args:
        addresses: base addresses; replaced as one set by those of a simulator or the demo exchange.
        credentials: None for public data only.
        budget: weight budget of this process.
        bans: where holds after 429 and 418 outlive the process.
        transport: what sends, for tests or a proxy; always behind the guard.
        account: our name for the account, stored with its rows.
        retry_after_default_s: silence after a 429 that names no time.
    """

    def __init__(
        self,
        addresses: Addresses | None = None,
        credentials: Credentials | None = None,
        *,
        budget: WeightBudget | None = None,
        bans: BanStore | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
        account: str = "default",
        retry_after_default_s: float = 60.0,
    ) -> None:
        self._clock = own = clock or Clock()
        self._budget = budget or WeightBudget(monotonic=own.monotonic, wall=own.wall, sleep=own.sleep)
        self._line = Line(
            addresses or Addresses(),
            credentials,
            budget=self._budget,
            bans=bans or BanStore(),
            transport=transport,
            clock=self._clock,
            retry_after_default_s=retry_after_default_s,
        )
        self._lock = threading.Lock()
        self._issues: list[DataIssue] = []
        self._private = PrivateReads(self._line, self._clock, account=account, note=self._note)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._line.close()

    def drain_issues(self) -> list[DataIssue]:
        """What was refused since the last call; the list is emptied."""
        with self._lock:
            issues, self._issues = self._issues, []
        return issues

    def clock_offset_s(self) -> float | None:
        """Seconds by which the exchange's clock is ahead of ours; None before the first comparison."""
        return self._line.offset_s()

    def server_time(self) -> datetime:
        """The exchange's clock now; the difference to ours is kept for signing."""
        epoch_ms = self._line.compare_clocks(self._line.deadline(MARKET_DEADLINE_S))
        return datetime.fromtimestamp(epoch_ms / 1000, UTC)

    def exchange_info(self) -> list[Instrument]:
        """Trading rules of every USD-margined contract. The limit it announces goes to the budget."""
        call = Call(path="/fapi/v1/exchangeInfo", deadline_s=HISTORY_DEADLINE_S)
        rules = wire.parse_exchange_info(self._line.send(call), received_at=self._now())
        self._budget.set_limit(call.pool, rules.request_weight_limit or 0)
        return self._kept(wire.Parsed(rules.instruments, rules.issues))

    def depth(self, symbol: str, limit: int = 1000) -> wire.DepthPayload:
        """Snapshot of the futures book. `limit` is one of 5, 10, 20, 50, 100, 500, 1000 levels."""
        body = self._market("/fapi/v1/depth", depth_weight(limit), {"symbol": symbol, "limit": limit})
        return wire.parse_depth(body, symbol=symbol)

    def tickers(self, symbol: str | None = None) -> list[Ticker]:
        """Rolling 24 hours of one symbol (weight 1) or all (weight 40)."""
        body = self._market("/fapi/v1/ticker/24hr", 1 if symbol else 40, parameters(symbol=symbol))
        return self._kept(wire.parse_tickers(body, received_at=self._now()))

    def klines(
        self,
        symbol: str,
        interval: str,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 500,
    ) -> list[Kline]:
        """Closed bars, oldest first: the newest `limit` without `start`, else the oldest from there on."""
        params = parameters(
            symbol=symbol,
            interval=interval,
            startTime=epoch_ms(start),
            endTime=epoch_ms(end),
            limit=min(limit, 1500),
        )
        return self._klines("/fapi/v1/klines", params, venue="usdm", weight=kline_weight(limit))

    def kline_pages(
        self, symbol: str, interval: str, start: datetime, end: datetime, limit: int = 1500
    ) -> Iterator[list[Kline]]:
        """Closed bars from `start` to `end`, page by page, so that each can be stored before the next."""
        while start <= end:
            page = self.klines(symbol, interval, start, end, limit)
            if not page:
                return
            yield page
            start = page[-1].event_at + timedelta(milliseconds=1)

    def premium_index(self, symbol: str | None = None) -> list[Mark]:
        """Mark, index, running funding and next settlement of one symbol or all."""
        body = self._market("/fapi/v1/premiumIndex", 1 if symbol else 10, parameters(symbol=symbol))
        return self._kept(wire.parse_premium_index(body, received_at=self._now()))

    def funding_rates(
        self,
        symbol: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 1000,
        intervals: Mapping[str, int] | None = None,
    ) -> list[FundingSettlement]:
        """Settled rates, oldest first; the oldest `limit` from `start` when more would fit.

        Args:
            intervals: hours by symbol now in force, for rows whose predecessor is not in the answer.
        """
        params = parameters(
            symbol=symbol, startTime=epoch_ms(start), endTime=epoch_ms(end), limit=min(limit, 1000)
        )
        call = Call(path="/fapi/v1/fundingRate", params=params, pool=FUNDING, deadline_s=HISTORY_DEADLINE_S)
        body = self._line.send(call)
        return self._kept(wire.parse_funding_rates(body, received_at=self._now(), intervals=intervals))

    def funding_pages(
        self, symbol: str, start: datetime, end: datetime, intervals: Mapping[str, int] | None = None
    ) -> Iterator[list[FundingSettlement]]:
        """Settled rates of one symbol from `start` to `end`, page by page.

        Each page begins with the settlement that ended the one before, so that every row but the first has
        the interval it really had; the repeated row is not repeated in what is yielded.
        """
        last: datetime | None = None
        while start <= end:
            page = self.funding_rates(symbol, start, end, intervals=intervals)
            fresh = [row for row in page if last is None or row.event_at > last]
            if not fresh:
                return
            yield fresh
            last = start = fresh[-1].event_at

    def funding_info(self) -> list[FundingTerms]:
        """Terms of adjusted symbols only; a missing symbol settles every 8 hours with default caps."""
        call = Call(path="/fapi/v1/fundingInfo", pool=FUNDING, deadline_s=MARKET_DEADLINE_S)
        body = self._line.send(call)
        parsed = wire.parse_funding_info(body, event_at=self._server_now(), received_at=self._now())
        return self._kept(parsed)

    def open_interest(self, symbol: str) -> OpenInterest:
        """Open contracts of one symbol now, in coins."""
        body = self._market("/fapi/v1/openInterest", 1, {"symbol": symbol})
        return wire.parse_open_interest(body, received_at=self._now())

    def open_interest_history(
        self,
        symbol: str,
        period: str = "1h",
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 500,
    ) -> list[OpenInterest]:
        """Open interest at the end of each period, at most the last month."""
        params = parameters(
            symbol=symbol,
            period=period,
            startTime=epoch_ms(start),
            endTime=epoch_ms(end),
            limit=min(limit, 500),
        )
        call = Call(
            path="/futures/data/openInterestHist",
            params=params,
            pool=STATISTICS,
            deadline_s=HISTORY_DEADLINE_S,
        )
        parsed = wire.parse_open_interest_history(self._line.send(call), received_at=self._now())
        return self._kept(parsed)

    def asset_index(self) -> dict[str, Decimal]:
        """Index price in USD by collateral asset."""
        parsed = wire.parse_asset_index(self._market("/fapi/v1/assetIndex", 10, {}), received_at=self._now())
        return {one.asset: one.index_usd for one in self._kept(parsed)}

    def insurance(self) -> list[InsuranceBalance]:
        """The insurance fund by group of symbols and asset, valued in USD by the exchange's index."""
        prices = self.asset_index()
        body = self._market("/fapi/v1/insuranceBalance", 1, {})
        parsed = wire.parse_insurance(
            body, prices_usd=prices, event_at=self._server_now(), received_at=self._now()
        )
        return self._kept(parsed)

    def adl_risks(self) -> list[AdlRisk]:
        """The exchange's word for how near auto-deleveraging is, for every symbol."""
        body = self._market("/fapi/v1/symbolAdlRisk", 1, {})
        return self._kept(wire.parse_adl_risks(body, received_at=self._now()))

    def spot_depth(self, symbol: str, limit: int = 100) -> wire.DepthPayload:
        """Snapshot of the spot book, up to 5000 levels."""
        body = self._spot("/api/v3/depth", spot_depth_weight(limit), {"symbol": symbol, "limit": limit})
        return wire.parse_depth(body, symbol=symbol, venue="spot")

    def spot_ticker(self, symbol: str) -> Ticker:
        """Rolling 24 hours of one spot pair."""
        body = self._spot("/api/v3/ticker/24hr", 2, {"symbol": symbol})
        rows = wire.parse_tickers(body, received_at=self._now(), venue="spot").rows
        if len(rows) != 1:
            raise PayloadError("spot ticker/24hr", "", len(rows), "not one ticker")
        return rows[0]

    def spot_klines(
        self,
        symbol: str,
        interval: str,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 500,
    ) -> list[Kline]:
        """Closed spot bars, oldest first, at most 1000."""
        params = parameters(
            symbol=symbol,
            interval=interval,
            startTime=epoch_ms(start),
            endTime=epoch_ms(end),
            limit=min(limit, 1000),
        )
        return self._klines("/api/v3/klines", params, venue="spot", weight=2)

    def leverage_brackets(self, symbol: str | None = None) -> list[LeverageBracket]:
        """Maintenance ladders of one symbol or all. Signed."""
        return self._private.leverage_brackets(symbol)

    def account_snapshot(
        self, now: datetime | None = None
    ) -> tuple[AccountSnapshot, tuple[PositionSnapshot, ...]]:
        """Totals and open positions, all within three seconds, received at `now` (by default our clock).

        Raises:
            UnsupportedAccountError: a mode whose margin rules are not ours.
        """
        return self._private.account_snapshot(now)

    def forget_configuration(self) -> None:
        """Read leverage, margin types and modes anew with the next account: the stream said they changed."""
        self._private.forget_configuration()

    def income(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        symbol: str | None = None,
        income_type: str | None = None,
        limit: int = 1000,
    ) -> list[Income]:
        """Ledger lines, oldest first; without times the last 7 days, at most 3 months back."""
        return self._private.income(start, end, symbol=symbol, income_type=income_type, limit=limit)

    def force_orders(
        self, start: datetime | None = None, end: datetime | None = None, *, symbol: str | None = None
    ) -> list[wire.OwnForcedOrder]:
        """The account's own liquidation and auto-deleveraging orders, at most 90 days back."""
        return self._private.force_orders(start, end, symbol=symbol)

    def open_orders(self, service: str) -> list[OpenOrder]:
        """The account's orders of one list: "book" at rest, "algo" waiting for a trigger. Signed."""
        return self._private.open_orders(service)

    def key_restrictions(self) -> wire.KeyRights:
        """What the key may do. "unverified" when the exchange would not say, which is not a yes.

        Raises:
            KeyRejectedError: the key itself is not valid.
        """
        return self._private.key_restrictions()

    def listen_key_create(self) -> str:
        """The key of the user-data stream, valid for 60 minutes; the same one while it lives. A secret."""
        return self._private.listen_key_create()

    def listen_key_keepalive(self) -> None:
        """Another 60 minutes. RejectedError with code -1125 when the key is gone: create a new one."""
        self._private.listen_key_keepalive()

    def listen_key_close(self) -> None:
        """End the user-data stream."""
        self._private.listen_key_close()

    def _klines(self, path: str, params: Mapping[str, Value], *, venue: str, weight: int) -> list[Kline]:
        deadline = self._line.deadline(HISTORY_DEADLINE_S)
        self._line.ensure_clock(deadline)
        call = Call(path=path, params=params, weight=weight, deadline_s=HISTORY_DEADLINE_S)
        if venue == "spot":
            call = replace(call, service="spot", pool=SPOT)
        asked_ms = self._line.server_ms()
        parsed = wire.parse_klines(
            self._line.send(call, deadline=deadline),
            symbol=str(params["symbol"]),
            interval=str(params["interval"]),
            received_at=self._now(),
            closed_before_ms=int(asked_ms),
            venue=venue,
        )
        return self._kept(parsed)

    def _market(self, path: str, weight: int, params: Mapping[str, Value]) -> bytes:
        return self._line.send(Call(path=path, params=params, weight=weight, deadline_s=MARKET_DEADLINE_S))

    def _spot(self, path: str, weight: int, params: Mapping[str, Value]) -> bytes:
        call = Call(
            path=path, service="spot", pool=SPOT, params=params, weight=weight, deadline_s=MARKET_DEADLINE_S
        )
        return self._line.send(call)

    def _kept(self, parsed: wire.Parsed[R]) -> list[R]:
        self._note(parsed.issues)
        return list(parsed.rows)

    def _note(self, issues: Iterable[DataIssue]) -> None:
        with self._lock:
            self._issues.extend(issues)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)

    def _server_now(self) -> datetime:
        return datetime.fromtimestamp(self._line.server_ms() / 1000, UTC)
