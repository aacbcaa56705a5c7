"""What other processes are given to do in tests: found by its name, as the real work is."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from bench.memory import peak_mb
from flows import fitting
from risk.errors import DataError
from risk.records import VolatilityFit


def double(part: Sequence[str]) -> list[tuple[str, int]]:
    """Each subject twice, and the process that did it."""
    return [(subject * 2, os.getpid()) for subject in part]


def refuse_bad(part: Sequence[str]) -> list[str]:
    if "bad" in part:
        raise DataError("bad cannot be true")
    return list(part)


def die_of_bad(part: Sequence[str]) -> list[str]:
    """A process that its work kills, as one that runs out of memory."""
    if "bad" in part:
        os._exit(9)
    return list(part)


def heavy_table(part: Sequence[str]) -> list[tuple[str, float]]:
    """Twenty megabytes of work per subject, which must not come back."""
    return [(subject, float(np.ones(2_500_000).sum())) for subject in part]


def fit_and_weigh(part: Sequence[str]) -> list[tuple[VolatilityFit, int]]:
    """The real fits, each with the most memory that the process ever took, in MB."""
    fits = fitting.fit_part(part)
    most = peak_mb()
    return [(fit, most) for fit in fits]
