"""One cross pool under shocks of the whole market: equity, maintenance, and the shock that liquidates it.

With every mark at `P·max(0, 1 + beta·s)` the excess, equity minus maintenance, is piecewise linear in s, and
concave until a price reaches zero, because maintenance is a maximum of lines. So the root is exact: Newton
from outside lands on it in finitely many steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
        beta: (p,). rate, cum: (b, p) ladders, padded with zero lines.
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
        factor = np.maximum(1.0 + np.outer(moves, self.beta), 0.0)
        equity = self.wallet + self.unrealized.sum() + (factor - 1.0) @ self.notional
        size = factor * np.abs(self.notional)
        needed = np.zeros_like(size)
        line = np.empty_like(size)
        for rate, cum in zip(self.rate, self.cum, strict=True):
            np.multiply(size, rate, out=line)
            line -= cum
            np.maximum(needed, line, out=needed)
        total = needed.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            cover = np.where(total > 0.0, equity / total, np.inf)
        return ShockGrid(moves, equity, total, cover, (equity <= total) & (total > 0.0))

    def root(self, direction: int) -> float | None:
        """The nearest shock in one direction at which equity meets maintenance; None when there is none.

        Raises:
            ValueError: a direction other than -1 and +1.
        """
        if direction not in (-1, 1):
            raise ValueError(f"direction = {direction!r}: use -1 for a fall, +1 for a rise")
        if self.notional.size == 0:
            return None
        if self._excess(0.0)[0] <= 0.0:
            return 0.0
        for end in self._concave_ends(direction):
            excess, slope = self._excess(end)
            if excess <= 0.0:
                return self._newton(end, excess, slope, direction)
        return None

    def _concave_ends(self, direction: int) -> list[float]:
        """Ends of the stretches on which the excess is concave: a price that reaches zero stays there."""
        with np.errstate(divide="ignore"):
            zero_at = np.where(self.beta != 0.0, -1.0 / self.beta, np.inf)
        ends = sorted({float(s) for s in zero_at if math.isfinite(s) and s * direction > 0.0}, key=abs)
        far = direction * max(1e6, 2.0 * abs(ends[-1]) if ends else 0.0)
        return [*ends, far]

    def _newton(self, start: float, excess: float, slope: float, direction: int) -> float:
        """Root of a concave piecewise linear function, from outside: each step lands on or beyond it."""
        shock = start
        for _ in range(200):
            if slope * direction >= 0.0:
                break
            step = shock - excess / slope
            if step * direction >= shock * direction:
                break
            shock = step
            excess, slope = self._excess(shock)
            if excess >= 0.0:
                break
        return shock

    def _excess(self, shock: float) -> tuple[float, float]:
        """Equity minus maintenance in USDT at one shock, and its slope on the inner side."""
        inner = -math.copysign(1.0, shock) if shock else 0.0
        factor = 1.0 + self.beta * shock
        # at the very end of a stretch a price is zero: take the slope from the inside
        moving = (factor > 1e-12) | ((np.abs(factor) <= 1e-12) & (self.beta * inner > 0.0))
        factor = np.maximum(factor, 0.0)
        gross = np.abs(self.notional)
        lines = self.rate * (factor * gross) - self.cum
        steepest = lines.argmax(axis=0)
        index = np.arange(gross.size)
        needed = np.maximum(lines[steepest, index], 0.0)
        rate = np.where(lines[steepest, index] >= 0.0, self.rate[steepest, index], 0.0)
        value = self.wallet + self.unrealized.sum() + float((factor - 1.0) @ self.notional) - needed.sum()
        slope = float(np.sum(self.beta * moving * (self.notional - rate * gross)))
        return float(value), slope
