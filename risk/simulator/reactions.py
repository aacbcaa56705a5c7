"""How the rest of the market reacts to prices, once a second. All of it is modelled; nothing is archive.

Stress of a contract (0 in ordinary times):
    x = root of the mean squared one-second return (half-life 8 s) / the contract's ordinary one
    v = volume of the last seconds (half-life 10 s) / the ordinary one
    goal = max(0, x - 2.5) + 0.2 max(0, v - 6), at most 60, and at least 0.4 of BTC's stress
    stress rises half the way to its goal each second and falls with a half-life of 40 s.
Premium (last over index): a slow part (half-life 2 h, standard deviation 2.5e-4) plus 3 % of the last
    minute's return, reached with a half-life of 10 s: a fall puts futures under spot.
Mark: the median of index * (1 + rate * time left / interval), index + the basis' mean (half-life 15 s), last.
Running rate: mean premium + clamp(interest - mean premium, +-0.05 %), interest 0.01 % per 8 h, within the
    cap; the mean is exponential over the scenario's funding window (8 h when calm, less in a story).
Open interest: noise of 3.5e-5 a second, back to its anchor with a half-life of 3 days, and from stress 1 on
    it loses up to 0.9 times the absolute return: positions are closed and liquidated.
Forced orders: at most one a second and contract is seen; its chance is 0.004 + 0.03 max(0, stress - 1), at
    most 0.95; it sells when the last ten seconds fell; lognormal size, median 15,000 USDT * (1 + stress / 3)
    times the root of the contract's depth against BTC's.
Insurance funds lose 0.08 % a second at stress 30 from stress 5 on, and regain 2 % of the gap a day.
ADL: medium from stress 10 on, high from 22 on, by a memory with a half-life of 5 minutes.
In a replay that runs N times faster, ordinary returns and noise count root-N times as large, and the 8 s are
divided by the fourth root of N.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from risk.simulator.series import Floats
from risk.simulator.spec import SymbolSpec

Side = Literal["BUY", "SELL"]
_FUNDS: tuple[tuple[frozenset[str], dict[str, float]], ...] = (
    (
        frozenset({"BTCUSDT", "ETHUSDT", "BNBUSDT"}),
        {"USDT": 793_930_579.0, "USDC": 299_999_998.0, "BTC": 61.7},
    ),
    (frozenset({"ADAUSDT", "DOTUSDT", "LINKUSDT", "LTCUSDT", "XRPUSDT"}), {"USDT": 314_151_411.0}),
)  # as recorded in April 2025
_REST = {"USDT": 60_000_000.0}


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


@dataclass(frozen=True, slots=True)
class Told:
    """What an archive says of this second, (contracts,), NaN where it says nothing."""

    rate: Floats  # running funding rate
    interest: Floats  # coins


def halved(half_life_s: float) -> float:
    """Share that is left of a deviation after one second."""
    return float(0.5 ** (1.0 / half_life_s))


class Reactions:
    """Stress, premium, funding, open interest, forced orders and insurance of all contracts."""

    def __init__(
        self, specs: Sequence[SymbolSpec], seed: int, last: Floats, premium: Floats, interest: Floats
    ) -> None:
        """Begin at prices `last`, (contracts,), premium and open interest that history ends with."""
        n = len(specs)
        self.specs = tuple(specs)
        self._rng = np.random.default_rng([seed, 8])
        self._ordinary = np.array([s.daily_sigma / np.sqrt(86_400.0) for s in specs])
        self._volume_usdt = np.array([s.daily_volume_usdt / 86_400.0 for s in specs])
        self._weight = np.sqrt(np.array([s.depth_10bps_usdt for s in specs]) / 8.8e6)
        self._cap = np.array([s.rate_cap for s in specs])
        self._interest_rate = np.array([1e-4 * s.interval_hours / 8 for s in specs])
        self._span_ms = np.array([s.interval_hours * 3_600_000 for s in specs])
        self._bitcoin = next((k for k, s in enumerate(specs) if s.symbol == "BTCUSDT"), None)
        self._last = last.copy()
        self._minute: deque[Floats] = deque([np.log(last)], maxlen=61)
        self._square, self._flow = np.ones(n), np.ones(n)
        self.stress, self._memory = np.zeros(n), np.zeros(n)
        self._slow, self._fast = premium.copy(), np.zeros(n)
        self.premium, self._mean_premium = premium.copy(), premium.copy()
        self._basis = premium * last
        self.rate = self._rate()
        self.index, self.mark = last / (1 + premium), last / (1 + premium)
        self.interest, self.anchor = interest.copy(), interest.copy()
        self._groups = self._grouped()
        self._health = np.ones(len(self._groups))
        self.now_ms = 0

    def tick(
        self,
        now_ms: int,
        last: Floats,
        volume: Floats,
        pace: float,
        window_s: float,
        told: Told | None = None,
    ) -> list[ForcedOrder]:
        """One second has passed; returns the forced orders of it.

        Args:
            last: (contracts,) USDT per coin.
            volume: (contracts,) coins traded in this second.
            pace: archive seconds per second, 1 without an archive.
            window_s: the running rate averages the premium over this time.
            told: rates and open interest that an archive knows.
        """
        self.now_ms = now_ms
        move = np.log(last / self._last)
        self._last = last.copy()
        self._minute.append(np.log(last))
        self._feel(move, volume * last, pace)
        self._price_basis(now_ms, last, pace, window_s, told)
        self._shift_interest(move, pace)
        if told is not None:
            known = ~np.isnan(told.interest)
            self.interest = np.where(known, told.interest, self.interest)
            self.anchor = np.where(known, told.interest, self.anchor)
        self._drain_insurance()
        return self._force(now_ms, last, pace)

    def _feel(self, move: Floats, usdt: Floats, pace: float) -> None:
        keep = halved(8.0 / pace**0.25)
        self._square = keep * self._square + (1 - keep) * move**2 / (self._ordinary**2 * pace)
        keep = halved(10.0)
        self._flow = keep * self._flow + (1 - keep) * usdt / self._volume_usdt
        goal = np.maximum(0, np.sqrt(self._square) - 2.5) + 0.2 * np.maximum(0, self._flow - 6)
        goal = np.minimum(goal, 60.0)
        if self._bitcoin is not None:
            goal = np.maximum(goal, 0.4 * goal[self._bitcoin])
        fallen = self.stress * halved(40.0)
        self.stress = np.where(goal > self.stress, (self.stress + goal) / 2, np.maximum(fallen, goal))
        self._memory = np.maximum(self.stress, self._memory * halved(300.0))

    def _price_basis(
        self, now_ms: int, last: Floats, pace: float, window_s: float, told: Told | None
    ) -> None:
        keep = halved(7_200.0 / pace)
        noise = self._rng.standard_normal(len(last))
        self._slow = self._slow * keep + 2.5e-4 * np.sqrt(1 - keep**2) * noise
        minute = (self._minute[-1] - self._minute[0]) / np.sqrt(pace)
        self._fast += (np.clip(0.03 * minute, -0.004, 0.004) - self._fast) * (1 - halved(10.0))
        self.premium = self._slow + self._fast
        self._mean_premium += (self.premium - self._mean_premium) * min(1.0, 1.0 / window_s)
        self.rate = self._rate()
        if told is not None:
            self.rate = np.where(np.isnan(told.rate), self.rate, told.rate)
        self.index = last / (1 + self.premium)
        self._basis += (last - self.index - self._basis) * (1 - halved(15.0))
        left = 1 - (now_ms % self._span_ms) / self._span_ms
        candidates = np.stack((self.index * (1 + self.rate * left), self.index + self._basis, last))
        self.mark = np.median(candidates, axis=0)

    def _rate(self) -> Floats:
        pull = np.clip(self._interest_rate - self._mean_premium, -5e-4, 5e-4)
        return np.asarray(np.clip(self._mean_premium + pull, -self._cap, self._cap), dtype=np.float64)

    def _shift_interest(self, move: Floats, pace: float) -> None:
        closing = 0.9 * np.abs(move) / np.sqrt(pace) * np.clip((self.stress - 1) / 4, 0, 1)
        noise = 3.5e-5 * np.sqrt(pace) * self._rng.standard_normal(len(move))
        back = np.log(self.anchor / self.interest) * (1 - halved(3 * 86_400.0 / pace))
        self.interest = self.interest * np.exp(noise + back - closing)

    def _force(self, now_ms: int, last: Floats, pace: float) -> list[ForcedOrder]:
        n = len(last)
        chance = np.minimum(0.95, 0.004 + 0.03 * np.maximum(0, self.stress - 1))
        hit, size, coin, late = (self._rng.random(n), self._rng.standard_normal(n), *self._rng.random((2, n)))
        ten = self._minute[-1] - self._minute[max(-len(self._minute), -11)]
        clear = np.abs(ten) > 3 * self._ordinary * np.sqrt(10 * pace)
        orders = []
        for k in np.flatnonzero(hit < chance):
            spec = self.specs[k]
            sells = bool(ten[k] < 0) if clear[k] else bool(coin[k] < 0.5)
            usdt = 15_000.0 * (1 + self.stress[k] / 3) * self._weight[k] * np.exp(1.2 * size[k])
            quantity = max(round(float(usdt / last[k]), spec.qty_precision), spec.min_qty)
            away = -1 if sells else 1
            price, filled = last[k] * (1 + 0.004 * away), last[k] * (1 + 5e-5 * (1 + self.stress[k]) * away)
            orders.append(
                ForcedOrder(
                    symbol=spec.symbol,
                    side="SELL" if sells else "BUY",
                    quantity=quantity,
                    price=round(float(price), spec.price_precision),
                    average_price=round(float(filled), spec.price_precision),
                    time_ms=now_ms - 1000 + int(late[k] * 999),
                )
            )
        return orders

    def _grouped(self) -> list[tuple[tuple[str, ...], dict[str, float], list[int]]]:
        names = [s.symbol for s in self.specs]
        known = frozenset().union(*(group for group, _ in _FUNDS))
        parts = [*_FUNDS, (frozenset(names) - known, _REST)]
        return [
            (tuple(n for n in names if n in group), balances, [k for k, n in enumerate(names) if n in group])
            for group, balances in parts
            if any(n in group for n in names)
        ]

    def _drain_insurance(self) -> None:
        for g, (_, _, members) in enumerate(self._groups):
            worst = float(self.stress[members].max())
            if worst > 5:
                self._health[g] *= 1 - 0.0008 * worst / 30
            self._health[g] += (1 - self._health[g]) * 0.02 / 86_400

    def funds(self) -> list[InsuranceFund]:
        """Every insurance fund that one of the contracts belongs to."""
        return [
            InsuranceFund(
                symbols=symbols,
                balances={
                    asset: round(units * float(self._health[g]), 8) for asset, units in balances.items()
                },
                updated_ms=self.now_ms,
            )
            for g, (symbols, balances, _) in enumerate(self._groups)
        ]

    def adl(self, k: int) -> Literal["low", "medium", "high"]:
        """How near automatic deleveraging is in contract number `k`."""
        return "high" if self._memory[k] >= 22 else "medium" if self._memory[k] >= 10 else "low"
