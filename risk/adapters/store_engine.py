"""Connections: one engine per address and process, time limits on every statement, errors as ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from sqlalchemy import Connection, CursorResult, Engine, TextClause, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from risk.adapters.database_url import sqlalchemy_url
from risk.errors import StoreError

SESSION = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "timezone": "UTC",
        "client_min_messages": "warning",
        "jit": "off",
        # The wide statements run each cycle: planning them anew costs as much as running them.
        "plan_cache_mode": "force_generic_plan",
    }.items()
)


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
        original = getattr(cause, "orig", None) or cause
        raise StoreError(f"{type(original).__name__}: {str(original).strip()}") from cause


@cache
def engine(url: str) -> Engine:
    """The process's engine for this address; connections are checked before use and opened anew if dead."""
    made = create_engine(
        sqlalchemy_url(url),
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=5,
        pool_timeout=5,
        connect_args={"application_name": "crypto-risk", "connect_timeout": 5, "options": SESSION},
    )
    event.listen(made, "commit", _forget_rows)
    for undone in ("rollback", "rollback_savepoint"):
        event.listen(made, undone, _forget_tables)
    return made


def dispose(url: str) -> None:
    """Close this process's connections to that address."""
    engine(url).dispose()


def driver(db: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection underneath, for COPY and for numbers in binary."""
    raw = db.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def run(db: Connection, name: str, /, **parameters: object) -> CursorResult[Any]:
    """The answer of sql/queries/`name`.sql."""
    return db.execute(statement(name), parameters)


def count(db: Connection, name: str, /, **parameters: object) -> int:
    """The one number that sql/queries/`name`.sql answers."""
    return int(run(db, name, **parameters).scalar_one())


def rows(db: Connection, name: str, /, **parameters: object) -> list[Mapping[str, Any]]:
    """The rows of sql/queries/`name`.sql by column name."""
    return [dict(row) for row in run(db, name, **parameters).mappings()]


@cache
def statement(name: str) -> TextClause:
    """sql/queries/`name`.sql, read once."""
    return text(files("sql").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8"))


def _forget_rows(connection: Connection) -> None:
    """Staging tables are empty after a commit."""
    connection.info.pop("filled", None)


def _forget_tables(connection: Connection, *_savepoint: object) -> None:
    """Staging tables that the undone transaction made are gone."""
    connection.info.pop("made", None)
    connection.info.pop("filled", None)
