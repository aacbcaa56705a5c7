"""What history has to hold before the first score, and how it is fetched: page by page, resumable."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flows import desk
from risk.adapters import store
from risk.errors import RateLimitError
from risk.records import FlowProgress, FundingSettlement, Kline, OpenInterest

log = logging.getLogger(__name__)

FLOW = "history"
DEPTHS = {
    "15m": timedelta(days=30),  # vol_ratio needs 21 days
    "1h": timedelta(hours=4_005),  # the hourly model takes 4,000 returns
    "1d": timedelta(days=1_505),  # the daily model takes 1,500
    "open_interest": timedelta(days=4),  # the change over 3 days
    "funding": timedelta(days=60),
}
OPEN_INTEREST_PERIOD = "15m"
PAGE_OF_OPEN_INTEREST = timedelta(minutes=15 * 480)
LONGEST_WAIT_S = 600.0
"""For request weight, in one stretch: two of the longest windows that the exchange counts by."""

Page = Sequence[Kline] | Sequence[FundingSettlement] | Sequence[OpenInterest]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One series of one symbol, from where it has to be fetched."""

    symbol: str
    series: str
    start: datetime
    end: datetime

    @property
    def scope(self) -> str:
        """Its name in the table of progress."""
        return f"{self.symbol}/{self.series}"


def plan(symbols: Sequence[str], moment: datetime, wanted: Sequence[str] = tuple(DEPTHS)) -> list[Stretch]:
    """What is still to be fetched of the wanted series, all symbols' shortest bars first."""
    with desk.database() as db:
        known = store.progress(db, FLOW)
    stretches = []
    for series in wanted:
        depth = DEPTHS[series]
        for symbol in symbols:
            stretch = Stretch(symbol, series, moment - depth, moment)
            before = known.get(stretch.scope)
            start = max(stretch.start, before.cursor_at) if before and before.cursor_at else stretch.start
            stretches.append(Stretch(symbol, series, start, moment))
    return stretches


def fetch(
    stretch: Stretch, sleep: Callable[[float], None] = time.sleep, longest_wait_s: float = LONGEST_WAIT_S
) -> int:
    """Fetch one stretch; each page is stored together with how far it reaches. Returns the rows fetched.

    Where the request weight is used up, it waits as long as that lasts and goes on from the last page stored.

    Raises:
        RateLimitError: after that much waiting.
    """
    done, waited_s, cursor = 0, 0.0, stretch.start
    while True:
        try:
            for page in _pages(replace(stretch, start=cursor)):
                done += len(page)
                cursor = page[-1].event_at
                _store(stretch, page, cursor, done)
            break
        except RateLimitError as error:
            wait_s = max(error.retry_after_s, 1.0)
            waited_s += wait_s
            if waited_s > longest_wait_s:
                raise
            log.info("%s: goes on in %.0f s (%s)", stretch.scope, wait_s, error)
            sleep(wait_s)
    if done == 0:
        log.info("%s: nothing newer than %s", stretch.scope, cursor)
    return done


def _store(stretch: Stretch, page: Page, cursor: datetime, done: int) -> None:
    span = (stretch.end - stretch.start).total_seconds() or 1.0
    share = min((cursor - stretch.start).total_seconds() / span, 1.0)
    progress = FlowProgress(
        flow=FLOW,
        scope=stretch.scope,
        cursor_at=cursor,
        done=done,
        total=max(done, round(done / share) if share > 0 else done),
        updated_at=desk.now(),
    )
    with desk.database() as db:
        store.save(db, page)
        store.save_progress(db, progress)


def _pages(stretch: Stretch) -> Iterator[Page]:
    exchange = desk.exchange()
    if stretch.series == "funding":
        yield from exchange.funding_pages(stretch.symbol, stretch.start, stretch.end)
    elif stretch.series == "open_interest":
        start = stretch.start
        while start < stretch.end:
            end = min(start + PAGE_OF_OPEN_INTEREST, stretch.end)
            page = exchange.open_interest_history(stretch.symbol, OPEN_INTEREST_PERIOD, start, end)
            if page:
                yield page
            start = end
    else:
        yield from exchange.kline_pages(stretch.symbol, stretch.series, stretch.start, stretch.end)
