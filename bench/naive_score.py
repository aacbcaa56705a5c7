"""The score as one writes it first, row by row; the oracle, and the yardstick that peers' processes share.

Standard library only: it also runs inside the peers' own environments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

COMPONENTS = ("atr_15m", "vol_ratio", "sigma_24h", "kline_liquidity", "funding_8h")

Points = Sequence[Sequence[float]]


def save(path: str, tape: Mapping[str, Any]) -> None:
    """Everything that `replay` is given, as one JSON file; NaN stays NaN."""
    Path(path).write_text(json.dumps(tape))


def given(path: str) -> tuple[dict[str, Any]]:
    """The arguments of `replay`."""
    return (json.loads(Path(path).read_text()),)


def replay(tape: Mapping[str, Any]) -> list[list[float]]:
    """One list: the composite of every row.

    Args:
        tape: `rows` of the values of COMPONENTS, `curves` and `weights` by name, and `bars` (at, open, high,
            low, close, volume), which only a peer needs.
    """
    curves = [tape["curves"][name] for name in COMPONENTS]
    return [[composite(row, curves, tape["weights"]) for row in tape["rows"]]]


def composite(row: Sequence[float], curves: Sequence[Points], weights: Mapping[str, float]) -> float:
    """The score of one row before rounding: curves, worst of the market, weights, floors."""
    scores = [_interpolated(points, value) for points, value in zip(curves, row, strict=True)]
    market = [s for s in scores[:3] if s == s]
    pairs = [(max(market), weights["market"])] if market else []
    if scores[3] == scores[3]:
        pairs.append((scores[3], weights["liquidity"]))
    if scores[4] == scores[4]:
        pairs.append((scores[4], weights["sentiment"]))
    weighted = sum(s * w for s, w in pairs) / sum(w for _, w in pairs)
    floor = 61.0 if max(s for s, _ in pairs) >= 86 else 0.0
    if any(s != s for s in scores):
        floor = max(floor, 31.0)
    return max(weighted, floor)


def _interpolated(points: Points, value: float) -> float:
    if value != value:
        return value
    if value <= points[0][0]:
        return float(points[0][1])
    for (x0, y0), (x1, y1) in pairwise(points):
        if value <= x1:
            return float(y0 + (y1 - y0) * (value - x0) / (x1 - x0))
    return float(points[-1][1])
