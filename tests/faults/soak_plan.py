"""What goes wrong in a soak, and when: a plan made from its seed alone."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARTS = (
    "prefect",
    "exchange",
    "sinks",
    "page",
    "worker-cadence",
    "worker-streams",
    "worker-heavy",
    "database",
)
TABLES = ("risk.score", "risk.depth", "risk.delivery", "risk.latest_position")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault of the catalogue.

    Attributes:
        row: its line in docs/faults.md.
        way: "exchange" and "channel" take `wish`; "kill" and "freeze" a part; "lock" a table; "storm" and
            "market" (a scenario by name) what they say.
        lasts_s: at most so long; a kill is over at once.
    """

    row: str
    way: str
    wish: Mapping[str, Any] = field(default_factory=dict)
    lasts_s: tuple[float, float] = (4.0, 15.0)
    only_early: bool = False


def _exchange(row: str, kind: str, **options: Any) -> Trouble:
    return Trouble(row, "exchange", {"kind": kind, **options})


def _channel(row: str, channel: str, kind: str, **options: Any) -> Trouble:
    return Trouble(row, "channel", {"channel": channel, "kind": kind, **options})


TROUBLES: tuple[Trouble, ...] = (
    _exchange("X1", "limit", retry_after=7, percent=20),
    _exchange("X2", "ban", seconds=12),
    _exchange("X3", "status", status=503, percent=30),
    _exchange("X3", "status", status=503, body="overload", percent=30),
    _exchange("X4", "reset", percent=40),
    _exchange("X4", "hang", seconds=30, percent=20),
    *(
        _exchange("X5", "malformed", how=how, percent=30)
        for how in ("truncated", "html", "empty", "null", "extra")
    ),
    _exchange("X6", "malformed", how="value", field="markPrice", value="NaN", percent=50),
    _exchange("X7", "clock_skew", ms=30_000),
    _exchange("W1", "drop", every=1.0),
    _exchange("W2", "silence"),
    _exchange("W3", "handshake", status=503, percent=60),
    _exchange("W4", "duplicate", percent=20),
    _exchange("W4", "reorder", window=5, percent=20),
    _exchange("W4", "gap", percent=3),
    _exchange("W4", "chain", percent=3),
    _exchange("W4", "snapshot_lag", ms=1500),
    _exchange("W5", "drop", every=5.0, how="shutdown"),
    _exchange("M2", "delist", symbol="SOLUSDT"),
    _exchange("M3", "maintenance"),
    _exchange("M3", "freeze"),
    Trouble("M3", "market", {"name": "flash_crash"}),
    Trouble("M3", "market", {"name": "squeeze"}),
    _channel("N1", "telegram", "429", retry_after_s=7),
    _channel("N2", "telegram", "400"),
    _channel("N4", "telegram", "502"),
    _channel("N4", "telegram", "hang"),
    _channel("N4", "mail", "451"),
    *(Trouble("D3", "lock", {"table": table}) for table in TABLES),
    Trouble("D3", "storm"),
    *(Trouble("P1", "freeze", {"part": part}) for part in ("prefect", "exchange", "sinks", "page")),
    *(
        Trouble("D1" if part == "database" else "P3", "kill", {"part": part}, (0.0, 0.0), only_early=True)
        for part in PARTS
    ),
)
LEFT_OUT = {
    "X8": "a rejected key stays rejected until a person acts",
    "N3": "a channel that refuses for good does so until a person acts",
    "D2": "a full disk is the machine's, not the desk's alone",
}


@dataclass(frozen=True, slots=True)
class Step:
    """After a rest of `rest_s` this trouble, for `lasts_s`."""

    trouble: Trouble
    rest_s: float
    lasts_s: float


def plan(seed: int, lasts_s: float) -> tuple[list[Step], list[Step]]:
    """Two halves: in the first everything may happen, in the second no part is killed.

    A part that lives through the second half can be asked whether it grew.
    """
    chance = random.Random(seed)
    halves = []
    for is_early in (True, False):
        steps: list[Step] = []
        bag: list[Trouble] = []
        used_s = 0.0
        while used_s < lasts_s / 2:
            if not bag:  # every kind once before any comes again
                bag = [one for one in TROUBLES if is_early or not one.only_early]
                chance.shuffle(bag)
            trouble = bag.pop()
            step = Step(trouble, chance.uniform(1.0, 5.0), chance.uniform(*trouble.lasts_s))
            steps.append(step)
            used_s += step.rest_s + step.lasts_s
        halves.append(steps)
    return halves[0], halves[1]
