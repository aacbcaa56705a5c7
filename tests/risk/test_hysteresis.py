"""The reported level over a sequence of scores."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from risk import limits
from risk.hysteresis import remember, reported_levels
from risk.state import Memory
from tests.risk.builders import NOW

DEFAULT = limits.default()
LOW, MEDIUM, HIGH, EXTREME = range(4)

CASES: list[tuple[str, list[float], list[int]]] = [
    ("it starts where the score is", [70], [HIGH]),
    ("it rises on the second evaluation", [10, 40, 40], [LOW, LOW, MEDIUM]),
    ("one outlier does not raise it", [10, 40, 10, 40, 10], [LOW] * 5),
    ("extreme is at once", [10, 86], [LOW, EXTREME]),
    ("85.4 is not extreme, 85.5 is", [10, 85.4, 85.5], [LOW, LOW, EXTREME]),
    ("of two higher evaluations the lower counts", [10, 70, 40], [LOW, LOW, MEDIUM]),
    ("and the higher needs its second", [10, 40, 70, 70], [LOW, LOW, MEDIUM, HIGH]),
    ("twelve evaluations below bring it down", [70] + [58] * 12, [HIGH] * 12 + [MEDIUM]),
    ("eleven do not", [70] + [58] * 11 + [61], [HIGH] * 13),
    ("two points below are not enough", [70] + [59] * 30, [HIGH] * 31),
    ("a look back up starts the count anew", [70] + [50] * 11 + [60] + [50] * 11, [HIGH] * 24),
    ("it falls to the worst of the twelve", [90] + [10] * 11 + [70], [EXTREME] * 12 + [HIGH]),
    ("it falls through two levels when all twelve say so", [90] + [10] * 12, [EXTREME] * 12 + [LOW]),
    ("within three points of the next level it stops there", [70] + [29] * 12, [HIGH] * 12 + [MEDIUM]),
    ("around 85 it stays extreme", [86, 84] * 100, [EXTREME] * 200),
    ("without a score there is no level, and the memory stays", [70, np.nan, 70], [HIGH, -1, HIGH]),
    ("a gap breaks a rise", [10, 40, np.nan, 40], [LOW, LOW, -1, LOW]),
]  # fmt: skip


@pytest.mark.parametrize(("scores", "levels"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_levels_over_time(scores: list[float], levels: list[int]) -> None:
    assert reported_levels(np.array(scores), DEFAULT).tolist() == levels


@pytest.mark.parametrize(("scores", "levels"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_live_step_agrees_with_the_replay(scores: list[float], levels: list[int]) -> None:
    memory: dict[str, Memory] = {}
    seen = []
    for i, one in enumerate(scores):
        _, level, memory = remember(
            ["BTCUSDT"], np.array([one]), memory, DEFAULT, NOW + timedelta(seconds=5 * i)
        )
        seen.append(int(level[0]))
    assert seen == levels


def test_step_and_replay_agree_on_a_long_random_walk() -> None:
    random = np.random.default_rng(3)
    walk = np.clip(50 + np.cumsum(random.normal(0, 4, 5000)) % 60, 0, 100)
    walk[random.random(5000) < 0.02] = np.nan
    memory: dict[str, Memory] = {}
    seen = []
    for one in walk:
        _, level, memory = remember(["X"], np.array([one]), memory, DEFAULT, NOW)
        seen.append(int(level[0]))
    assert seen == reported_levels(walk, DEFAULT).tolist()


def test_the_counts_are_the_users() -> None:
    quick = limits.from_mapping({"hysteresis": {"rises": 1, "falls": 2, "fall_points": 10}})
    levels = reported_levels(np.array([10, 40, 25, 25, 20, 20], dtype=float), quick)
    assert levels.tolist() == [LOW, MEDIUM, MEDIUM, MEDIUM, MEDIUM, LOW]
