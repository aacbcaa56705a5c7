"""Where a symbol's bars stop being about the same coin.

LUNAUSDT ended in May 2022 near zero and returned two weeks later as another coin at another price. A return
or a true range across such a place is the move of nothing: a series is read from its newest beginning only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.recurrence import series

PAUSE_S = 86_400.0
"""A pause of a day or more may hide another coin."""
PAUSE_TIMES = 3.0
"""A price that is three times what it was, or a third, after such a pause."""
STEP_TIMES = 10.0
"""Ten times or a tenth from one close to the next open: contracts were exchanged for others."""


def beginnings(open_at: ArrayLike, open: ArrayLike, close: ArrayLike, bar_s: float) -> NDArray[np.intp]:
    """Indices of the bars that begin another series than the bar before; 0 is never one of them.

    Args:
        open_at: seconds since 1970, rising.
        open, close: USDT per coin.
        bar_s: length of a bar, seconds.

    >>> beginnings([0, 3600, 7200], [1.0, 1.0, 40.0], [1.0, 1.0, 40.0], 3600).tolist()
    [2]

    Raises:
        ValueError: the lengths differ, or a bar has none.
    """
    times, opens, closes = series(open_at), series(open), series(close)
    if not len(times) == len(opens) == len(closes) or not bar_s > 0:
        raise ValueError(
            f"lengths differ or are none: {len(times)}, {len(opens)}, {len(closes)}, bars of {bar_s}"
        )
    if len(times) < 2:
        return np.zeros(0, dtype=np.intp)
    with np.errstate(divide="ignore", invalid="ignore"):
        jump = np.abs(np.log(opens[1:] / closes[:-1]))
    pause = np.diff(times) - bar_s
    is_other = (jump >= math.log(STEP_TIMES)) | ((pause >= PAUSE_S) & (jump >= math.log(PAUSE_TIMES)))
    return np.flatnonzero(is_other) + 1


def of_lengths(parts: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike, float]]) -> tuple[float, ...]:
    """Opening times at which another series begins, from bars of several lengths of one symbol.

    Where bars of one length pause and those of another do not, the others tell that it is the same coin:
    files of short bars often cover single months of years that longer bars cover whole.

    Args:
        parts: (open_at, open, close, bar_s) of each length, as `beginnings` takes them.

    Raises:
        ValueError: as `beginnings`.
    """
    found = set()
    for k, (open_at, opens, closes, bar_s) in enumerate(parts):
        times = series(open_at)
        others = [series(part[0]) for i, part in enumerate(parts) if i != k]
        for i in beginnings(times, opens, closes, bar_s).tolist():
            pause = times[i - 1] + bar_s, times[i]
            if not any(((at >= pause[0]) & (at < pause[1])).any() for at in others):
                found.add(float(times[i]))
    return tuple(sorted(found))


def newest(open_at: ArrayLike, open: ArrayLike, close: ArrayLike, bar_s: float) -> int:
    """Index of the bar with which the newest series begins; 0 where all bars are one series.

    Raises:
        ValueError: as `beginnings`.
    """
    found = beginnings(open_at, open, close, bar_s)
    return int(found[-1]) if len(found) else 0
