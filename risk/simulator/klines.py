"""Bars as the exchange serves them, built from stretches of shorter rows.

Trade bars carry price and volume; quote volume, trades and taker shares are derived: synthetic always. Index
and spot bars are trade bars over 1 + premium; mark bars lean 0.8 of the way from the index to the last price,
with wicks a fifth shorter, except hours that an archive's mark file holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from risk.simulator.archive_files import Rows
from risk.simulator.series import (
    CLOSE,
    DAY,
    HIGH,
    INTERVAL_MS,
    LOW,
    OPEN,
    VOLUME,
    Floats,
    Stretch,
    aggregate,
    bucket,
    close_of,
)
from risk.simulator.spec import SymbolSpec

Kind = Literal["trade", "mark", "index", "premium", "spot"]
Bar = tuple[int, float, float, float, float, float, int, float, int, float, float, float]
_TRADE_USDT = 1_800.0  # notional of an average trade


def serve(
    spec: SymbolSpec,
    stretches: Sequence[Stretch],
    interval: str,
    window: tuple[int | None, int | None, int],
    now_ms: int,
    kind: Kind,
    marks: Rows | None,
) -> list[Bar]:
    """Bars of `interval`, ascending: the oldest `limit` from start on, or the newest up to end.

    Args:
        window: start ms or None, end ms or None (both bounds of open times, inclusive), limit.
        marks: archived mark hours, wall clock.

    Raises:
        ValueError: unknown interval.
    """
    low, high = bounds(interval, window, now_ms)
    width = INTERVAL_MS[interval]
    parts = [s.between(low, high) for s in stretches if s.span_ms <= width]
    parts = [part for part in parts if len(part.rows)]
    if not parts:
        return []
    opens = np.concatenate([part.opens() for part in parts])
    rows = np.concatenate([part.rows for part in parts])
    premium = np.concatenate([part.premium for part in parts])
    full = _columns(spec, rows, premium, kind)
    starts, bars = aggregate(opens, full, interval)
    if opens[0] != starts[0]:
        starts, bars = starts[1:], bars[1:]  # history begins inside this bar
    if kind == "mark" and interval == "1h" and marks is not None:
        known, where, row = np.intersect1d(starts, marks[0], return_indices=True)
        if len(known):
            bars[where, :VOLUME] = marks[1][row, :4]
    start, _, limit = window
    chosen = slice(0, limit) if start is not None else slice(-limit, None)
    return [
        _bar(t, row, interval) for t, row in zip(starts[chosen].tolist(), bars[chosen].tolist(), strict=True)
    ]


def bounds(interval: str, window: tuple[int | None, int | None, int], now_ms: int) -> tuple[int, int]:
    """[first, end) of the open times that can be in the answer."""
    start, end, limit = window
    last = now_ms if end is None else min(end, now_ms)
    width = INTERVAL_MS.get(interval, DAY)
    if start is None:
        newest = int(bucket(np.array([last], dtype=np.int64), interval)[0])
        low, high = newest - (limit - 1) * width, close_of(newest, interval) + 1
        return int(bucket(np.array([low], dtype=np.int64), interval)[0]), high
    first = int(bucket(np.array([start - 1], dtype=np.int64), interval)[0])
    low = close_of(first, interval) + 1
    newest = int(bucket(np.array([last], dtype=np.int64), interval)[0])
    return low, min(low + limit * width, close_of(newest, interval) + 1)


def _columns(spec: SymbolSpec, rows: Floats, premium: Floats, kind: Kind) -> Floats:
    """(n, 9): OHLC, volume, quote volume, trades, taker-buy coins, taker-buy USDT."""
    prices = derived(spec, rows[:, :VOLUME], premium, kind)
    coins = rows[:, VOLUME] if kind in ("trade", "spot") else np.zeros(len(rows))
    quote = np.round(coins * rows[:, :VOLUME].mean(axis=1), 5)
    trades = np.where(coins > 0, 1 + np.floor(quote / _TRADE_USDT), 0)
    lean = (rows[:, CLOSE] - rows[:, OPEN]) / np.maximum(rows[:, HIGH] - rows[:, LOW], spec.tick)
    share = 0.5 + 0.2 * lean
    taken = np.round(coins * share, spec.qty_precision)
    return np.column_stack((prices, coins, quote, trades, taken, np.round(quote * share, 5)))


def derived(spec: SymbolSpec, prices: Floats, premium: Floats, kind: Kind) -> Floats:
    """(n, 4) prices of another kind from trade prices and the premium at each close."""
    if kind == "trade":
        return prices
    before = np.concatenate((premium[:1], premium[:-1]))
    if kind == "premium":
        high, low = np.maximum(before, premium), np.minimum(before, premium)
        rates = np.column_stack((before, high + 5e-6, low - 5e-6, premium))
        return np.asarray(np.round(rates, 8), dtype=np.float64)
    over = np.column_stack((before, np.minimum(before, premium), np.maximum(before, premium), premium))
    keep = 0.2 if kind == "mark" else 1.0
    digits = spec.price_precision if kind == "spot" else 8
    found = prices.copy()
    if kind == "mark":
        body = (np.maximum(prices[:, OPEN], prices[:, CLOSE]), np.minimum(prices[:, OPEN], prices[:, CLOSE]))
        found[:, HIGH] = body[0] + 0.8 * (prices[:, HIGH] - body[0])
        found[:, LOW] = body[1] - 0.8 * (body[1] - prices[:, LOW])
    found = np.round(found / (1 + keep * over), digits)
    found[:, HIGH] = found.max(axis=1)
    found[:, LOW] = found.min(axis=1)
    return found


def _bar(open_ms: int, row: Sequence[float], interval: str) -> Bar:
    opened, high, low, closed, coins, quote, trades, taken, taken_quote = row
    last = close_of(open_ms, interval)
    return (
        open_ms,
        opened,
        high,
        low,
        closed,
        round(coins, 8),
        last,
        round(quote, 8),
        int(trades),
        round(taken, 8),
        round(taken_quote, 8),
        0.0,
    )


def last_day(
    spec: SymbolSpec, stretches: Sequence[Stretch], now_ms: int, kind: Kind
) -> dict[str, float | int]:
    """Open, high, low, weighted average, volumes and count of the last 24 hours, from minutes."""
    parts = [s.between(now_ms - DAY, now_ms + 1) for s in stretches]
    rows = np.concatenate([p.rows for p in parts])
    table = _columns(spec, rows, np.concatenate([p.premium for p in parts]), kind)
    coins, usdt, count = table[:, 4:7].sum(axis=0).tolist()
    return {
        "open": float(table[0, OPEN]),
        "high": float(table[:, HIGH].max()),
        "low": float(table[:, LOW].min()),
        "weighted_average": usdt / coins,
        "volume": round(coins, 8),
        "quote_volume": round(usdt, 8),
        "count": int(count),
    }
