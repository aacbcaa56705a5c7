"""Tables of models and forecasts that a person sees in Prefect after a run, whichever flow made them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from prefect.artifacts import create_table_artifact

from flows.showing import show
from risk.records import VolatilityFit
from risk.var_records import LatestVar

Row = VolatilityFit | LatestVar

FIT_COLUMNS = (
    "symbol", "interval", "method", "reason", "observations", "persistence", "nu", "sigma_next",
)  # fmt: skip
VAR_COLUMNS = (
    "scope", "interval", "method", "reason", "note", "gross_usdt", "var_95", "es_95", "var_99", "es_99",
)  # fmt: skip
DIGITS = 6  # of a fraction; the database holds all of them


def leave_fits(fits: Sequence[VolatilityFit]) -> None:
    """The newest volatility models as `volatility-fits`; nothing without one."""
    _leave(
        "volatility-fits",
        "Newest volatility models. `sigma_next` is the next bar's sigma, a fraction.",
        fits,
        FIT_COLUMNS,
    )


def leave_value_at_risk(interval: str, found: Sequence[LatestVar]) -> None:
    """The value at risk in force as `value-at-risk-INTERVAL`; nothing without a subject."""
    _leave(
        f"value-at-risk-{interval}",
        "Value at risk in force, fractions of gross; `reason`: why it is not by GARCH-t.",
        found,
        VAR_COLUMNS,
    )


def _leave(key: str, description: str, found: Sequence[Row], columns: Sequence[str]) -> None:
    if found:
        table = [_line(row, columns) for row in found]
        show(partial(create_table_artifact, key=key, description=description, table=table))


def _line(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in columns}
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value for name, value in values.items()
    }
