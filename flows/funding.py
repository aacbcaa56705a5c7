"""Every 5 min: settlement terms, and the settlements that are due by each symbol's own interval."""

from __future__ import annotations

from datetime import timedelta

from prefect import flow

from flows import desk, steps
from risk.adapters import store
from risk.records import FundingSettlement, FundingTerms

DEFAULT_HOURS = 8  # of a symbol that the exchange's list of adjusted terms does not name
SETTLES_WITHIN = timedelta(seconds=15)  # the exchange stamps a settlement up to some seconds late


@flow
def funding() -> None:
    """Store terms and newly settled rates. `history` makes the beginning."""
    terms = _terms()
    with desk.database() as db:
        store.save(db, terms.values())
        newest = store.newest_funding_at(db, desk.symbols())
    hours = {symbol: each.interval_hours for symbol, each in terms.items()}
    due = [
        symbol
        for symbol, settled in newest.items()
        if settled + timedelta(hours=hours[symbol]) + SETTLES_WITHIN <= desk.now()
    ]

    def settled_since(symbol: str) -> list[FundingSettlement]:
        pages = desk.exchange().funding_pages(symbol, newest[symbol], desk.now(), hours)
        return [row for row in steps.flat(pages) if row.event_at > newest[symbol]]

    found = steps.flat(steps.each(due, settled_since))
    with desk.database() as db:
        store.save(db, found)


def _terms() -> dict[str, FundingTerms]:
    """Terms in force of every watched symbol."""
    moment = desk.now()
    adjusted = {terms.symbol: terms for terms in desk.exchange().funding_info()}
    return {
        symbol: adjusted.get(symbol)
        or FundingTerms(
            event_at=moment, received_at=moment, source="rest", symbol=symbol,
            interval_hours=DEFAULT_HOURS, rate_cap=None, rate_floor=None,
        )
        for symbol in desk.symbols()
    }  # fmt: skip
