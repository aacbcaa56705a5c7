"""A synthetic order book around the path of a price, with its exact chain of changes.

Shape, calm: D(d) = D10 (d / 0.1 %)^0.9 is the notional within distance d of the touch on one side. D10 for
BTCUSDT is 8.8 million USDT, from the recorded book of 2024-08-08 (7.6 to 9.9 million within 0.1 %, spread one
tick); other contracts are scaled to their turnover. A level at distance d exists with probability 0.65 up to
0.25 % (up to 700 ticks in coarse contracts) and falls off with the power 2.2 beyond, so that 1,000 levels of
BTC reach about 0.25 %, as on the exchange. Sizes are lognormal (sigma 1.1) around the profile.
Stress s (reactions.py): depth is divided by 1 + 0.35 s, at most by 25, and the spread widens by
stress_spread_bps * 0.5 s. At s = 6 depth is a third: the first percentile of the recorded Hyperliquid series
(0.91 of 2.82 million USD within 0.5 %, 2024-2025); the deepest point there is 0.14 of the median, s = 18. A
flash crash reaches s = 40: BTC's spread 3 bps (the same series: 6.1 at most), depth a fifteenth: synthetic.
Recovery is slow because stress halves in 40 s.
Changes: every 100 ms about 55 levels of BTC or ETH (20 to 150), 7 of others (4 to 20), drawn towards the
touch, plus whatever the price crosses; when the depth factor has moved by 15 %, the whole book is resized in
one large frame, as the recorded tape has them too (99th percentile: 983 levels).

A book moves only when it is asked: a listener (`drain_diffs`) gets a frame per 100 ms; a book nobody listens
to jumps to the present at the next snapshot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from risk.simulator.bookframes import DepthDiff, DepthView, Fill, Level, Surroundings, chance_of, shifted
from risk.simulator.series import Floats, Ints
from risk.simulator.spec import SymbolSpec

Side = Literal["BUY", "SELL"]
FRAME_MS = 100
SILENCE_MS = 5_000  # a listener that has not asked for this long is gone
NEAR, NEAR_TICKS, PRESENT, FALL_OFF = 0.0025, 700, 0.65, 2.2
EXPONENT, SIGMA, MOST_THINNED = 0.9, 1.1, 25.0


class SimBook:
    """Levels on the tick grid: coins in whole steps at each tick of a window around the price.

    `_book[i]` is the signed size at tick `_base + i`: bids positive, asks negative. `_shown` is the
    same as of the last frame: a frame is their difference.
    """

    def __init__(
        self, spec: SymbolSpec, seed: int, ask_market: Callable[[], Surroundings], *, is_spot: bool = False
    ) -> None:
        """A full book at the present price; `ask_market` tells price, stress and time when it is called."""
        self._spec, self._ask_market, self._is_spot = spec, ask_market, is_spot
        self._rng = np.random.default_rng([seed, 10, int(is_spot), *spec.symbol.encode()])
        around = ask_market()
        self._half = int(np.clip(0.019 * around.last / spec.tick, 900, 12_000))
        self._depth_usdt = spec.depth_10bps_usdt * (0.6 if is_spot else 1.0)
        self._busy, self._calm, self._most = (55, 20, 150) if spec.depth_10bps_usdt > 4e6 else (7, 4, 20)
        self._now_ms, self._asked_ms = around.now_ms, around.now_ms - SILENCE_MS - 1
        self._hole = [0.0, 0.0]  # ticks eaten below the bid and above the ask
        self._factor = thinning(around.stress)
        self.last_update_id = int(self._rng.integers(10**9, 10**10))
        self._sent_u, self._first_u = self.last_update_id, 0
        self._frames: list[DepthDiff] = []
        self._told: list[Ints] = []  # ticks that a snapshot inside the frame has shown otherwise
        self._dropped: list[
            tuple[Ints, Ints]
        ] = []  # ticks and signs that left the window since the last frame
        self._price = around.last
        self._bid = round(around.last / spec.tick)
        self._ask = self._bid + 1
        self._base, self._frame_ms = self._bid - self._half, around.now_ms
        self._book: Ints = np.zeros(2 * self._half, dtype=np.int64)
        self._shown: Ints = self._book.copy()
        self._rebuild(around)
        self._shown = self._book.copy()

    # -- what others see ----------------------------------------------------------------------------------

    @property
    def bids(self) -> list[Level]:
        """(price, coins), best first."""
        return self._levels(self._side("BUY", 2 * self._half))

    @property
    def asks(self) -> list[Level]:
        """(price, coins), best first."""
        return self._levels(self._side("SELL", 2 * self._half))

    def snapshot(self, limit: int = 1000) -> DepthView:
        """The best `limit` levels of each side, now."""
        self._step(self._ask_market())
        self._count_up()
        if self._is_heard():
            self._told.append(self._base + np.flatnonzero(self._book != self._shown))
        return {
            "lastUpdateId": self.last_update_id,
            "E": self._now_ms,
            "T": self._now_ms,
            "bids": self._levels(self._side("BUY", limit)),
            "asks": self._levels(self._side("SELL", limit)),
        }

    def drain_diffs(self, now_ms: int) -> list[DepthDiff]:
        """Frames since the last call, oldest first; the first call after five silent seconds starts anew."""
        if not self._is_heard(now_ms):
            self._forget()
        self._asked_ms = now_ms
        self.advance()
        frames, self._frames = self._frames, []
        return frames

    def advance(self) -> None:
        """Close a frame if someone listens and 100 ms have passed."""
        around = self._ask_market()
        if not self._is_heard(around.now_ms):
            return
        if around.now_ms // FRAME_MS == self._frame_ms // FRAME_MS:
            return
        self._step(around)
        self._close_frame()

    def fill(self, side: Side, quantity: float) -> Fill:
        """Eat `quantity` coins from the book; the hole closes with a half-life of three seconds."""
        self._step(self._ask_market())
        index = self._side("SELL" if side == "BUY" else "BUY", 2 * self._half)
        steps = np.abs(self._book[index])
        through = np.minimum(np.cumsum(steps), round(quantity / self._spec.step))
        taken = np.diff(through, prepend=0)
        hit = taken > 0
        if not hit.any():
            return Fill(quantity=0.0, average_price=self._price, worst_price=self._price)
        prices = (self._base + index[hit]) * self._spec.tick
        self._book[index] = np.sign(self._book[index]) * (steps - taken)
        rest = index[steps > taken]
        best = self._base + int(rest[0] if len(rest) else index[-1])
        if side == "BUY":
            self._hole[1], self._ask = self._hole[1] + best - self._ask, best
        else:
            self._hole[0], self._bid = self._hole[0] + self._bid - best, best
        self._ensure_best()
        filled = int(taken.sum())
        return Fill(
            quantity=round(filled * self._spec.step, self._spec.qty_precision),
            average_price=float((prices * taken[hit]).sum() / filled),
            worst_price=round(float(prices[-1]), self._spec.price_precision),
        )

    def _side(self, side: Side, limit: int) -> Ints:
        """Indices of bids (BUY) or asks (SELL), best first."""
        if side == "BUY":
            return np.flatnonzero(self._book[: self._bid - self._base + 1])[::-1][:limit]
        first = self._ask - self._base
        return first + np.flatnonzero(self._book[first:])[:limit]

    def _levels(self, index: Ints) -> list[Level]:
        return self._priced(self._base + index, np.abs(self._book[index]))

    def _priced(self, ticks: Ints, steps: Ints) -> list[Level]:
        prices = np.round(ticks * self._spec.tick, self._spec.price_precision).tolist()
        coins = np.round(steps * self._spec.step, self._spec.qty_precision).tolist()
        return list(zip(prices, coins, strict=True))

    # -- chain --------------------------------------------------------------------------------------------

    def _is_heard(self, now_ms: int | None = None) -> bool:
        return (self._now_ms if now_ms is None else now_ms) - self._asked_ms <= SILENCE_MS

    def _forget(self) -> None:
        """Nobody has followed the changes so far: a listener that comes now starts from the present book."""
        self._step(self._ask_market())
        self._shown = self._book.copy()
        self._frames, self._told, self._dropped = [], [], []
        self._sent_u, self._first_u = self.last_update_id, 0
        self._frame_ms = self._now_ms

    def _close_frame(self) -> None:
        self._count_up()
        changed = np.flatnonzero(self._book != self._shown)
        old, new = self._shown[changed], self._book[changed]
        ticks = self._base + changed
        parts: dict[str, list[tuple[Ints, Ints]]] = {
            "b": [(ticks[(new > 0) | (old > 0)], np.maximum(new, 0)[(new > 0) | (old > 0)])],
            "a": [(ticks[(new < 0) | (old < 0)], np.maximum(-new, 0)[(new < 0) | (old < 0)])],
        }
        for again in self._told:  # shown otherwise by a snapshot in between: say both sides
            steps = self._steps_at(again)
            parts["b"].append((again, np.maximum(steps, 0)))
            parts["a"].append((again, np.maximum(-steps, 0)))
        for gone, sign in self._dropped:
            steps = self._steps_at(gone)
            parts["b"].append((gone[sign > 0], np.maximum(steps, 0)[sign > 0]))
            parts["a"].append((gone[sign < 0], np.maximum(-steps, 0)[sign < 0]))
        frame: DepthDiff = {
            "U": self._first_u,
            "u": self.last_update_id,
            "pu": self._sent_u,
            "b": self._merged(parts["b"])[::-1],
            "a": self._merged(parts["a"]),
            "E": self._now_ms,
            "T": self._now_ms,
        }
        self._frames.append(frame)
        self._shown = self._book.copy()
        self._sent_u, self._first_u, self._frame_ms = self.last_update_id, 0, self._now_ms
        self._told, self._dropped = [], []

    def _merged(self, parts: list[tuple[Ints, Ints]]) -> list[Level]:
        """Levels of one side by ascending price; parts agree wherever they name the same tick."""
        ticks, first = np.unique(np.concatenate([t for t, _ in parts]), return_index=True)
        return self._priced(ticks, np.concatenate([s for _, s in parts])[first])

    def _steps_at(self, ticks: Ints) -> Ints:
        index = ticks - self._base
        inside = (index >= 0) & (index < len(self._book))
        return np.where(inside, self._book[np.clip(index, 0, len(self._book) - 1)], 0)

    def _count_up(self) -> None:
        """Give the changes so far their ids: futures ids skip between frames, spot ids do not."""
        if not self._first_u:
            self._first_u = self._sent_u + (1 if self._is_spot else int(self._rng.integers(2, 30)))
            self.last_update_id = self._first_u
        self.last_update_id += int(self._rng.integers(1, 40))

    # -- model --------------------------------------------------------------------------------------------

    def _step(self, around: Surroundings) -> None:
        """Bring the book to the present."""
        passed_ms = around.now_ms - self._now_ms
        if passed_ms <= 0:
            return
        jump = abs(around.last / self._spec.tick - self._bid)
        self._now_ms = around.now_ms
        if passed_ms > 2 * SILENCE_MS or jump > self._half:
            self._rebuild(around)
            return
        closing = 0.5 ** (passed_ms / 3_000)
        self._hole = [self._hole[0] * closing, self._hole[1] * closing]
        self._quote(around)
        self._refresh()
        factor = thinning(around.stress)
        if abs(np.log(factor / self._factor)) > 0.15:
            scaled = np.maximum(np.round(np.abs(self._book) * (factor / self._factor)), 1)
            self._book = np.where(self._book == 0, 0, np.sign(self._book) * scaled).astype(np.int64)
            self._factor = factor

    def _rebuild(self, around: Surroundings) -> None:
        """Every level anew around the present price."""
        self._factor, self._price = thinning(around.stress), around.last
        self._hole = [0.0, 0.0]
        self._bid, self._ask = self._target(around)
        self._move_window(self._bid - self._half, is_filled=False)
        self._book = np.zeros(2 * self._half, dtype=np.int64)
        self._populate(np.arange(self._base, self._bid + 1), 1)
        self._populate(np.arange(self._ask, self._base + 2 * self._half), -1)
        self._ensure_best()

    def _target(self, around: Surroundings) -> tuple[int, int]:
        """Best bid and ask ticks: last is one of them when the spread is a tick, else between them."""
        tick, rose = self._spec.tick, around.last >= self._price
        width = self._spec.stress_spread_bps * 0.5 * around.stress * 1e-4 * around.last / tick
        spread = max(1, round(width * float(np.exp(0.15 * self._rng.standard_normal()))))
        at = round(around.last / tick)
        bid = at - (spread + 1) // 2 if rose else at - spread // 2
        self._price = around.last
        return max(1, bid - int(self._hole[0])), max(1, bid) + spread + int(self._hole[1])

    def _quote(self, around: Surroundings) -> None:
        """Move the touch: what the price crosses goes, what it leaves behind fills up."""
        old_bid, old_ask = self._bid, self._ask
        self._bid, self._ask = self._target(around)
        if abs(self._bid - self._base - self._half) > self._half // 4:
            self._move_window(self._bid - self._half, is_filled=True)
        low, high = self._bid - self._base, self._ask - self._base
        top, bottom = max(old_bid - self._base, high), max(min(old_ask - self._base, low), 0)
        self._book[low + 1 : top + 1] = np.minimum(self._book[low + 1 : top + 1], 0)
        self._book[bottom:high] = np.maximum(self._book[bottom:high], 0)
        if self._bid > old_bid:
            self._populate(np.arange(max(old_bid + 1, self._base), self._bid + 1), 1)
        if self._ask < old_ask:
            self._populate(np.arange(self._ask, min(old_ask, self._base + 2 * self._half)), -1)
        self._ensure_best()

    def _move_window(self, base: int, *, is_filled: bool) -> None:
        """Lay the window anew from tick `base`; what falls out of it is told as removed."""
        shift, size = base - self._base, 2 * self._half
        if self._is_heard():
            index = np.flatnonzero(self._shown)
            out = index[(index < shift) | (index >= size + shift)]
            self._dropped.append((self._base + out, np.sign(self._shown[out])))
        self._book, self._shown = shifted(self._book, shift), shifted(self._shown, shift)
        self._base = base
        if is_filled:
            self._settle_far()
        if is_filled and shift > 0:
            self._populate(np.arange(max(base + size - shift, self._ask), base + size), -1)
        elif is_filled:
            self._populate(np.arange(base, min(base - shift, self._bid + 1)), 1)

    def _settle_far(self) -> None:
        """Lay the far levels anew: where the price has been, orders stand denser than far orders do."""
        reach = int(max(NEAR * self._price / self._spec.tick, NEAR_TICKS))
        self._populate(np.arange(self._base, max(self._base, self._bid - reach)), 1)
        end = self._base + 2 * self._half
        self._populate(np.arange(min(end, self._ask + reach), end), -1)

    def _present(self, away: Floats) -> Floats:
        """Chance that a level stands `away` ticks from the touch."""
        reach = max(NEAR * self._price / self._spec.tick, NEAR_TICKS)
        return np.asarray(PRESENT * np.minimum(1.0, (reach / away) ** FALL_OFF), dtype=np.float64)

    def _refresh(self) -> None:
        """Give some levels a new size, or none, most of them near the touch."""
        count = int(np.clip(self._busy * np.exp(0.6 * self._rng.standard_normal()), self._calm, self._most))
        kind = self._rng.random(count)
        per_tick = self._spec.tick / self._price
        scale = np.maximum(np.where(kind < 0.6, 2e-4, 7e-4) / per_tick, 4.0)
        far = self._rng.integers(0, self._half, count)
        away = np.where(kind < 0.88, self._rng.exponential(scale), far).astype(np.int64)
        is_bid = self._rng.random(count) < 0.5
        bids, asks = self._bid - away[is_bid], self._ask + away[~is_bid]
        self._populate(bids[bids >= self._base], 1, gone=0.12)
        self._populate(asks[asks < self._base + 2 * self._half], -1, gone=0.12)
        self._ensure_best()

    def _populate(self, ticks: Ints, sign: int, gone: float = 0.0) -> None:
        """Set the size of `ticks` on one side by the profile; a share `gone` of them is emptied."""
        if not len(ticks):
            return
        per_tick = self._spec.tick / self._price
        away = np.abs(ticks - (self._bid if sign > 0 else self._ask)) + 0.5
        distance, present = away * per_tick, self._present(away)
        density = self._depth_usdt * EXPONENT / 1e-3 * (distance / 1e-3) ** (EXPONENT - 1) * per_tick
        coins = density / self._price / present * self._factor
        coins *= np.exp(SIGMA * self._rng.standard_normal(len(ticks)) - SIGMA**2 / 2)
        steps = np.maximum(np.round(coins / self._spec.step), 1).astype(np.int64)
        stands = (chance_of(ticks) < present) & (self._rng.random(len(ticks)) >= gone)
        self._book[ticks - self._base] = np.where(stands, sign * steps, 0)

    def _ensure_best(self) -> None:
        """The best bid and ask always stand."""
        for tick, sign in ((self._bid, 1), (self._ask, -1)):
            if not self._book[tick - self._base] * sign > 0:
                usdt = self._depth_usdt * 0.02 * self._factor * float(self._rng.exponential())
                self._book[tick - self._base] = sign * max(1, round(usdt / self._price / self._spec.step))


def thinning(stress: float) -> float:
    """Share of the calm depth that stands at this stress.

    >>> thinning(0.0), round(thinning(6.0), 3)
    (1.0, 0.323)
    """
    return 1.0 / min(1.0 + 0.35 * stress, MOST_THINNED)
