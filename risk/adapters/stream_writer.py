"""What the streams hand to the database: at most a second late, and bounded when the database is slow.

Samples replace each other (the latest of a symbol is worth all before it), forced liquidations are kept
until they are stored: nothing replays them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from time import monotonic

import psycopg
import sqlalchemy.exc

from risk.errors import StoreError
from risk.records import DataIssue, Observed

REFUSED = (sqlalchemy.exc.IntegrityError, sqlalchemy.exc.DataError, psycopg.IntegrityError, psycopg.DataError)
"""Causes of a StoreError that lie in a value, not in the database's health."""

log = logging.getLogger(__name__)

FLUSH_S, LAST_FLUSH_S = 1.0, 3.0
BATCH = 5_000
PENDING_ISSUES = 200


class Writer:
    """Collects records in the event loop and saves them in a thread.

    Args:
        save: blocking; stores records and ledger lines in one transaction. Raises StoreError.
    """

    def __init__(self, save: Callable[[Sequence[Observed], Sequence[DataIssue]], None]) -> None:
        self._save = save
        self._latest: dict[Hashable, Observed] = {}
        self._kept: list[Observed] = []
        self._issues: dict[tuple[str, str, str, str], DataIssue] = {}
        self.coalesced = 0
        self.saved = 0
        self.saved_at: float | None = None  # monotonic

    def put_latest(self, key: Hashable, record: Observed) -> None:
        """Keep the record until the next flush, in place of an older one with the same key."""
        self.coalesced += key in self._latest
        self._latest[key] = record

    def put(self, record: Observed) -> None:
        """Keep the record until it is stored."""
        self._kept.append(record)

    def put_issue(self, issue: DataIssue) -> None:
        """Keep one line per kind of trouble; a flood of bad frames must not become a flood of rows."""
        key = (issue.source, issue.symbol, issue.field, issue.problem)
        if key in self._issues or len(self._issues) < PENDING_ISSUES:
            self._issues[key] = issue

    @property
    def pending(self) -> int:
        return len(self._latest) + len(self._kept)

    async def run(self) -> None:
        """Flush every second until cancelled, then once more."""
        try:
            while True:
                await asyncio.sleep(FLUSH_S)
                await self.flush()
        except asyncio.CancelledError:
            try:
                await asyncio.wait_for(self.flush(), LAST_FLUSH_S)
            except TimeoutError:
                log.warning("%d records were not stored before the end", self.pending)
            raise

    async def flush(self) -> None:
        """Store what is pending; what the database refuses to take now stays pending."""
        kept, latest, issues = self._kept[:BATCH], self._latest, self._issues
        if not (kept or latest or issues):
            return
        self._latest, self._issues = {}, {}
        try:
            await asyncio.to_thread(self._store, [*latest.values(), *kept], list(issues.values()))
        except StoreError as error:
            self._latest = {**latest, **self._latest}
            self._issues = {**issues, **self._issues}
            log.warning("%d records wait: %s", self.pending, error)
            return
        del self._kept[: len(kept)]
        self.saved += len(kept) + len(latest)
        self.saved_at = monotonic()

    def _store(self, records: Sequence[Observed], issues: Sequence[DataIssue]) -> None:
        """Save all; when the database refuses a value, all but that one: it must not block the rest."""
        try:
            self._save(records, issues)
        except StoreError as error:
            if not isinstance(error.__cause__, REFUSED):
                raise
            if len(records) > 1:
                middle = len(records) // 2
                self._store(records[:middle], issues)
                self._store(records[middle:], [])
                return
            log.error("refused by the database and left out: %s: %s", error, records)
