"""Rows of a file of history as text by column: CSV, gzipped CSV, a zip with one CSV, parquet."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from risk.errors import DataError, PayloadError

Row = Mapping[str, str]

KLINE_COLUMNS = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume", "taker_buy_quote_volume", "ignore",
)  # fmt: skip
"""The exchange's archive has no header in older kline files."""
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, UnicodeDecodeError, csv.Error, NotImplementedError)
"""What a broken file raises; zipfile's NotImplementedError is a compression that it does not know."""
MOST_BYTES = 2_000_000_000
"""Of one CSV inside a zip: a day of any kind is a thousandth of it."""


def rows_of(path: Path) -> Iterator[Row]:
    """All rows of a file, by its ending.

    Raises:
        PayloadError: a zip without exactly one CSV, or one that is no day or month of anything.
        DataError: parquet without the package that reads it.
        OSError, EOFError, BadZipFile, UnicodeDecodeError, csv.Error: it cannot be read.
    """
    if path.suffix == ".parquet":
        yield from _parquet(path)
        return
    with _text(path) as text:
        yield from _rows(text)


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as bundle:
            names = [name for name in bundle.namelist() if name.endswith(".csv")]
            if len(names) != 1:
                raise PayloadError(path.name, "", names, "not one CSV file")
            if bundle.getinfo(names[0]).file_size > MOST_BYTES:
                raise PayloadError(path.name, "", bundle.getinfo(names[0]).file_size, "bytes are too many")
            with bundle.open(names[0]) as member, io.TextIOWrapper(member, "utf-8", newline="") as text:
                yield text
    elif path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            yield text
    else:
        with path.open(encoding="utf-8", newline="") as text:
            yield text


def _rows(text: IO[str]) -> Iterator[Row]:
    lines = csv.reader(text)
    first = next(lines, None)
    if first is None:
        return
    has_header = not first[:1] or not first[0].lstrip("-").isdigit()
    header = tuple(first) if has_header else KLINE_COLUMNS
    if not has_header:
        yield dict(zip(header, first, strict=False))
    for line in lines:
        if line:
            yield dict(zip(header, line, strict=False))


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow import parquet as untyped_parquet
    except ImportError:
        raise DataError(
            f"{path.name}: parquet needs one more package: pip install 'crypto-risk[parquet]'"
        ) from None
    parquet: Any = untyped_parquet
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=10_000):
                for row in batch.to_pylist():
                    yield {name: _as_text(value) for name, value in row.items() if value is not None}
    except ArrowException as cause:
        raise OSError(str(cause)) from cause


def _as_text(value: Any) -> str:
    """As a CSV has it: times in milliseconds since 1970, numbers with their own shortest digits."""
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
        return str(round(at.timestamp() * 1000))
    return str(value)
