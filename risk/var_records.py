"""Facts about value at risk as stored. VaR, ES and losses: fractions of gross notional, above 0 for losses.

A scope is "BTCUSDT" (one USDT held long), "BTCUSDT/SHORT" (one held short) or "account" (the book of open
positions). A forecast follows from its row and the stored bars: `risk.var_bars.recomputed` says how.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VarForecast:
    """One bar's VaR and ES by one method, made from the bars before it; None where it has no answer."""

    scope: str
    interval: str  # "1h" or "1d"
    bar_at: datetime  # opening of the bar that is forecast
    method: str
    made_at: datetime
    fitted_from: datetime  # opening of the first bar whose return was fitted
    fitted_through: datetime  # of the last one; later returns only move sigma and the rolling window
    fitted_returns: int  # how many there were: gaps are left out
    note: str  # why EWMA stood in, or why there is no answer; empty otherwise
    symbols: tuple[str, ...]
    weights: tuple[float, ...]  # signed: 1 or −1, or USDT of notional
    gross_usdt: float | None  # sum of the weights' sizes where they are money; None for one USDT
    var_95: float | None
    es_95: float | None
    var_99: float | None
    es_99: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VarOutcome:
    """What a bar that had been forecast really lost."""

    scope: str
    interval: str
    bar_at: datetime
    loss: float  # below 0 is a gain
    judged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VarShare:
    """What one held symbol adds to the book's VaR of a bar."""

    interval: str
    bar_at: datetime
    level: float
    symbol: str
    made_at: datetime
    method: str
    notional_usdt: float  # signed
    total_usdt: float  # of the whole book
    marginal: float | None  # change of the VaR in USDT per USDT of notional; None: not held alone
    component_usdt: float  # all symbols' sum to the total
    incremental_usdt: float  # total less the VaR of the book without the symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestVarVerdict:
    """How one method did over the last bars, at 99 %."""

    scope: str
    interval: str
    method: str
    judged_at: datetime
    judged_from: datetime | None  # opening of the first judged bar
    judged_through: datetime | None
    observations: int
    exceptions: int
    kupiec_p: float | None  # None: too few to be judged
    independence_p: float | None
    conditional_p: float | None
    zone: str | None  # "green", "yellow" or "red", of the last 250 bars
    has_failed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestVar:
    """The VaR in force of a scope, by the method in use, and how the newest judged bar went."""

    scope: str
    interval: str
    computed_at: datetime
    bar_at: datetime
    method: str
    method_since: datetime
    reason: str  # why the methods before it in the chain are not in use; empty for the first
    note: str  # of the forecast in use
    gross_usdt: float | None  # what the fractions are of; None for a symbol
    var_95: float | None
    es_95: float | None
    var_99: float | None
    es_99: float | None
    closed_at: datetime | None  # opening of the newest bar with a forecast and a return
    closed_method: str | None  # that was in use for it
    closed_var_99: float | None
    closed_loss: float | None
    closed_gross_usdt: float | None
    without_returns: tuple[str, ...] = ()  # held symbols counted as `risk.var_stand_in` says

    @property
    def is_breached(self) -> bool:
        """True when the newest judged bar lost more than its VaR at 99 %."""
        return None not in (self.closed_loss, self.closed_var_99) and self.closed_loss > self.closed_var_99  # type: ignore[operator]


@dataclass(frozen=True, slots=True, kw_only=True)
class VarSwitch:
    """One change of the method in use."""

    scope: str
    interval: str
    switched_at: datetime
    method_before: str
    method: str
    reason: str
