"""At the start and daily: klines, funding and open interest that are missing, then the measures on them."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from prefect import flow
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from flows import backfill, desk, fitting, forecasting, steps
from flows.backfill import Stretch
from flows.showing import show
from risk.adapters import store


@flow
def history() -> None:
    """Fill the stored history up to now, resuming where the last run ended; then fit what has no model."""
    stretches = backfill.plan(desk.symbols(), desk.now())
    artifact = show(partial(create_progress_artifact, progress=0.0, key="history", description="begun"))

    def fetch(stretch: Stretch) -> int:
        fetched = backfill.fetch(stretch)
        share = 100.0 * (stretches.index(stretch) + 1) / len(stretches)
        if isinstance(artifact, UUID):
            words = f"{stretch.scope}: {fetched} rows"
            show(partial(update_progress_artifact, artifact, progress=share, description=words))
        return fetched

    steps.each(stretches, fetch)
    with desk.database() as db:
        unfitted = [
            s for s in desk.symbols() if any(store.latest_fit(db, s, i) is None for i in fitting.FITTED)
        ]
    if unfitted:
        fitting.refit(unfitted)
    steps.refresh_indicators(desk.symbols())
    for interval in fitting.FITTED:
        forecasting.value_at_risk(interval)
