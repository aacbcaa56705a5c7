"""What of a file's rows counts: whole bars on their grid, of the file's own days, each time once."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from risk.adapters import archive
from risk.adapters import wire_checks as check
from risk.adapters.wire_checks import Parsed
from risk.errors import PayloadError
from risk.records import DataIssue, Kline

R = TypeVar("R")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
BESIDES = frozenset({"received_at", "source"})
"""Columns in which two rows of the same fact may differ."""


def sifted(
    parsed: Parsed[R],
    *,
    source: str,
    now: datetime,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> Parsed[R]:
    """The rows that count, in time order, and the issues with what was added.

    Left out without a word: a bar that is not over at `now`, the same row again. Refused and noted: a bar off
    its grid, a row outside [begin, end), a second row of a time that says something else (the first counts).

    Args:
        begin, end: UTC, of the days that the file is of; None where its name does not tell.
    """
    kept: dict[tuple[str, ...], R] = {}
    issues: list[DataIssue] = list(parsed.issues)
    for row in parsed.rows:
        opened: datetime = getattr(row, "open_at", None) or row.event_at  # type: ignore[attr-defined]
        symbol = str(getattr(row, "symbol", ""))
        if isinstance(row, Kline) and row.event_at >= now:
            continue
        try:
            _placed(source, row, opened, begin, end)
            key = (symbol, str(getattr(row, "interval", "")), opened.isoformat())
            _once(source, kept.get(key), row, opened)
        except PayloadError as error:
            issues.append(check.issue(error, now, symbol=symbol))
            continue
        kept.setdefault(key, row)
    ordered = sorted(kept.values(), key=_time)
    return Parsed(tuple(ordered), tuple(issues))


def _placed(source: str, row: object, opened: datetime, begin: datetime | None, end: datetime | None) -> None:
    if isinstance(row, Kline):
        length = archive.step(row.interval)
        grid = MONDAY if length % timedelta(weeks=1) == timedelta(0) else EPOCH
        if (opened - grid) % length:
            raise PayloadError(source, "open_time", opened.isoformat(), f"not on the grid of {row.interval}")
    late = (
        timedelta(0) if isinstance(row, Kline) else timedelta(minutes=1)
    )  # stamps of ends, and stamps that lag
    if (begin and opened < begin) or (end and opened >= end + late):
        raise PayloadError(source, "time", opened.isoformat(), "outside the days that the file is of")


def _once(source: str, before: object, row: object, opened: datetime) -> None:
    if before is None:
        return
    for column in fields(row):  # type: ignore[arg-type]
        if column.name not in BESIDES and getattr(before, column.name) != getattr(row, column.name):
            was, says = getattr(before, column.name), getattr(row, column.name)
            raise PayloadError(source, column.name, says, f"{opened.isoformat()} came before with {was}")


def _time(row: Any) -> datetime:
    at: datetime = row.event_at
    return at
