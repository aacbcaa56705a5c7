"""The simulated market: prices, books, funding and open interest of every contract at one instant.

All times are integer milliseconds of the simulated exchange's clock, UTC. Prices are floats inside; the edge
prints them by tick. Nothing here reads a clock or a socket: `advance(now_ms)` is told the time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np

from risk.simulator.spec import SymbolSpec, spec_of

__all__ = ["Bar", "Fill", "ForcedOrder", "InsuranceFund", "Market", "MarketConfig", "SimBook", "SymbolSpec"]

Venue = Literal["usdm", "spot"]
Side = Literal["BUY", "SELL"]
Kind = Literal["trade", "mark", "index", "premium"]
Bar = tuple[int, float, float, float, float, float, int, float, int, float, float, float]
Level = tuple[float, float]  # price, quantity in coins


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketConfig:
    """What the market is made of."""

    start_ms: int  # when the live part begins; history ends here
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    seed: int = 7
    scenario: str = "calm"  # see scenarios.NAMES; unused while an archive lasts
    scenario_delay_s: float = 0.0  # calm before the scenario's first second
    archive_dir: Path | None = None  # folder of kl_*, fund_*, oi_*, mark_* files
    archive_from: datetime | None = None  # aware; the archive's instant that falls on start_ms
    speed: float = 1.0  # archive seconds per second in the live part
    interval_hours: tuple[tuple[str, int], ...] = ()  # contracts that settle at another distance than 8 h


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedOrder:
    """A liquidation of another trader, as the stream's one-a-second sample shows it."""

    symbol: str
    side: Side  # SELL closes a long
    quantity: float  # coins
    price: float  # USDT per coin, order price
    average_price: float  # USDT per coin, average fill
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuranceFund:
    """Balances of one fund and the contracts that share it."""

    symbols: tuple[str, ...]
    balances: dict[str, float]  # asset -> units of the asset
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What a market order found in the book."""

    quantity: float  # coins that the book could fill
    average_price: float  # USDT per coin; the mark when nothing was filled
    worst_price: float  # USDT per coin of the last level touched


class SimBook:
    """An order book with its chain of changes."""

    def __init__(self, market: Market, symbol: str, venue: Venue) -> None:
        self._market, self._symbol, self._venue = market, symbol, venue
        self.last_update_id = 1_000_000
        self._sent_u = self.last_update_id
        self._sent_ms = 0

    @property
    def bids(self) -> list[Level]:
        """(price, coins), best first."""
        spec, price = self._market.symbols[self._symbol], self._market.last(self._symbol)
        return [
            (round(price - i * spec.tick, spec.price_precision), 1.0 + i * spec.step) for i in range(1, 501)
        ]

    @property
    def asks(self) -> list[Level]:
        """(price, coins), best first."""
        spec, price = self._market.symbols[self._symbol], self._market.last(self._symbol)
        return [(round(price + i * spec.tick, spec.price_precision), 1.0 + i * spec.step) for i in range(500)]

    def snapshot(self, limit: int = 1000) -> dict[str, object]:
        """{"lastUpdateId", "E", "T", "bids", "asks"}: the best `limit` levels of each side."""
        now = self._market.now_ms
        return {
            "lastUpdateId": self.last_update_id,
            "E": now,
            "T": now,
            "bids": self.bids[:limit],
            "asks": self.asks[:limit],
        }

    def drain_diffs(self, now_ms: int) -> list[dict[str, object]]:
        """Changes since the last call, oldest first: {"U", "u", "pu", "b", "a", "E", "T"}.

        `b` and `a` are lists of (price, coins), 0 coins removing the level. A frame stands for 100 ms. The
        first call after more than five silent seconds starts listening: it returns only what changes from there.
        """
        if now_ms - self._sent_ms < 100:
            return []
        self._sent_ms = now_ms
        first, previous = self._sent_u + 2, self._sent_u
        self.last_update_id = self._sent_u = first + 10
        return [
            {
                "U": first,
                "u": self._sent_u,
                "pu": previous,
                "b": self.bids[:5],
                "a": self.asks[:5],
                "E": now_ms,
                "T": now_ms,
            }
        ]


class Market:
    """All contracts at one instant, moved by `advance`."""

    def __init__(self, config: MarketConfig) -> None:
        """Build the history and stand at `config.start_ms`.

        Raises:
            SettingsError: unknown scenario, a symbol that is no USDT contract, an archive that cannot be read
                or does not hold `archive_from`, or a speed outside its range.
        """
        self.config = config
        self.now_ms = config.start_ms
        intervals = dict(config.interval_hours)
        self.symbols: dict[str, SymbolSpec] = {
            name: spec_of(name, interval_hours=intervals.get(name, 8)) for name in config.symbols
        }
        self._rng = np.random.default_rng(config.seed)
        self._price = {s: spec.reference_price for s, spec in self.symbols.items()}
        self._books: dict[tuple[str, Venue], SimBook] = {}

    # -- time ---------------------------------------------------------------------------------------------

    def advance(self, now_ms: int) -> None:
        """Move everything to `now_ms`; an equal or earlier time changes nothing."""
        if now_ms <= self.now_ms:
            return
        root = math.sqrt((now_ms - self.now_ms) / 86_400_000)
        for symbol, spec in self.symbols.items():
            step = float(self._rng.standard_normal()) * spec.daily_sigma * root
            self._price[symbol] = round(self._price[symbol] * math.exp(step), spec.price_precision)
        self.now_ms = now_ms

    def start_scenario(self, name: str) -> None:
        """Begin scenario `name` within the next ten seconds of the market's time (generator only)."""

    # -- prices -------------------------------------------------------------------------------------------

    def last(self, symbol: str, venue: Venue = "usdm") -> float:
        """Last traded price, USDT per coin."""
        return self._price[symbol]

    def mark(self, symbol: str) -> float:
        """Mark price, USDT per coin, eight decimals."""
        return self._price[symbol]

    def index(self, symbol: str) -> float:
        """Index price (spot), USDT per coin, eight decimals."""
        return self._price[symbol]

    def estimated_settle(self, symbol: str) -> float:
        """Estimated settlement price, USDT per coin."""
        return self._price[symbol]

    def klines(
        self,
        symbol: str,
        interval: str,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
        *,
        kind: Kind = "trade",
        venue: Venue = "usdm",
    ) -> list[Bar]:
        """Bars as the exchange's rows, ascending, the last one unfinished when it reaches the present.

        Columns: open time, open, high, low, close, volume (coins), close time, quote volume (USDT), trades,
        taker-buy coins, taker-buy USDT, 0. With `start_ms` the oldest `limit` bars from there, else the newest.

        Raises:
            ValueError: unknown interval.
        """
        span = 60_000
        first = (self.now_ms // span - limit + 1) * span
        price = self._price[symbol]
        return [
            (t, price, price, price, price, 1.0, t + span - 1, price, 1, 0.5, price / 2, 0.0)
            for t in range(first, first + limit * span, span)
        ]

    def ticker(self, symbol: str, venue: Venue = "usdm") -> dict[str, float | int]:
        """Numbers of the last 24 h.

        Keys: open, high, low, last, change, change_percent, weighted_average, volume, quote_volume, last_qty,
        open_ms, close_ms, first_id, last_id, count, bid, bid_qty, ask, ask_qty, previous_close.
        """
        price, keys = self._price[symbol], ("open", "high", "low", "last", "weighted_average", "bid", "ask")
        zero = dict.fromkeys(
            ("change", "change_percent", "volume", "quote_volume", "last_qty", "bid_qty"), 0.0
        )
        return {
            **dict.fromkeys(keys, price),
            **zero,
            "ask_qty": 0.0,
            "previous_close": price,
            "open_ms": self.now_ms - 86_400_000,
            "close_ms": self.now_ms,
            "first_id": 1,
            "last_id": 2,
            "count": 2,
        }

    # -- book ---------------------------------------------------------------------------------------------

    def book(self, symbol: str, venue: Venue = "usdm") -> SimBook:
        """The order book of this contract, or of its spot pair."""
        return self._books.setdefault((symbol, venue), SimBook(self, symbol, venue))

    def impact(self, symbol: str, side: Side, quantity: float) -> Fill:
        """Fill a market order of `quantity` coins from the futures book; the eaten levels refill in seconds."""
        price = self._price[symbol]
        return Fill(quantity=quantity, average_price=price, worst_price=price)

    # -- funding and open interest ------------------------------------------------------------------------

    def running_funding(self, symbol: str) -> float:
        """Predicted rate of the next settlement, fraction per interval."""
        return 0.0001

    def next_funding_ms(self, symbol: str) -> int:
        """Time of the next settlement, on the grid of the contract's interval."""
        span = self.symbols[symbol].interval_hours * 3_600_000
        return (self.now_ms // span + 1) * span

    def funding_history(
        self, symbol: str, start_ms: int | None = None, end_ms: int | None = None, limit: int = 100
    ) -> list[tuple[int, float, float]]:
        """Settlements (time with the exchange's few ms of delay, rate, mark price), ascending.

        With `start_ms` the oldest `limit` from there, else the newest.
        """
        return [(self.next_funding_ms(symbol) - 28_800_000 * k, 0.0001, 1.0) for k in range(3, 0, -1)]

    def open_interest(self, symbol: str) -> float:
        """Open interest now, coins."""
        return self.symbols[symbol].open_interest

    def open_interest_history(
        self,
        symbol: str,
        period: str,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 30,
    ) -> list[tuple[int, float, float]]:
        """(end of the period, coins, USDT), ascending, at most 30 days back; a few periods are missing.

        Raises:
            ValueError: unknown period.
        """
        return [(self.now_ms // 300_000 * 300_000, self.open_interest(symbol), 0.0)]

    # -- stress -------------------------------------------------------------------------------------------

    def liquidations_due(self, now_ms: int) -> list[ForcedOrder]:
        """Forced orders since the last call, oldest first, at most one per contract and second."""
        return []

    def insurance(self) -> list[InsuranceFund]:
        """Every insurance fund."""
        return [InsuranceFund(symbols=tuple(self.symbols), balances={"USDT": 7.9e8}, updated_ms=self.now_ms)]

    def adl_level(self, symbol: str) -> Literal["low", "medium", "high"]:
        """How near automatic deleveraging is in this contract."""
        return "low"

    # -- account of itself --------------------------------------------------------------------------------

    def coverage(self) -> Sequence[dict[str, object]]:
        """Where every number comes from: {"symbol", "series", "start_ms", "end_ms", "source", "note"}.

        `source` is "archive", "synthetic" or "recorded" (the live part); times are wall-clock.
        """
        return []

    def archive_time(self) -> datetime | None:
        """The archive's instant that is shown now; None without an archive or after its end."""
        return None
