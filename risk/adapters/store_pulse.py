"""The pulse of a desk as its database tells it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from risk.adapters.store_engine import rows
from risk.pulse import Pulse


def pulse(db: Connection, now: datetime) -> Pulse:
    """The pulse of the desk that writes into this database."""
    (row,) = rows(db, "heartbeat")

    def age(name: str) -> float | None:
        return (now - row[name]).total_seconds() if row[name] is not None else None

    return Pulse(
        score_s=age("scored_at"),
        account_s=age("account_at"),
        waiting_s=age("waiting_since"),
        critical_s=age("critical_since"),
        offered_s=age("offered_at"),
        worker_s=age("worker_at"),
        delivery_s=age("delivery_at"),
    )
