"""Daily: volatility models of every symbol on daily and hourly returns."""

from __future__ import annotations

from prefect import flow

from flows import desk, fitting, result_tables


@flow
def refit() -> None:
    """Fit, store, measure anew; the table of fits is left where a person looks after a run."""
    result_tables.leave_fits(fitting.refit(desk.symbols()))
