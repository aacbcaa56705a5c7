"""Bars as arrays: how they aggregate, and how a path is laid through a bar that touches its four prices.

A row is (open, high, low, close, volume); a stretch is rows of one width that follow each other. Longer bars
are always built from the shortest rows there are, so 15m bars add up to 1h and 1d bars exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)
INTERVAL_MS = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": 7 * DAY,
    "1M": 31 * DAY,
}
_MONDAY = 4 * DAY  # 1970-01-05, the first Monday of the epoch


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of one width without a hole: `rows[i]` opens at `start_ms + i * span_ms`."""

    start_ms: int
    span_ms: int
    rows: Floats  # (n, 5)
    premium: Floats  # (n,) last price over index, minus 1, at each row's close

    @property
    def end_ms(self) -> int:
        """Close of the last row, exclusive."""
        return self.start_ms + self.span_ms * len(self.rows)

    def opens(self) -> Ints:
        """Open time of each row, ms."""
        return self.start_ms + self.span_ms * np.arange(len(self.rows), dtype=np.int64)

    def between(self, low_ms: int, high_ms: int) -> Stretch:
        """The rows that open in [low_ms, high_ms)."""
        first = min(max(0, -((self.start_ms - low_ms) // self.span_ms)), len(self.rows))
        last = min(max(first, -((self.start_ms - high_ms) // self.span_ms)), len(self.rows))
        start = self.start_ms + first * self.span_ms
        return Stretch(start, self.span_ms, self.rows[first:last], self.premium[first:last])


def bucket(open_ms: Ints, interval: str) -> Ints:
    """Open time of the `interval` bar that each instant falls into, UTC; weeks open on Monday.

    Raises:
        ValueError: unknown interval.
    """
    if interval not in INTERVAL_MS:
        raise ValueError(f"interval {interval!r} is not one of {', '.join(INTERVAL_MS)}")
    if interval == "1M":
        months = open_ms.astype("datetime64[ms]").astype("datetime64[M]")
        return months.astype("datetime64[ms]").astype(np.int64)
    offset = _MONDAY if interval == "1w" else 0
    return (open_ms - offset) // INTERVAL_MS[interval] * INTERVAL_MS[interval] + offset


def close_of(open_ms: int, interval: str) -> int:
    """Last millisecond of the bar that opens at `open_ms`."""
    if interval != "1M":
        return open_ms + INTERVAL_MS[interval] - 1
    following = np.datetime64(open_ms, "ms").astype("datetime64[M]") + 1
    return int(following.astype("datetime64[ms]").astype(np.int64)) - 1


def aggregate(open_ms: Ints, rows: Floats, interval: str) -> tuple[Ints, Floats]:
    """Rows of `interval` from shorter rows in time order; columns after the fourth are summed."""
    if not len(rows):
        return open_ms, rows
    buckets = bucket(open_ms, interval)
    first = np.concatenate(([0], np.flatnonzero(np.diff(buckets)) + 1))
    last = np.concatenate((first[1:], [len(rows)])) - 1
    merged = np.empty((len(first), rows.shape[1]))
    merged[:, OPEN], merged[:, CLOSE] = rows[first, OPEN], rows[last, CLOSE]
    merged[:, HIGH] = np.maximum.reduceat(rows[:, HIGH], first)
    merged[:, LOW] = np.minimum.reduceat(rows[:, LOW], first)
    merged[:, VOLUME:] = np.add.reduceat(rows[:, VOLUME:], first, axis=0)
    return buckets[first], merged


def paths_through(rows: Floats, points: int, rng: np.random.Generator, digits: int) -> Floats:
    """`points` prices inside each row: the first is its open, the last its close, both extremes are touched.

    Between them runs a seeded random bridge as wide as the bar, kept inside low and high, on the price's
    `digits`. Which extreme comes first is chance, leaning to the one nearer the open.

    Args:
        rows: (m, 5) bars.
        points: at least 4.

    Returns:
        (m, points).
    """
    opened, high, low, closed = (rows[:, i : i + 1] for i in (OPEN, HIGH, LOW, CLOSE))
    share = np.linspace(0.0, 1.0, points)
    walk = np.cumsum(rng.standard_normal((len(rows), points)), axis=1) / np.sqrt(points)
    walk -= walk[:, :1] + share * (walk[:, -1:] - walk[:, :1])
    path = opened + share * (closed - opened) + walk * (high - low) / 1.8
    path = np.clip(np.round(path, digits), low, high)
    each = np.arange(len(rows))
    top = 1 + np.argmax(path[:, 1:-1], axis=1)
    path[each, top] = -np.inf
    bottom = np.where(path[:, 1:-1] == -np.inf, np.inf, path[:, 1:-1]).argmin(axis=1) + 1
    path[each, top], path[each, bottom] = rows[:, HIGH], rows[:, LOW]
    path[:, 0], path[:, -1] = rows[:, OPEN], rows[:, CLOSE]
    return np.asarray(path, dtype=np.float64)


def shares(path: Floats, rng: np.random.Generator) -> Floats:
    """How a bar's volume spreads over its path: more where the price moves. Rows sum to 1."""
    moves = np.abs(np.diff(path, axis=1, prepend=path[:, :1]))
    weight = moves / (moves.mean(axis=1, keepdims=True) + 1e-300) + 0.3 + rng.random(path.shape)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float64)


def split(rows: Floats, parts: int, rng: np.random.Generator, digits: int) -> Floats:
    """Each row as `parts` shorter rows that aggregate to it again; (m * parts, 5)."""
    path = paths_through(rows, 4 * parts, rng, digits)
    volume = (shares(path, rng) * rows[:, VOLUME:]).reshape(len(rows), parts, 4).sum(axis=2)
    grouped = path.reshape(len(rows), parts, 4)
    opened = np.concatenate((path[:, :1], grouped[:, :-1, 3]), axis=1)
    shorter = np.stack(
        (
            opened,
            np.maximum(grouped.max(axis=2), opened),
            np.minimum(grouped.min(axis=2), opened),
            grouped[:, :, 3],
            volume,
        ),
        axis=2,
    )
    return shorter.reshape(-1, 5)


def runs(codes: Sequence[int] | Ints) -> list[tuple[int, int, int]]:
    """(code, first, end) of each run of equal codes, in order.

    >>> runs([1, 1, 0])
    [(1, 0, 2), (0, 2, 3)]
    """
    values = np.asarray(codes)
    if not len(values):
        return []
    edges = np.concatenate(([0], np.flatnonzero(np.diff(values)) + 1, [len(values)]))
    return [(int(values[a]), int(a), int(b)) for a, b in pairwise(edges)]
