"""The live path as it is consumed: the last price of each contract and the minutes that grow from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from risk.simulator.prices import Block
from risk.simulator.series import CLOSE, HIGH, LOW, MINUTE, OPEN, VOLUME, Floats, Stretch


class Tape:
    """Takes points from blocks in time order; equal times give equal minutes, however often it is asked."""

    def __init__(self, next_block: Callable[[], Block], start_ms: int, last: Floats, premium: Floats) -> None:
        """Begin at `start_ms`, a whole minute, with the prices and premiums that history ends with."""
        self._next_block, self.start_ms = next_block, start_ms
        self.last, self._contracts = last.copy(), len(last)
        self.source = "synthetic"
        self._block, self._at = next_block(), 0
        self._second: list[Floats] = []  # volumes of the second that is running
        self._rows = np.empty((64, len(last), 5))
        self._premium = np.empty((64, len(last)))
        self._count = 0
        self._open_minute(premium)

    def take(self, until_ms: int) -> None:
        """Consume every point before `until_ms`; never reach over a minute's end in one call."""
        while True:
            times = self._block.times
            last = int(np.searchsorted(times, until_ms, side="left"))
            if last > self._at:
                self._add(self._block.price[:, self._at : last], self._block.volume[:, self._at : last])
                self._at = last
                self.source = self._block.source
            if last < len(times):
                return
            self._block, self._at = self._next_block(), 0

    def _add(self, price: Floats, volume: Floats) -> None:
        row = self._rows[self._count]
        fresh = np.isnan(row[:, OPEN])
        row[:, OPEN] = np.where(fresh, price[:, 0], row[:, OPEN])
        row[:, HIGH] = np.fmax(row[:, HIGH], price.max(axis=1))
        row[:, LOW] = np.fmin(row[:, LOW], price.min(axis=1))
        row[:, CLOSE] = self.last = price[:, -1].copy()
        self._second.append(volume)

    def second_volume(self) -> Floats:
        """(contracts,) coins traded in the second that ends here, in one sum: its parts do not matter."""
        traded = self._running_volume()
        self._rows[self._count, :, VOLUME] += traded
        self._second = []
        return traded

    def _running_volume(self) -> Floats:
        if not self._second:
            return np.zeros(self._contracts)
        return np.asarray(np.concatenate(self._second, axis=1).sum(axis=1), dtype=np.float64)

    def close_minute(self, premium: Floats) -> None:
        """A minute is over; `premium` stands at its end."""
        row = self._rows[self._count]
        still = np.isnan(row[:, OPEN])  # no point fell into it: the price stood still
        row[still, :VOLUME] = self.last[still, None]
        self._premium[self._count] = premium
        self._count += 1
        if self._count == len(self._rows):
            self._rows = np.concatenate((self._rows, np.empty_like(self._rows)))
            self._premium = np.concatenate((self._premium, np.empty_like(self._premium)))
        self._open_minute(premium)

    def _open_minute(self, premium: Floats) -> None:
        self._rows[self._count] = np.nan
        self._rows[self._count, :, VOLUME] = 0.0
        self._premium[self._count] = premium

    def minutes(self, k: int) -> Stretch:
        """Minutes of contract number `k` from the start on, with the unfinished one once it has traded."""
        count = self._count + (0 if np.isnan(self._rows[self._count, k, OPEN]) else 1)
        rows = self._rows[:count, k].copy()
        if count > self._count:
            rows[-1, VOLUME] += self._running_volume()[k]
        return Stretch(self.start_ms, MINUTE, rows, self._premium[:count, k])
