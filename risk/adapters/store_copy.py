"""Many rows at once: COPY in binary to a temporary table, from where one statement takes them over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from struct import Struct
from typing import Any

from psycopg import Cursor, sql
from psycopg.abc import Buffer, Query
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import Connection

from risk.adapters.store_engine import driver
from risk.adapters.store_engine import rows as answer
from risk.errors import StoreError

_FLOAT8_OID, _FLOAT8_ARRAY_OID = 701, 1022
_TEXT_OID, _TEXT_ARRAY_OID = 25, 1009
_ARRAY_HEADER = Struct(">iiIii").pack  # dimensions, has nulls, type of elements, length, lower bound
_LENGTH = Struct(">i").pack
_FLOAT = Struct(">id").pack
_NULL = _LENGTH(-1)

_types: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {}


def stage(db: Connection, table: str, records: Sequence[object]) -> None:
    """Put records into the temporary table incoming_`table`, which then holds these and no others.

    Field names are column names. The table empties itself at the end of the transaction.

    Raises:
        StoreError: a value does not fit its column.
    """
    columns, types = _columns(db, table)
    values = attrgetter(*columns)
    prepare(db, table)
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(f"incoming_{table}"), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver(db).cursor() as cursor:
        try:
            copy_rows(cursor, command, types, map(values, records))
        except (TypeError, ValueError, OverflowError) as cause:
            raise StoreError(f"{table}: a value does not fit its column: {cause}") from cause


def copy_rows(
    cursor: Cursor[Any], command: Query, types: Sequence[int | str], rows: Iterable[Sequence[Any]]
) -> None:
    """Run a binary COPY … FROM STDIN with these rows; tuples inside a row are arrays of text or float."""
    cursor.adapters.register_dumper(None, _Floats)
    cursor.adapters.register_dumper(None, _Texts)
    with cursor.copy(command) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def prepare(db: Connection, table: str, create: str | None = None) -> None:
    """Make incoming_`table` in this session where it is missing, and empty it where it is not."""
    name = sql.Identifier(f"incoming_{table}")
    made: set[str] = db.info.setdefault("made", set())
    filled: set[str] = db.info.setdefault("filled", set())
    if table not in made:
        like = sql.SQL("CREATE TEMP TABLE IF NOT EXISTS {} (LIKE risk.{}) ON COMMIT DELETE ROWS")
        driver(db).execute(create.encode() if create else like.format(name, sql.Identifier(table)))
        made.add(table)
    if table in filled:
        driver(db).execute(sql.SQL("DELETE FROM {}").format(name))
    filled.add(table)


class _Floats(Dumper):
    """A tuple of numbers or None as double precision[], four times as fast as the general way."""

    format, oid = Format.BINARY, _FLOAT8_ARRAY_OID

    def dump(self, obj: tuple[float | None, ...]) -> Buffer:
        body = b"".join([_NULL if value is None else _FLOAT(8, value) for value in obj])
        return _ARRAY_HEADER(1, None in obj, _FLOAT8_OID, len(obj), 1) + body


class _Texts(Dumper):
    """A tuple of str as text[]."""

    format, oid = Format.BINARY, _TEXT_ARRAY_OID

    def dump(self, obj: tuple[str, ...]) -> Buffer:
        encoded = [value.encode() for value in obj]
        body = b"".join([_LENGTH(len(value)) + value for value in encoded])
        return _ARRAY_HEADER(1, 0, _TEXT_OID, len(obj), 1) + body


def by_type(records: Iterable[object]) -> dict[type, list[Any]]:
    """Records by their class, in the order in which the classes first came."""
    found: dict[type, list[Any]] = {}
    for record in records:
        found.setdefault(type(record), []).append(record)
    return found


def _columns(db: Connection, table: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and base types (oid) of a table's columns, asked once per process."""
    if table not in _types:
        found = answer(db, "column_types", table_name=table)
        _types[table] = tuple(r["name"] for r in found), tuple(r["type_oid"] for r in found)
    return _types[table]
