"""Funding and open interest on other exchanges: public reads, one adapter each, none stops another.

with Venues() as venues:
    answers = venues.funding(["BTCUSDT", "ETHUSDT"], marks={"BTCUSDT": Decimal("60000")})
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self
from urllib.parse import quote, urlsplit

import httpx
import stamina

from risk.adapters import guard
from risk.adapters.wire_checks import Parsed
from risk.adapters.wire_venues import (
    Quote,
    parse_bitget_funding,
    parse_bitget_open_interest,
    parse_bybit,
    parse_coinglass,
    parse_deribit,
    parse_gate,
    parse_hyperliquid,
    parse_okx_funding,
    parse_okx_open_interest,
)
from risk.errors import (
    DataError,
    ExchangeError,
    PayloadError,
    RateLimitError,
    RejectedError,
    RiskError,
    SettingsError,
    UnreachableError,
)
from risk.records import DataIssue, VenueFunding

VENUES = ("okx", "bybit", "bitget", "gate", "hyperliquid", "deribit")
MOST_BYTES = 12_000_000
TRIES = 3
PATIENCE_S = 5.0
DERIBIT_COINS = ("BTC", "ETH")
"""Inverse perpetuals, whose open interest is in USD; its other contracts count otherwise."""
_LOT = re.compile(r"^(?:1000000|1000)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class VenueAddresses:
    """Base addresses; a simulator's for tests."""

    okx: str = "https://www.okx.com"
    bybit: str = "https://api.bybit.com"
    bitget: str = "https://api.bitget.com"
    gate: str = "https://api.gateio.ws/api/v4"
    hyperliquid: str = "https://api.hyperliquid.xyz"
    deribit: str = "https://www.deribit.com/api/v2"
    coinglass: str = "https://open-api-v4.coinglass.com"


@dataclass(frozen=True, slots=True)
class VenueAnswers:
    """What came back: rows of all venues that answered, refused rows, and why the others did not."""

    rows: tuple[VenueFunding, ...]
    issues: tuple[DataIssue, ...]
    failures: Mapping[str, RiskError] = field(default_factory=dict)


READS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "okx": (("GET", "/api/v5/public/funding-rate"), ("GET", "/api/v5/public/open-interest")),
    "bybit": (("GET", "/v5/market/tickers"),),
    "bitget": (("GET", "/api/v2/mix/market/current-fund-rate"), ("GET", "/api/v2/mix/market/open-interest")),
    "gate": (("GET", "/futures/usdt/contracts"),),
    "hyperliquid": (("POST", "/info"),),
    "deribit": (("GET", "/public/get_book_summary_by_instrument"),),
    "coinglass": (("GET", "/api/futures/funding-rate/exchange-list"),),
}


def allowed(addresses: VenueAddresses) -> frozenset[guard.Call]:
    """Every call that may leave towards another venue."""
    return frozenset(
        call for venue, reads in READS.items() for call in guard.calls(getattr(addresses, venue), reads)
    )


def coin(symbol: str) -> str | None:
    """The coin of one of our USDT symbols, without the thousand that cheap coins are bundled in.

    >>> coin("BTCUSDT"), coin("1000PEPEUSDT"), coin("BTCUSDC"), coin("BTCUSDT_260327")
    ('BTC', 'PEPE', None, None)
    """
    if not symbol.endswith("USDT") or symbol == "USDT":
        return None
    return _LOT.sub("", symbol.removesuffix("USDT"))


class Venues:
    """Reads the enabled venues, each on its own thread.

    Args:
        enabled: names out of VENUES.
        coinglass_key: a paid key; with it, CoinGlass's list is read as well.
        transport: what sends, for tests; always behind the guard.

    Raises:
        SettingsError: an unknown venue.
    """

    def __init__(
        self,
        addresses: VenueAddresses | None = None,
        enabled: Sequence[str] = VENUES,
        *,
        coinglass_key: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        unknown = sorted(set(enabled) - set(VENUES))
        if unknown:
            raise SettingsError(
                f"venues.enabled: unknown {', '.join(unknown)}; known are {', '.join(VENUES)}"
            )
        self._addresses = addresses or VenueAddresses()
        self._enabled = (*enabled, "coinglass") if coinglass_key else tuple(enabled)
        self._glass_key = coinglass_key
        inner = transport or httpx.HTTPTransport(limits=httpx.Limits(max_connections=8))
        self._client = httpx.Client(
            transport=guard.GuardTransport(allowed(self._addresses), inner),
            timeout=PATIENCE_S,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def funding(
        self,
        symbols: Iterable[str],
        *,
        marks: Mapping[str, Decimal] | None = None,
        now: datetime | None = None,
    ) -> VenueAnswers:
        """Rates and open interest of our symbols on every enabled venue.

        Args:
            marks: our mark prices, USDT per coin, where a venue counts open interest in coins only.
        """
        wanted = {symbol: name for symbol in symbols if (name := coin(symbol))}
        at = now or datetime.now(UTC)
        rows: list[VenueFunding] = []
        issues: list[DataIssue] = []
        failures: dict[str, RiskError] = {}
        if not wanted or not self._enabled:
            return VenueAnswers((), ())
        with ThreadPoolExecutor(len(self._enabled)) as pool:
            futures = {
                venue: pool.submit(self._read, venue, wanted, marks or {}, at) for venue in self._enabled
            }
        for venue, future in futures.items():
            try:
                parsed = future.result()
            except (ExchangeError, DataError) as error:
                failures[venue] = error
                continue
            rows.extend(parsed.rows)
            issues.extend(parsed.issues)
        return VenueAnswers(tuple(rows), tuple(issues), failures)

    def _read(
        self, venue: str, wanted: Mapping[str, str], marks: Mapping[str, Decimal], at: datetime
    ) -> Parsed[VenueFunding]:
        readers: dict[str, Callable[[], Parsed[VenueFunding]]] = {
            "okx": lambda: self._okx(wanted, at),
            "bybit": lambda: self._bybit(wanted, at),
            "bitget": lambda: self._bitget(wanted, marks, at),
            "gate": lambda: self._gate(wanted, at),
            "hyperliquid": lambda: self._hyperliquid(wanted, at),
            "deribit": lambda: self._deribit(wanted, at),
            "coinglass": lambda: self._coinglass(wanted, at),
        }
        return readers[venue]()

    def _okx(self, wanted: Mapping[str, str], at: datetime) -> Parsed[VenueFunding]:
        quotes = parse_okx_funding(self._get("okx", 0, instId="ANY"), received_at=at)
        interest = parse_okx_open_interest(self._get("okx", 1, instType="SWAP"), received_at=at)
        names = {symbol: f"{name}-USDT-SWAP" for symbol, name in wanted.items()}
        return _named("okx", quotes, names, at, interest=interest)

    def _bybit(self, wanted: Mapping[str, str], at: datetime) -> Parsed[VenueFunding]:
        quotes = parse_bybit(self._get("bybit", 0, category="linear"), received_at=at)
        return _named("bybit", quotes, {symbol: symbol for symbol in wanted}, at)

    def _bitget(
        self, wanted: Mapping[str, str], marks: Mapping[str, Decimal], at: datetime
    ) -> Parsed[VenueFunding]:
        quotes = parse_bitget_funding(self._get("bitget", 0, productType="USDT-FUTURES"), received_at=at)
        names = {symbol: f"{name}USDT" for symbol, name in wanted.items()}
        present = {quote.name for quote in quotes.rows}
        interest: dict[str, Decimal] = {}
        for symbol, name in names.items():
            # a symbol counted in thousands has a mark of a thousand coins, which is no price of theirs
            if name not in present or symbol not in marks or _LOT.match(symbol):
                continue
            sizes = parse_bitget_open_interest(
                self._get("bitget", 1, symbol=name, productType="USDT-FUTURES")
            )
            if name in sizes:
                interest[name] = sizes[name] * marks[symbol]
        return _named("bitget", quotes, names, at, interest=interest)

    def _gate(self, wanted: Mapping[str, str], at: datetime) -> Parsed[VenueFunding]:
        quotes = parse_gate(self._get("gate", 0), received_at=at)
        return _named("gate", quotes, {symbol: f"{name}_USDT" for symbol, name in wanted.items()}, at)

    def _hyperliquid(self, wanted: Mapping[str, str], at: datetime) -> Parsed[VenueFunding]:
        body = json.dumps({"type": "metaAndAssetCtxs"}).encode()
        quotes = parse_hyperliquid(self._send("hyperliquid", 0, content=body), received_at=at)
        names = {symbol: f"k{name}" if _LOT.match(symbol) else name for symbol, name in wanted.items()}
        return _named("hyperliquid", quotes, names, at)

    def _deribit(self, wanted: Mapping[str, str], at: datetime) -> Parsed[VenueFunding]:
        rows: list[VenueFunding] = []
        issues: list[DataIssue] = []
        for symbol, name in wanted.items():
            if name in DERIBIT_COINS:
                instrument = f"{name}-PERPETUAL"
                quotes = parse_deribit(self._get("deribit", 0, instrument_name=instrument), received_at=at)
                parsed = _named("deribit", quotes, {symbol: instrument}, at)
                rows.extend(parsed.rows)
                issues.extend(parsed.issues)
        return Parsed(tuple(rows), tuple(issues))

    def _coinglass(self, wanted: Mapping[str, str], at: datetime) -> Parsed[VenueFunding]:
        headers = {"CG-API-KEY": self._glass_key or ""}
        quotes = parse_coinglass(self._send("coinglass", 0, headers=headers), received_at=at)
        seen = {quote.name.partition("@")[2] for quote in quotes.rows} - {"binance"}
        parts = [
            _named(
                f"coinglass:{one}", quotes, {symbol: f"{name}@{one}" for symbol, name in wanted.items()}, at
            )
            for one in sorted(seen)
        ]
        return Parsed(tuple(row for part in parts for row in part.rows), quotes.issues)

    def _get(self, venue: str, read: int, **params: str) -> bytes:
        query = "&".join(f"{key}={quote(value, safe='')}" for key, value in params.items())
        return self._send(venue, read, query=query)

    def _send(
        self,
        venue: str,
        read: int,
        *,
        query: str = "",
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of a successful answer, after up to three tries.

        Raises:
            ExchangeError: by kind; a refusal is not tried again.
        """
        method, path = READS[venue][read]
        url = getattr(self._addresses, venue).rstrip("/") + path + (f"?{query}" if query else "")
        sent = {"Content-Type": "application/json"} if content else {}
        request = self._client.build_request(
            method, url, content=content, headers={**sent, **(headers or {})}
        )
        for attempt in stamina.retry_context(
            on=UnreachableError, attempts=TRIES, wait_initial=0.2, wait_max=2.0
        ):
            with attempt:
                return self._try(venue, request)
        raise UnreachableError(f"{venue} {path}: no attempt was made")

    def _try(self, venue: str, request: httpx.Request) -> bytes:
        where = f"{venue} {urlsplit(str(request.url)).path}"
        try:
            response = self._client.send(request, stream=True)
            try:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise PayloadError(where, "", f"{len(body)} bytes and more", "too large to be true")
            finally:
                response.close()
        except httpx.RequestError as cause:
            raise UnreachableError(f"{where}: {type(cause).__name__}: {cause}") from cause
        status = response.status_code
        if status == 429:
            raise RateLimitError(f"{where}: too many requests", 60.0)
        if status >= 500 or status < 200 or 300 <= status < 400:
            raise UnreachableError(f"{where}: HTTP {status}")
        if status >= 400:
            raise RejectedError(f"{where}: HTTP {status}", status, 0)
        return bytes(body)


def _named(
    venue: str,
    quotes: Parsed[Quote],
    names: Mapping[str, str],
    at: datetime,
    *,
    interest: Mapping[str, Decimal] | None = None,
) -> Parsed[VenueFunding]:
    """The quotes of our symbols under our names; symbols that the venue does not list have no row."""
    by_name = {quote.name: quote for quote in quotes.rows}
    rows = tuple(
        VenueFunding(
            event_at=found.event_at,
            received_at=at,
            source="rest",
            venue=venue,
            symbol=symbol,
            funding_rate=found.rate,
            interval_hours=found.interval_hours,
            funding_8h=found.rate_8h,
            open_interest_usd=(interest or {}).get(name, found.open_interest_usd),
        )
        for symbol, name in names.items()
        if (found := by_name.get(name)) is not None
    )
    ours = set(names.values()) | set(names)
    return Parsed(rows, tuple(one for one in quotes.issues if one.symbol in ours or not one.symbol))
