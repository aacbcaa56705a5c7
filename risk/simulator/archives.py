"""A market replayed from archives: history shifted to end now, then archive time N times faster.

The shift is the least whole number of hours that brings `archive_from` to the start or before it by less than
an hour: 5m, 15m and 1h bars then stand on the wall clock as the files have them, and 1d bars are built anew
from them. At the start archive time is therefore up to an hour before `archive_from`; from there on a second
of the wall clock is `speed` seconds of the archive. Served bars are wall-clock bars throughout; their volume
is divided by the speed, so that a minute trades what a minute trades.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from risk.errors import SettingsError
from risk.simulator.archive_files import ArchiveData, Rows, find, load
from risk.simulator.prices import (
    FIVE_MINUTE_DAYS,
    HOURLY_DAYS,
    MINUTE_DAYS,
    POINT_MS,
    Block,
    premiums,
)
from risk.simulator.series import (
    CLOSE,
    DAY,
    HOUR,
    MINUTE,
    VOLUME,
    Floats,
    Ints,
    Stretch,
    paths_through,
    shares,
    split,
)
from risk.simulator.spec import SymbolSpec
from risk.simulator.timeline import Timeline, bridge, describe, lay

BASE = 5 * MINUTE
SPEEDS = (0.1, 5_000.0)
MOST_LIVE_MS = 200 * DAY  # archive time that is prepared beyond the start
_INTERVALS = (("5m", BASE), ("15m", 15 * MINUTE), ("1h", HOUR), ("1d", DAY))


@dataclass(frozen=True, slots=True)
class Replay:
    """Everything that an archive gives to a market."""

    shift_ms: int  # wall clock minus archive time, for history
    start_ms: int  # wall clock of the first live bar
    history: list[list[Stretch]]  # per contract: hours, five minutes, minutes; wall clock
    ahead: Floats  # (contracts, n, 5) five-minute rows from the start on, archive order
    funding: list[Rows | None]  # per contract, archive time
    interest: list[Rows | None]  # per contract, archive time, coins at the end of a period
    mark: list[Rows | None]  # per contract, archive time, hours
    codes: list[Ints]  # per contract, (n,) where each row ahead comes from, see timeline.code_of
    coverage: list[dict[str, object]]  # of the history

    @property
    def ahead_from_ms(self) -> int:
        """Archive time of the first row ahead."""
        return self.start_ms - self.shift_ms


def shift_of(archive_from_ms: int, start_ms: int) -> int:
    """Least whole number of hours that lifts `archive_from_ms` to `start_ms` or beyond.

    >>> shift_of(0, 2 * 3_600_000 + 1) // 3_600_000
    3
    """
    return -((archive_from_ms - start_ms) // HOUR) * HOUR


def prepare(
    folder: Path, archive_from: datetime, start_ms: int, specs: Sequence[SymbolSpec], seed: int
) -> Replay:
    """Read the folder and lay history and future of all contracts.

    Raises:
        SettingsError: no such folder, or nothing intraday in it at `archive_from`.
        DataError: a file does not parse or holds what cannot be.
    """
    if archive_from.tzinfo is None:
        raise SettingsError(f"archive_from: {archive_from.isoformat()} has no time zone; write …Z for UTC")
    files = find(folder)
    shift = shift_of(round(archive_from.timestamp() * 1000), start_ms)
    live = start_ms // BASE * BASE
    data = {spec.symbol: load(files, spec.symbol) for spec in specs}
    leader = _leader(data, live - shift, specs, archive_from)
    if leader.symbol not in data or not data[leader.symbol].bars:
        data[leader.symbol] = load(files, leader.symbol)
    midnight = live // DAY * DAY
    deep = midnight - HOURLY_DAYS * DAY - shift
    near = midnight - FIVE_MINUTE_DAYS * DAY - shift
    end = _end(data[leader.symbol], leader, live - shift)
    hours = _all_on_grid(data, leader, specs, (deep, HOUR, (near - deep) // HOUR), {}, [seed, 3])
    before = {s: float(t.rows[-1, CLOSE]) for s, t in hours.items()}
    fives = _all_on_grid(data, leader, specs, (near, BASE, (end - near) // BASE), before, [seed, 4])
    now = (live - shift - near) // BASE
    return Replay(
        shift_ms=shift,
        start_ms=live,
        history=_history(specs, hours, fives, now, shift, [seed, 5]),
        ahead=np.stack([fives[s.symbol].rows[now:] for s in specs]),
        funding=[data[s.symbol].funding for s in specs],
        interest=[data[s.symbol].interest for s in specs],
        mark=[data[s.symbol].mark for s in specs],
        codes=[fives[s.symbol].codes[now:] for s in specs],
        coverage=_coverage(specs, hours, fives, now, shift),
    )


def _leader(
    data: dict[str, ArchiveData], now: int, specs: Sequence[SymbolSpec], archive_from: datetime
) -> SymbolSpec:
    """The contract that the others follow where they have no archive: BTC, else the first that has rows now.

    Raises:
        SettingsError: no contract has rows of an hour or less at `now`.
    """
    for spec in sorted(specs, key=lambda s: s.symbol != "BTCUSDT"):
        for (_, span), (times, _) in data[spec.symbol].bars.items():
            if span <= HOUR and ((times <= now) & (times > now - HOUR)).any():
                return spec
    spans = [
        f"{spec.symbol} {_day(times[0])}…{_day(times[-1])}"
        for spec in specs
        for (_, span), (times, _) in sorted(data[spec.symbol].bars.items())
        if span <= HOUR
    ]
    raise SettingsError(
        f"archive_from: no bars of an hour or less at {archive_from.isoformat()}; the archive holds "
        + (", ".join(spans) or "none of these symbols")
    )


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def _end(data: ArchiveData, leader: SymbolSpec, now: int) -> int:
    """Archive time at which the leader's intraday rows end: at its first hole of more than a day."""
    count = MOST_LIVE_MS // BASE
    fine = ArchiveData({key: rows for key, rows in data.bars.items() if key[1] <= HOUR})
    rows = lay(fine, leader, now // HOUR * HOUR, BASE, count, np.random.default_rng(0)).rows
    known = np.flatnonzero(~np.isnan(rows[:, 0]))
    holes = np.flatnonzero(np.diff(known, prepend=0) > DAY // BASE)
    last = known[holes[0] - 1] if len(holes) else known[-1]
    return max(int(now // HOUR * HOUR + (last + 1) * BASE), now + BASE)


def _all_on_grid(
    data: dict[str, ArchiveData],
    leader: SymbolSpec,
    specs: Sequence[SymbolSpec],
    grid: tuple[int, int, int],
    before: dict[str, float],
    seed: list[int],
) -> dict[str, Timeline]:
    """Every contract's rows on one grid (start, span, count), without holes; the leader first."""
    result: dict[str, Timeline] = {}
    for spec in [leader, *(s for s in specs if s.symbol != leader.symbol)]:
        rng = np.random.default_rng([*seed, *spec.symbol.encode()])
        timeline = lay(data[spec.symbol], spec, *grid, rng)
        reference = None if spec is leader else result[leader.symbol].moves()
        bridge(timeline, spec, reference, before.get(spec.symbol), rng)
        result[spec.symbol] = timeline
    return result


def _history(
    specs: Sequence[SymbolSpec],
    hours: dict[str, Timeline],
    fives: dict[str, Timeline],
    now: int,
    shift: int,
    seed: list[int],
) -> list[list[Stretch]]:
    """Wall-clock stretches of each contract up to the first live bar."""
    result = []
    for spec in specs:
        rng = np.random.default_rng([*seed, *spec.symbol.encode()])
        deep, near = hours[spec.symbol], fives[spec.symbol]
        minutes = (now * BASE % DAY + MINUTE_DAYS * DAY) // BASE  # five-minute rows that become minutes
        parts = [
            (deep.start_ms, HOUR, deep.rows),
            (near.start_ms, BASE, near.rows[: now - minutes]),
            (
                near.start_ms + (now - minutes) * BASE,
                MINUTE,
                split(near.rows[now - minutes : now], 5, rng, spec.price_precision),
            ),
        ]
        stretches = []
        for start, span, rows in parts:
            premium = premiums(rng, np.full(len(rows), span / 1000.0), 1)[:, 0]
            stretches.append(Stretch(start + shift, span, rows, premium))
        result.append(stretches)
    return result


def _coverage(
    specs: Sequence[SymbolSpec],
    hours: dict[str, Timeline],
    fives: dict[str, Timeline],
    now: int,
    shift: int,
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for spec in specs:
        near = fives[spec.symbol]
        past = Timeline(near.start_ms, BASE, near.rows[:now], near.codes[:now])
        rows += describe([hours[spec.symbol], past], spec.symbol, shift, _INTERVALS)
    return rows


class ArchivePath:
    """The live path through archived bars: one block per five archived minutes."""

    def __init__(
        self, replay: Replay, specs: Sequence[SymbolSpec], now_ms: int, speed: float, seed: int
    ) -> None:
        """Up to `now_ms` archive time runs as the wall clock, from there `speed` times faster."""
        low, high = SPEEDS
        if not low <= speed <= high:
            raise SettingsError(f"speed: {speed} is outside {low}…{high}")
        self._replay, self._specs, self._now_ms, self.speed = replay, tuple(specs), now_ms, speed
        self._rng, self._at = np.random.default_rng([seed, 6]), 0

    @property
    def ends_ms(self) -> int:
        """Wall clock at which the archive ends."""
        return round(self.wall(self._replay.ahead_from_ms + self._replay.ahead.shape[1] * BASE))

    def wall(self, archive_ms: float) -> float:
        """Wall clock (ms) at which an archive instant from the start on is shown."""
        elapsed = archive_ms - (self._now_ms - self._replay.shift_ms)
        return self._now_ms + (elapsed if elapsed < 0 else elapsed / self.speed)

    def archive_ms(self, wall_ms: float) -> float:
        """Archive instant that is shown at a wall-clock time from the start on."""
        elapsed = wall_ms - self._now_ms
        return self._now_ms - self._replay.shift_ms + (elapsed if elapsed < 0 else elapsed * self.speed)

    def next_block(self) -> Block | None:
        """The next five archived minutes, None when the archive has ended."""
        if self._at >= self._replay.ahead.shape[1]:
            return None
        start = self._replay.ahead_from_ms + self._at * BASE
        first, last = self.wall(start), self.wall(start + BASE)
        points = max(4, int((last - first) / POINT_MS))
        rows = self._replay.ahead[:, self._at]
        digits = (spec.price_precision for spec in self._specs)
        price = np.concatenate(
            [paths_through(rows[k : k + 1], points, self._rng, d) for k, d in enumerate(digits)]
        )
        pace = BASE / (last - first)
        volume = shares(price, self._rng) * rows[:, VOLUME:] / pace
        places = start + BASE * np.arange(points) / points
        times = np.array([round(self.wall(at)) for at in places], dtype=np.int64)
        self._at += 1
        return Block(times, price, volume, "archive")
