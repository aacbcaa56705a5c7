"""Daily: volatility models of every symbol on daily and hourly returns."""

from __future__ import annotations

from functools import partial

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows import desk, fitting
from flows.showing import show


@flow
def refit() -> None:
    """Fit, store, measure anew; the table of fits is left where a person looks after a run."""
    fits = fitting.refit(desk.symbols())
    columns = ("symbol", "interval", "method", "reason", "observations", "persistence", "nu", "sigma_next")
    table = partial(
        create_table_artifact,
        key="volatility-fits",
        description="Newest volatility models. `sigma_next` is the next bar's sigma, a fraction.",
        table=[{name: getattr(fit, name) for name in columns} for fit in fits],
    )
    show(table)
