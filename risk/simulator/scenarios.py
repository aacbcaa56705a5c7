"""Seeded scenarios: what happens to prices, second by second, on top of the ordinary random walk.

A scenario is a curve of log price offsets for BTC and one for altcoins (scaled by beta / 1.25),
and a curve of volatility multiples. Everything else, such as wider spreads, thinner books, falling open
interest, forced orders, funding, follows from the prices through reactions.py; nothing is scripted there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risk.simulator.series import Floats

Points = tuple[tuple[float, float], ...]  # (seconds since the start, value), ascending


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story of the market. Curves are linear between their points and flat outside."""

    name: str
    btc: Points = ((0.0, 0.0),)  # log price offset
    alt: Points = ((0.0, 0.0),)  # log price offset of a contract with beta 1.25
    volatility: Points = ((0.0, 1.0),)  # multiple of the ordinary standard deviation
    funding_window_s: float = 28_800.0  # the running rate averages the premium over this time

    def offset(self, elapsed_s: Floats, beta: float, is_btc: bool) -> Floats:
        """Log price offset at each instant (seconds since the scenario began, may be negative)."""
        times, values = zip(*(self.btc if is_btc else self.alt), strict=True)
        scale = 1.0 if is_btc else beta / 1.25
        return np.asarray(np.interp(elapsed_s, times, values) * scale, dtype=np.float64)

    def multiple(self, elapsed_s: Floats) -> Floats:
        """Volatility multiple at each instant."""
        times, values = zip(*self.volatility, strict=True)
        return np.asarray(np.interp(elapsed_s, times, values), dtype=np.float64)


_ALL = (
    Scenario(name="calm"),
    Scenario(
        name="trend",  # +8 % in four hours, no panic
        btc=((0, 0), (14_400, 0.077)),
        alt=((0, 0), (14_400, 0.105)),
        volatility=((0, 1.0), (600, 1.3), (14_400, 1.3), (18_000, 1.0)),
    ),
    Scenario(
        name="flash_crash",  # -13 % in a minute, most of it back in six
        btc=((60, 0), (85, -0.05), (120, -0.14), (150, -0.11), (480, -0.035)),
        alt=((60, 0), (85, -0.08), (120, -0.27), (150, -0.20), (480, -0.07)),
        volatility=((60, 1.0), (70, 8.0), (150, 8.0), (480, 2.0), (1_800, 1.0)),
        funding_window_s=120.0,
    ),
    Scenario(
        name="slow_bleed",  # -12 % in six hours
        btc=((0, 0), (21_600, -0.128)),
        alt=((0, 0), (21_600, -0.20)),
        volatility=((0, 1.0), (1_800, 1.8), (21_600, 1.8), (28_800, 1.0)),
    ),
    Scenario(
        name="squeeze",  # shorts are bought in: +10 % in four minutes, half of it lost again
        btc=((60, 0), (180, 0.05), (300, 0.095), (900, 0.05)),
        alt=((60, 0), (180, 0.08), (300, 0.17), (900, 0.08)),
        volatility=((60, 1.0), (90, 4.0), (300, 5.0), (900, 2.0), (2_700, 1.0)),
        funding_window_s=300.0,
    ),
    Scenario(
        name="altcoin_collapse",  # altcoins lose a third in ten minutes while BTC hardly moves
        btc=((60, 0), (660, -0.025)),
        alt=((60, 0), (240, -0.12), (420, -0.34), (480, -0.30), (660, -0.41), (1_500, -0.33)),
        volatility=((60, 1.0), (120, 3.0), (660, 4.0), (1_500, 2.0), (3_600, 1.0)),
        funding_window_s=300.0,
    ),
    Scenario(
        name="demo",  # 40 s calm, a fall of 10.5 % in 35 s, a low, a recovery from 95 s on; fits 180 s
        btc=((40, 0), (50, -0.025), (62, -0.07), (75, -0.111), (95, -0.105), (125, -0.075), (165, -0.06)),
        alt=((40, 0), (50, -0.04), (62, -0.12), (75, -0.19), (95, -0.18), (125, -0.12), (165, -0.095)),
        volatility=((40, 1.0), (46, 7.0), (80, 7.0), (100, 3.0), (130, 1.5), (170, 1.0)),
        funding_window_s=30.0,
    ),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
NAMES = tuple(SCENARIOS)
