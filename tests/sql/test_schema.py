"""The schema guards the facts: no NaN, units on every column, rights by role, files that agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from risk.adapters import embedded, migrate

FLOATS = "float8", "float4"
COLUMNS = """
    SELECT c.relname, a.attname, b.typname
    FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    JOIN pg_type AS t ON t.oid = a.atttypid
    JOIN pg_type AS b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
    WHERE c.relnamespace = CAST('risk' AS regnamespace) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped
        AND b.typname = ANY (%s)
    ORDER BY c.relname, a.attnum
"""


@pytest.fixture
def schema_db(template_database: str, pg_data_dir: Path) -> psycopg.Connection:
    with psycopg.connect(embedded.url(pg_data_dir, database=template_database)) as connection:
        yield connection
        connection.rollback()


def _refuses(db: psycopg.Connection, table: str, column: str, value: str) -> bool:
    """Whether a row that has nothing but this value violates a check of the table."""
    try:
        with db.transaction():
            db.execute(
                sql.SQL("INSERT INTO probe ({}) VALUES ({})").format(
                    sql.Identifier(column), sql.Literal(value)
                )
            )
    except errors.CheckViolation:
        return True
    return False


def _probe(db: psycopg.Connection, table: str) -> None:
    """An empty copy of a table with its checks, in which every column may be left out."""
    db.execute(
        sql.SQL("CREATE TEMP TABLE probe (LIKE risk.{} INCLUDING CONSTRAINTS)").format(sql.Identifier(table))
    )
    query = (
        "SELECT attname FROM pg_attribute WHERE attrelid = 'probe'::regclass AND attnum > 0 AND attnotnull"
    )
    for (column,) in db.execute(query).fetchall():
        db.execute(sql.SQL("ALTER TABLE probe ALTER {} DROP NOT NULL").format(sql.Identifier(column)))


def test_every_float_and_numeric_column_refuses_nan_and_infinity(schema_db: psycopg.Connection) -> None:
    found = schema_db.execute(COLUMNS, [[*FLOATS, "_float8", "_float4", "numeric"]]).fetchall()
    assert len(found) > 150
    wrong = []
    for table in sorted({row[0] for row in found}):
        _probe(schema_db, table)
        for _, column, kind in [row for row in found if row[0] == table]:
            pattern = "{{{}}}" if kind.startswith("_") else "{}"
            for value in ("NaN", "Infinity", "-Infinity"):
                if not _refuses(schema_db, table, column, pattern.format(value)):
                    wrong.append((table, column, value))
            if _refuses(schema_db, table, column, pattern.format("0.5")):
                wrong.append((table, column, "0.5"))
        schema_db.execute("DROP TABLE probe")
    assert wrong == []


def test_every_table_view_and_column_says_what_it_holds(schema_db: psycopg.Connection) -> None:
    silent = schema_db.execute("""
        SELECT c.relname, a.attname
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = CAST('risk' AS regnamespace) AND c.relkind IN ('r', 'p', 'v')
            AND NOT c.relispartition
            AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)
    """).fetchall()
    assert silent == []


def test_checks_are_named_as_sentences(schema_db: psycopg.Connection) -> None:
    names = schema_db.execute("""
        SELECT conname FROM pg_constraint
        WHERE connamespace = CAST('risk' AS regnamespace) AND contype = 'c'
    """).fetchall()
    assert len(names) > 50
    assert [name for (name,) in names if name.endswith("_check") or name.count("_") < 2] == []


def test_schema_sql_is_what_the_migrations_make(
    template_database: str, pg_data_dir: Path, empty_database_url: str
) -> None:
    written = (migrate.SQL / "schema.sql").read_text()
    migrated = migrate.schema(embedded.url(pg_data_dir, database=template_database))
    assert written == migrated, "run: python -m risk.adapters.migrate --write-schema"
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(written)
    assert migrate.schema(empty_database_url) == written


@pytest.fixture
def as_role(database_url: str, pg_data_dir: Path) -> Callable[[str], psycopg.Connection]:
    migrate.upgrade(database_url)  # rights on a database are not copied from its template
    name = database_url.split("/")[3].split("?")[0]
    opened: list[psycopg.Connection] = []

    def connect(role: str) -> psycopg.Connection:
        opened.append(psycopg.connect(embedded.url(pg_data_dir, database=name, role=role), autocommit=True))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


READER_MAY_NOT = [
    (
        "INSERT INTO risk.fact VALUES ('x', 1, now())",
        errors.ReadOnlySqlTransaction,
        errors.InsufficientPrivilege,
    ),
    ("CREATE TABLE risk.mine (n int)", errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege),
    ("CREATE TABLE public.mine (n int)", errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege),
    ("CREATE TEMP TABLE mine (n int)", errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege),
    ("COPY risk.fact TO '/tmp/stolen'", errors.InsufficientPrivilege, errors.InsufficientPrivilege),
    ("COPY risk.fact TO PROGRAM 'cat'", errors.InsufficientPrivilege, errors.InsufficientPrivilege),
    ("SELECT pg_read_file('/etc/passwd')", errors.InsufficientPrivilege, errors.InsufficientPrivilege),
    (
        "SELECT risk.forget_before('score', 'tomorrow')",
        errors.InsufficientPrivilege,
        errors.InsufficientPrivilege,
    ),
]


@pytest.mark.parametrize(("statement", "by_default", "when_unset"), READER_MAY_NOT)
def test_the_reader_only_reads_even_when_it_unsets_read_only(
    as_role: Callable[[str], psycopg.Connection],
    statement: str,
    by_default: type[Exception],
    when_unset: type[Exception],
) -> None:
    reader = as_role("risk_reader")
    assert reader.execute("SELECT count(*) FROM risk.score_explained").fetchone() == (0,)
    with pytest.raises((by_default, errors.InsufficientPrivilege)):
        reader.execute(statement)
    reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(when_unset):
        reader.execute(statement)


def test_the_reader_is_cut_off_after_five_seconds(as_role: Callable[[str], psycopg.Connection]) -> None:
    assert as_role("risk_reader").execute("SHOW statement_timeout").fetchone() == ("5s",)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE risk.score SET level = 0",
        "DELETE FROM risk.score",
        "UPDATE risk.kline SET close = 1",
        "DELETE FROM risk.alert",
        "UPDATE risk.decision SET kind = 'warn'",
        "UPDATE risk.outbox SET items = '[]'",
        "DROP TABLE risk.score",
        "TRUNCATE risk.score",
        "ALTER TABLE risk.score ADD n int",
        "CREATE TABLE risk.mine (n int)",
        "INSERT INTO risk.schema_version VALUES ('9999')",
        "COPY risk.fact TO '/tmp/stolen'",
    ],
)
def test_the_writer_may_not_change_history(
    as_role: Callable[[str], psycopg.Connection], statement: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        as_role("risk_writer").execute(statement)


def test_partitions_of_the_coming_week_are_there_after_a_migration(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    today = datetime.now(UTC).date()
    tables = ("depth", "open_interest", "account", "position", "score", "ticker", "mark")
    names = [f"risk.{t}_p{today + timedelta(days=n):%Y%m%d}" for t in tables for n in range(8)]
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL", [names]
        )
        assert found.fetchall() == []


def test_a_day_made_late_takes_its_rows_out_of_the_default_partition(schema_db: psycopg.Connection) -> None:
    insert = """
        INSERT INTO risk.open_interest (symbol, quantity, event_at, received_at, source)
        VALUES ('BTCUSDT', 1, %s, now(), 'rest')
    """
    times = [datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)]
    for at in times:
        schema_db.execute(insert, [at])
    assert schema_db.execute("SELECT count(*) FROM risk.open_interest_default").fetchone() == (2,)

    schema_db.execute("SELECT risk.ensure_partitions(%s, 1)", [date(2026, 2, 28)])

    assert schema_db.execute("SELECT count(*) FROM risk.open_interest_default").fetchone() == (0,)
    assert schema_db.execute("SELECT event_at FROM risk.open_interest_p20260228").fetchall() == [(times[0],)]
    assert schema_db.execute("SELECT event_at FROM risk.open_interest_p20260301").fetchall() == [(times[1],)]


def test_forgetting_drops_whole_days_and_stray_rows(schema_db: psycopg.Connection) -> None:
    schema_db.execute("SELECT risk.ensure_partitions('2026-03-01', 2)")
    insert = """
        INSERT INTO risk.open_interest (symbol, quantity, event_at, received_at, source)
        VALUES ('BTCUSDT', 1, %s, now(), 'rest')
    """
    for day in ("2026-01-01", "2026-03-01", "2026-03-02", "2026-03-03"):
        schema_db.execute(insert, [day])
    forgotten = schema_db.execute("SELECT risk.forget_before('open_interest', '2026-03-02')").fetchone()
    assert forgotten == (1,)  # 1 January lay in the default partition; 1 March went with its partition
    kept = schema_db.execute(
        "SELECT DISTINCT CAST(event_at AS date) FROM risk.open_interest ORDER BY 1"
    ).fetchall()
    assert kept == [(date(2026, 3, 2),), (date(2026, 3, 3),)]
    assert schema_db.execute("SELECT to_regclass('risk.open_interest_p20260301')").fetchone() == (None,)
