"""The simulated market: prices, books, funding and open interest of every contract at one instant.

All times are integer milliseconds of the simulated exchange's clock, UTC. Prices are floats inside; the edge
prints them by tick. Nothing here reads a clock or a socket: `advance(now_ms)` is told the time, and the same
seed gives the same prices, funding, open interest and forced orders whatever times it is told in between.

What is archive and what is synthetic
- Klines: archive where a folder is given and holds them, else the seeded generator (prices.py); `coverage()`
  says which, span by span. Inside the shortest archived bar the path is always synthetic.
- Settled funding and open interest: archive where it exists, else a model (interest.py).
- Books, spreads, forced orders, insurance, ADL, premium, running funding outside archives, quote volumes and
  trade counts: always synthetic, from prices by stated rules (reactions.py, orderbook.py, klines.py).
- Spot pairs and indices are the futures over 1 + premium: synthetic, with the futures' moves.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import numpy as np

from risk.errors import SettingsError
from risk.simulator import coverage
from risk.simulator import klines as bars
from risk.simulator.archive_files import Rows
from risk.simulator.archives import BASE, ArchivePath
from risk.simulator.bookframes import Fill, Surroundings
from risk.simulator.interest import InterestHistory, interest_between, rate_between, settlements
from risk.simulator.klines import Bar
from risk.simulator.live import Tape
from risk.simulator.market_config import MarketConfig, contracts_of, replay_of
from risk.simulator.orderbook import SimBook
from risk.simulator.prices import Block, Generator, history
from risk.simulator.reactions import ForcedOrder, InsuranceFund, Reactions, Told
from risk.simulator.scenarios import NAMES, SCENARIOS
from risk.simulator.series import CLOSE, DAY, HOUR, MINUTE, Stretch
from risk.simulator.spec import SymbolSpec

__all__ = ["Bar", "Fill", "ForcedOrder", "InsuranceFund", "Market", "MarketConfig", "SimBook", "SymbolSpec"]

Venue = Literal["usdm", "spot"]
Side = Literal["BUY", "SELL"]
Kind = Literal["trade", "mark", "index", "premium"]


class Market:
    """All contracts at one instant, moved by `advance`."""

    def __init__(self, config: MarketConfig) -> None:
        """Build the history and stand at `config.start_ms`.

        Raises:
            SettingsError: unknown scenario, a symbol that is no USDT contract, an archive that cannot be read
                or does not hold `archive_from`, or a speed outside its range.
            DataError: an archive file does not parse or holds what cannot be.
        """
        self.config = config
        self.symbols = contracts_of(config)
        self._specs = tuple(self.symbols.values())
        self._number = {name: k for k, name in enumerate(self.symbols)}
        if config.scenario not in SCENARIOS:
            raise SettingsError(f"scenario: {config.scenario!r} is not one of {', '.join(NAMES)}")
        live = config.start_ms // BASE * BASE
        self._replay = replay_of(config, self._specs)
        self._past = self._replay.history if self._replay else history(config.seed, self._specs, live)
        last = np.array([past[-1].rows[-1, CLOSE] for past in self._past])
        premium = np.array([past[-1].premium[-1] for past in self._past])
        self._path = (
            ArchivePath(self._replay, self._specs, config.start_ms, config.speed, config.seed)
            if self._replay
            else None
        )
        self._generator = None if self._path else self._new_generator(live, last)
        self._known_last = last
        self._settled, self._interest, self._covered = self._funding_and_interest(live)
        interest = np.array([past.coins[-1] for past in self._interest])
        self._reactions = Reactions(self._specs, config.seed, last, premium, interest)
        self._tape = Tape(self._next_block, live, last, premium)
        self._forced: list[ForcedOrder] = []
        self._books: dict[tuple[str, Venue], SimBook] = {}
        self.now_ms = self._second = live
        self._reactions.now_ms = live
        self.advance(config.start_ms)
        self._forced.clear()

    # -- building -----------------------------------------------------------------------------------------

    def _new_generator(self, start_ms: int, last: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Generator:
        scenario = SCENARIOS[self.config.scenario]
        begin = max(start_ms, self.config.start_ms) + round(self.config.scenario_delay_s * 1000)
        return Generator(self.config.seed, self._specs, start_ms, last, scenario, begin)

    def _next_block(self) -> Block:
        """The live path: the archive as long as it lasts, then the generator from its last prices."""
        block = None if self._generator or not self._path else self._path.next_block()
        if block is None and self._generator is None and self._path is not None:
            self._generator = self._new_generator(self._path.ends_ms, self._known_last)
        if block is None and self._generator is not None:
            block = self._generator.next_block()
        assert block is not None
        self._known_last = block.price[:, -1]
        return block

    def _funding_and_interest(
        self, live: int
    ) -> tuple[list[list[tuple[int, float, float]]], list[InterestHistory], list[dict[str, object]]]:
        """Past settlements and open interest of every contract, and where they come from."""
        settled, interest, covered = [], [], []
        for k, spec in enumerate(self._specs):
            rng = np.random.default_rng([self.config.seed, 11, *spec.symbol.encode()])
            funding = _moved(self._replay.funding[k], self._replay.shift_ms) if self._replay else None
            rates, spans = settlements(spec, self._past[k], live, funding, rng)
            coins = _moved(self._replay.interest[k], self._replay.shift_ms) if self._replay else None
            past = InterestHistory(spec, self._past[k], live, coins, self.config.seed)
            settled.append(rates)
            interest.append(past)
            covered += coverage.modelled(spec.symbol, "funding", spans)
            covered += coverage.modelled(spec.symbol, "open interest", past.covered)
        return settled, interest, covered

    # -- time ---------------------------------------------------------------------------------------------

    def advance(self, now_ms: int) -> None:
        """Move everything to `now_ms`; an equal or earlier time changes nothing."""
        if now_ms <= self.now_ms:
            return
        while self._second + 1000 <= now_ms:
            self._second += 1000
            self._tape.take(self._second)
            self._tick()
        self._tape.take(now_ms + 1)
        self.now_ms = now_ms
        for book in self._books.values():
            book.advance()

    def _tick(self) -> None:
        """A second is over: the market reacts, minutes and five minutes close, funding settles."""
        now = self._second
        pace = self._pace(now)
        window = 28_800.0 / pace if self._is_archive(now) else self._window()
        self._forced += self._reactions.tick(
            now, self._tape.last, self._tape.second_volume(), pace, window, self._told(now)
        )
        if now % MINUTE == 0:
            self._tape.close_minute(self._reactions.premium)
        if now % BASE == 0:
            for k, past in enumerate(self._interest):
                past.record(now, float(self._reactions.interest[k]), float(self._tape.last[k]))
        for k, spec in enumerate(self._specs):
            if now % (spec.interval_hours * HOUR) == 0:
                rate, mark = float(self._reactions.rate[k]), float(self._reactions.mark[k])
                self._settled[k].append((now + (now // HOUR + k) % 13, round(rate, 8), round(mark, 8)))

    def _window(self) -> float:
        return self._generator.scenario.funding_window_s if self._generator else 28_800.0

    def _is_archive(self, at_ms: int) -> bool:
        return self._path is not None and at_ms < self._path.ends_ms

    def _pace(self, at_ms: int) -> float:
        return self.config.speed if self._is_archive(at_ms) and at_ms > self.config.start_ms else 1.0

    def _told(self, at_ms: int) -> Told | None:
        """What the archive says of funding and open interest at this second."""
        if self._replay is None or self._path is None or not self._is_archive(at_ms):
            return None
        then = self._path.archive_ms(at_ms)
        rates = [rate_between(rows, then) for rows in self._replay.funding]
        coins = [interest_between(rows, np.array([then]))[0] for rows in self._replay.interest]
        return Told(np.array([np.nan if r is None else r for r in rates]), np.array(coins))

    def start_scenario(self, name: str) -> None:
        """Begin scenario `name` within the next ten seconds of the market's time.

        Raises:
            SettingsError: unknown scenario, or prices still follow an archive.
        """
        if name not in SCENARIOS:
            raise SettingsError(f"scenario: {name!r} is not one of {', '.join(NAMES)}")
        if self._generator is None:
            raise SettingsError(f"scenario: {name} cannot begin while prices follow an archive")
        self._generator.begin(SCENARIOS[name])

    # -- prices -------------------------------------------------------------------------------------------

    def last(self, symbol: str, venue: Venue = "usdm") -> float:
        """Last traded price, USDT per coin."""
        k = self._number[symbol]
        price = float(self._tape.last[k])
        if venue == "spot":
            price = price / (1 + float(self._reactions.premium[k]))
        return round(price, self._specs[k].price_precision)

    def mark(self, symbol: str) -> float:
        """Mark price, USDT per coin, eight decimals; new each second."""
        return round(float(self._reactions.mark[self._number[symbol]]), 8)

    def index(self, symbol: str) -> float:
        """Index price (spot), USDT per coin, eight decimals; new each second."""
        return round(float(self._reactions.index[self._number[symbol]]), 8)

    def estimated_settle(self, symbol: str) -> float:
        """Estimated settlement price, USDT per coin: the index of now."""
        return self.index(symbol)

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
        taker-buy coins, taker-buy USDT, 0. With `start_ms` the oldest `limit` bars from there, else the
        newest. Minutes reach two days back from the start, 5m to 30m 72 days, longer bars 1,600 days.

        Raises:
            ValueError: unknown interval.
        """
        k = self._number[symbol]
        marks = (
            _moved(self._replay.mark[k], self._replay.shift_ms) if self._replay and kind == "mark" else None
        )
        if marks is not None:
            past = marks[0] < self._tape.start_ms - HOUR
            marks = (marks[0][past], marks[1][past])
        shown: bars.Kind = "spot" if venue == "spot" and kind == "trade" else kind
        window = (start_ms, end_ms, limit)
        return bars.serve(self._specs[k], self._stretches(k), interval, window, self.now_ms, shown, marks)

    def _stretches(self, k: int) -> list[Stretch]:
        return [*self._past[k], self._tape.minutes(k)]

    def ticker(self, symbol: str, venue: Venue = "usdm") -> dict[str, float | int]:
        """Numbers of the last 24 h.

        Keys: open, high, low, last, change, change_percent, weighted_average, volume, quote_volume, last_qty,
        open_ms, close_ms, first_id, last_id, count, bid, bid_qty, ask, ask_qty, previous_close.
        """
        k = self._number[symbol]
        kind: bars.Kind = "spot" if venue == "spot" else "trade"
        last, spec = self.last(symbol, venue), self._specs[k]
        view = self.book(symbol, venue).snapshot(1)
        (bid, bid_qty), (ask, ask_qty) = view["bids"][0], view["asks"][0]
        day = bars.last_day(spec, self._stretches(k)[-2:], self.now_ms, kind)
        newest = int(self.now_ms // 50 + day["count"])
        return {
            **day,
            "last": last,
            "change": last - day["open"],
            "change_percent": (last / day["open"] - 1) * 100,
            "last_qty": max(spec.min_qty, round(1_800.0 / last, spec.qty_precision)),
            "open_ms": self.now_ms - DAY,
            "close_ms": self.now_ms,
            "first_id": newest - int(day["count"]) + 1,
            "last_id": newest,
            "bid": bid,
            "bid_qty": bid_qty,
            "ask": ask,
            "ask_qty": ask_qty,
            "previous_close": day["open"],
        }

    # -- book ---------------------------------------------------------------------------------------------

    def book(self, symbol: str, venue: Venue = "usdm") -> SimBook:
        """The order book of this contract, or of its spot pair."""
        if (symbol, venue) not in self._books:
            self._books[(symbol, venue)] = SimBook(
                self.symbols[symbol],
                self.config.seed,
                lambda: self._surroundings(symbol, venue),
                is_spot=venue == "spot",
            )
        return self._books[(symbol, venue)]

    def _surroundings(self, symbol: str, venue: Venue) -> Surroundings:
        stress = float(self._reactions.stress[self._number[symbol]])
        return Surroundings(self.now_ms, self.last(symbol, venue), stress * (0.7 if venue == "spot" else 1.0))

    def impact(self, symbol: str, side: Side, quantity: float) -> Fill:
        """Fill a market order of `quantity` coins from the futures book; the hole refills in seconds."""
        return self.book(symbol).fill(side, quantity)

    def stress(self, symbol: str) -> float:
        """How far from ordinary the contract trades now: 0 calm, 10 a very bad day, 40 a flash crash."""
        return float(self._reactions.stress[self._number[symbol]])

    # -- funding and open interest ------------------------------------------------------------------------

    def running_funding(self, symbol: str) -> float:
        """Predicted rate of the next settlement, fraction per interval, eight decimals."""
        return round(float(self._reactions.rate[self._number[symbol]]), 8)

    def next_funding_ms(self, symbol: str) -> int:
        """Time of the next settlement, on the grid of the contract's interval."""
        span = self.symbols[symbol].interval_hours * HOUR
        return (self.now_ms // span + 1) * span

    def funding_history(
        self, symbol: str, start_ms: int | None = None, end_ms: int | None = None, limit: int = 100
    ) -> list[tuple[int, float, float]]:
        """Settlements (time with the exchange's few ms of delay, rate, mark price), ascending.

        With `start_ms` the oldest `limit` from there, else the newest.
        """
        low = 0 if start_ms is None else start_ms
        rows = self._settled[self._number[symbol]]
        found = [row for row in rows if low <= row[0] and (end_ms is None or row[0] <= end_ms)]
        return found[:limit] if start_ms is not None else found[-limit:]

    def open_interest(self, symbol: str) -> float:
        """Open interest now, coins."""
        k = self._number[symbol]
        return round(float(self._reactions.interest[k]), self._specs[k].qty_precision)

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
        return self._interest[self._number[symbol]].rows(period, start_ms, end_ms, limit, self.now_ms)

    # -- stress -------------------------------------------------------------------------------------------

    def liquidations_due(self, now_ms: int) -> list[ForcedOrder]:
        """Forced orders up to `now_ms` that were not handed out yet, oldest first."""
        due = sorted((o for o in self._forced if o.time_ms <= now_ms), key=lambda o: o.time_ms)
        self._forced = [o for o in self._forced if o.time_ms > now_ms]
        return due

    def insurance(self) -> list[InsuranceFund]:
        """Every insurance fund that one of the contracts belongs to."""
        return self._reactions.funds()

    def adl_level(self, symbol: str) -> Literal["low", "medium", "high"]:
        """How near automatic deleveraging is in this contract."""
        return self._reactions.adl(self._number[symbol])

    # -- account of itself --------------------------------------------------------------------------------

    def coverage(self) -> list[dict[str, object]]:
        """Where the numbers come from: {"symbol", "series", "start_ms", "end_ms", "source", "note"}.

        `source` is "archive" or "synthetic"; times are wall-clock, `end_ms` None: without end; rows of
        the series "live" lie ahead of the start.
        """
        if self._replay is None or self._path is None:
            return [*coverage.generated(self.config, self._specs, self._past), *self._covered]
        return [*self._replay.coverage, *self._covered, *coverage.live(self._replay, self._path, self._specs)]

    def archive_time(self) -> datetime | None:
        """The archive's instant that is shown now; None without an archive or after its end."""
        if self._path is None or not self._is_archive(self.now_ms):
            return None
        return datetime.fromtimestamp(self._path.archive_ms(self.now_ms) / 1000, UTC)


def _moved(rows: Rows | None, shift_ms: int) -> Rows | None:
    return None if rows is None else (rows[0] + shift_ms, rows[1])
