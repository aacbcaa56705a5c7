"""Rows of one query on any PostgreSQL, as text by column; the session may only read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import psycopg
from psycopg.rows import dict_row

from risk.adapters.archive_rows import Row
from risk.adapters.database_url import libpq_url
from risk.errors import StoreError

OPTIONS = "-c default_transaction_read_only=on -c statement_timeout=60s -c timezone=UTC"
BATCH = 10_000


def rows(url: str, query: str) -> Iterator[Row]:
    """Each row of the answer. The query is the reader's own, run with the rights of the address.

    Raises:
        SettingsError: the address is none, or is remote without verified TLS.
        StoreError: the database does not answer, refuses the query, or it is no question.
    """
    try:
        with psycopg.connect(
            libpq_url(url), options=OPTIONS, connect_timeout=5, row_factory=dict_row
        ) as connection:
            cursor = connection.execute(query.strip().rstrip(";").encode())
            if cursor.description is None:
                raise StoreError("the query answers no rows: write SELECT strategy, event_at, value FROM …")
            while found := cursor.fetchmany(BATCH):
                for row in found:
                    yield {name: _as_text(value) for name, value in row.items() if value is not None}
    except psycopg.Error as cause:
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise StoreError(f"the query for returns: {reason}") from cause


def _as_text(value: Any) -> str:
    """As a CSV has it: times in ISO 8601, a moment without a zone taken as UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
