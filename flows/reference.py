"""Daily: trading rules, leverage brackets, and what the key may do."""

from __future__ import annotations

import logging

from prefect import flow

from flows import desk
from risk.adapters import settings, store

log = logging.getLogger(__name__)


@flow
def reference() -> None:
    """Store what changes rarely; brackets and key rights need an API key."""
    rules = desk.exchange().exchange_info()
    with desk.database() as db:
        store.save(db, rules)
    if not settings.load().watches_account:
        return
    ladders = desk.exchange().leverage_brackets()
    rights = desk.exchange().key_restrictions()
    with desk.database() as db:
        store.save(db, ladders)
        if rights.state == "unverified":
            log.warning("the key's rights could not be verified: %s", rights.reason)
        else:
            store.save_fact(db, "key_can_trade", float(rights.state == "refused"), desk.now())
    for finding in (*rights.refusals, *rights.warnings):
        log.warning("API key: %s", finding)
