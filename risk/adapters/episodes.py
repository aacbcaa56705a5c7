"""Worst moves of past crashes, from a folder of archived klines: `python -m risk.adapters.episodes FOLDER`.

It prints the rows of risk.stress_move as SQL; those of our own archives are in the migrations. For each
episode and symbol the perpetual's bars are taken before the spot's, shorter bars before longer ones, and
tables of daily closes last.
"""

from __future__ import annotations

import csv
import gzip
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from risk.adapters import archive
from risk.errors import PayloadError
from risk.records import Kline
from risk.stress import MARKET, worst_move

HOURS = (1, 24)
WHAT = {"usdm": "USD-M perpetual", "spot": "spot"}


@dataclass(frozen=True, slots=True)
class Episode:
    """Days of a crash; a window of a scenario begins at most its own length before and ends by the end."""

    name: str
    begin: datetime
    end: datetime  # exclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One row of risk.stress_move; None where the archives do not tell."""

    scenario: str
    symbol: str
    hours: int
    fall: float | None  # fraction, 0 or below
    rise: float | None  # fraction, 0 or above
    is_bound: bool  # known from whole UTC days only: a lower bound
    source: str


def _days(name: str, first: str, days: int) -> Episode:
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
    return Episode(name, begin, begin + timedelta(days=days))


EPISODES = (
    _days("2020-03-12", "2020-03-12", 2),
    _days("2021-05-19", "2021-05-19", 1),
    _days("2022-06-13..18", "2022-06-13", 6),
    _days("2022-11-08", "2022-11-08", 2),
    _days("2024-08-05", "2024-08-05", 1),
    _days("2025-10-10", "2025-10-10", 2),
)


def from_folder(folder: Path, *, now: datetime) -> tuple[Move, ...]:
    """The rows that a folder of archives gives, one per episode, symbol and horizon that it covers.

    Where no file covers BTCUSDT the row says so, with None for the moves.

    Raises:
        PayloadError: a file cannot be read.
    """
    files = sorted(_kline_files(folder), key=_preference)
    told = [row for path in files for row in _moves(path, archive.klines(path, received_at=now).rows)]
    told += [row for path in sorted(folder.glob("panel_*_close_1d_*.csv.gz")) for row in _panel_moves(path)]
    found: dict[tuple[str, str, int], Move] = {}
    for row in told:
        if row.fall is not None:
            found.setdefault((row.scenario, row.symbol, row.hours), row)
    for episode in EPISODES:
        for hours in HOURS:
            found.setdefault(
                (episode.name, MARKET, hours),
                Move(
                    scenario=episode.name, symbol=MARKET, hours=hours, fall=None, rise=None, is_bound=False,
                    source="no archive has bars short enough of these days",
                ),
            )  # fmt: skip
    return tuple(found[key] for key in sorted(found))


def sql(rows: Iterable[Move]) -> str:
    """The rows as one INSERT."""
    lines = [
        f"    ('{r.scenario}', '{r.symbol}', {r.hours}, {_number(r.fall)}, {_number(r.rise)}, "
        f"{str(r.is_bound).lower()}, '{r.source}')"
        for r in rows
    ]
    head = "INSERT INTO risk.stress_move (scenario, symbol, hours, fall, rise, is_bound, source) VALUES\n"
    return head + ",\n".join(lines) + ";\n"


def _kline_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        named = archive.contents(path)
        if named.kind == "kl" and named.interval and named.symbol:
            yield path


def _preference(path: Path) -> tuple[bool, timedelta, str]:
    named = archive.contents(path)
    return named.venue == "spot", archive.step(named.interval or "1d"), path.name


def _moves(path: Path, bars: Sequence[Kline]) -> Iterator[Move]:
    named = archive.contents(path)
    length = archive.step(named.interval or "1d")
    for episode in EPISODES:
        for hours in HOURS:
            begin, end = episode.begin - timedelta(hours=hours), episode.end
            held = [bar for bar in bars if begin <= bar.open_at and bar.open_at + length <= end]
            if not held or held[-1].open_at < episode.begin:
                continue
            fall, rise = worst_move(
                [bar.open_at.timestamp() for bar in held],
                [float(bar.open) for bar in held],
                [float(bar.low) for bar in held],
                [float(bar.close) for bar in held],
                hours=hours,
                bar_s=length.total_seconds(),
            )
            yield Move(
                scenario=episode.name,
                symbol=bars[0].symbol,
                hours=hours,
                fall=_known(fall),
                rise=_known(rise),
                is_bound=length == timedelta(hours=hours) == timedelta(days=1),
                source=f"{path.name}: {WHAT[bars[0].venue]}, bars of {named.interval}",
            )


def _panel_moves(path: Path) -> Iterator[Move]:
    """Moves from one close of a day to the next, from a table of closes with a column per symbol."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    for episode in EPISODES:
        first, last = (int(t.timestamp() * 1000) for t in (episode.begin, episode.end))
        for symbol in rows[0]:
            pairs = [
                (float(a[symbol]), float(b[symbol]))
                for a, b in pairwise(rows)
                if symbol != "ts" and first <= int(b["ts"]) < last and a[symbol] and b[symbol]
            ]
            if pairs:
                changes = [after / before - 1.0 for before, after in pairs]
                yield Move(
                    scenario=episode.name, symbol=symbol, hours=24,
                    fall=round(min(*changes, 0.0), 4), rise=round(max(*changes, 0.0), 4),
                    is_bound=True, source=f"{path.name}: spot, from one close of a UTC day to the next",
                )  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _number(value: float | None) -> str:
    return "NULL" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m risk.adapters.episodes FOLDER")
    try:
        sys.stdout.write(sql(from_folder(Path(sys.argv[1]), now=datetime.now(UTC))))
    except (PayloadError, OSError) as cause:
        sys.exit(f"failed: {cause}")
