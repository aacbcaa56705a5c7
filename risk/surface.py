"""One cross pool under shocks of the whole market: equity, maintenance, and the shock that liquidates it.

With every mark at `P·max(0, 1 + beta·s)` the excess, equity minus maintenance, is piecewise linear in s, and
concave until a price reaches zero, because maintenance is a maximum of lines. So the root is exact: Newton
from outside lands on it in finitely many steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_BETA = 1e-300
"""A price that moves by less reaches zero at no shock that float64 holds."""


@dataclass(frozen=True, slots=True)
class ShockGrid:
    """What the cross pool is worth after each shock; arrays of the shape of `shocks`.

    Attributes:
        shocks: fraction by which BTC (beta 1) moves.
        equity, maintenance: USDT.
        cover: equity / maintenance; infinite without maintenance.
        liquidated: equity at or below maintenance.
    """

    shocks: NDArray[np.float64]
    equity: NDArray[np.float64]
    maintenance: NDArray[np.float64]
    cover: NDArray[np.float64]
    liquidated: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Surface:
    """The cross pool as arrays, read once and evaluated many times.

    Attributes:
        wallet: USDT. notional: (p,) signed USDT at the marks. unrealized: (p,) USDT at the marks.
        beta: (p,). rate, cum: (b, p) ladders, the shorter ones padded with their last line.
    """

    wallet: float
    notional: NDArray[np.float64]
    unrealized: NDArray[np.float64]
    beta: NDArray[np.float64]
    rate: NDArray[np.float64]
    cum: NDArray[np.float64]

    def grid(self, shocks: ArrayLike) -> ShockGrid:
        """Evaluate all shocks at once: one pass per bracket over (shocks × positions)."""
        moves = np.atleast_1d(np.asarray(shocks, dtype=np.float64))
        if not np.isfinite(moves).all():
            raise ValueError(f"shocks = {shocks!r}: every shock must be finite")
        equity, total = self.under(np.maximum(1.0 + np.outer(moves, self.beta), 0.0))
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            cover = np.where(total > 0.0, equity / total, np.inf)
        return ShockGrid(moves, equity, total, cover, (equity <= total) & (total > 0.0))

    def under(self, factor: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Equity and maintenance (k,), USDT, with every mark times its column of `factor` (k, p)."""
        equity = self.wallet + self.unrealized.sum() + (factor - 1.0) @ self.notional
        size = factor * np.abs(self.notional)
        needed, line = np.zeros_like(size), np.empty_like(size)
        for rate, cum in self._tiers_between(size.min(axis=0), size.max(axis=0)):
            np.multiply(size, rate, out=line)
            line -= cum
            np.maximum(needed, line, out=needed)
        return equity, needed.sum(axis=1)

    def _tiers_between(
        self, least: NDArray[np.float64], most: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Rate and cum (p,) of the tiers that sizes from `least` to `most` (p,) USDT meet, one after another.

        Of lines in the order of their slopes the largest moves up only, so those below the first and above
        the last that is met stay out. A ladder whose rates fall is taken whole.
        """
        if len(self.rate) == 1 or (self.rate[1:] < self.rate[:-1]).any():
            yield from zip(self.rate, self.cum, strict=True)
            return
        first = (least * self.rate - self.cum).argmax(axis=0)
        last = (most * self.rate - self.cum).argmax(axis=0)
        width, columns = first.size, np.arange(first.size)
        for step in range(int((last - first).max()) + 1):
            place = np.minimum(first + step, last)
            place *= width
            place += columns
            yield self.rate.take(place), self.cum.take(place)

    def root(self, direction: int, begin: float = 0.0, until: float | None = None) -> float | None:
        """The nearest shock in one direction at which equity meets maintenance; None when there is none.

        Args:
            begin: shock to start from; it is the answer when equity is at or below maintenance there.
            until: shock, in the same direction, beyond which nothing is looked for.

        Raises:
            ValueError: a direction other than -1 and +1.
        """
        if direction not in (-1, 1):
            raise ValueError(f"direction = {direction!r}: use -1 for a fall, +1 for a rise")
        if self.notional.size == 0:
            return None
        lines = _Lines(self)
        excess, slope = lines.excess(begin, direction)
        if excess <= 0.0:
            return begin
        # a tangent of a concave function lies above it, so its root lies at or beyond the function's
        reach = begin - excess / slope if slope * direction < 0.0 else direction * np.inf
        for end in self.ends(direction, begin, until):
            start = reach if abs(reach) < abs(end) else end
            excess, slope = lines.excess(start, -direction)
            if excess <= 0.0:
                return _newton(lines, start, excess, slope, direction)
            if start is not end:
                excess, slope = lines.excess(end, -direction)
                if excess <= 0.0:
                    return _newton(lines, end, excess, slope, direction)
        return None

    def ends(self, direction: int, begin: float, until: float | None) -> list[float]:
        """Ends of the concave stretches between two shocks."""
        if begin == 0.0 and until is None:
            return self._concave_ends(direction)
        last = np.inf if until is None else abs(until)
        ends = [end for end in self._concave_ends(direction) if abs(begin) < abs(end) < last]
        return ends if until is None else [*ends, until]

    def _concave_ends(self, direction: int) -> list[float]:
        """Ends of the stretches on which the excess is concave: a price that reaches zero stays there."""
        falling = self.beta[self.beta * direction < -LEAST_BETA]
        ends: list[float] = sorted(set((-1.0 / falling).tolist()), key=abs)
        return [*ends, direction * max(1e6, 2.0 * abs(ends[-1]) if ends else 0.0)]


class _Lines:
    """Excess and slope at one shock, with what does not change between shocks computed once."""

    def __init__(self, pool: Surface) -> None:
        gross = np.abs(pool.notional)
        self.beta, self.notional = pool.beta, pool.notional
        self.steep, self.cum = pool.rate * gross, pool.cum
        self.base = pool.wallet + float(pool.unrealized.sum() - pool.notional.sum())
        self.columns, self.width = np.arange(gross.size), gross.size
        self.slowest, self.fastest = float(pool.beta.min()), float(pool.beta.max())
        self.may_undershoot = bool((pool.cum[0] > 0.0).any())  # where no line begins at zero

    def excess(self, shock: float, inner: int) -> tuple[float, float]:
        """Equity minus maintenance in USDT, and its slope on the side of `inner` (−1 or +1)."""
        factor = 1.0 + self.beta * shock
        moving = self.beta
        nearest = self.slowest if shock > 0.0 else self.fastest
        if 1.0 + nearest * shock < 1e-12:  # some price is at zero: it moves only if the inner side lifts it
            at_zero = np.abs(factor) <= 1e-12
            moving = np.where((factor > 1e-12) | (at_zero & (self.beta * inner > 0.0)), self.beta, 0.0)
            factor = np.maximum(factor, 0.0)
        lines = self.steep * factor
        lines -= self.cum
        place = lines.argmax(axis=0)
        place *= self.width
        place += self.columns
        needed, steep = lines.take(place), self.steep.take(place)
        if self.may_undershoot and needed.min() < 0.0:
            steep = np.where(needed >= 0.0, steep, 0.0)
            needed = np.maximum(needed, 0.0)
        value = self.base + float(factor @ self.notional) - float(needed.sum())
        return value, float(moving @ (self.notional - steep))


def _newton(lines: _Lines, start: float, excess: float, slope: float, direction: int) -> float:
    """Root of a concave piecewise linear function, from outside: each step lands on or beyond it."""
    shock = start
    for _ in range(200):
        if slope * direction >= 0.0 or excess >= 0.0:
            break
        step = shock - excess / slope
        if step * direction >= shock * direction:
            break
        shock = step
        excess, slope = lines.excess(shock, -direction)
    if excess > 0.0 and slope * direction < 0.0:
        return shock - excess / slope  # rounding of a far start left it just short of the root
    return shock
