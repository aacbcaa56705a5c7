"""Draws one picture in a process of its own: matplotlib never enters the one that carries messages.

`python -m risk.adapters.easel FILE` reads a sketch as JSON from its input and writes the PNG.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from risk.adapters import charts
from risk.errors import PictureError

NICENESS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """All that a picture needs, in JSON's types. A series is (seconds since 1970, values), in order.

    Attributes:
        scope: symbol, or "account" for a picture of the score alone.
        prices: USDT per coin; empty: no price is drawn.
        scores: 0 to 100; None, no score; empty: no score is drawn.
        marks: USDT per coin by "liquidation", "stop", "entry"; None is not drawn.
    """

    scope: str
    language: str
    prices: tuple[Sequence[float], Sequence[float]] = ((), ())
    scores: tuple[Sequence[float], Sequence[float | None]] = ((), ())
    marks: Mapping[str, float | None] = field(default_factory=dict)
    level_starts: Sequence[float] = (31, 61, 86)


def draw(sketch: Sketch, file: Path, *, timeout_s: float) -> None:
    """Have the picture drawn into `file`, which is there whole or not at all.

    Raises:
        PictureError: not drawn, or not in time.
    """
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "risk.adapters.easel", str(part)],
            input=json.dumps(asdict(sketch)), text=True, capture_output=True, timeout=timeout_s, check=True,
        )  # fmt: skip
        part.replace(file)
    except subprocess.TimeoutExpired as cause:
        raise PictureError(f"{file.name}: not drawn within {timeout_s:.0f} s") from cause
    except subprocess.CalledProcessError as cause:
        last = (cause.stderr.strip().splitlines() or ["no word"])[-1]
        raise PictureError(f"{file.name}: {last[:200]}") from cause
    except (OSError, ValueError) as cause:
        raise PictureError(f"{file.name}: {cause}") from cause
    finally:
        part.unlink(missing_ok=True)


def png(sketch: Sketch) -> bytes:
    """The picture: price above score, or the one of them that is known.

    Raises:
        ValueError: neither has two points.
    """
    prices, scores = _timed(sketch.prices), _timed(sketch.scores)
    starts, language = sketch.level_starts, sketch.language
    if len(prices[0]) < 2:
        return charts.score(sketch.scope, *scores, language, level_starts=starts)
    if len(scores[0]) < 2:
        return charts.price(sketch.scope, *prices, sketch.marks, language)
    return charts.price_and_score(sketch.scope, prices, sketch.marks, scores, language, level_starts=starts)


def _timed(series: tuple[Sequence[float], Sequence[Any]]) -> tuple[list[datetime], Sequence[Any]]:
    return [datetime.fromtimestamp(at, UTC) for at in series[0]], series[1]


def main() -> None:
    """Entry of the process."""
    os.nice(NICENESS)  # a picture may be late, the desk may not
    Path(sys.argv[1]).write_bytes(png(Sketch(**json.load(sys.stdin))))


if __name__ == "__main__":
    main()
