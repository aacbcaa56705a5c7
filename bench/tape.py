"""A seeded tape of `depth@100ms` frames with the statistics of a recorded BTCUSDT session.

Levels per frame log-normal with median 62 and p99 983, at most 1,666; 21 % deletions; distance of an
update from mid 10/50/90/99 %: 0.015/0.084/0.9/92 %. Insertions outnumber deletions a little (the recorded
book grew by 15 levels a second and side), the rest changes levels that are there. The mid walks, and
levels that it passes are deleted.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from pathlib import Path
from typing import Any

TICK = 0.1
QUANTILES = ((0.0, 2e-6), (0.1, 1.5e-4), (0.5, 8.4e-4), (0.9, 9e-3), (0.99, 0.92), (1.0, 0.95))
DELETIONS = 0.185  # and those that the mid passes: 21 % in all
INSERTIONS = 0.27
MEDIAN, P99, MOST = 62.0, 983.0, 1_666
SPREAD = 1.1 * log(P99 / MEDIAN) / 2.3263  # some draws fall on one level

Change = dict[int, float]  # tick → quantity


@dataclass(frozen=True, slots=True)
class Tape:
    snapshot: dict[str, Any]
    frames: list[bytes]

    def save(self, path: str) -> None:
        """One JSON line for the snapshot, one per frame."""
        with Path(path).open("wb") as file:
            file.write(json.dumps(self.snapshot).encode() + b"\n")
            file.writelines(frame + b"\n" for frame in self.frames)


def generate(frames: int, *, before: int = 0, seed: int = 20240808, mid_ticks: int = 618_000) -> Tape:
    """A snapshot and so many frames, 100 ms apart, without gaps.

    The book begins with 1,000 levels a side; `before` frames have already gone by in the snapshot.
    """
    rng = random.Random(seed)
    starts: list[Change] = []
    for sign in (-1, 1):
        ticks = [1, *rng.sample(range(2, 1_500), 999)]
        starts.append({mid_ticks + sign * tick: _quantity(rng) for tick in ticks})
    sides = (_Side(starts[0]), _Side(starts[1]))
    for _ in range(before):
        mid_ticks, _changed = _changes(rng, sides, mid_ticks)
    last_id = 1_000
    snapshot = {"lastUpdateId": last_id, "bids": _pairs(sides[0].levels), "asks": _pairs(sides[1].levels)}
    written = []
    for count in range(frames):
        mid_ticks, changes = _changes(rng, sides, mid_ticks)
        first, final = last_id + rng.randint(1, 900), last_id + rng.randint(1_000, 5_000)
        written.append(_frame(changes, first, final, last_id, 1_723_161_255_000 + 100 * count))
        last_id = final
    return Tape(snapshot, written)


def _frame(changes: tuple[Change, Change], first: int, final: int, previous: int, at_ms: int) -> bytes:
    data = {"e": "depthUpdate", "E": at_ms, "T": at_ms - 1, "s": "BTCUSDT", "U": first, "u": final}
    data |= {"pu": previous, "b": _pairs(changes[0]), "a": _pairs(changes[1])}
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": data}, separators=(",", ":")).encode()


def _changes(rng: random.Random, sides: tuple[_Side, _Side], mid: int) -> tuple[int, tuple[Change, Change]]:
    changes: tuple[Change, Change] = ({}, {})
    moved = mid + round(rng.gauss(0.0, 6.0))
    for tick in range(min(mid, moved) - 1, max(mid, moved) + 2):
        for side, change, is_passed in zip(sides, changes, (tick >= moved, tick <= moved), strict=True):
            if is_passed and tick in side.levels:
                change[tick] = 0.0
    for which, tick in ((0, moved - 1), (1, moved + 1)):
        changes[which][tick] = _quantity(rng)
    for _ in range(min(int(exp(rng.gauss(log(MEDIAN), SPREAD))), MOST)):
        which, kind = rng.randrange(2), rng.random()
        distance = max(2, round(_distance(rng.random()) * moved))
        tick = moved + (distance if which else -distance)
        if kind >= INSERTIONS:
            tick = sides[which].nearest(tick)
        if tick in (moved - 1, moved + 1) or changes[which].get(tick) == 0.0:
            continue
        changes[which][tick] = 0.0 if kind > 1.0 - DELETIONS else _quantity(rng)
    for side, change in zip(sides, changes, strict=True):
        for tick, quantity in change.items():
            side.put(tick, quantity)
    return moved, changes


class _Side:
    """One side's levels in ticks, with their order."""

    def __init__(self, levels: Change) -> None:
        self.levels, self.order = dict(levels), sorted(levels)

    def nearest(self, tick: int) -> int:
        """A tick that is there, at or next to the one wished for."""
        return self.order[min(bisect_left(self.order, tick), len(self.order) - 1)]

    def put(self, tick: int, quantity: float) -> None:
        at = bisect_left(self.order, tick)
        is_there = at < len(self.order) and self.order[at] == tick
        if quantity == 0.0 and is_there:
            del self.levels[tick], self.order[at]
        elif quantity > 0.0:
            self.levels[tick] = quantity
            if not is_there:
                self.order.insert(at, tick)


def _distance(u: float) -> float:
    """Inverse of the recorded distribution, log-linear between its quantiles."""
    for (below, low), (above, high) in pairwise(QUANTILES):
        if u <= above:
            return float(low * (high / low) ** ((u - below) / (above - below)))
    return QUANTILES[-1][1]


def _quantity(rng: random.Random) -> float:
    return max(0.001, round(exp(rng.gauss(-2.0, 1.8)), 3))


def _pairs(levels: Change) -> list[list[str]]:
    return [[f"{tick * TICK:.2f}", f"{quantity:.3f}"] for tick, quantity in levels.items()]
