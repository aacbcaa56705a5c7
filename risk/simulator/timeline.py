"""Lay an archive's rows on one grid, and say of every bar where it comes from.

Where a row of the grid's own width exists it stands unchanged. Where only a longer bar exists, it is split
by a seeded path that touches its open, high, low and close: the longer bar is archive, what lies inside it is
synthetic. Where nothing exists, the declared model fills in: beta times BTC's return plus seeded Student
noise of the contract's own volatility, tied to the known prices on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from risk.simulator.archive_files import ArchiveData
from risk.simulator.prices import bars, own_sigma, student
from risk.simulator.series import CLOSE, DAY, HOUR, MINUTE, OPEN, Floats, Ints, aggregate, runs, split
from risk.simulator.spec import SymbolSpec

SYNTHETIC = 0
_SPOT = 1_000_000  # added to the code of spot rows


def code_of(venue: str, span_ms: int) -> int:
    """How a source is written in `Timeline.codes`: its width in minutes, spot marked."""
    return span_ms // MINUTE + (_SPOT if venue == "spot" else 0)


def source_of(code: int) -> tuple[str, int]:
    """(venue, span_ms) of a code other than SYNTHETIC."""
    return ("spot" if code >= _SPOT else "um"), code % _SPOT * MINUTE


@dataclass(frozen=True, slots=True)
class Timeline:
    """One contract on one grid, in archive time."""

    start_ms: int
    span_ms: int
    rows: Floats  # (n, 5)
    codes: Ints  # (n,) where each row comes from, see `code_of`

    @property
    def end_ms(self) -> int:
        """Close of the last row, exclusive."""
        return self.start_ms + self.span_ms * len(self.rows)

    def moves(self) -> Floats:
        """Log return from open to close of each row."""
        return np.asarray(np.log(self.rows[:, CLOSE] / self.rows[:, OPEN]), dtype=np.float64)


def lay(
    data: ArchiveData, spec: SymbolSpec, start_ms: int, span_ms: int, count: int, rng: np.random.Generator
) -> Timeline:
    """`count` rows from `start_ms`, NaN where the archive has nothing.

    Fine before coarse (up to 15 minutes, up to an hour, a day), futures before spot, and within that the
    shortest rows first.
    """
    rows, codes = np.full((count, 5), np.nan), np.zeros(count, dtype=np.int64)
    timeline = Timeline(start_ms, span_ms, rows, codes)
    for venue, span in sorted(data.bars, key=lambda key: (_rank(key[1], span_ms), key[0] == "spot", key[1])):
        times, values = data.bars[(venue, span)]
        if span <= span_ms:
            _place(timeline, *_lengthen(times, values, span, span_ms), code_of(venue, span))
        else:
            _place_split(timeline, times, values, span, code_of(venue, span), rng, spec.price_precision)
    return timeline


def _rank(span_ms: int, grid_ms: int) -> int:
    return 0 if span_ms <= max(15 * MINUTE, grid_ms) else 1 if span_ms <= HOUR else 2


def _lengthen(times: Ints, values: Floats, span_ms: int, grid_ms: int) -> tuple[Ints, Floats]:
    """Rows of the grid's width from shorter ones; an incomplete group is left out."""
    if span_ms == grid_ms:
        return times, values
    interval = {5 * MINUTE: "5m", HOUR: "1h"}[grid_ms]
    opened, longer = aggregate(times, values, interval)
    counts = np.unique(times // grid_ms, return_counts=True)[1]
    whole = counts == grid_ms // span_ms
    return opened[whole], longer[whole]


def _place(timeline: Timeline, times: Ints, values: Floats, code: int) -> None:
    index = (times - timeline.start_ms) // timeline.span_ms
    fits = (index >= 0) & (index < len(timeline.rows)) & ((times - timeline.start_ms) % timeline.span_ms == 0)
    index, values = index[fits], values[fits]
    free = np.isnan(timeline.rows[index, OPEN])
    timeline.rows[index[free]], timeline.codes[index[free]] = values[free], code


def _place_split(
    timeline: Timeline,
    times: Ints,
    values: Floats,
    span_ms: int,
    code: int,
    rng: np.random.Generator,
    digits: int,
) -> None:
    """Fill from longer bars, only where a whole bar is missing."""
    parts = span_ms // timeline.span_ms
    first = (times - timeline.start_ms) // timeline.span_ms
    fits = (first >= 0) & (first + parts <= len(timeline.rows))
    fits &= (times - timeline.start_ms) % timeline.span_ms == 0
    first, values = first[fits], values[fits]
    if not len(first):
        return
    index = first[:, None] + np.arange(parts)
    free = np.isnan(timeline.rows[index, OPEN]).all(axis=1)
    if free.any():
        where = index[free].reshape(-1)
        timeline.rows[where] = split(values[free], parts, rng, digits)
        timeline.codes[where] = code


def bridge(
    timeline: Timeline,
    spec: SymbolSpec,
    reference: Floats | None,
    before: float | None,
    rng: np.random.Generator,
) -> None:
    """Fill what is still missing, in place, by the declared model.

    Args:
        reference: BTC's log return on the same grid; None for BTC itself.
        before: last known price before the grid; None if there is none.
    """
    missing = np.isnan(timeline.rows[:, OPEN]).astype(np.int64)
    step_s = np.full(len(missing), timeline.span_ms / 1000.0)
    root = np.sqrt(timeline.span_ms / DAY)
    sigma = (spec.daily_sigma if reference is None else own_sigma(spec)) * root
    for gone, a, b in runs(missing):
        if not gone:
            continue
        moves = sigma * student(rng, (b - a,))
        if reference is not None:
            moves = moves + spec.beta * reference[a:b]
        left = float(timeline.rows[a - 1, CLOSE]) if a else before
        right = float(timeline.rows[b, OPEN]) if b < len(missing) else None
        if left and right:
            moves += (np.log(right / left) - moves.sum()) / len(moves)
        elif not left:
            left = (right or spec.reference_price) / float(np.exp(_tamed(moves).sum()))
            moves = _tamed(moves)
        closes = np.maximum(np.round(left * np.exp(np.cumsum(moves)), spec.price_precision), spec.tick)
        opened = np.concatenate(([left], closes[:-1]))
        sigmas = np.full(b - a, spec.daily_sigma * root)
        timeline.rows[a:b] = bars(rng, opened, np.log(closes / opened), sigmas, spec, step_s[a:b])


def _tamed(moves: Floats) -> Floats:
    """The same noise without a drift beyond a factor of e^0.9: an unknown past is not a fairy tale."""
    drift = float(moves.sum())
    return moves - (drift - float(np.clip(drift, -0.9, 0.9))) / len(moves)


def describe(
    timelines: Sequence[Timeline], symbol: str, shift_ms: int, intervals: Sequence[tuple[str, int]]
) -> list[dict[str, object]]:
    """Coverage rows of one contract's klines: one per interval and unbroken source, wall-clock times."""
    found: list[dict[str, object]] = []
    for interval, width in intervals:
        spans: list[tuple[str, str, int, int]] = []
        for timeline in timelines:
            if timeline.span_ms > width:
                continue
            for code, a, b in runs(timeline.codes):
                start = timeline.start_ms + shift_ms + a * timeline.span_ms
                end = timeline.start_ms + shift_ms + b * timeline.span_ms
                source, note = _judge(code, width, shift_ms)
                if spans and spans[-1][:2] == (source, note) and spans[-1][3] == start:
                    spans[-1] = (source, note, spans[-1][2], end)
                else:
                    spans.append((source, note, start, end))
        found += [
            {
                "symbol": symbol,
                "series": f"klines {interval}",
                "start_ms": start,
                "end_ms": end,
                "source": source,
                "note": note,
            }
            for source, note, start, end in spans
        ]
    return found


def _judge(code: int, width_ms: int, shift_ms: int) -> tuple[str, str]:
    """(source, note) of bars of `width_ms` that are built from rows of this code."""
    if code == SYNTHETIC:
        return "synthetic", "no archive: beta x BTC plus seeded noise"
    venue, span = source_of(code)
    market = "USD-M" if venue == "um" else "spot, standing in for USD-M"
    if span > width_ms or (span == DAY and shift_ms % DAY):
        return "synthetic", f"seeded path inside archived bars of {span // MINUTE} min ({market})"
    return "archive", f"rows of {span // MINUTE} min ({market})"
