"""Every 5 s: the newest state becomes scores, signals and alerts, in one transaction."""

from __future__ import annotations

from functools import cache

from prefect import flow

from flows import desk, scorecards, spooling
from risk.adapters import settings, store
from risk.decision import decide


@flow
def scoring() -> None:
    """Score all watched symbols and the account; a changed level leaves an artifact."""
    config = settings.load()
    remember_limits(config.limits.version)
    with spooling.evaluation() as this, desk.database() as db:
        moment = desk.now()
        stored = store.latest_state(
            db, config.symbols, account=config.account, watches_account=config.watches_account, now=moment
        )
        state = this.continued(stored)
        decision = this.made(decide(state, config.limits, moment))
        store.save_decision(db, decision, channels=desk.channels())
    scorecards.leave(state, decision)


@cache
def remember_limits(version: str) -> None:
    """Store the limits in force once in a process, so that every score row can be recomputed."""
    with desk.database() as db:
        store.save_limits(db, version, settings.load().limits.body())
