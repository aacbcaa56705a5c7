"""The reported level: it rises after two evaluations, falls after twelve clear ones, extreme is at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from risk.limits import Limits
from risk.state import LEVELS, Column, Memory

EXTREME = len(LEVELS) - 1
NO_SCORE = -1
Counters = tuple[int, int, int, int]
"""Level, pending level, rise count and fall count of one scope."""


def levels_of(composite: Column, limits: Limits, *, slack: float = 0.0) -> NDArray[np.int8]:
    """Index into LEVELS of each composite, rounded half up; -1 where there is none.

    With `slack` each threshold lies that many points lower: the level that a fall would end at.

    >>> from risk.limits import default
    >>> levels_of(np.array([30.49, 30.5, 85.5, float("nan")]), default())
    array([ 0,  1,  3, -1], dtype=int8)
    """
    rounded = round_half_up(composite)
    starts = np.asarray(limits.level_starts) - slack + (1.0 if slack else 0.0)
    level = np.searchsorted(starts, np.nan_to_num(rounded), side="right")
    return np.where(np.isnan(composite), NO_SCORE, level).astype(np.int8)


def round_half_up(composite: Column) -> Column:
    """Nearest whole score; 60.5 is 61 even where its sum of weights came to 60.49999999999999."""
    return np.floor(composite + 0.5 + 1e-9)


def advance(now: Counters, raw: int, landing: int, rises: int, falls: int) -> Counters:
    """Counters after one more evaluation.

    `raw` is the level of this score, `landing` the level by thresholds lowered by the fall margin. A rise
    goes to the lowest level seen while counting, a fall to the highest; extreme needs no second look.
    With `rises` above 2 a level reached in steps counts each step anew.
    """
    level, pending, rise, fall = now
    if raw > level:
        if raw == EXTREME:
            return EXTREME, EXTREME, 0, 0
        pending, rise = (min(pending, raw), rise + 1) if rise else (raw, 1)
        if rise < rises:
            return level, pending, rise, 0
        return pending, raw, int(raw > pending), 0
    if raw == NO_SCORE or landing >= level:
        return level, level, 0, 0
    pending, fall = (max(pending, landing), fall + 1) if fall else (landing, 1)
    if fall < falls:
        return level, pending, 0, fall
    return pending, pending, 0, 0


def remember(
    scopes: Sequence[str], composite: Column, memory: Mapping[str, Memory], limits: Limits, now: datetime
) -> tuple[NDArray[np.int8], NDArray[np.int8], dict[str, Memory]]:
    """Raw level, reported level and new memory of each scope; one without a memory starts at its raw level.

    Without a score the reported level is -1 and the memory keeps the level with its counts at zero.
    """
    raw = levels_of(composite, limits)
    landing = levels_of(composite, limits, slack=limits.hysteresis["fall_points"])
    rises, falls = int(limits.hysteresis["rises"]), int(limits.hysteresis["falls"])
    result: list[int] = []
    after: dict[str, Memory] = {}
    for scope, r, low in zip(scopes, raw.tolist(), landing.tolist(), strict=True):
        known = memory.get(scope)
        if known is None:
            if r == NO_SCORE:
                result.append(NO_SCORE)
                continue
            known = Memory(level=r, pending_level=r, rise_count=0, fall_count=0, scored_at=now)
        counters = (known.level, known.pending_level, known.rise_count, known.fall_count)
        level, pending, rise, fall = advance(counters, r, low, rises, falls)
        after[scope] = Memory(
            level=level, pending_level=pending, rise_count=rise, fall_count=fall, scored_at=now
        )
        result.append(level if r != NO_SCORE else NO_SCORE)
    return raw, np.array(result, dtype=np.int8), after


def reported_levels(composite: Column, limits: Limits) -> NDArray[np.int8]:
    """Reported level of one scope over time (n,), evaluation by evaluation, from its first score."""
    raw = levels_of(composite, limits)
    landing = levels_of(composite, limits, slack=limits.hysteresis["fall_points"]).tolist()
    rises, falls = int(limits.hysteresis["rises"]), int(limits.hysteresis["falls"])
    result = raw.tolist()
    state: Counters | None = None
    for i, r in enumerate(raw.tolist()):
        if state is None:
            if r == NO_SCORE:
                continue
            state = (r, r, 0, 0)
        elif r != state[0] or state[2] or state[3]:
            state = advance(state, r, landing[i], rises, falls)
        if r != NO_SCORE:
            result[i] = state[0]
    return np.array(result, dtype=np.int8)
