"""Every 30 s: open contracts of each watched symbol."""

from __future__ import annotations

from prefect import flow

from flows import desk, steps
from risk.adapters import store


@flow
def open_interest() -> None:
    """Store open interest, in coins; one symbol's failure does not stop the others."""
    found = steps.each(desk.symbols(), desk.exchange().open_interest)
    with desk.database() as db:
        store.save(db, found)
