"""Volatility models of many symbols: one after the other, or shared out over processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from flows import desk, fan_out, steps
from risk import indicators, volatility
from risk.adapters import settings, store
from risk.errors import DataError
from risk.records import DataIssue, VolatilityFit

FITTED: tuple[Literal["1h", "1d"], ...] = ("1h", "1d")


def refit(symbols: Sequence[str]) -> list[VolatilityFit]:
    """Fit and store every symbol's daily and hourly model; one bad series never stops the rest."""
    return fan_out.spread(fit_part, symbols, settings.load().fan_out, note_lost)


def fit_part(part: Sequence[str]) -> list[VolatilityFit]:
    """Fit, store and measure some symbols in this process.

    Raises:
        DataError: the last one, when none of them could be fitted; all are in the ledger.
    """
    received_at = desk.now()
    fits = steps.each(
        [(symbol, interval) for interval in FITTED for symbol in part],
        lambda subject: _fit(*subject, received_at),
    )
    with desk.database() as db:
        store.save(db, fits)
    steps.refresh_indicators(part)
    return fits


def note_lost(symbol: str, problem: str) -> None:
    """A line of the ledger for a symbol whose process ended under its fit."""
    issue = DataIssue(at=desk.now(), source="flow", symbol=symbol, field="", value="", problem=problem)
    with desk.database() as db:
        store.save_issues(db, [issue])


def _fit(symbol: str, interval: Literal["1h", "1d"], received_at: datetime) -> VolatilityFit:
    with desk.database() as db:
        own = steps.bars(db, symbol, interval, volatility.MOST_RETURNS[interval] + 1)
    if len(own) < 3:
        raise DataError(f"{symbol} {interval}: {len(own)} bars stored, history has to be filled first")
    try:
        fit = volatility.fit_garch(volatility.log_returns(own.close), interval)
    except (ValueError, ArithmeticError) as cause:  # of a search that went where no number is
        raise DataError(f"{symbol} {interval}: no fit: {type(cause).__name__}: {cause}") from cause
    return VolatilityFit(
        event_at=indicators.close_at(own, interval, -1),
        received_at=received_at,
        source="derived",
        symbol=symbol,
        interval=interval,
        **volatility.record_fields(fit),
    )
