"""At each 15m close: the bars that have closed since the newest stored one, and their measures."""

from __future__ import annotations

from datetime import timedelta

from prefect import flow

from flows import desk, steps
from risk.adapters import store
from risk.indicators import SECONDS_PER_BAR
from risk.records import Kline


@flow
def klines() -> None:
    """Store the closed bars of every interval, then measure the newest. `history` makes the beginning."""
    due = []
    with desk.database() as db:
        for interval in steps.INTERVALS:
            bar = timedelta(seconds=SECONDS_PER_BAR[interval])
            newest = store.newest_bar(db, desk.symbols(), interval)
            due += [(s, interval, at + bar) for s, at in newest.items() if at + 2 * bar <= desk.now()]

    def closed_since(subject: tuple[str, str, object]) -> list[Kline]:
        return desk.exchange().klines(*subject)  # type: ignore[arg-type]

    found = steps.flat(steps.each(due, closed_since))
    with desk.database() as db:
        store.save(db, found)
    steps.refresh_indicators(desk.symbols())
