"""Closes for a study of returns: of a folder of archives, or of the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from risk import lineage
from risk.adapters import archive, store
from risk.errors import DataError, PayloadError
from risk.panel import BAR_S, Panel, aligned, closes
from risk.recurrence import Series

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_folder(
    folder: Path,
    symbols: Sequence[str],
    interval: str,
    *,
    venue: str = "usdm",
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Panel, tuple[str, ...]]:
    """(closes, the files they came from). Shorter bars fill in where a longer one is missing.

    Bars opened before `since`, or at or after `until`, are left out. Where a symbol became another coin's
    between them, its newest series alone counts.

    Raises:
        DataError: no file has bars of a symbol, or a file cannot be read.
        KeyError: unknown interval.
    """
    used: list[str] = []
    found = {}
    for symbol in symbols:
        files = [_bars(path, symbol, interval, venue) for path in _files(folder, symbol, interval, venue)]
        begin = _beginning(files, since, until)
        own = [(name, bar_s, bars[:, bars[0] >= begin]) for name, bar_s, bars in files]
        parts = [(name, *closes(bars[0], bars[2], bar_s, interval)) for name, bar_s, bars in own]
        parts = [part for part in parts if len(part[1])]
        if not parts:
            raise DataError(
                f"{symbol}: no {venue} bars that make {interval} in {folder}; look at the file names there"
            )
        used += [name for name, _, _ in parts]
        at, price = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
        found[symbol] = _between(at, price, since, until)
    return aligned(found, interval), tuple(dict.fromkeys(used))


def of_database(db: Connection, symbols: Sequence[str], interval: str, count: int) -> Panel:
    """The newest `count` stored closes of every symbol.

    Raises:
        DataError: a symbol has none.
    """
    panel, missing = stored(db, symbols, interval, count)
    for symbol, why in missing.items():
        raise DataError(f"{symbol}: {why}")
    if panel is None:
        raise DataError(f"no symbol to read {interval} bars of")
    return panel


def stored(
    db: Connection, symbols: Sequence[str], interval: str, count: int
) -> tuple[Panel | None, dict[str, str]]:
    """(the newest `count` stored closes of the symbols that have any, why the others have none).

    None in place of the closes where no symbol has any.
    """
    found, missing = {}, {}
    for symbol in symbols:
        bars = store.klines(db, symbol, interval, count)
        if len(bars.open_at):
            found[symbol] = bars.open_at, bars.close
        else:
            missing[symbol] = f"no {interval} bars stored; the history flow fills them"
    return (aligned(found, interval) if found else None), missing


def _files(folder: Path, symbol: str, interval: str, venue: str) -> list[Path]:
    """Kline files that may hold bars of the symbol, shortest bars first: what comes later counts."""
    fitting = []
    for path in sorted(folder.iterdir()):
        named = archive.contents(path)
        is_other = (named.symbol or symbol) != symbol or (named.venue or venue) != venue
        if named.kind != "kl" or named.interval is None or is_other:
            continue
        try:
            bar_s = round(archive.step(named.interval).total_seconds())
        except ValueError:
            continue  # months have no fixed length
        if BAR_S[interval] % bar_s == 0:
            fitting.append((bar_s, path.name, path))
    return [path for _, _, path in sorted(fitting)]


def _bars(path: Path, symbol: str, interval: str, venue: str) -> tuple[str, int, NDArray[np.float64]]:
    """(name, length of a bar in seconds, open times, opens and closes as rows) of the symbol in a file."""
    named = archive.contents(path)
    try:
        rows = archive.klines(path, received_at=EPOCH, symbol=named.symbol, venue=venue).rows
    except PayloadError as cause:
        raise DataError(f"{path.name}: {cause}") from cause
    own = [(r.open_at.timestamp(), float(r.open), float(r.close)) for r in rows if r.symbol == symbol]
    bar_s = round(archive.step(named.interval or interval).total_seconds())
    return path.name, bar_s, np.array(own, dtype=np.float64).reshape(-1, 3).T


def _beginning(
    files: Sequence[tuple[str, int, NDArray[np.float64]]], since: datetime | None, until: datetime | None
) -> float:
    """Seconds since 1970 from which all bars are of one coin: the latest that any length of bars tells."""
    parts = []
    for length in sorted({bar_s for _, bar_s, _ in files}):
        table = np.concatenate([bars for _, bar_s, bars in files if bar_s == length], axis=1)
        at, first = np.unique(table[0], return_index=True)
        opened, closed = _between(at, table[1][first], since, until)[1], table[2][first]
        at, closed = _between(at, closed, since, until)
        parts.append((at, opened, closed, length))
    return max(lineage.of_lengths(parts), default=-np.inf)


def _between(
    at: Series, price: Series, since: datetime | None, until: datetime | None
) -> tuple[Series, Series]:
    kept = np.ones(len(at), dtype=bool)
    if since is not None:
        kept &= at >= since.timestamp()
    if until is not None:
        kept &= at < until.timestamp()
    return at[kept], price[kept]
