"""Read the archive folder: bars, funding, open interest and mark prices of one contract, in archive time.

File names say what is inside: kl_um_BTCUSDT_5m_20220601_20221015.csv.gz holds klines (kl; fund, oi and mark
alike) of the USD-M market (um, or spot) in rows of five minutes. "multi" instead of a contract means that a
column names it. Several files of one kind are merged; the first row of an instant wins.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from risk.errors import DataError, SettingsError
from risk.simulator.series import HOUR, INTERVAL_MS, Floats, Ints

_NAME = re.compile(
    r"(?P<kind>kl|fund|oi|mark)_(?P<venue>um|spot)_(?P<symbol>[A-Z0-9]+|multi)"
    r"(?:_(?P<interval>\d+[mhdw]))?_(?P<first>\d{8})_(?P<last>\d{8})\.csv(?:\.gz)?"
)
_VALUES = {
    "kl": ("open", "high", "low", "close", "volume"),
    "mark": ("open", "high", "low", "close"),
    "fund": ("funding_rate",),
}
Rows = tuple[Ints, Floats]  # (n,) archive ms ascending, (n, columns)


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file and what its name says."""

    path: Path
    kind: str  # kl, fund, oi, mark
    venue: str  # um, spot
    symbol: str  # contract or "multi"
    span_ms: int  # width of a row; 0 where the name has none


@dataclass(frozen=True, slots=True)
class ArchiveData:
    """Everything that the folder holds of one contract, archive time."""

    bars: dict[tuple[str, int], Rows] = field(default_factory=dict)  # (venue, span) -> open time, OHLCV
    funding: Rows | None = None  # settlement time as recorded, rate
    interest: Rows | None = None  # end of the period, coins
    mark: Rows | None = None  # open time of the hour, OHLC
    names: dict[str, list[str]] = field(default_factory=dict)  # kind -> file names


def find(folder: Path) -> list[ArchiveFile]:
    """The archive files in `folder`, by name; files that are named otherwise are none of ours.

    Raises:
        SettingsError: no such folder, or no price file in it.
    """
    if not folder.is_dir():
        raise SettingsError(f"archive: {folder} is no folder; name one that holds kl_*.csv.gz files")
    found = []
    for path in sorted(folder.iterdir()):
        if match := _NAME.fullmatch(path.name):
            span = INTERVAL_MS.get(match["interval"] or "", 0)
            found.append(ArchiveFile(path, match["kind"], match["venue"], match["symbol"], span))
    if not any(file.kind == "kl" for file in found):
        raise SettingsError(f"archive: {folder} holds no kl_<um|spot>_<symbol>_<interval>_<from>_<to>.csv.gz")
    return found


def load(files: Sequence[ArchiveFile], symbol: str) -> ArchiveData:
    """What `files` hold of `symbol`.

    Raises:
        DataError: a file does not parse or holds a price that cannot be.
    """
    data = ArchiveData()
    parts: dict[tuple[str, str, int], list[Rows]] = {}
    for file in files:
        if file.symbol not in (symbol, "multi"):
            continue
        times, values = _read(file, symbol)
        if len(times):
            parts.setdefault((file.kind, file.venue, file.span_ms), []).append((times, values))
            data.names.setdefault(file.kind, []).append(file.path.name)
    merged = {key: _merge(rows) for key, rows in parts.items()}
    bars = {(venue, span): rows for (kind, venue, span), rows in merged.items() if kind == "kl" and span}
    rest = {
        kind: _merge([rows for (k, venue, _), rows in merged.items() if k == kind and venue == "um"])
        for kind in {k for k, venue, _ in merged if k != "kl" and venue == "um"}
    }
    return ArchiveData(bars, rest.get("fund"), rest.get("oi"), rest.get("mark"), data.names)


def _merge(parts: Sequence[Rows]) -> Rows:
    times = np.concatenate([t for t, _ in parts])
    values = np.concatenate([v for _, v in parts])
    _, first = np.unique(times, return_index=True)
    return times[first], values[first]


def _read(file: ArchiveFile, symbol: str) -> Rows:
    """Rows of one file. Raises DataError."""
    opener = gzip.open if file.path.suffix == ".gz" else open
    try:
        with opener(file.path, "rt", encoding="utf-8", newline="") as lines:
            header = next(csv.reader(lines), [])
            wanted = [
                "ts",
                *_VALUES.get(file.kind, ()),
                *(_interest_column(header) if file.kind == "oi" else ()),
            ]
            columns = [header.index(name) for name in wanted]
            if file.symbol == "multi":
                key = header.index("symbol")
                picked = [[row[c] for c in columns] for row in csv.reader(lines) if row[key] == symbol]
                table = np.array(picked, dtype=np.float64).reshape(-1, len(columns))
            else:
                table = np.loadtxt(lines, delimiter=",", usecols=columns, ndmin=2)
    except (OSError, EOFError, ValueError, IndexError, UnicodeDecodeError) as cause:
        raise DataError(f"archive: {file.path.name}: {cause}") from cause
    times, values = table[:, 0].astype(np.int64), table[:, 1:]
    _check(file, times, values)
    if file.kind == "oi" and "sum_open_interest" not in header:
        times = times + (file.span_ms or HOUR)  # rows are named by the bucket's start, we by its end
    return times, values


def _interest_column(header: Sequence[str]) -> tuple[str]:
    return ("sum_open_interest",) if "sum_open_interest" in header else ("open_interest",)


def _check(file: ArchiveFile, times: Ints, values: Floats) -> None:
    """Refuse what cannot be: a wrong price in a demonstration is worse than none. Raises DataError."""
    bad = ~np.isfinite(values).all(axis=1)
    if file.kind in ("kl", "mark"):
        prices = values[:, :4]
        bad |= (
            (prices <= 0).any(axis=1)
            | (prices[:, 1] < prices.max(axis=1))
            | (prices[:, 2] > prices.min(axis=1))
        )
    if file.kind == "oi":
        bad |= values[:, 0] <= 0
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"archive: {file.path.name}: row of ts {times[row]} cannot be true: {values[row].tolist()}"
        )
