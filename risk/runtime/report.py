"""`risk report`: any report of sql/reports on the terminal, as a page, as CSV or as JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from risk.adapters import embedded, pages, store
from risk.adapters.report_files import Report, answer, report, reports
from risk.adapters.settings import Settings
from risk.errors import SettingsError
from risk.runtime import digest
from risk.runtime.database import reachable
from risk.silencing import duration

Form = Literal["table", "html", "csv", "json"]
Row = tuple[Any, ...]
FARTHEST = timedelta(days=3_650)  # back from now
MOST_SHOWN = 5_000
"""Rows of a page; the whole is in CSV and JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to report, of when, and in which form; None leaves a parameter to the settings."""

    name: str
    form: Form = "table"
    out: Path | None = None
    since: str = "7d"
    until: str | None = None
    symbol: str | None = None
    scope: str | None = None
    alert: str = "*"
    minutes: int = 15
    language: str | None = None


def listing() -> Table:
    """All reports with what each answers."""
    table = Table("report", "answers", "takes", box=box.SIMPLE_HEAD)
    for one in reports().values():
        table.add_row(
            one.name, one.question, ", ".join(sorted(one.parameters - {"now", "account", "language"}))
        )
    for period in digest.PERIODS:
        table.add_row(period, "All in one page with pictures; also sent by itself", "until")
    return table


def show(settings: Settings, wish: Wish, console: Console, say: Callable[[str], None]) -> int:
    """Print or write one report; 0, also when it has no rows.

    Raises:
        SettingsError: no such report, or a moment that is none.
        StoreError: the database does not answer.
        OSError: the file cannot be written.
    """
    now = datetime.now(UTC)
    if wish.name in digest.PERIODS:
        if wish.form in ("csv", "json"):
            raise SettingsError(f"report {wish.name}: it is a page, without --csv and --json")
        until = moment("--until", wish.until, now) if wish.until else now
        return digest.write(settings, wish.name, language=wish.language, out=wish.out, until=until, say=say)
    wanted = report(wish.name)
    values = parameters(settings, wish, now)
    with reachable(settings, role=embedded.READER) as url, store.connect(url) as db:
        columns, rows = answer(db, wanted, values)
    if wish.form == "table" and wish.out is None:
        flat = table(wanted, columns, rows)
        fits = (
            console.measure(flat, options=console.options.update(max_width=10_000)).maximum <= console.width
        )
        console.print(flat if fits else records(wanted, columns, rows))
        say(f"{len(rows)} rows. {wanted.notes}")
        return 0
    document = written(wanted, columns, rows, wish.form, values, now)
    if wish.out is None and wish.form != "html":
        say(document.rstrip("\n"))
        return 0
    path = wish.out or Path(f"{wanted.name}.html")
    pages.save(path, document)
    say(f"{path}: {len(rows)} rows")
    return 0


def parameters(settings: Settings, wish: Wish, now: datetime) -> dict[str, object]:
    """A value for every parameter that a report may take.

    Raises:
        SettingsError: since or until name no moment.
    """
    symbol = (wish.symbol or settings.symbols[0]).upper()
    return {
        "account": settings.account,
        "language": wish.language or settings.language,
        "now": now,
        "since": moment("--since", wish.since, now),
        "until": moment("--until", wish.until, now) if wish.until else now,
        "symbol": symbol,
        "scope": wish.scope or (symbol if wish.symbol else "account"),
        "name": wish.alert,
        "minutes": wish.minutes,
    }


def moment(option: str, words: str, now: datetime) -> datetime:
    """A moment: 7d, 24h, 45m before now, or a date; without an offset it is UTC.

    >>> moment("--since", "24h", datetime(2026, 3, 10, tzinfo=UTC)).isoformat()
    '2026-03-09T00:00:00+00:00'

    Raises:
        SettingsError: it names none.
    """
    if re.fullmatch(r"(\d+[mhd])+", words):
        return now - duration(words, FARTHEST)
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        raise SettingsError(f"{option} {words}: write 24h, 7d or 2026-03-10T08:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def table(wanted: Report, columns: Sequence[str], rows: Sequence[Row]) -> Table:
    """For a terminal."""
    made = Table(*columns, title=wanted.question, box=box.SIMPLE_HEAD)
    for row in rows:
        made.add_row(*(escape(plain(value)) for value in row))
    return made


def records(wanted: Report, columns: Sequence[str], rows: Sequence[Row]) -> Table:
    """For a terminal that is narrower than the table: one line a column, a rule between the rows."""
    made = Table("", "", title=wanted.question, box=box.SIMPLE, show_header=False)
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            if value is not None:
                made.add_row(name, escape(plain(value)))
        made.add_section()
    return made


def written(
    wanted: Report,
    columns: Sequence[str],
    rows: Sequence[Row],
    form: Form,
    values: Mapping[str, object],
    now: datetime,
) -> str:
    """The document: CSV and JSON with numbers as they are stored, the page with what a person reads."""
    if form == "json":
        found = [{name: _json(value) for name, value in zip(columns, row, strict=True)} for row in rows]
        return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    if form == "csv":
        sheet = io.StringIO()
        writer = csv.writer(sheet, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)
        return sheet.getvalue()
    taken = ", ".join(f"{name} {plain(values[name])}" for name in sorted(wanted.parameters))
    shown = [[plain(value) for value in row] for row in rows[:MOST_SHOWN]]
    left = "" if len(rows) <= MOST_SHOWN else f" The first {MOST_SHOWN} of {len(rows)} rows."
    body = pages.table(columns, shown) if rows else pages.paragraph("No rows.")
    return pages.page(
        wanted.question,
        [pages.section(wanted.name.replace("_", " "), body)],
        language=str(values["language"]),
        lead=wanted.notes + left,
        footer=f"{taken or 'no parameters'}; made {plain(now)}.",
    )


def plain(value: Any) -> str:
    """A value as a person reads it: six significant digits, times in UTC, nothing for what is not known.

    >>> plain(Decimal("64051.200000")), plain(0.00012345678), plain(True), plain(None), plain(["A", "B"])
    ('64051.2', '0.000123457', 'yes', '', 'A, B')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (float, Decimal)):
        number = float(value)
        return f"{number:.0f}" if abs(number) >= 1e6 else f"{number:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _cell(value: Any) -> Any:
    """For a sheet; what begins like a formula is kept from being one."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return value


def _json(value: Any) -> Any:
    """Money as text, to the last digit; times as ISO 8601."""
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, (Decimal, UUID)) else value
