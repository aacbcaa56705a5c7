"""All that the simulated exchange is made of, at one instant: market, account, limits, faults and its clock.

`tick` moves it. Between two ticks every answer agrees with every other, because marks are read once per tick.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np

from risk.errors import SettingsError
from risk.simulator import clearing, presets
from risk.simulator.account import Account, Contract, contract
from risk.simulator.bookframes import DepthView
from risk.simulator.faults import FaultPlan, read_script
from risk.simulator.ledger import AccountEvent, ForcedOrder
from risk.simulator.limits import Limiter, pools
from risk.simulator.market import ForcedOrder as MarketOrder
from risk.simulator.market import Market, MarketConfig, SymbolSpec
from risk.simulator.market_config import replay_of
from risk.simulator.printing import cut, exact
from risk.simulator.rejection import bad_symbol
from risk.simulator.scenarios import SCENARIOS, Scenario
from risk.simulator.signing import API_KEY, API_SECRET, Credentials

ARCHIVE_HORIZON_S = 180.0  # the demo account is sized for the worst of the archive's first live minutes
ARCHIVE_ROW_S, OPEN, LOW = 300.0, 0, 2  # rows of Replay.ahead
LEAST_FALL = 0.05
LAG_MEMORY = 100  # snapshots kept for the lag fault, one per tick
Notice = MarketOrder | AccountEvent
Venue = Literal["usdm", "spot"]


def story_fall(story: Scenario, spec: SymbolSpec) -> float:
    """Fraction that a contract loses at a scenario's worst second; 0 where it does not fall by 1 %."""
    seconds = np.array([at for at, _ in (*story.btc, *story.alt)], dtype=np.float64)
    lowest = float(story.offset(seconds, spec.beta, spec.symbol == "BTCUSDT").min())
    return -math.expm1(lowest) if lowest < -0.01 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """What a run of the simulator is made of."""

    host: str = "127.0.0.1"
    port: int = 0  # 0 takes a free one
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    seed: int = 7
    scenario: str = "calm"
    scenario_delay_s: float = 0.0
    archive_dir: Path | None = None
    archive_from: datetime | None = None
    speed: float = 1.0
    interval_hours: tuple[tuple[str, int], ...] = ()
    account: str = "demo"  # a key of presets.PRESETS
    account_falls: tuple[tuple[str, float], ...] = ()  # expected fall of each mark, sizes the demo account
    api_key: str = API_KEY
    api_secret: str = API_SECRET
    public_key: str = ""  # PEM; set, signatures are RSA or Ed25519
    faults: Path | None = None
    retry_after: bool = False  # send Retry-After on fapi too
    clock_skew_ms: int = 0
    request_limit: int = 2400  # weight per minute
    listen_key_s: float = 3600.0
    ping_every_s: float = 180.0
    pong_within_s: float = 600.0
    connection_life_s: float = 86_400.0


@dataclass(slots=True)
class World:
    """The state behind every answer. `wall_ms` is the machine's clock, injected."""

    config: SimulatorConfig
    wall_ms: Callable[[], int]
    started_ms: int = field(init=False)
    market: Market = field(init=False)
    account: Account = field(init=False)
    limiter: Limiter = field(init=False)
    faults: FaultPlan = field(init=False)
    credentials: Credentials = field(init=False)
    marks: dict[str, Decimal] = field(init=False)
    next_funding: dict[str, int] = field(init=False)
    is_paused: bool = False
    listen_key: str = ""
    listen_key_until_ms: int = 0
    algos: dict[int, dict[str, Any]] = field(default_factory=dict)  # conditional orders by algoId
    notices: list[Notice] = field(default_factory=list)
    snapshots: dict[str, deque[tuple[int, DepthView]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config = self.config
        self.started_ms = self.wall_ms() + config.clock_skew_ms
        self.market = Market(
            MarketConfig(
                start_ms=self.started_ms,
                symbols=config.symbols,
                seed=config.seed,
                scenario=config.scenario,
                scenario_delay_s=config.scenario_delay_s,
                archive_dir=config.archive_dir,
                archive_from=config.archive_from,
                speed=config.speed,
                interval_hours=config.interval_hours,
            )
        )
        self.limiter = Limiter(pools(config.request_limit), config.retry_after)
        self.faults = FaultPlan(read_script(config.faults) if config.faults else [], config.seed)
        self.credentials = Credentials(config.api_key, config.api_secret, config.public_key)
        self._read_marks()
        self.next_funding = {symbol: self.market.next_funding_ms(symbol) for symbol in self.market.symbols}
        self.open_account(config.account)

    # ---- clocks

    def now_ms(self) -> int:
        """The exchange's clock; the market and every event carry it."""
        return self.wall_ms() + self.config.clock_skew_ms

    def now_s(self) -> float:
        """Seconds since the start, the scale of fault scripts."""
        return (self.now_ms() - self.started_ms) / 1000

    def server_ms(self) -> int:
        """The clock that REST shows and checks time stamps against: the exchange's plus any skew fault."""
        skews = self.faults.active("clock_skew", self.now_s())
        return self.now_ms() + sum(int(found.options["ms"]) for found in skews)

    # ---- movement

    def tick(self, now_ms: int) -> list[Notice]:
        """Move market and account to `now_ms` and return what happened, oldest first."""
        if self.is_paused:
            return self._take_notices()
        if not any(self.faults.active("freeze", self.now_s())):
            self.market.advance(now_ms)
        self._read_marks()
        self._remember_snapshots(now_ms)
        self.notices += self.market.liquidations_due(now_ms)
        self.notices += self._settle(now_ms)
        if self.account.is_multi_assets:
            presets.refresh_rates(self.account, self.marks)
        self.notices += clearing.step(self.account, self.marks, now_ms, self.fill)
        return self._take_notices()

    def fill(self, symbol: str, side: str, quantity: Decimal, mark: Decimal) -> Decimal:
        """Average price of a market order of ours in the book; the mark where the book gives none."""
        found = self.market.impact(symbol, "BUY" if side == "BUY" else "SELL", float(quantity))
        return cut(found.average_price) if found.average_price > 0 else mark

    def _take_notices(self) -> list[Notice]:
        taken, self.notices = self.notices, []
        return taken

    def _read_marks(self) -> None:
        self.marks = {symbol: cut(self.market.mark(symbol)) for symbol in self.market.symbols}

    def _settle(self, now_ms: int) -> list[AccountEvent]:
        """Funding of every contract whose settlement has passed."""
        events: list[AccountEvent] = []
        for symbol, due_ms in self.next_funding.items():
            if now_ms < due_ms:
                continue
            self.next_funding[symbol] = self.market.next_funding_ms(symbol)
            for _, rate, mark in self.market.funding_history(symbol, None, None, 1):
                settled_at = cut(mark) if mark else self.marks[symbol]
                events += clearing.settle_funding(self.account, symbol, cut(rate), settled_at, now_ms)
        return events

    def _remember_snapshots(self, now_ms: int) -> None:
        for found in self.faults.active("snapshot_lag", self.now_s()):
            wanted = str(found.options["symbol"]).upper()
            for symbol in [wanted] if wanted else self.market.symbols:
                kept = self.snapshots.setdefault(symbol, deque(maxlen=LAG_MEMORY))
                kept.append((now_ms, self.market.book(symbol).snapshot(1000)))

    # ---- lookups

    def snapshot(self, symbol: str, limit: int) -> DepthView:
        """The book as REST shows it, older than it should be while a lag fault lasts."""
        found = next(self.faults.active("snapshot_lag", self.now_s(), symbol=symbol), None)
        if found is not None:
            latest = self.now_ms() - int(found.options["ms"])
            old = [snap for at, snap in self.snapshots.get(symbol, ()) if at <= latest]
            if old:
                snap = old[-1]
                return {**snap, "bids": snap["bids"][:limit], "asks": snap["asks"][:limit]}
        return self.market.book(symbol).snapshot(limit)

    def listed(self) -> list[str]:
        """Symbols that REST knows now."""
        now_s = self.now_s()
        return [s for s in self.market.symbols if not any(self.faults.active("delist", now_s, symbol=s))]

    def symbol(self, name: str) -> str:
        """`name` if it is listed.

        Raises:
            Rejection: -1121.
        """
        if name not in self.listed():
            raise bad_symbol()
        return name

    def contracts(self) -> dict[str, Contract]:
        """Every contract as the account sees it."""
        return {
            symbol: contract(
                symbol,
                tick=spec.tick,
                step=spec.step,
                min_notional=spec.min_notional,
                liquidation_fee=spec.liquidation_fee,
                brackets=spec.brackets,
            )
            for symbol, spec in self.market.symbols.items()
        }

    def open_account(self, preset: str) -> None:
        """Replace the account by a preset, or by the random one of "random:SEED".

        Raises:
            SettingsError: there is no such preset.
        """
        kind, _, seed = preset.partition(":")
        if kind == "random":
            self.account = presets.random_account(int(seed or self.config.seed), self.contracts(), self.marks)
        elif kind in presets.PRESETS:
            falls = self.expected_falls() | dict(self.config.account_falls)
            self.account = presets.PRESETS[kind](self.contracts(), self.marks, falls)
        else:
            names = ", ".join(presets.PRESETS)
            raise SettingsError(f"account preset {preset!r} is unknown; use {names} or random:SEED")
        self.account.updated_ms = self.now_ms()
        for held in self.account.holdings.values():
            held.updated_ms = self.now_ms()

    def expected_falls(self) -> dict[str, float]:
        """Fraction that each mark will lose at its worst: in the scenario, or in the archive soon."""
        specs, config = tuple(self.market.symbols.values()), self.market.config
        replay = replay_of(config, specs)
        if replay is None:
            story = SCENARIOS[config.scenario]
            return {spec.symbol: story_fall(story, spec) for spec in specs if story_fall(story, spec) > 0}
        count = max(1, int(ARCHIVE_HORIZON_S * config.speed / ARCHIVE_ROW_S))
        worst = 1 - replay.ahead[:, :count, LOW].min(axis=1) / replay.ahead[:, 0, OPEN]
        return {spec.symbol: max(LEAST_FALL, float(worst[k])) for k, spec in enumerate(specs)}

    # ---- forced orders of our own account, as the market sees them

    def as_market_order(self, forced: ForcedOrder) -> MarketOrder:
        """Our own liquidation in the shape of everyone's, for the public stream."""
        order = forced.order
        return MarketOrder(
            symbol=order.symbol,
            side="BUY" if order.side == "BUY" else "SELL",
            quantity=float(order.quantity),
            price=float(order.price),
            average_price=float(order.average_price),
            time_ms=order.updated_ms,
        )

    def print_price(self, symbol: str, value: float | Decimal) -> str:
        """A price with the contract's decimals."""
        return f"{exact(value):.{self.market.symbols[symbol].price_precision}f}"

    def print_quantity(self, symbol: str, value: float | Decimal) -> str:
        """A quantity with the contract's decimals."""
        return f"{exact(value):.{self.market.symbols[symbol].qty_precision}f}"
