"""Daily: partitions ahead, retention, roll-ups of depth, and the size of what is kept."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows import desk
from flows.showing import show
from risk.adapters import settings, store

RAW = ("depth",)
OTHERS = ("open_interest", "account", "position", "ticker", "mark", "liquidation", "venue_funding")
VAR = ("var_forecast", "var_outcome", "var_share")
ROLLED_BACK = timedelta(days=2)  # roll-ups are made again over the last two days: late samples count


@flow
def maintenance() -> None:
    """Make the coming week's partitions, roll depth up, forget what is too old. Scores are kept."""
    moment, kept = desk.now(), settings.load().retention
    with desk.database() as db:
        store.ensure_partitions(db, today=moment.date())
    with desk.database() as db:
        store.roll_up_depth(db, since=moment - ROLLED_BACK, until=moment)
    retention = {
        **dict.fromkeys(RAW, kept.depth_days),
        **dict.fromkeys(OTHERS, kept.other_days),
        **dict.fromkeys(VAR, kept.var_days),
    }
    with desk.database() as db:
        store.drop_partitions(db, retention, moment.date())
        sizes = store.table_sizes(db)
    table = partial(
        create_table_artifact,
        key="table-sizes",
        description="The desk's tables, largest first.",
        table=[{"table": t.name, "rows": t.row_estimate, "MB": round(t.bytes / 1e6, 1)} for t in sizes],
    )
    show(table)
