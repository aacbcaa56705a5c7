"""Daily: how the strategies move together and whose the risk is."""

from __future__ import annotations

from functools import partial

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows import desk
from flows.showing import show
from risk import strategy_study
from risk.adapters import settings, store


@flow
def strategies() -> None:
    """Study the stored returns, store what was found, and leave the shares where a person looks."""
    config = settings.load()
    with desk.database() as db:
        studies = store.renew_studies(db, config.strategies.capital, config.limits, desk.now())
    for found in studies:
        table = partial(
            create_table_artifact,
            key=f"strategies-{found.period}",
            description="Share of the strategies' risk; empty where one is not in the book, with the reason.",
            table=strategy_study.lines(found),
        )
        show(table)
