"""Hourly: funding and open interest on other venues, the insurance fund, and ADL risk."""

from __future__ import annotations

import logging
from collections.abc import Callable

from prefect import flow

from flows import desk, steps
from risk.adapters import settings, store
from risk.adapters.venues import VenueAddresses, Venues
from risk.records import Observed, VenueFunding

log = logging.getLogger(__name__)


@flow
def venues() -> None:
    """Store what moves slowly around our symbols; one source's failure does not stop the others."""
    sources: dict[str, Callable[[], list[Observed]]] = {
        "insurance": lambda: [*desk.exchange().insurance()],
        "adl": lambda: [*desk.exchange().adl_risks()],
        "venues": lambda: [*_elsewhere()],
    }
    found = steps.flat(steps.each(sources, lambda name: sources[name]()))
    with desk.database() as db:
        store.save(db, found)


def _elsewhere() -> list[VenueFunding]:
    config = settings.load().venues
    marks = {mark.symbol: mark.mark_price for mark in desk.exchange().premium_index()}
    with Venues(VenueAddresses(**config.urls), config.enabled) as others:
        answers = others.funding(desk.symbols(), marks=marks)
    with desk.database() as db:
        store.save_issues(db, answers.issues)
    for venue, failure in answers.failures.items():
        log.warning("%s: %s", venue, failure)
    return list(answers.rows)
