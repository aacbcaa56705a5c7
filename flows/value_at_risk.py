"""Hourly and daily: value at risk of every symbol and of the book, and which method is in use."""

from __future__ import annotations

from typing import Literal

from prefect import flow

from flows import forecasting, result_tables


@flow
def value_at_risk(interval: Literal["1h", "1d"]) -> None:
    """Forecast the bar to come, judge the past ones; the table in force is left where a person looks."""
    result_tables.leave_value_at_risk(interval, forecasting.value_at_risk(interval))
