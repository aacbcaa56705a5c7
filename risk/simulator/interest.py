"""Past funding settlements and open interest of each contract: archive where it reaches, else generated.

Generated settlements: the premium follows the last day's return (4e-4 tanh(return / 8 %)) plus noise of 2e-4;
the rate is premium + clamp(interest - premium, +-0.05 %), as the exchange computes it, so most are 0.01 %.
Archived settlements keep their rates, order and the exchange's few milliseconds of delay, and move forward to
the next point of the contract's own settlement grid, since history is shifted by whole hours only.
Generated open interest: noise of 6e-4 per five minutes and a return to its mean in ten days; it loses 1.2
times the part of a move beyond four standard deviations. Archived values stand where they exist; generated
ones are levelled to meet them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise

import numpy as np

from risk.simulator.archive_files import Rows
from risk.simulator.series import CLOSE, DAY, HOUR, MINUTE, OPEN, Floats, Ints, Stretch
from risk.simulator.spec import SymbolSpec

STEP = 5 * MINUTE
INTEREST_DAYS = 33
PERIOD_MS = {
    "5m": STEP,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
}
Settlement = tuple[int, float, float]  # time ms, rate, mark price
Covered = tuple[str, int, int]  # source, first and last instant, ms


def settlements(
    spec: SymbolSpec, stretches: list[Stretch], until_ms: int, archive: Rows | None, rng: np.random.Generator
) -> tuple[list[Settlement], list[Covered]]:
    """Every settlement before `until_ms` (exclusive) and where their rates come from.

    Args:
        archive: settlement times already shifted to the wall clock, rates.
    """
    span = spec.interval_hours * HOUR
    opens = np.concatenate([s.opens() for s in stretches])
    closes = np.concatenate([s.rows[:, CLOSE] for s in stretches])
    first = opens[0] + DAY
    times = np.arange(-(-first // span) * span, until_ms, span)
    then = closes[np.searchsorted(opens, times, side="left") - 1]
    before = closes[np.maximum(np.searchsorted(opens, times - DAY, side="left") - 1, 0)]
    premium = 4e-4 * np.tanh(np.log(then / before) / 0.08) + 2e-4 * rng.standard_normal(len(times))
    base = 1e-4 * spec.interval_hours / 8
    rates = np.clip(premium + np.clip(base - premium, -5e-4, 5e-4), -spec.rate_cap, spec.rate_cap)
    delays = np.where(rng.random(len(times)) < 0.5, 0, rng.integers(1, 17, len(times)))
    covered = np.zeros(len(times), dtype=bool)
    if archive is not None:
        stamped, values = archive
        slot = -(-(stamped - MINUTE) // span) - int(times[0] // span)
        fits = (slot >= 0) & (slot < len(times))
        rates[slot[fits]], covered[slot[fits]] = values[fits, 0], True
        late = stamped % HOUR
        delays[slot[fits]] = np.where(late < MINUTE, late, 0)[fits]
    rows = zip((times + delays).tolist(), np.round(rates, 8).tolist(), then.tolist(), strict=True)
    return list(rows), spans(times, covered)


def spans(times: Ints, covered: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Covered]:
    """Unbroken runs of archived and generated values."""
    edges = [0, *(np.flatnonzero(np.diff(covered)) + 1).tolist(), len(times)]
    return [
        ("archive" if covered[a] else "synthetic", int(times[a]), int(times[b - 1]))
        for a, b in pairwise(edges)
        if b > a
    ]


def rate_between(archive: Rows | None, at_ms: float) -> float | None:
    """Rate that the archive was heading to at an archive instant, between its neighbours; None outside it."""
    if archive is None:
        return None
    times, values = archive
    k = int(np.searchsorted(times, at_ms, side="left"))
    if not 0 < k < len(times) or times[k] - times[k - 1] > 9 * HOUR:
        return None
    share = float((at_ms - times[k - 1]) / (times[k] - times[k - 1]))
    return float((1 - share) * values[k - 1, 0] + share * values[k, 0])


def interest_between(archive: Rows | None, at_ms: Floats | Ints) -> Floats:
    """Archived open interest at archive instants, geometric between values up to 5 h apart, else NaN."""
    wanted = np.asarray(at_ms, dtype=np.float64)
    if archive is None:
        return np.full(wanted.shape, np.nan)
    times, values = archive
    k = np.clip(np.searchsorted(times, wanted, side="left"), 1, len(times) - 1)
    inside = (wanted >= times[0]) & (wanted <= times[-1]) & (times[k] - times[k - 1] <= 5 * HOUR)
    return np.where(inside, np.exp(np.interp(wanted, times, np.log(values[:, 0]))), np.nan)


class InterestHistory:
    """Open interest of one contract at every five minutes, and the periods that clients may ask for."""

    def __init__(
        self, spec: SymbolSpec, stretches: list[Stretch], until_ms: int, archive: Rows | None, seed: int
    ) -> None:
        """History up to and including `until_ms` (a multiple of five minutes); archive in wall-clock time."""
        rng = np.random.default_rng([seed, 9, *spec.symbol.encode()])
        self._name = spec.symbol.encode()
        times = np.arange(until_ms // DAY * DAY - INTEREST_DAYS * DAY, until_ms + 1, STEP)
        opens = np.concatenate([s.opens() for s in stretches])
        prices = np.concatenate([s.rows[:, OPEN] for s in stretches])
        prices = np.append(prices, stretches[-1].rows[-1, CLOSE])[np.searchsorted(opens, times, side="left")]
        moves = np.diff(np.log(prices), prepend=np.log(prices[0]))
        sigma = spec.daily_sigma * np.sqrt(STEP / DAY)
        shocks = 6e-4 * rng.standard_normal(len(times)) - 1.2 * np.maximum(0, np.abs(moves) - 4 * sigma)
        level = _returning(shocks, 10 * DAY / STEP)
        known = interest_between(archive, times)
        self.covered = spans(times, ~np.isnan(known))
        self.times: list[int] = times.tolist()
        self.coins: list[float] = np.round(
            _levelled(np.exp(level - level[-1]), known, spec.open_interest), 3
        ).tolist()
        self.prices: list[float] = prices.tolist()

    def record(self, now_ms: int, coins: float, price: float) -> None:
        """Append one value at a five-minute boundary."""
        if now_ms > self.times[-1]:
            self.times.append(now_ms)
            self.coins.append(round(coins, 3))
            self.prices.append(price)

    def rows(
        self, period: str, start_ms: int | None, end_ms: int | None, limit: int, now_ms: int
    ) -> list[tuple[int, float, float]]:
        """(end of the period, coins, USDT), ascending, at most 30 days back.

        About one period in 300 is missing, as on the exchange: by contract and time alone.

        Raises:
            ValueError: unknown period.
        """
        if period not in PERIOD_MS:
            raise ValueError(f"period {period!r} is not one of {', '.join(PERIOD_MS)}")
        width = PERIOD_MS[period]
        low = max(now_ms - 30 * DAY, start_ms if start_ms is not None else 0)
        first = bisect_left(self.times, low)
        last = bisect_right(self.times, min(now_ms, end_ms if end_ms is not None else now_ms))
        found = [
            (t, self.coins[k], self.coins[k] * self.prices[k])
            for k, t in enumerate(self.times[first:last], first)
            if t % width == 0 and not self._is_missing(t, width)
        ]
        return found[:limit] if start_ms is not None else found[-limit:]

    def _is_missing(self, time_ms: int, width: int) -> bool:
        mixed = (
            time_ms // width * 2_654_435_761 + width + int.from_bytes(self._name[:4], "big")
        ) & 0xFFFFFFFF
        return (mixed ^ mixed >> 15) * 2_246_822_519 % 4_294_967_296 % 300 == 0


def _returning(shocks: Floats, half_life: float) -> Floats:
    """Sum of shocks that fade with a half-life in steps."""
    keep, state = 0.5 ** (1.0 / half_life), 0.0
    level = np.empty(len(shocks))
    for k, shock in enumerate(shocks.tolist()):
        state = state * keep + shock
        level[k] = state
    return level


def _levelled(shape: Floats, known: Floats, usual: float) -> Floats:
    """Known values where they are; the generated shape scaled to meet the nearest known one elsewhere."""
    where = np.flatnonzero(~np.isnan(known))
    if not len(where):
        return shape * usual
    ratio = known[where] / shape[where]
    nearest = np.interp(np.arange(len(shape)), where, ratio)
    return np.where(np.isnan(known), shape * nearest, known)
