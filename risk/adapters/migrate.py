"""The schema of a database, brought to its newest form: alembic revisions that run sql/migrations/*.sql.

Forward only. Everything happens in one transaction under an advisory lock, so a killed migrator leaves
the former schema and two at once do the work once.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import psycopg
from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from risk.adapters import database_url, embedded
from risk.errors import StoreError

SQL = Path(str(files("sql")))
LOCK_KEY = 7_305_814_270_001  # any number, the same in every migrator
LOCK_WAIT = "60s"


def upgrade(url: str, *, revision: str = "head") -> str:
    """The revision that the schema `risk` of this database has afterwards, normally the newest.

    A role that does not own the schema can only find it at its newest and make partitions ahead.

    Raises:
        StoreError: the database does not answer, refused a statement, or the schema is behind and another
            role's, or a newer program's; nothing changed then.
    """
    with _transaction(url) as connection:
        connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": LOCK_WAIT})
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        _refuse_newer(_revision(connection))
        if _is_guest(connection):
            return _as_guest(connection)
        _run(connection, SQL / "roles.sql")
        _become_owner(connection)
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS risk"))
        command.upgrade(_config(connection), revision)
        _run(connection, SQL / "grants.sql")
        if revision == "head":
            connection.execute(_PARTITIONS)
        return _revision(connection) or ""


def current(url: str) -> str | None:
    """The schema's revision in this database, None before the first migration.

    Raises:
        StoreError: the database does not answer.
    """
    with _transaction(url) as connection:
        return _revision(connection)


def head() -> str:
    """The newest revision that this program knows."""
    return ScriptDirectory.from_config(_config(None)).get_current_head() or ""


def is_known(revision: str | None) -> bool:
    """Whether this program has that revision; a newer program's it has not."""
    known = {script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    return revision is None or revision in known


def schema(url: str) -> str:
    """The schema `risk` of this database as SQL, by pg_dump, without owners, rights and day partitions.

    Raises:
        StoreError: pg_dump failed.
    """
    program = str(embedded.tool_path("pg_dump"))
    wanted = ["--schema=risk", "--no-owner", "--no-privileges", f"--dbname={database_url.libpq_url(url)}"]
    layout = ["--schema-only", "--exclude-table=risk.*_p" + "[0-9]" * 8]
    seeded = (f"--table=risk.{name}" for name in ("score_component", "stress_scenario", "stress_move"))
    content = ["--data-only", "--column-inserts", *seeded]
    dumps = []
    for what in (layout, content):
        done = subprocess.run([program, *wanted, *what], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise StoreError(f"pg_dump: {done.stderr.strip()}")
        dumps.append(done.stdout)
    return _tidy("".join(dumps))


def write_schema(path: Path = SQL / "schema.sql") -> None:
    """Write the result of all migrations, made on a throw-away server."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            url = embedded.start(Path(folder))
            upgrade(url)
            path.write_text(schema(url), encoding="utf-8")
        finally:
            embedded.stop(Path(folder), immediately=True)


def run_file(name: str) -> None:
    """Run one file of sql/migrations inside the revision that alembic is at."""
    _run(op.get_bind(), SQL / "migrations" / name)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts=_VERSION_TABLE).get_current_revision()


def _refuse_newer(stands: str | None) -> None:
    if not is_known(stands):
        raise StoreError(
            f"the schema is at {stands}, this program knows it up to {head()}: it is older than its "
            "database; update the program, or restore a backup of its own time"
        )


def _is_guest(connection: Connection) -> bool:
    """Whether the schema is there and belongs to a role that we may not act for."""
    owned = text("SELECT pg_has_role(nspowner, 'MEMBER') FROM pg_namespace WHERE nspname = 'risk'")
    return connection.execute(owned).scalar() is False


def _as_guest(connection: Connection) -> str:
    stands, wanted = _revision(connection), head()
    if stands != wanted:
        raise StoreError(
            f"the schema is at {stands}, wanted {wanted}, and belongs to another role: "
            "run `risk db migrate` once with the owner's address in RISK_DATABASE_URL"
        )
    connection.execute(_PARTITIONS)
    return wanted


def _become_owner(connection: Connection) -> None:
    """The schema belongs to risk_owner where that role exists and we may act for it, else to ourselves.

    A schema that somebody made before us stays with its owner.
    """
    may = text("""
        SELECT pg_has_role(r.oid, 'MEMBER') AND coalesce(n.nspowner = r.oid, true)
        FROM pg_roles AS r
        LEFT JOIN pg_namespace AS n ON n.nspname = 'risk'
        WHERE r.rolname = 'risk_owner'
    """)
    if connection.execute(may).scalar():
        connection.execute(text("SET LOCAL ROLE risk_owner"))


def _tidy(dump: str) -> str:
    """Without pg_dump's own words, session settings and one-time marks; one empty line at most."""
    noise = ("--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict")
    lines = [line.rstrip() for line in dump.splitlines() if not line.startswith(noise)]
    text_ = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    head_line = "-- The result of all migrations; made by `python -m risk.adapters.migrate --write-schema`."
    return f"{head_line}\n\n{text_}\n"


_PARTITIONS = text("SELECT risk.ensure_partitions(CAST(now() AT TIME ZONE 'UTC' AS date), 7)")
_VERSION_TABLE = {"version_table": "schema_version", "version_table_schema": "risk"}


def _run(connection: Connection, path: Path) -> None:
    """Several statements in one file; the driver itself takes them, without looking for parameters."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    driver.execute(path.read_bytes())


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SQL / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _transaction(url: str) -> Iterator[Connection]:
    engine = create_engine(
        database_url.sqlalchemy_url(url),
        poolclass=NullPool,
        connect_args={"application_name": "crypto-risk migrate"},
    )
    try:
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, psycopg.Error) as cause:
        raise StoreError(f"migration: {cause}") from cause
    finally:
        engine.dispose()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write-schema"]:
        sys.exit("usage: python -m risk.adapters.migrate --write-schema")
    write_schema()
