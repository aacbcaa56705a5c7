"""Value at risk into its tables, and what the next bar's judgement needs of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection

from risk import var_records as v
from risk.adapters.store_codec import decode
from risk.adapters.store_copy import by_type, stage
from risk.adapters.store_engine import rows, run
from risk.var_desk import Judged, Open

VAR_TABLES: dict[type, str] = {
    v.VarForecast: "var_forecast",
    v.VarOutcome: "var_outcome",
    v.VarShare: "var_share",
    v.LatestVarVerdict: "latest_var_verdict",
    v.LatestVar: "latest_var",
    v.VarSwitch: "var_switch",
}
STATEMENTS: dict[str, str] = {
    "var_forecast": "save_var_forecast",
    "var_outcome": "save_var_outcome",
    "var_share": "save_var_share",
    "latest_var_verdict": "save_latest_var_verdict",
    "latest_var": "save_latest_var",
    "var_switch": "save_var_switch",
}


def save_var(db: Connection, records: Iterable[object]) -> None:
    """Save records of `risk.var_records`. Saving the same again changes nothing.

    Raises:
        KeyError: another record.
        StoreError: a value that the database refuses.
    """
    for kind, found in by_type(records).items():
        table = VAR_TABLES[kind]
        stage(db, table, found)
        run(db, STATEMENTS[table])


def latest_var(db: Connection, scope: str, interval: str) -> tuple[v.LatestVar | None, frozenset[str]]:
    """(VaR in force, methods that stood refuted); None and nothing before the first one."""
    for row in run(db, "latest_var", scope=scope, interval=interval):
        return decode(v.LatestVar, row.body), frozenset(row.failed)
    return None, frozenset()


def forget_latest_var(db: Connection, interval: str, scopes: Sequence[str]) -> None:
    """Drop what is in force of all other scopes: a position that is gone has no value at risk."""
    run(db, "forget_latest_var", interval=interval, scopes=list(scopes))


def var_forecasts(db: Connection, scope: str, interval: str, bar_at: datetime) -> tuple[v.VarForecast, ...]:
    """What is stored of one bar, a row per method."""
    found = run(db, "var_forecasts", scope=scope, interval=interval, bar_at=bar_at)
    return tuple(decode(v.VarForecast, row.body) for row in found)


def var_judged(db: Connection, scope: str, interval: str, since: datetime) -> Judged:
    """Forecasts at 99 % and losses of the bars since a time, per method."""
    found: dict[str, list[Any]] = {}
    for row in rows(db, "var_judged", scope=scope, interval=interval, since=since):
        found.setdefault(row["method"], []).append(
            (row["bar_at"], row["var_99"], row["loss"], row["gross_usdt"])
        )
    return {method: np.array(table, dtype=np.float64).T for method, table in found.items()}


def var_open(db: Connection, scope: str, interval: str, since: datetime) -> tuple[Open, ...]:
    """Bars since a time that were forecast and still wait for their loss."""
    return tuple(
        Open(
            bar_at=row["bar_at"],
            made_at=row["made_at"],
            symbols=tuple(row["symbols"]),
            weights=tuple(row["weights"]),
        )
        for row in rows(db, "var_open", scope=scope, interval=interval, since=since)
    )
