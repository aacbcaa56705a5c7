"""What a folder of archives holds of each symbol, brought together for a replay.

Bars of 5 or 15 minutes are evaluated where there are any, hours elsewhere; the forecast rests on hourly bars
of both. Where two files hold the same bar the perpetual counts before spot, whose files are named.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np

from risk import lineage
from risk.adapters import archive
from risk.errors import DataError, PayloadError
from risk.indicators import Bars
from risk.records import Kline, LeverageBracket
from risk.sigma_track import HOUR_S
from risk.tracks import QUARTER_S, Past, Readings, part_of, resampled

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIELDS = ("open_at", "open", "high", "low", "close", "volume")


def symbols(folder: Path) -> tuple[str, ...]:
    """Symbols with bars short enough to be evaluated, in alphabetical order."""
    found = set()
    for path in _kline_files(folder):
        named = archive.contents(path)
        found |= {named.symbol} if named.symbol else {bar.symbol for bar in _rows(path)}
    return tuple(sorted(found))


def pasts(folder: Path, symbol: str) -> tuple[Past, ...]:
    """The symbol's past, apart for bars of 15 minutes and, where there are none, of an hour.

    Where the symbol became another coin's, a past of its own begins: no move leads from one to the other.

    Raises:
        DataError: no such bars, or a file cannot be read.
    """
    fine: list[Bars] = []
    hourly: list[Bars] = []
    files: dict[int, list[str]] = {QUARTER_S: [], HOUR_S: []}
    for path in sorted(_kline_files(folder), key=_preference):
        named = archive.contents(path)
        if named.symbol not in (None, symbol):
            continue
        bars = _bars([bar for bar in _rows(path) if bar.symbol == symbol])
        length = round(archive.step(named.interval or "1h").total_seconds())
        if not len(bars):
            continue
        if length <= QUARTER_S:
            fine.append(resampled(bars, length, QUARTER_S))
        hourly.append(resampled(bars, length, HOUR_S))
        files[QUARTER_S if length <= QUARTER_S else HOUR_S].append(path.name)
    if not hourly:
        raise DataError(f"{symbol}: no bars of an hour or less in {folder}; look at the file names there")
    hours, quarters = _joined(hourly), _joined(fine) if fine else None
    found = []
    alone = _without(hours, quarters)
    for begin, end in _coins(hours, quarters):
        own_hours = _within(hours, begin, end)
        for length, held in ((QUARTER_S, quarters), (HOUR_S, alone)):
            own = _within(held, begin, end) if held is not None else None
            if own is not None and len(own):
                found.append(_past(folder, symbol, length, own, own_hours, files[length]))
    return tuple(found)


def ladder(folder: Path, symbol: str) -> tuple[LeverageBracket, ...]:
    """The symbol's maintenance brackets from the newest file of brackets; empty where there is none.

    Raises:
        OSError: the file cannot be read.
    """
    files = sorted(folder.glob("um_leverage_brackets_*.csv.gz"))
    if not files:
        return ()
    with gzip.open(files[-1], "rt", encoding="utf-8", newline="") as text:
        rows = [row for row in csv.DictReader(text) if row["symbol"] == symbol]
    return tuple(
        LeverageBracket(
            event_at=EPOCH, received_at=EPOCH, source="archive", symbol=symbol, tier=int(row["tier"]),
            floor_usdt=Decimal(row["min_notional"]), cap_usdt=Decimal(row["max_notional"]),
            maintenance_rate=Decimal(row["maint_margin_rate"]), cum_usdt=Decimal(row["cum"]),
            max_leverage=int(float(row["max_leverage"])),
        )
        for row in rows
    )  # fmt: skip


def _kline_files(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        named = archive.contents(path)
        if named.kind == "kl" and named.interval in ("5m", "15m", "1h"):
            yield path


def _preference(path: Path) -> tuple[bool, float, str]:
    """What comes first counts where bars overlap: the perpetual, then the shorter bars."""
    named = archive.contents(path)
    return named.venue == "spot", archive.step(named.interval or "1h").total_seconds(), path.name


def _rows(path: Path) -> tuple[Kline, ...]:
    try:
        return archive.klines(path, received_at=EPOCH).rows
    except PayloadError as cause:
        raise DataError(f"{path.name}: {cause}") from cause


def _bars(rows: list[Kline]) -> Bars:
    columns = np.array(
        [(r.open_at.timestamp(), *(float(getattr(r, name)) for name in FIELDS[1:])) for r in rows],
        dtype=np.float64,
    ).reshape(len(rows), len(FIELDS))
    return Bars(**{name: columns[:, i].copy() for i, name in enumerate(FIELDS)})


def _joined(parts: list[Bars]) -> Bars:
    """All bars in time order; of two of one time that of the earlier part."""
    whole = Bars(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS})
    _, first = np.unique(whole.open_at, return_index=True)
    return part_of(whole, first)


def _coins(hours: Bars, quarters: Bars | None) -> list[tuple[float, float]]:
    """[begin, end) of every coin that the symbol stood for, seconds since 1970."""
    parts = [
        (bars.open_at, bars.open, bars.close, length)
        for bars, length in ((hours, HOUR_S), (quarters, QUARTER_S))
        if bars is not None
    ]
    return list(pairwise([-np.inf, *lineage.of_lengths(parts), np.inf]))


def _within(bars: Bars, begin: float, end: float) -> Bars:
    return part_of(bars, (bars.open_at >= begin) & (bars.open_at < end))


def _without(hours: Bars, quarters: Bars | None) -> Bars:
    """The hours of which no bar of 15 minutes is evaluated."""
    if quarters is None:
        return hours
    covered = np.unique(np.floor(quarters.open_at / HOUR_S) * HOUR_S)
    return part_of(hours, ~np.isin(hours.open_at, covered))


def _past(folder: Path, symbol: str, length: int, bars: Bars, hours: Bars, files: list[str]) -> Past:
    rates: dict[float, tuple[float, float]] = {}
    interest: dict[float, tuple[float, float]] = {}
    names = []
    for path in _others(folder, "fund_um_*", symbol):
        settled = [r for r in archive.funding(path, received_at=EPOCH).rows if r.symbol == symbol]
        rates |= {r.event_at.timestamp(): (r.funding_rate, HOUR_S * r.interval_hours) for r in settled}
        names += [path.name] if settled else []
    for path in _others(folder, "oi_um_*", symbol):
        held = [r for r in archive.open_interest(path, received_at=EPOCH).rows if r.symbol == symbol]
        at = [r.event_at.timestamp() for r in held]
        step_s = float(np.median(np.diff(np.array(at)))) if len(at) > 1 else float(HOUR_S)
        interest |= {t: (float(r.quantity), step_s) for t, r in zip(at, held, strict=True)}
        names += [path.name] if held else []
    return Past(
        symbol=symbol, bar_s=length, bars=bars, hours=hours, funding=_readings(rates),
        open_interest=_readings(interest), sources=(*files, *names),
    )  # fmt: skip


def _others(folder: Path, pattern: str, symbol: str) -> list[Path]:
    """Files of one kind that may tell of the symbol."""
    return [p for p in sorted(folder.glob(f"{pattern}.csv*")) if archive.contents(p).symbol in (None, symbol)]


def _readings(found: dict[float, tuple[float, float]]) -> Readings | None:
    if not found:
        return None
    at = np.array(sorted(found))
    table = np.array([found[t] for t in at.tolist()], dtype=np.float64)
    return Readings(at, table[:, 0], table[:, 1])
