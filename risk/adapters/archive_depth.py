"""Depth from the exchange's archive: what stood within so many percent of mid, every half a minute.

Such a file (bookDepth) knows bands, not prices: ±1 to ±5 %, since 2025 also ±0.2 %, in coins and USDT. It has
known faults, which this takes for what they are: bands that stand still for hours while the others move, and
bands that hold more than the next wider one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path

from risk.adapters import archive
from risk.adapters import wire_checks as check
from risk.adapters.archive_rows import UNREADABLE, Row, rows_of
from risk.adapters.wire_checks import Parsed
from risk.archived import ArchivedDepth
from risk.errors import PayloadError
from risk.records import DataIssue

BANDS = (0.2, 1.0, 5.0)
"""Percent of mid that are kept; a file without one leaves it unknown."""
FROZEN_FROM = 20
"""Snapshots with the same number to the last digit while another band moves: ten minutes of a dead band."""

Snapshot = dict[float, tuple[float, float]]
"""Signed percent (below 0 are bids) to (coins, USDT)."""


def depths(path: Path, *, received_at: datetime, symbol: str | None = None) -> Parsed[ArchivedDepth]:
    """Snapshots in time order, with what was refused.

    Raises:
        PayloadError: the file cannot be read, or no snapshot can be true.
        ValueError: neither name nor argument tells the symbol.
    """
    named = symbol or archive.contents(path).symbol
    if not named:
        raise ValueError(f"{path.name}: which symbol?")
    issues: list[DataIssue] = []
    first: PayloadError | None = None

    def refused(error: PayloadError) -> None:
        nonlocal first
        first = first or error
        issues.append(check.issue(error, received_at, symbol=named))

    found = _snapshots(path, refused)
    dead = _frozen([snapshot for _, snapshot in found])
    for band, rows in sorted(dead.items()):
        at = found[min(rows)][0]
        refused(PayloadError(path.name, f"{band:g} %", len(rows), f"stands still from {at:%Y-%m-%d %H:%M}"))
    records = []
    for i, (at, snapshot) in enumerate(found):
        alive = {band: value for band, value in snapshot.items() if i not in dead.get(band, ())}
        try:
            _ordered(path.name, at, alive)
        except PayloadError as error:
            refused(error)
            continue
        if alive:
            records.append(_record(named, at, received_at, alive))
    if first is not None and not records:
        raise first
    return Parsed(tuple(records), tuple(issues))


def _snapshots(path: Path, refused: Callable[[PayloadError], None]) -> list[tuple[datetime, Snapshot]]:
    try:
        ordered: dict[datetime, Snapshot] = {}
        for row in rows_of(path):
            try:
                at, band, value = _band(path.name, row)
                ordered.setdefault(at, {}).setdefault(band, value)
            except PayloadError as error:
                refused(error)
    except UNREADABLE as cause:
        raise PayloadError(path.name, "", type(cause).__name__, f"cannot be read: {cause}") from cause
    return sorted(ordered.items())


def _band(source: str, row: Row) -> tuple[datetime, float, tuple[float, float]]:
    at = archive.moment(source, row)
    percent = float(archive.number(source, row, "percentage"))
    if not 0.0 < abs(percent) <= 100.0:
        raise PayloadError(source, "percentage", percent, "not a distance from mid in percent")
    coins = check.not_negative(source, "depth", archive.number(source, row, "depth"))
    usdt = check.not_negative(source, "notional", archive.number(source, row, "notional"))
    return at, percent, (float(coins), float(usdt))


def _frozen(snapshots: Sequence[Snapshot]) -> dict[float, frozenset[int]]:
    """Band to the snapshots in which it stood still while some other band moved."""
    dead: dict[float, frozenset[int]] = {}
    moving = [i > 0 and _differs(snapshots[i - 1], now) for i, now in enumerate(snapshots)]
    for band in sorted({band for snapshot in snapshots for band in snapshot}):
        rows: list[int] = []
        for value, run in groupby(enumerate(snapshots), key=lambda pair: pair[1].get(band)):
            members = [i for i, _ in run]
            if value is not None and len(members) >= FROZEN_FROM and sum(moving[i] for i in members[1:]) > 0:
                rows += members
        if rows:
            dead[band] = frozenset(rows)
    return dead


def _differs(before: Snapshot, now: Snapshot) -> bool:
    return any(before.get(band) != value for band, value in now.items())


def _ordered(source: str, at: datetime, snapshot: Snapshot) -> None:
    """Each side holds more the wider the band, and bids stand below asks."""
    for side in (-1.0, 1.0):
        bands = sorted((band for band in snapshot if band * side > 0.0), key=abs)
        for near, far in pairwise(bands):
            if any(a > b for a, b in zip(snapshot[near], snapshot[far], strict=True)):
                raise PayloadError(source, f"{near:g} %", f"{at:%H:%M:%S}", f"holds more than {far:g} %")
    bid, ask = (_mean_price(snapshot, side) for side in (-1.0, 1.0))
    if bid is not None and ask is not None and bid >= ask:
        raise PayloadError(source, "notional", f"{at:%H:%M:%S}", "bids stand at or above asks")


def _mean_price(snapshot: Snapshot, side: float) -> float | None:
    """USDT per coin over the narrowest band of a side."""
    bands = sorted((band for band in snapshot if band * side > 0.0), key=abs)
    if not bands or not snapshot[bands[0]][0] > 0.0:
        return None
    coins, usdt = snapshot[bands[0]]
    return usdt / coins


def _record(symbol: str, at: datetime, received_at: datetime, snapshot: Snapshot) -> ArchivedDepth:
    usdt = dict(_kept(snapshot))
    return ArchivedDepth(
        event_at=at, received_at=received_at, source="archive", symbol=symbol,
        bid_02pct_usdt=usdt.get(-0.2), ask_02pct_usdt=usdt.get(0.2),
        bid_1pct_usdt=usdt.get(-1.0), ask_1pct_usdt=usdt.get(1.0),
        bid_5pct_usdt=usdt.get(-5.0), ask_5pct_usdt=usdt.get(5.0),
        bid_mean_price=_mean_price(snapshot, -1.0), ask_mean_price=_mean_price(snapshot, 1.0),
    )  # fmt: skip


def _kept(snapshot: Snapshot) -> Iterator[tuple[float, float]]:
    for band, (_, usdt) in snapshot.items():
        if abs(band) in BANDS:
            yield band, usdt
