"""Generated prices: years of history and an endless live path, from one seed. All of it is synthetic.

Returns are Student t (4 degrees of freedom, unit variance) times a stochastic volatility: log volatility is
the sum of a slow (half-life 12 days, standard deviation 0.40) and a fast (6 hours, 0.35) mean-reverting
process, shared by all contracts, plus 0.15 of each contract's own. Contracts follow BTC with their beta; the
rest of their variance is their own. Highs and lows of history are the exact extremes of a Brownian bridge
through open and close: max = (r + sqrt(r^2 - 2 s^2 ln U)) / 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from risk.simulator.scenarios import Scenario
from risk.simulator.series import CLOSE, DAY, HOUR, MINUTE, Floats, Ints, Stretch
from risk.simulator.spec import SymbolSpec, spec_of

SLOW_S, FAST_S = 12 * 86_400.0, 6 * 3_600.0  # half-lives of log volatility
SLOW_SD, FAST_SD, OWN_SD = 0.40, 0.35, 0.15
PREMIUM_HALF_LIFE_S, PREMIUM_SD, PREMIUM_MEAN = 7_200.0, 2.5e-4, 0.0  # last over index, minus 1
POINT_MS, POINTS = 100, 100  # a live block is ten seconds
HOURLY_DAYS, FIVE_MINUTE_DAYS, MINUTE_DAYS = 1_600, 72, 2


@dataclass(frozen=True, slots=True)
class Block:
    """Some points of the live path of all contracts."""

    times: Ints  # (n,) ms, ascending
    price: Floats  # (contracts, n)
    volume: Floats  # (contracts, n) coins
    source: str  # "synthetic" or "archive"


def student(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Student t with 4 degrees of freedom, scaled to unit variance, cut at 12 standard deviations."""
    return np.asarray(np.clip(rng.standard_t(4.0, shape) / np.sqrt(2.0), -12.0, 12.0), dtype=np.float64)


def wander(steps_s: Floats, half_life_s: float, sd: float, shocks: Floats) -> Floats:
    """A mean-reverting Gaussian process: (n, k) from (n, k) unit shocks over steps of given lengths."""
    keep = np.exp(-np.log(2.0) * steps_s / half_life_s)
    kicks = shocks * (sd * np.sqrt(1.0 - keep**2))[:, None]
    values: Floats = np.empty(kicks.shape)
    state = np.zeros(kicks.shape[1])
    for i, factor in enumerate(keep):
        state = state * factor + kicks[i]
        values[i] = state
    return values


def own_sigma(spec: SymbolSpec) -> float:
    """Daily standard deviation that a contract does not share with BTC."""
    shared = spec.beta * spec_of("BTCUSDT").daily_sigma
    if spec.symbol == "BTCUSDT":
        return 0.0
    return float(np.sqrt(max(spec.daily_sigma**2 - shared**2, (0.3 * spec.daily_sigma) ** 2)))


def returns(
    rng: np.random.Generator, specs: Sequence[SymbolSpec], steps_s: Floats, level: Floats
) -> tuple[Floats, Floats]:
    """(log returns, their standard deviations), (n, contracts), for log volatilities (n, 1 + contracts)."""
    root = np.sqrt(steps_s / 86_400.0)[:, None]
    shocks = student(rng, (len(steps_s), 1 + len(specs)))
    common = spec_of("BTCUSDT").daily_sigma * np.exp(level[:, :1]) * root
    beta = np.array([1.0 if s.symbol == "BTCUSDT" else s.beta for s in specs])
    own = np.array([own_sigma(s) for s in specs]) * np.exp(level[:, :1] + level[:, 1:]) * root
    moves = beta * common * shocks[:, :1] + own * shocks[:, 1:]
    return moves, np.sqrt((beta * common) ** 2 + own**2)


def log_volatility(rng: np.random.Generator, steps_s: Floats, contracts: int) -> Floats:
    """(n, 1 + contracts): the shared level and each contract's own, ending at 0: history ends ordinary."""
    shocks = rng.standard_normal((len(steps_s), 2 + contracts))
    slow = wander(steps_s, SLOW_S, SLOW_SD, shocks[:, :1])
    fast = wander(steps_s, FAST_S, FAST_SD, shocks[:, 1:])
    fast[:, 1:] *= OWN_SD / FAST_SD
    left_s = steps_s[::-1].cumsum()[::-1] - steps_s
    fast -= fast[-1] * np.exp(-np.log(2.0) * left_s / FAST_S)[:, None]
    slow -= slow[-1] * np.exp(-np.log(2.0) * left_s / SLOW_S)[:, None]
    fast[:, :1] += slow - 0.5 * (SLOW_SD**2 + FAST_SD**2)
    return fast


def bars(
    rng: np.random.Generator, opened: Floats, moves: Floats, sigmas: Floats, spec: SymbolSpec, steps_s: Floats
) -> Floats:
    """(n, 5) rows of one contract from its opens and log returns, on its tick and step."""
    extremes = np.sqrt(moves**2 - 2.0 * sigmas**2 * np.log(rng.random((2, len(moves)))))
    digits = spec.price_precision
    rows = np.empty((len(moves), 5))
    rows[:, 0], rows[:, 3] = opened, opened * np.exp(moves)
    rows[:, 1] = opened * np.exp((moves + extremes[0]) / 2)
    rows[:, 2] = opened * np.exp((moves - extremes[1]) / 2)
    rows[:, :4] = np.maximum(np.round(rows[:, :4], digits), spec.tick)
    rows[:, 1] = rows[:, :4].max(axis=1)
    rows[:, 2] = rows[:, :4].min(axis=1)
    rows[:, 4] = volume(rng, spec, rows[:, CLOSE], np.abs(moves) / np.maximum(sigmas, 1e-12), steps_s)
    return rows


def volume(
    rng: np.random.Generator, spec: SymbolSpec, price: Floats, surprise: Floats, steps_s: Floats
) -> Floats:
    """Coins traded: the ordinary day's notional spread evenly, more where the move is unusual, lognormal."""
    usdt = spec.daily_volume_usdt * steps_s / 86_400.0 * (0.5 + 0.5 * surprise)
    coins = usdt * np.exp(0.35 * rng.standard_normal(price.shape) - 0.06) / price
    return np.maximum(np.round(coins, spec.qty_precision), spec.step)


def premiums(rng: np.random.Generator, steps_s: Floats, contracts: int) -> Floats:
    """(n, contracts) last price over index, minus 1."""
    shocks = rng.standard_normal((len(steps_s), contracts))
    return PREMIUM_MEAN + wander(steps_s, PREMIUM_HALF_LIFE_S, PREMIUM_SD, shocks)


def history(seed: int, specs: Sequence[SymbolSpec], until_ms: int) -> list[list[Stretch]]:
    """Three stretches per contract up to `until_ms` (a whole minute): hours, then 5 minutes, then minutes.

    The last close is the contract's reference price, give or take the day's own wandering.
    """
    rng = np.random.default_rng([seed, 1])
    midnight = until_ms // DAY * DAY
    edges = [midnight - d * DAY for d in (HOURLY_DAYS, FIVE_MINUTE_DAYS, MINUTE_DAYS)] + [until_ms]
    spans = (HOUR, 5 * MINUTE, MINUTE)
    counts = [(edges[i + 1] - edges[i]) // spans[i] for i in range(3)]
    steps_s = np.repeat(np.array(spans) / 1000.0, counts)
    moves, sigmas = returns(rng, specs, steps_s, log_volatility(rng, steps_s, len(specs)))
    premium = premiums(rng, steps_s, len(specs))
    result: list[list[Stretch]] = []
    bounds = np.concatenate(([0], np.cumsum(counts)))
    for k, spec in enumerate(specs):
        drift = moves[:, k].sum()
        tamed = moves[:, k] - (drift - np.clip(drift, -0.9, 0.9)) * steps_s / steps_s.sum()
        level = np.log(spec.reference_price) + np.cumsum(tamed) - tamed.sum()
        closes = np.round(np.exp(level), spec.price_precision)
        opened = np.concatenate(([np.exp(level[0] - tamed[0])], closes[:-1]))
        opened = np.round(opened, spec.price_precision)
        rows = bars(rng, opened, np.log(closes / opened), sigmas[:, k], spec, steps_s)
        result.append(
            [
                Stretch(
                    edges[i], spans[i], rows[bounds[i] : bounds[i + 1]], premium[bounds[i] : bounds[i + 1], k]
                )
                for i in range(3)
            ]
        )
    return result


class Generator:
    """The endless live path: blocks of ten seconds, one price each 100 ms, whoever asks and how often."""

    def __init__(
        self,
        seed: int,
        specs: Sequence[SymbolSpec],
        start_ms: int,
        last: Floats,
        scenario: Scenario,
        begin_ms: int,
    ) -> None:
        """`last` are the prices at `start_ms`; the scenario's first second is `begin_ms`."""
        self._specs, self._seed, self._at_ms = tuple(specs), seed, start_ms
        self._rng = np.random.default_rng([seed, 2, start_ms % DAY])
        self._log = np.log(last)
        self._level = np.zeros(2 + len(self._specs))  # slow, fast, own
        self.scenario, self._begin_ms = scenario, begin_ms

    def begin(self, scenario: Scenario) -> None:
        """Start `scenario` with the next block; what the former one has moved stays."""
        self.scenario, self._begin_ms = scenario, self._at_ms

    def next_block(self) -> Block:
        """The next ten seconds."""
        rng, n = self._rng, len(self._specs)
        times = self._at_ms + POINT_MS * np.arange(POINTS, dtype=np.int64)
        elapsed = (times - self._begin_ms) / 1000.0
        steps_s = np.full(POINTS, POINT_MS / 1000.0)
        multiple = self.scenario.multiple(elapsed)
        level = np.log(multiple)[:, None] * np.array([1.0] + [0.0] * n) + self._volatility(rng)
        heavy = student(rng, (1,))[0] ** 2  # one draw a block gives the tails that 100 ms steps average out
        moves, sigmas = returns(rng, self._specs, steps_s, level)
        moves *= 0.85 + 0.15 * min(heavy, 20.0)
        price, volumes = np.empty((n, POINTS)), np.empty((n, POINTS))
        for k, spec in enumerate(self._specs):
            ends = np.concatenate((elapsed, [elapsed[-1] + POINT_MS / 1000.0]))
            story = np.diff(self.scenario.offset(ends, spec.beta, spec.symbol == "BTCUSDT"))
            level_k = self._log[k] + np.cumsum(moves[:, k] + story)
            self._log[k] = level_k[-1]
            price[k] = np.maximum(np.round(np.exp(level_k), spec.price_precision), spec.tick)
            surprise = np.abs(moves[:, k] + story) / (sigmas[:, k] / multiple)
            volumes[k] = volume(rng, spec, price[k], np.minimum(surprise, 60.0), steps_s)
        self._at_ms += POINT_MS * POINTS
        return Block(times, price, volumes, "synthetic")

    def _volatility(self, rng: np.random.Generator) -> Floats:
        """Log volatility of this block, (1 + contracts,), after one step of its processes."""
        lives = np.array([SLOW_S] + [FAST_S] * (1 + len(self._specs)))
        spread = np.array([SLOW_SD, FAST_SD] + [OWN_SD] * len(self._specs))
        keep = np.exp(-np.log(2.0) * POINT_MS * POINTS / 1000.0 / lives)
        self._level = self._level * keep + spread * np.sqrt(1 - keep**2) * rng.standard_normal(len(lives))
        ordinary = 0.5 * (SLOW_SD**2 + FAST_SD**2)
        shared = self._level[0] + self._level[1] - ordinary
        return np.concatenate(([shared], self._level[2:]))
