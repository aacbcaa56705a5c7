"""Connections: one engine per address and process, time limits on every statement, errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from risk.adapters.database_url import sqlalchemy_url
from risk.errors import StoreError

SESSION = "-c statement_timeout=5s -c lock_timeout=2s -c timezone=UTC"


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """A connection inside a transaction that is committed when the block ends, undone when it raises.

    Raises:
        SettingsError: the address is none, or is remote without verified TLS.
        StoreError: the database does not answer or refused a statement.
    """
    try:
        with engine(url).begin() as connection:
            yield connection
    except (SQLAlchemyError, psycopg.Error) as cause:
        raise StoreError(_first_line(cause)) from cause


@cache
def engine(url: str) -> Engine:
    """The process's engine for this address; connections are checked before use and opened anew if dead."""
    return create_engine(
        sqlalchemy_url(url),
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=5,
        pool_timeout=5,
        connect_args={
            "application_name": "crypto-risk",
            "connect_timeout": 5,
            "options": SESSION,
        },
    )


def dispose(url: str) -> None:
    """Close this process's connections to that address."""
    engine(url).dispose()


def _first_line(cause: Exception) -> str:
    original = getattr(cause, "orig", None) or cause
    return f"{type(original).__name__}: {str(original).strip()}"
