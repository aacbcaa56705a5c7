"""Value at risk and strategies as their flows leave them, from numbers that are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from risk.adapters import store
from risk.limits import default
from risk.records import StrategyReturn
from risk.var_choice import judge
from risk.var_forecasts import METHODS
from risk.var_records import LatestVar, LatestVarVerdict, VarForecast, VarOutcome, VarShare

HOUR, DAY, SOON = timedelta(hours=1), timedelta(days=1), timedelta(seconds=30)
ES = 1.25  # of ES over VaR


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Hourly bars of one scope, oldest first, the last still to come: VaR at 99 % and loss, fractions."""

    scope: str
    weights: Mapping[str, float]  # signed, USDT or ±1
    var_99: Sequence[float]
    loss: Sequence[float]  # one fewer
    method: str = "gjr_garch_t"
    reason: str = ""
    worse: Mapping[str, float]  # share of this VaR that each other method says

    @property
    def gross_usdt(self) -> float | None:
        """None for one USDT."""
        gross = sum(abs(weight) for weight in self.weights.values())
        return gross if gross > 2 else None


def value_at_risk(db: Any, told: Told, next_bar_at: datetime) -> None:
    """Forecasts of the method in use, losses, a verdict of each method, and what is in force."""
    count = len(told.var_99)
    bars = [next_bar_at - (count - 1 - i) * HOUR for i in range(count)]
    own = {"scope": told.scope, "interval": "1h"}
    forecasts = [_forecast(own, told, bar_at, value) for bar_at, value in zip(bars, told.var_99, strict=True)]
    outcomes = [
        VarOutcome(**own, bar_at=bar_at, loss=loss, judged_at=bar_at + HOUR)
        for bar_at, loss in zip(bars, told.loss, strict=False)
    ]
    verdicts = [_verdict(own, told, method, bars) for method in METHODS]
    store.save_var(db, [*forecasts, *outcomes, *verdicts, _latest(own, told, bars)])


def _numbers(told: Told, value: float) -> dict[str, Any]:
    return {"var_95": value * 0.62, "es_95": value * 0.85, "var_99": value, "es_99": value * ES,
            "gross_usdt": told.gross_usdt}  # fmt: skip


def _forecast(own: dict[str, Any], told: Told, bar_at: datetime, value: float) -> VarForecast:
    return VarForecast(
        **own, **_numbers(told, value), bar_at=bar_at, method=told.method, made_at=bar_at + SOON,
        fitted_from=bar_at - 1000 * HOUR, fitted_through=bar_at - HOUR, fitted_returns=1000, note="",
        symbols=tuple(told.weights), weights=tuple(told.weights.values()),
    )  # fmt: skip


def _verdict(own: dict[str, Any], told: Told, method: str, bars: Sequence[datetime]) -> LatestVarVerdict:
    limits = np.array(told.var_99[:-1]) * told.worse.get(method, 1.0)
    found = judge(method, np.array(told.loss) > limits, had_failed=False)  # type: ignore[arg-type]
    names = ("observations", "exceptions", "kupiec_p", "independence_p", "conditional_p", "zone",
             "has_failed", "reason")  # fmt: skip
    return LatestVarVerdict(
        **own, method=method, judged_at=bars[-1], judged_from=bars[0], judged_through=bars[-2],
        **{name: getattr(found, name) for name in names},
    )  # fmt: skip


def _latest(own: dict[str, Any], told: Told, bars: Sequence[datetime]) -> LatestVar:
    return LatestVar(
        **own, **_numbers(told, told.var_99[-1]), computed_at=bars[-1] + SOON, bar_at=bars[-1],
        method=told.method, method_since=bars[0], reason=told.reason, note="", closed_at=bars[-2],
        closed_method=told.method, closed_var_99=told.var_99[-2], closed_loss=told.loss[-1],
        closed_gross_usdt=told.gross_usdt,
    )  # fmt: skip


def shares(db: Any, parts: Mapping[str, tuple[float, float, float]], bar_at: datetime) -> None:
    """Whose the book's VaR is: notional, part and what it adds, USDT by symbol."""
    total = sum(part for _, part, _ in parts.values())
    store.save_var(
        db,
        [
            VarShare(
                interval="1h", bar_at=bar_at, level=0.99, symbol=symbol, made_at=bar_at, method="gjr_garch_t",
                notional_usdt=held, total_usdt=total, marginal=part / held, component_usdt=part,
                incremental_usdt=adds,
            )
            for symbol, (held, part, adds) in parts.items()
        ],
    )  # fmt: skip


def strategies(db: Any, returns: Mapping[str, Sequence[float | None]], last_at: datetime) -> None:
    """Daily returns, oldest first, None where one is missing; studied as the flow does."""
    given = [
        StrategyReturn(
            strategy=name, period="1d", value=value, source="test", received_at=last_at,
            event_at=last_at - (len(values) - 1 - i) * DAY,
        )
        for name, values in returns.items()
        for i, value in enumerate(values)
        if value is not None
    ]  # fmt: skip
    store.save(db, given)
    store.renew_studies(db, {}, default(), last_at + HOUR)
