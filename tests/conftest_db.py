"""A real PostgreSQL for tests: one server for the session, one fresh database for each test."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.pool import QueuePool

from risk.adapters import embedded, migrate, store
from risk.adapters.store_engine import engine

DAY_PARTITIONS = """
    SELECT CAST(inhrelid AS regclass) FROM pg_inherits
    WHERE CAST(CAST(inhrelid AS regclass) AS text) ~ '^risk.[a-z_]+_p[0-9]{8}$'
"""
_numbers = count(1)


@pytest.fixture(scope="session")
def pg_data_dir() -> Iterator[Path]:
    """Data directory of the session's server; the server stops at the end."""
    with tempfile.TemporaryDirectory(prefix="risk-pg-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
        embedded.stop(Path(folder), immediately=True)


@pytest.fixture(scope="session")
def pg_server(pg_data_dir: Path) -> str:
    """URL of a running server, as its superuser, with an empty database.

    It survives kills, not a loss of power: a fresh database then costs a quarter of its time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(embedded.SERVER_SETTINGS, "fsync", "off")
        patch.setitem(embedded.SERVER_SETTINGS, "full_page_writes", "off")
        return embedded.start(pg_data_dir, database="postgres")


@pytest.fixture(scope="session")
def template_database(pg_server: str, pg_data_dir: Path) -> str:
    """Name of a database that holds the migrated schema, without partitions by day, and nothing else."""
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE risk_template")
    url = embedded.url(pg_data_dir, database="risk_template")
    migrate.upgrade(url)
    with psycopg.connect(url) as connection:  # days without a partition: half the files to copy per test
        for (name,) in connection.execute(DAY_PARTITIONS).fetchall():
            connection.execute(f"DROP TABLE {name}")
    return "risk_template"


@pytest.fixture
def empty_database_url(pg_server: str, pg_data_dir: Path) -> Iterator[str]:
    """URL of a fresh database without a schema."""
    yield from fresh_database(pg_server, pg_data_dir, "template1")


@pytest.fixture
def database_url(pg_server: str, pg_data_dir: Path, template_database: str) -> Iterator[str]:
    """URL of a fresh migrated database, as the server's superuser."""
    yield from fresh_database(pg_server, pg_data_dir, template_database)


@pytest.fixture
def db(database_url: str) -> Iterator[Connection]:
    """A connection in a transaction on a fresh migrated database; commits when the test ends well."""
    with store.connect(database_url) as connection:
        yield connection


def fresh_database(server: str, data_dir: Path, template: str) -> Iterator[str]:
    """URL of a fresh database made from `template`, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        url = embedded.url(data_dir, database=name)
        yield url
        _wait_for_threads(url)
        store.dispose(url)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _wait_for_threads(url: str) -> None:
    """A request cut off by a server's end goes on in its thread; its connection would outlive its pool."""
    pool, end = engine(url).pool, time.monotonic() + 5
    assert isinstance(pool, QueuePool)
    while pool.checkedout() and time.monotonic() < end:
        time.sleep(0.01)
