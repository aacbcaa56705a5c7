"""Every 10 s: mark prices, running funding and 24 h tickers of all symbols."""

from __future__ import annotations

from prefect import flow

from flows import desk, steps
from risk.adapters import store

ALL_AT_ONCE_FROM = 40  # the call for all tickers weighs as much as so many single ones


@flow
def market() -> None:
    """Store marks and tickers of the watched symbols and of those with a position."""
    marks = desk.exchange().premium_index()
    with desk.database() as db:
        ours = desk.of_interest(db, marks)
        store.save(db, ours)
        store.beat(db, "exchange", desk.now())
    names = [mark.symbol for mark in ours]
    wanted = names if len(names) < ALL_AT_ONCE_FROM else [None]
    tickers = steps.flat(steps.each(wanted, desk.exchange().tickers))
    with desk.database() as db:
        store.save(db, desk.of_interest(db, tickers))
