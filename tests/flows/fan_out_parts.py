"""What other processes are given to do in tests: found by its name, as the real work is."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from pathlib import Path

import numpy as np

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
    peak_mb = _peak_mb()
    return [(fit, peak_mb) for fit in fits]


def _peak_mb() -> int:
    """VmHWM where /proc has it: ru_maxrss keeps what the test's own process held at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
