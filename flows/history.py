"""At the start and daily: klines, funding and open interest that are missing, then the measures on them."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from prefect import flow
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from flows import backfill, desk, fitting, forecasting, result_tables, steps
from flows.backfill import Stretch
from flows.showing import show
from risk.adapters import store


@flow
def history() -> None:
    """Fill the stored history up to now, resuming where the last run ended; then fit what has no model.

    What refit and value_at_risk would leave in Prefect a day or an hour later is left here at once.
    """
    stretches = backfill.plan(desk.symbols(), desk.now())
    artifact = show(partial(create_progress_artifact, progress=0.0, key="history", description="begun"))

    def told(series: int, words: str) -> None:
        if isinstance(artifact, UUID):
            share = 100.0 * series / len(stretches)
            show(partial(update_progress_artifact, artifact, progress=share, description=words))

    def fetch(stretch: Stretch) -> int:
        fetched = backfill.fetch(stretch)
        told(stretches.index(stretch) + 1, f"{stretch.scope}: {fetched} rows")
        return fetched

    found = steps.each(stretches, fetch)
    failed = f"; {len(stretches) - len(found)} failed" if len(found) < len(stretches) else ""
    told(len(found), f"{sum(found)} rows of {len(found)} series{failed}")
    with desk.database() as db:
        unfitted = [
            s for s in desk.symbols() if any(store.latest_fit(db, s, i) is None for i in fitting.FITTED)
        ]
    if unfitted:
        result_tables.leave_fits(fitting.refit(unfitted))
    steps.refresh_indicators(desk.symbols())
    for interval in fitting.FITTED:
        result_tables.leave_value_at_risk(interval, forecasting.value_at_risk(interval))
