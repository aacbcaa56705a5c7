"""A file of history into the database: read, sifted, stored whole in one transaction, remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from risk.adapters import archive, archive_depth, store
from risk.adapters.archive_layout import DEPTH, FUNDING, OPEN_INTEREST
from risk.adapters.archive_sift import sifted
from risk.adapters.wire_checks import Parsed
from risk.archived import ArchiveFile
from risk.errors import DataError, PayloadError

CHUNK = 20_000
"""Rows of one COPY: below the time that a statement may take."""
SERIES_OF = {"fund": FUNDING, "oi": OPEN_INTEREST, "book": DEPTH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A file on disk, and what is known of it beside its name."""

    file: Path
    path: str  # by which it is remembered
    series: str
    symbol: str | None  # None: the rows tell
    venue: str | None
    sha256: str
    is_verified: bool
    begin: datetime | None = None  # UTC, of the days that it is of
    end: datetime | None = None


def read(held: Held, now: datetime) -> Parsed[Any]:
    """The rows that count, and what was refused.

    Raises:
        PayloadError: the file cannot be read, or no row of it can be true.
        DataError: no row of it counts, it needs a package that is not there, or tells no symbol or interval.
    """
    try:
        parsed = _parsed(held, now)
    except ValueError as cause:
        raise DataError(str(cause)) from cause
    found = sifted(parsed, source=held.file.name, now=now, begin=held.begin, end=held.end)
    if not found.rows:
        why = (
            f"{len(found.issues)} refused, first: {found.issues[0].problem}"
            if found.issues
            else "it has none"
        )
        raise DataError(f"{held.path}: no row of it counts ({why}); nothing of it was stored")
    return found


def keep(db: Connection, held: Held, parsed: Parsed[Any], now: datetime) -> ArchiveFile:
    """Store the rows and the issues, and remember the file; nothing of it stays if that fails.

    Raises:
        StoreError: the database refuses a value.
    """
    rows = parsed.rows
    new = sum(store.save(db, rows[i : i + CHUNK]) for i in range(0, len(rows), CHUNK))
    store.save_issues(db, parsed.issues)
    file = ArchiveFile(
        path=held.path, symbol=held.symbol or "*", series=held.series, sha256=held.sha256,
        is_verified=held.is_verified, row_count=len(rows), new_count=new, refused_count=len(parsed.issues),
        first_at=_at(rows, 0), last_at=_at(rows, -1), stored_at=now,
    )  # fmt: skip
    store.save_archive_file(db, file)
    return file


def _parsed(held: Held, now: datetime) -> Parsed[Any]:
    own = {"received_at": now, "symbol": held.symbol}
    try:
        if held.series == FUNDING:
            return archive.funding(held.file, **own)  # type: ignore[arg-type]
        if held.series == OPEN_INTEREST:
            return archive.open_interest(held.file, **own)  # type: ignore[arg-type]
        if held.series == DEPTH:
            return archive_depth.depths(held.file, **own)  # type: ignore[arg-type]
        return archive.klines(held.file, interval=held.series, venue=held.venue, **own)  # type: ignore[arg-type]
    except KeyError as cause:
        raise PayloadError(held.file.name, str(cause), "", "missing") from cause


def _at(rows: Sequence[Any], place: int) -> datetime | None:
    if not rows:
        return None
    at: datetime = rows[place].event_at
    return at
