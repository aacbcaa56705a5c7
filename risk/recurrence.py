"""y[t] = decay · y[t−1] + weight · x[t]: the one recursion behind ATR, RSI, MACD, EWMA and GARCH.

A Python loop costs 50–100 ns a step and scipy.signal 0.9 s of import. Here the series is cut into
blocks: what each block inherits is the same recursion over the blocks' last values, and a product
with a lower-triangular Toeplitz matrix then gives every value. The product goes through a scratch
small enough for the cache, because touching fresh memory costs more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Series = NDArray[np.float64]

SHORT = 256  # up to here the plain loop is the faster one
BLOCK = 16
ROWS = 960  # blocks that pass through the scratch at a time: 120 kB, which malloc keeps at hand


def recur(
    inputs: Series, decay: float, start: float, weight: float = 1.0, out: Series | None = None
) -> Series:
    """y with y[t] = decay · y[t−1] + weight · inputs[t] and y[−1] = start; same length as the inputs.

    The inputs must be finite: a NaN would spread over its whole block, backwards too. Split at
    gaps first (`finite_runs`). Rounding differs from the plain loop by a few 1e-16 relative.

    Args:
        out: where to write; may be the inputs themselves.

    >>> recur(np.array([1.0, 0.0, 0.0]), 0.5, 4.0).tolist()
    [3.0, 1.5, 0.75]

    Raises:
        ValueError: decay outside 0…1, or weight 0.
    """
    if not 0.0 <= decay <= 1.0 or weight == 0.0:
        raise ValueError(f"decay {decay} is not within 0…1, or weight {weight} is 0")
    answer = np.empty(len(inputs)) if out is None else out
    blocks = len(inputs) // BLOCK if len(inputs) > SHORT else 0
    whole, last = blocks * BLOCK, start
    if blocks:
        response, over_block = _kernel(decay, weight)
        table = inputs[:whole].reshape(blocks, BLOCK)
        ends = recur(table @ response[:, -1], over_block, start)
        inherited = np.concatenate(([start], ends[:-1])) * (decay / weight)
        _respond(table, inherited, response, answer[:whole].reshape(blocks, BLOCK))
        last = float(ends[-1])
    for t, x in enumerate(inputs[whole:].tolist(), whole):
        last = decay * last + weight * x
        answer[t] = last
    return answer


def _respond(table: Series, inherited: Series, response: Series, answer: Series) -> None:
    """Each block's values; what it inherits is put into its first input."""
    scratch = np.empty((min(ROWS, len(table)), BLOCK))
    for first in range(0, len(table), ROWS):
        rows = slice(first, min(first + ROWS, len(table)))
        part = scratch[: rows.stop - first]
        part[:] = table[rows]
        part[:, 0] += inherited[rows]
        np.matmul(part, response, out=answer[rows])


@lru_cache(maxsize=64)
def _kernel(decay: float, weight: float) -> tuple[Series, float]:
    """(BLOCK × BLOCK) response of a block to its own inputs, and decay over a whole block."""
    lag = np.arange(BLOCK)[np.newaxis, :] - np.arange(BLOCK)[:, np.newaxis]
    return np.where(lag >= 0, weight * np.power(decay, np.maximum(lag, 0)), 0.0), decay**BLOCK


def wilder(values: Series, period: int, out: Series | None = None) -> Series:
    """Wilder's average: the mean of the first `period` values, then ((period − 1)·last + value) / period.

    Same length as the values; NaN before the first mean.
    """
    return seeded_average(values, period, 1.0 / period, out)


def exponential(values: Series, period: int, out: Series | None = None) -> Series:
    """Exponential average of weight 2 / (period + 1), seeded with the mean of the first `period` values."""
    return seeded_average(values, period, 2.0 / (period + 1), out)


def seeded_average(values: Series, period: int, weight: float, out: Series | None = None) -> Series:
    """last + weight · (value − last), seeded with the mean of the first `period` values; NaN before it.

    Args:
        out: where to write, contiguous; may be the values themselves.

    Raises:
        ValueError: period below 1.
    """
    if period < 1:
        raise ValueError(f"period {period} is below 1")
    answer = np.empty(len(values)) if out is None else out
    if len(values) < period:
        answer[:] = np.nan
        return answer
    seed = float(np.mean(values[:period]))
    recur(values[period:], 1.0 - weight, seed, weight, answer[period:])
    answer[: period - 1] = np.nan
    answer[period - 1] = seed
    return answer


def finite_runs(values: Series) -> Iterator[slice]:
    """The stretches without NaN or infinity, in order. Averages start anew in each."""
    finite = np.isfinite(values)
    if finite.all():
        if len(values):
            yield slice(0, len(values))
        return
    edges = np.flatnonzero(np.diff(np.concatenate(([False], finite, [False]))))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield slice(first, end)


def series(values: ArrayLike) -> Series:
    """The values as a one-dimensional float64 array.

    Raises:
        ValueError: another number of dimensions.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"expected one dimension, got {array.ndim}")
    return array
