"""Every 15 min: the account's ledger since its newest stored line."""

from __future__ import annotations

from datetime import timedelta

from prefect import flow

from flows import desk
from risk.adapters import settings, store

OVERLAP = timedelta(minutes=5)  # lines may be written late; the key removes what comes twice


@flow
def income() -> None:
    """Store funding paid, transfers, realised profit and fees; does nothing without an API key."""
    config = settings.load()
    if not config.watches_account:
        return
    with desk.database() as db:
        newest = store.newest_income_at(db, config.account)
    found = desk.exchange().income(newest - OVERLAP if newest else None)
    with desk.database() as db:
        store.save(db, found)
        store.beat(db, "income", desk.now())
