"""Every 30 s: spot prices of the watched symbols, for the basis and as a cross-check."""

from __future__ import annotations

from prefect import flow

from flows import desk, steps
from risk.adapters import store


@flow
def spot() -> None:
    """Store 24 h tickers of the spot market under its own venue; a symbol without one goes to the ledger."""
    found = steps.each(desk.symbols(), desk.exchange().spot_ticker)
    with desk.database() as db:
        store.save(db, found)
