"""What a simulated book shows and needs: frames of changes, views, fills, and its tick arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from risk.simulator.series import Floats, Ints

Level = tuple[float, float]  # price, coins


class DepthDiff(TypedDict):
    """One frame of changes; 0 coins removes the level."""

    U: int
    u: int
    pu: int
    b: list[Level]
    a: list[Level]
    E: int
    T: int


class DepthView(TypedDict):
    """The best levels of both sides at one update id."""

    lastUpdateId: int
    E: int
    T: int
    bids: list[Level]
    asks: list[Level]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What a market order found in the book."""

    quantity: float  # coins that the book could fill
    average_price: float  # USDT per coin; the last price when nothing was filled
    worst_price: float  # USDT per coin of the last level touched


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a book needs to know of its market at one instant."""

    now_ms: int
    last: float  # USDT per coin
    stress: float


def chance_of(ticks: Ints) -> Floats:
    """A fixed number in [0, 1) for each tick: whether traders like this price."""
    mixed = ticks * 2_654_435_761 & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * 2_246_822_519 & 0xFFFFFFFF
    return np.asarray((mixed ^ mixed >> 13) / 4_294_967_296.0, dtype=np.float64)


def shifted(values: Ints, by: int) -> Ints:
    """The same window moved `by` places up, zeros where nothing was known."""
    moved = np.zeros_like(values)
    if 0 <= by < len(values):
        moved[: len(values) - by] = values[by:]
    elif -len(values) < by < 0:
        moved[-by:] = values[:by]
    return moved
