"""History from files: CSV (also gzipped), parquet, and the exchange's own public archive (zip).

    bars = archive.klines(Path("kl_um_BTCUSDT_15m_20231101_20240930.csv.gz"), received_at=now)
    missing = archive.gaps([bar.open_at for bar in bars.rows], archive.step("15m"))

Symbol, interval and venue come from the file's name (`kl_um_BTCUSDT_15m_…`, `BTCUSDT-15m-2024-08.zip`)
unless the rows or the caller say otherwise. Nothing is filled: a gap stays a gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from risk.adapters import wire_checks as check
from risk.adapters.archive_rows import UNREADABLE, Row, rows_of
from risk.adapters.wire_checks import Parsed
from risk.adapters.wire_market import DEFAULT_INTERVAL_HOURS, Bar, kline_of, with_intervals
from risk.errors import PayloadError
from risk.records import DataIssue, FundingSettlement, Kline, Mark, OpenInterest

R = TypeVar("R")
_TIMES = ("ts", "open_time", "calc_time", "create_time", "timestamp")
_OURS = re.compile(r"^(kl|fund|oi|mark)_(um|spot)_([^_]+)_(?:(\d+[mhdw])_)?\d{8}")
_PUBLIC = re.compile(r"^(\w+?)-(\d+[mhdwM]|fundingRate|metrics|bookDepth)-\d{4}-\d{2}(?:-\d{2})?\.")
_STEPS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file's name says of its rows; None where it does not."""

    kind: str | None = None  # "kl", "fund", "oi", "mark", "book"
    venue: str | None = None
    symbol: str | None = None  # None for files of several symbols
    interval: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Bars that are not there: the first missing one, the next present one, and how many between."""

    start: datetime
    end: datetime
    missing: int


def contents(path: Path) -> Contents:
    """Kind, venue, symbol and interval by the file's name.

    >>> contents(Path("kl_um_BTCUSDT_15m_20231101_20240930.csv.gz"))
    Contents(kind='kl', venue='usdm', symbol='BTCUSDT', interval='15m')
    >>> contents(Path("ETHUSDT-fundingRate-2024-08.zip")).kind
    'fund'
    """
    ours, public = _OURS.match(path.name), _PUBLIC.match(path.name)
    if ours:
        kind, venue, symbol, interval = ours.groups()
        return Contents(
            kind, "spot" if venue == "spot" else "usdm", None if symbol == "multi" else symbol, interval
        )
    if public:
        symbol, what = public.groups()
        kind = {"fundingRate": "fund", "metrics": "oi", "bookDepth": "book"}.get(what, "kl")
        return Contents(kind, None, symbol, what if kind == "kl" else None)
    return Contents()


def step(interval: str) -> timedelta:
    """Length of a bar: "15m", "1h", "1d".

    Raises:
        ValueError: not an interval of fixed length.
    """
    unit = _STEPS.get(interval[-1:])
    if unit is None or not interval[:-1].isdigit() or int(interval[:-1]) == 0:
        raise ValueError(f"{interval!r} is not an interval like 15m, 1h or 1d")
    return int(interval[:-1]) * unit


def klines(
    path: Path,
    *,
    received_at: datetime,
    symbol: str | None = None,
    interval: str | None = None,
    venue: str | None = None,
) -> Parsed[Kline]:
    """Bars in the order of the file, each closing one millisecond before the next opens.

    Mark-price files (no volume) read as bars with volume 0; they do not belong beside traded bars.

    Raises:
        PayloadError: the file cannot be read, or no row can be true.
        ValueError: neither name nor arguments tell interval or symbol.
    """
    named = contents(path)
    bar_interval = interval or named.interval
    if bar_interval is None:
        raise ValueError(f"{path.name}: which interval?")
    length_ms = int(step(bar_interval) / timedelta(milliseconds=1))

    def build(row: Row) -> Kline:
        return kline_of(
            path.name,
            _bar(path.name, row, length_ms),
            symbol=_symbol(path.name, row, symbol or named.symbol),
            interval=bar_interval,
            venue=venue or named.venue or "usdm",
            received_at=received_at,
            origin="archive",
        )

    return _read(path, build, received_at)


def _bar(source: str, row: Row, length_ms: int) -> Bar:
    opened = _epoch_ms(source, row)
    return Bar(
        open_ms=opened,
        open=number(source, row, "open"),
        high=number(source, row, "high"),
        low=number(source, row, "low"),
        close=number(source, row, "close"),
        volume=number(source, row, "volume") if "volume" in row else Decimal(0),
        close_ms=opened + length_ms - 1,
        quote_volume=_optional(source, row, "quote_volume"),
        trades=_count(source, row),
        taker_buy_volume=_optional(source, row, "taker_buy_volume"),
    )


def funding(path: Path, *, received_at: datetime, symbol: str | None = None) -> Parsed[FundingSettlement]:
    """Settled rates; the interval by its column, else by the distance of the stamps."""
    named, has_intervals = contents(path), False

    def build(row: Row) -> FundingSettlement:
        nonlocal has_intervals
        hours = row.get("interval_hours") or row.get("funding_interval_hours")
        has_intervals = has_intervals or hours is not None
        field = "funding_rate" if "funding_rate" in row else "last_funding_rate"
        interval = int(_decimal(path.name, "interval_hours", hours)) if hours else DEFAULT_INTERVAL_HOURS
        if not 1 <= interval <= 24:
            raise PayloadError(path.name, "interval_hours", interval, "not an interval")
        return FundingSettlement(
            event_at=moment(path.name, row),
            received_at=received_at,
            source="archive",
            symbol=_symbol(path.name, row, symbol or named.symbol),
            funding_rate=check.fraction(path.name, field, float(number(path.name, row, field))),
            interval_hours=interval,
            mark_price=None,
            rate_type="Regular",
        )

    parsed = _read(path, build, received_at)
    return parsed if has_intervals else replace(parsed, rows=with_intervals(parsed.rows, known={}))


def open_interest(path: Path, *, received_at: datetime, symbol: str | None = None) -> Parsed[OpenInterest]:
    """Open interest at the end of each period.

    Files of `sum_open_interest` are stamped with that end; the others with the period's beginning.
    """
    named = contents(path)

    def build(row: Row) -> OpenInterest:
        is_end = "sum_open_interest" in row
        field = "sum_open_interest" if is_end else "open_interest"
        at = moment(path.name, row)
        value = _optional(path.name, row, "sum_open_interest_value")
        return OpenInterest(
            event_at=at if is_end else at + step(named.interval or "1h"),
            received_at=received_at,
            source="archive",
            symbol=_symbol(path.name, row, symbol or named.symbol),
            quantity=check.positive(path.name, field, number(path.name, row, field)),
            value_usdt=None if value is None else check.positive(path.name, "sum_open_interest_value", value),
        )

    return _read(path, build, received_at)


def marks(path: Path, *, received_at: datetime, symbol: str | None = None) -> Parsed[Mark]:
    """Mark, index and running funding at the end of each period, from files that have all three."""
    named = contents(path)

    def build(row: Row) -> Mark:
        rate = float(number(path.name, row, "next_funding_rate"))
        return Mark(
            event_at=moment(path.name, row) + step(named.interval or "1h"),
            received_at=received_at,
            source="archive",
            symbol=_symbol(path.name, row, symbol or named.symbol),
            mark_price=check.positive(path.name, "mark_price", number(path.name, row, "mark_price")),
            index_price=check.positive(path.name, "index_price", number(path.name, row, "index_price")),
            funding_rate=check.fraction(path.name, "next_funding_rate", rate),
            next_funding_at=None,
        )

    return _read(path, build, received_at)


def gaps(moments: Sequence[datetime], length: timedelta) -> tuple[Gap, ...]:
    """Where bars are missing between the first and the last of these opening times, in any order.

    >>> day = datetime(2024, 1, 1, tzinfo=UTC)
    >>> gaps([day, day + timedelta(hours=1), day + timedelta(hours=4)], timedelta(hours=1))[0].missing
    2
    """
    ordered = sorted(set(moments))
    return tuple(
        Gap(start=before + length, end=after, missing=round((after - before) / length) - 1)
        for before, after in pairwise(ordered)
        if after - before >= 1.5 * length
    )


def _read(path: Path, build: Callable[[Row], R], received_at: datetime) -> Parsed[R]:
    rows: list[R] = []
    issues: list[DataIssue] = []
    first: PayloadError | None = None
    try:
        for row in rows_of(path):
            try:
                rows.append(build(row))
            except PayloadError as error:
                first = first or error
                issues.append(check.issue(error, received_at, symbol=str(row.get("symbol", ""))[:40]))
    except UNREADABLE as cause:
        raise PayloadError(path.name, "", type(cause).__name__, f"cannot be read: {cause}") from cause
    if first is not None and not rows:
        raise first
    return Parsed(tuple(rows), tuple(issues))


def _epoch_ms(source: str, row: Row) -> int:
    """The row's stamp; spot archives count microseconds since 2025, metrics write dates."""
    field = next((name for name in _TIMES if name in row), "ts")
    text = row.get(field, "")
    if text.isascii() and text.isdigit():
        stamp = int(text[:20])
        return stamp // 1000 if stamp > check.LATEST_MS else stamp
    try:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as cause:
        raise PayloadError(source, field, text, "not a time") from cause
    return int(at.timestamp() * 1000)


def moment(source: str, row: Row) -> datetime:
    """The row's own time.

    Raises:
        PayloadError: it has none.
    """
    return check.moment(source, "ts", _epoch_ms(source, row))


def number(source: str, row: Row, field: str) -> Decimal:
    """The finite number in a column.

    Raises:
        PayloadError: it has none.
    """
    if field not in row:
        raise PayloadError(source, field, "", "missing")
    return check.finite(source, field, _decimal(source, field, row[field]))


def _decimal(source: str, field: str, text: str) -> Decimal:
    return check.decimal(source, field, text)


def _optional(source: str, row: Row, field: str) -> Decimal | None:
    return number(source, row, field) if row.get(field) else None


def _count(source: str, row: Row) -> int | None:
    text = row.get("trades") or row.get("count")
    return int(check.finite(source, "trades", _decimal(source, "trades", text))) if text else None


def _symbol(source: str, row: Row, fallback: str | None) -> str:
    found = row.get("symbol") or fallback
    if not found:
        raise ValueError(f"{source}: which symbol?")
    return check.name(source, "symbol", found)
