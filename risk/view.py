"""What the alert rules see of one evaluation, and the form in which each of them answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.components import INDEX, is_fresh
from risk.limits import Limits
from risk.records import PositionSnapshot
from risk.reduction import Reduction
from risk.state import Column, Scores, State

Flags = NDArray[np.bool_]
Ranks = NDArray[np.int8]
Details = Callable[[int], dict[str, Any]]

SEVERITIES: tuple[str, ...] = ("info", "warning", "critical")
INFO, WARNING, CRITICAL = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One evaluation: `symbols` are the watched ones and those of open positions; columns align with them."""

    state: State
    limits: Limits
    now: datetime
    now_s: float
    symbols: tuple[str, ...]
    columns: Mapping[str, Column]
    scores: Scores
    distances: Column  # (positions,) fraction of mark to liquidation, +inf none, NaN unknown
    account_is_fresh: bool
    reductions: tuple[Reduction, ...]
    index: Mapping[str, int]  # row of each symbol

    def value(self, component: str) -> Column:
        """A component's values over `symbols`, NaN where missing."""
        return self.scores.values[: len(self.symbols), INDEX[component]]

    def score(self, component: str) -> Column:
        """A component's scores over `symbols`, NaN where missing."""
        return self.scores.component_scores[: len(self.symbols), INDEX[component]]

    def fresh(self, name: str, at: str, age: str) -> Column:
        """A column with everything older than its age taken as missing."""
        young = is_fresh(self.columns[at], self.now_s, self.limits.ages_s[age], self.limits)
        return np.where(young, self.columns[name], np.nan)

    def rule(self, alert: str) -> Mapping[str, float]:
        """The thresholds of one alert."""
        return self.limits.alerts[alert]


def _no_details(_: int) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One rule's answer over its scopes.

    Attributes:
        values: what is compared; NaN where unknown. Where `fires` and `clears` are both false the alert,
            if there is one, stays as it is: missing input neither raises nor ends an alert.
        ranks: severity where it fires.
        relaxed: severity that a standing alert may fall back to; by default none, it keeps its worst.
        steady: severity that the raw condition shows right now (-1 none): the clock of reminders.
        hold_s: seconds that the condition must last before it is told; default by the limits.
        clear_hold_s: seconds that its end must last; default by the limits.
        tells_end, reminds: whether its end is told and whether it is repeated.
        identity: key in the details whose change makes it another alert.
        gone_clears: whether an alert ends when its scope is no longer listed.
    """

    name: str
    scopes: Sequence[str]
    values: Column
    fires: Flags
    clears: Flags
    ranks: Ranks
    thresholds: Column
    relaxed: Ranks | None = None
    steady: Ranks | None = None
    hold_s: Column | None = None
    clear_hold_s: Column | None = None
    tells_end: bool = True
    reminds: bool = True
    identity: str = ""
    gone_clears: bool = True
    details: Details = field(default=_no_details)


def reading(
    name: str,
    scopes: Sequence[str],
    values: Column,
    fires: Flags,
    clears: Flags,
    *,
    severity: int | Ranks = WARNING,
    threshold: float | Column = np.nan,
    **options: Any,
) -> Reading:
    """A Reading with single numbers spread over all scopes."""
    n = len(scopes)
    return Reading(
        name=name,
        scopes=scopes,
        values=values,
        fires=fires,
        clears=clears,
        ranks=np.broadcast_to(np.asarray(severity, dtype=np.int8), (n,)),
        thresholds=np.broadcast_to(np.asarray(threshold, dtype=np.float64), (n,)),
        **options,
    )


def above(view: View, name: str, scopes: Sequence[str], values: Column, **options: Any) -> Reading:
    """A rule that fires above its `fires` and clears below its `resolves`."""
    rule = view.rule(name)
    fires, clears = values > rule["fires"], values < rule["resolves"]
    return reading(name, scopes, values, fires, clears, threshold=rule["fires"], **options)


def at_least(view: View, name: str, scopes: Sequence[str], values: Column, **options: Any) -> Reading:
    """A rule that fires from its `fires` upwards (scores) and clears below its `resolves`."""
    rule = view.rule(name)
    fires, clears = values >= rule["fires"], values < rule["resolves"]
    return reading(name, scopes, values, fires, clears, threshold=rule["fires"], **options)


def position_scope(position: PositionSnapshot) -> str:
    """SYMBOL/LONG or SYMBOL/SHORT, whatever the account's mode."""
    return f"{position.symbol}/{'LONG' if position.quantity > 0 else 'SHORT'}"


def symbol_of(scope: str) -> str:
    """The symbol that a scope belongs to."""
    return scope.split("/", 1)[0]


def plain(value: Any) -> Any:
    """A number for details: None instead of NaN or infinity, float instead of numpy's."""
    number = float(value)
    return number if math.isfinite(number) else None
