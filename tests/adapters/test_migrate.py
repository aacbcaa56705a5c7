"""Migrations: to the newest form, twice without effect, two at once, all or nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from risk.adapters import embedded, migrate, store
from risk.errors import StoreError
from tests.adapters import rows


def test_an_empty_database_reaches_the_newest_revision(empty_database_url: str) -> None:
    assert migrate.current(empty_database_url) is None
    assert migrate.upgrade(empty_database_url) == migrate.head()
    assert migrate.current(empty_database_url) == migrate.head()


def test_a_second_upgrade_changes_nothing(database_url: str) -> None:
    assert migrate.upgrade(database_url) == migrate.head()


def test_two_migrators_at_once_do_the_work_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(migrate.upgrade, [empty_database_url] * 2)) == [migrate.head()] * 2
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM risk.schema_version").fetchone() == (1,)


def test_a_migration_that_fails_midway_leaves_the_former_schema(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("CREATE SCHEMA risk")
        connection.execute("CREATE TABLE risk.ticker (in_the_way int)")
    with pytest.raises(StoreError, match="ticker"):
        migrate.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'risk'").fetchall()
    assert tables == [("ticker",)]
    assert migrate.current(empty_database_url) is None


def test_an_older_program_leaves_a_newer_schema_alone_and_says_so(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE risk.schema_version SET version_num = '9999'")
    for role in (embedded.SUPERUSER, embedded.WRITER):
        with pytest.raises(StoreError, match="older than its database; update the program"):
            migrate.upgrade(database_url.replace(f"//{embedded.SUPERUSER}@", f"//{role}@"))
    assert migrate.current(database_url) == "9999"


def test_the_version_table_lives_in_our_schema(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT version_num FROM risk.schema_version").fetchone()
    assert row == (migrate.head(),)


def test_a_user_without_the_right_to_make_roles_migrates_its_own_database(
    empty_database_url: str, pg_data_dir: Path
) -> None:
    name = empty_database_url.split("/")[3].split("?")[0]
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
        connection.execute(f"ALTER DATABASE {name} OWNER TO plain")
    url = embedded.url(pg_data_dir, database=name, role="plain")
    assert migrate.upgrade(url) == migrate.head()
    with store.connect(url) as db:
        assert store.save(db, [rows.DEPTH]) == 1
        assert store.ensure_partitions(db, today=rows.NOW.date()) == 7 * 8
