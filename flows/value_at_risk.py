"""Hourly and daily: value at risk of every symbol and of the book, and which method is in use."""

from __future__ import annotations

from functools import partial
from typing import Literal

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows import forecasting
from flows.showing import show


@flow
def value_at_risk(interval: Literal["1h", "1d"]) -> None:
    """Forecast the bar to come, judge the past ones; the table in force is left where a person looks."""
    found = forecasting.value_at_risk(interval)
    columns = (
        "scope",
        "interval",
        "method",
        "reason",
        "note",
        "gross_usdt",
        "var_95",
        "es_95",
        "var_99",
        "es_99",
    )
    table = partial(
        create_table_artifact,
        key=f"value-at-risk-{interval}",
        description="Value at risk in force, fractions of gross; `reason`: why it is not by GARCH-t.",
        table=[{name: getattr(row, name) for name in columns} for row in found],
    )
    show(table)
