"""B, B′, B″: rows into PostgreSQL, one commit of a cycle, and the newest rows whatever the history."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import Connection, column, create_engine, insert, table, text

from bench.race import Contestant, Goal, Options, Report, judge, race
from risk.adapters import embedded, migrate, store
from risk.adapters.database_url import sqlalchemy_url
from risk.adapters.store_copy import copy_rows
from risk.adapters.store_engine import driver
from risk.records import Mark

SUBJECT = "B  PostgreSQL: bulk rows, a cycle's commit, newest rows over a growing history"

NAMES = ("ts", "symbol", *(f"v{n}" for n in range(10)), "update_id", "flags")
TYPES = ("timestamptz", "int2", *("float8",) * 10, "int8", "int2")
START = datetime(2026, 3, 10, tzinfo=UTC)
Row = tuple[Any, ...]


@contextmanager
def server() -> Iterator[str]:
    """URL of a fresh server with our schema, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="risk-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server may run as another user and reads a file from here
        try:
            url = embedded.start(Path(folder))
            migrate.upgrade(url)
            yield url
            store.dispose(url)
        finally:
            embedded.stop(Path(folder), immediately=True)


def run(options: Options) -> Iterable[Report]:
    with server() as url:
        yield _bulk(url, options)
        yield _commit(url, options)
        yield from _newest(url, options)


# B: the same rows by several ways, each into a table of its own.


def _bulk(url: str, options: Options) -> Report:
    rows = _rows(20_000 if options.quick else 50_000)
    with tempfile.TemporaryDirectory(dir=url.split("host=")[1].rsplit("/", 1)[0]) as folder:
        file = Path(folder) / "rows.bin"
        file.write_bytes(_copy_file(rows))
        Path(folder).chmod(0o755)
        file.chmod(0o644)
        return _bulk_race(url, rows, file, options)


def _bulk_race(url: str, rows: list[Row], file: Path, options: Options) -> Report:
    connection = psycopg.connect(url)
    core = create_engine(sqlalchemy_url(url))
    ours = f"COPY {{}} ({', '.join(NAMES)}) FROM STDIN (FORMAT BINARY)"
    psql = [str(embedded.psql_path()), url, "-qX", "-c"]

    def ours_(name: str) -> None:
        with connection.cursor() as cursor:
            copy_rows(cursor, ours.format(name).encode(), TYPES, rows)
        connection.commit()

    def psql_(name: str) -> None:
        command = f"\\copy {name} FROM '{file}' (FORMAT binary)"
        subprocess.run([*psql, command], check=True, env=os.environ | {"PGCONNECT_TIMEOUT": "5"})

    def server_side(name: str) -> None:
        connection.execute(f"COPY {name} FROM '{file}' (FORMAT binary)")
        connection.commit()

    def sqlalchemy_core(name: str) -> None:
        dicts = [dict(zip(NAMES, row, strict=True)) for row in rows]
        with core.begin() as db:
            db.execute(insert(table(name, *map(column, NAMES))), dicts)

    def executemany(name: str) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {name} VALUES ({', '.join(['%s'] * len(NAMES))})", rows)
        connection.commit()

    ways = {
        "psql \\copy binary": psql_,
        "server-side COPY of a file": server_side,
        "ours: psycopg COPY binary": ours_,
        "SQLAlchemy Core insert": sqlalchemy_core,
        "psycopg executemany": executemany,
    }

    def contestant(number: int, name: str) -> Contestant:
        def run() -> str:
            ways[name](f"bulk_{number}")
            return f"bulk_{number}"

        return Contestant(name, run, before=lambda: _recreate(connection, f"bulk_{number}"))

    try:
        return race(
            f"B  {len(rows):,} rows of 14 columns with a primary key",
            [contestant(number, name) for number, name in enumerate(ways)],
            [
                Goal("ours: psycopg COPY binary", "psql \\copy binary", at_most=1.3),
                Goal("ours: psycopg COPY binary", "SQLAlchemy Core insert", at_most=0.2),
            ],
            options=options,
            oracle="psql \\copy binary",
            differs=lambda truth, answer: _differing(connection, truth, answer),
            unit="row",
            units=len(rows),
            clock="wall",
        )
    finally:
        core.dispose()
        connection.close()


def _rows(amount: int) -> list[Row]:
    generator = np.random.default_rng(7)
    values = generator.normal(size=(amount, 10)).tolist()
    return [
        (START + timedelta(seconds=n // 100), n % 100, *values[n], 10_000_000_000 + n, n % 7)
        for n in range(amount)
    ]


def _copy_file(rows: Sequence[Row]) -> bytes:
    """The rows in COPY's binary form, written by hand: what psql and the server read."""
    since = datetime(2000, 1, 1, tzinfo=UTC)
    out = io.BytesIO()
    out.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
    pack = struct.Struct(">hiqih" + "id" * 10 + "iqih").pack
    for at, symbol, *values, update_id, flags in rows:
        micros = round((at - since).total_seconds() * 1e6)
        numbers = [part for value in values for part in (8, value)]
        out.write(pack(14, 8, micros, 2, symbol, *numbers, 8, update_id, 2, flags))
    out.write(b"\xff\xff")
    return out.getvalue()


def _recreate(connection: psycopg.Connection[Any], name: str) -> None:
    columns = ", ".join(f"{n} {t} NOT NULL" for n, t in zip(NAMES, TYPES, strict=True))
    connection.execute(f"DROP TABLE IF EXISTS {name}")
    connection.execute(f"CREATE TABLE {name} ({columns}, PRIMARY KEY (symbol, ts))")
    connection.commit()
    connection.autocommit = True
    connection.execute("CHECKPOINT")
    connection.autocommit = False


def _differing(connection: psycopg.Connection[Any], truth: str, answer: str) -> str | None:
    amount = connection.execute(
        f"SELECT count(*) FROM (TABLE {truth} EXCEPT ALL TABLE {answer} UNION ALL "
        f"(TABLE {answer} EXCEPT ALL TABLE {truth})) AS x"
    ).fetchone()
    connection.commit()
    return None if amount == (0,) else f"{amount} rows differ"


# B′: one commit of a cycle's marks, history and newest rows, rerun-safe.


MARK = "symbol, mark_price, index_price, funding_rate, next_funding_at, event_at, received_at, source"
EIGHT = ", ".join(["%s"] * 8)


def _commit(url: str, options: Options) -> Report:
    amount = 500
    ticks = count()

    def marks() -> list[Mark]:
        at = START + timedelta(seconds=next(ticks))
        return [
            Mark(
                event_at=at, received_at=at, source="stream", symbol=f"S{n:03d}USDT",
                mark_price=Decimal("1.2345"), index_price=Decimal("1.2346"), funding_rate=0.0001,
                next_funding_at=START,
            )
            for n in range(amount)
        ]  # fmt: skip

    def ours() -> int:
        with store.connect(url) as db:
            return store.save(db, marks())

    def executemany() -> int:
        history = f"INSERT INTO risk.mark ({MARK}) VALUES ({EIGHT}) ON CONFLICT DO NOTHING"
        newest = f"""
            INSERT INTO risk.latest_mark AS h ({MARK}) VALUES ({EIGHT})
            ON CONFLICT (symbol) DO UPDATE SET mark_price = excluded.mark_price,
                index_price = excluded.index_price, funding_rate = excluded.funding_rate,
                event_at = excluded.event_at
            WHERE h.event_at < excluded.event_at"""
        rows = [
            (m.symbol, m.mark_price, m.index_price, m.funding_rate, m.next_funding_at, m.event_at,
             m.received_at, m.source)
            for m in marks()
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.executemany(history, rows)
            cursor.executemany(newest, rows)
        connection.commit()
        return len(rows)

    with psycopg.connect(url) as connection:
        many = replace(options, rounds=options.rounds * 6)
        return race(
            f"B′ one commit of {amount} marks: history, newest rows, rerun-safe",
            [Contestant("executemany", executemany), Contestant("ours: store.save", ours)],
            [Goal("ours: store.save", "executemany", at_most=0.6)],
            options=many,
            oracle="executemany",
            differs=lambda truth, answer: None if truth == answer else f"{answer} rows instead of {truth}",
            unit="row",
            units=amount,
            clock="wall",
        )


# B″: what one evaluation reads, at a small and at a large history.

SYMBOLS = 100
HISTORY = {
    "mark": "symbol, mark_price, index_price, funding_rate, next_funding_at",
    "open_interest": "symbol, quantity, value_usdt",
    "ticker": "symbol, venue, last_price, price_change, high, low, volume, quote_volume",
}
SHARE = {"mark": 0.8, "open_interest": 0.1, "ticker": 0.1}
VALUES = {
    "mark": "s.name, 1.5, 1.5, 0.0001, NULL",
    "open_interest": "s.name, 1000, NULL",
    "ticker": "s.name, 'usdm', 1.5, 0.01, 2, 1, 1000, 1500",
}
NEWEST = {
    "latest table": "SELECT symbol, event_at FROM risk.latest_mark ORDER BY symbol",
    "LATERAL": """
        SELECT w.symbol, m.event_at FROM risk.latest_mark AS w CROSS JOIN LATERAL (
            SELECT x.event_at FROM risk.mark AS x WHERE x.symbol = w.symbol ORDER BY x.event_at DESC LIMIT 1
        ) AS m ORDER BY w.symbol""",
    "DISTINCT ON": """
        SELECT DISTINCT ON (symbol) symbol, event_at FROM risk.mark ORDER BY symbol, event_at DESC""",
}


def _newest(url: str, options: Options) -> Iterable[Report]:
    sizes = (100_000, 1_000_000) if options.quick else (100_000, 10_000_000)
    symbols = [f"H{n:03d}USDT" for n in range(SYMBOLS)]
    times: list[float] = []
    filled = 0
    for size in sizes:
        _fill(url, filled, size)
        filled = size
        yield _newest_race(url, size, options, is_large=size == sizes[-1])
        times.append(_state_time(url, symbols, options))
    verdict = judge("latest_state: large history over small", times[1] / times[0], 2.0, options)
    facts = {f"latest_state, {n:,} rows": f"{t * 1e3:.2f} ms" for n, t in zip(sizes, times, strict=True)}
    yield Report(
        f"B″ latest_state of {SYMBOLS} symbols does not depend on the history",
        verdicts=[verdict],
        facts=facts,
    )


def _fill(url: str, already: int, size: int) -> None:
    """History of marks, open interest and tickers, `size` rows in all, and their newest rows by the store."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT risk.ensure_partitions('2026-03-05', 10)")
        for name, columns in HISTORY.items():
            done, each = (int(n * SHARE[name]) // SYMBOLS for n in (already, size))
            connection.execute(
                f"""
                INSERT INTO risk.{name} ({columns}, event_at, received_at, source)
                SELECT {VALUES[name]}, t.at, t.at, 'import'
                FROM generate_series(CAST(%s AS int), CAST(%s AS int)) AS n
                CROSS JOIN LATERAL (SELECT CAST(%s AS timestamptz) - n * interval '7 seconds' AS at) AS t
                CROSS JOIN (
                    SELECT 'H' || to_char(i, 'FM000') || 'USDT' AS name FROM generate_series(0, 99) AS i
                ) AS s""",
                [done + 1, each, START],
            )
        connection.execute(f"""
            INSERT INTO risk.latest_mark ({MARK})
            SELECT DISTINCT ON (symbol) {MARK} FROM risk.mark WHERE symbol LIKE 'H%'
            ORDER BY symbol, event_at DESC ON CONFLICT DO NOTHING""")
        connection.execute("DELETE FROM risk.mark WHERE symbol NOT LIKE 'H%'")
        connection.execute("DELETE FROM risk.latest_mark WHERE symbol NOT LIKE 'H%'")
        connection.execute("VACUUM (FULL) risk.latest_mark")  # dead rows of the race before
        connection.execute("VACUUM ANALYZE")


def _newest_race(url: str, size: int, options: Options, *, is_large: bool) -> Report:
    with store.connect(url) as db:
        db.execute(text("SET LOCAL statement_timeout = '120s'"))

        def contestant(name: str) -> Contestant:
            query = NEWEST[name].encode()

            def ask() -> list[Any]:
                return driver(db).execute(query, prepare=True).fetchall()

            # Half a second of DISTINCT ON leaves the next statement 5 ms of waking up, twenty times its cost.
            return Contestant(name, ask, before=None if name == "DISTINCT ON" else ask)

        goals = [Goal("latest table", "DISTINCT ON", at_most=1 / 100 if options.quick else 1 / 500)]
        return race(
            f"B″ newest of {SYMBOLS} symbols, {size:,} rows of history",
            [contestant(name) for name in NEWEST],
            goals if is_large else [],
            options=replace(options, rounds=3, repeats=1) if is_large else options,
            oracle="DISTINCT ON",
            differs=lambda truth, answer: None if truth == answer else "other rows",
            clock="wall",
        )


def _state_time(url: str, symbols: Sequence[str], options: Options) -> float:
    """Least seconds of one read of the whole state."""
    contestant = Contestant("latest_state", lambda: _read(url, symbols))
    once = replace(options, rounds=options.rounds * 6, repeats=1)
    report = race(
        "", [contestant], [], options=once, oracle="latest_state", differs=lambda *_: None, clock="wall"
    )
    found = report.rows[0].minimum
    assert found is not None
    return found


def _read(url: str, symbols: Sequence[str]) -> Any:
    with store.connect(url) as db:
        return _state(db, symbols)


def _state(db: Connection, symbols: Sequence[str]) -> Any:
    return store.latest_state(db, symbols, account="default", watches_account=True, now=START)
