"""How much of a position has to go: for the level to come down a step, and for leverage to leave danger."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np
from numpy.typing import NDArray

from risk.components import DEPTH_COLUMNS, INDEX, Grid, exit_cost
from risk.exposure import Exposure, after_reduction, maintenance_after, margin
from risk.exposure import distance as distance_of
from risk.limits import Limits
from risk.margin import Account, surface
from risk.positions import margin_position
from risk.records import AccountSnapshot, Instrument, LeverageBracket, PositionSnapshot
from risk.scorecard import Curve, Judged, score_columns
from risk.state import Column, State

PERCENTS = np.arange(101) / 100.0
SCORED = frozenset({
    "atr_ratio_15m", "bar_15m_at", "vol_ratio", "sigma_24h", "sigma_at", "best_bid", "best_ask", "depth_at",
    "book_changed_at", "quote_volume_24h", "funding_rate", "interval_hours", "terms_at", "mark_at",
    "open_interest", "open_interest_72h", "open_interest_at", "kline_risk",
    *(name for pair in DEPTH_COLUMNS.values() for name in pair),
})  # fmt: skip
"""Columns that a score depends on."""
EXTREME = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """What an extreme level asks of one position: one step of a plan, to be carried out in their order.

    Attributes:
        place: step of the plan, from 1.
        fraction: share to give up; `quantity` in coins, rounded up to the step, unsigned.
        left: coins that may stay, unsigned.
        is_enough: whether leverage is below high afterwards.
        leverage_after: score of the leverage dimension afterwards.
        cover_after: balance over maintenance of its pool after this step and those before, at the marks;
            +inf when nothing asks for maintenance any more.
        slippage, cost_usdt: what the book takes for closing `quantity` at market, as a fraction of mid and
            in USDT; NaN without a fresh book.
    """

    place: int
    position: PositionSnapshot
    fraction: float
    quantity: Decimal
    left: Decimal
    is_enough: bool
    leverage_after: float
    cover_after: float
    slippage: float
    cost_usdt: float


def counterfactual(
    state: State,
    symbols: Sequence[str],
    columns: Mapping[str, Column],
    ladders: tuple[Grid, Grid],
    held: Exposure,
    judged: Judged,
    limits: Limits,
    now_s: float,
) -> Column:
    """Smallest fraction, in whole percent, by which a symbol's notional must fall for its level to fall.

    NaN where there is no position, the level is low already, or closing the position would not do. The
    level meant is that of the score alone: the reported one follows after its twelve evaluations.
    """
    answer = np.full(len(symbols), np.nan)
    rows = np.flatnonzero(held.has_position & (judged.raw_level > 0))
    if state.account is None or rows.size == 0:
        return answer
    tables = [
        _after(
            state.account, [p for p in state.positions if p.symbol == symbol], state.brackets.get(symbol, ())
        )
        for symbol in (symbols[int(i)] for i in rows)
    ]
    covers, distances = np.array([t[0] for t in tables]), np.array([t[1] for t in tables])

    def comes_down(percents: Column) -> NDArray[np.bool_]:
        """Whether each row's level is lower with each of its percents (rows, k) given up."""
        k = percents.shape[1]
        row, percent = np.repeat(np.arange(rows.size), k), percents.ravel().astype(int)
        trial = _trial(held, rows[row], percent, covers[row, percent], distances[row, percent])
        some = {name: column[rows[row]] for name, column in columns.items() if name in SCORED}
        rungs = (ladders[0][rows[row]], ladders[1][rows[row]])
        after = score_columns(some, *rungs, trial, limits, now_s, absent=state.absent)
        lower = (after.raw_level >= 0) & (after.raw_level < judged.raw_level[rows[row]])
        return lower.reshape(-1, k)

    tens = np.broadcast_to(np.arange(10.0, 101.0, 10.0), (rows.size, 10))
    enough = comes_down(tens)
    first = np.where(enough.any(axis=1), 10.0 * (enough.argmax(axis=1) + 1), np.nan)
    ones = np.nan_to_num(first)[:, None] + np.arange(-9.0, 1.0)
    finer = comes_down(np.clip(ones, 0.0, 100.0)) & (ones > 0)
    answer[rows] = np.where(np.isnan(first), np.nan, ones[np.arange(rows.size), finer.argmax(axis=1)]) / 100.0
    return answer


def _trial(
    held: Exposure, rows: NDArray[np.intp], percent: NDArray[np.int_], cover: Column, distance: Column
) -> Exposure:
    """The exposure of these rows once each has given up its percent."""
    left = 1.0 - percent / 100.0
    return Exposure(
        is_watched=held.is_watched,
        at=held.at,
        has_position=left > 0,
        sell_usdt=held.sell_usdt[rows] * left,
        buy_usdt=held.buy_usdt[rows] * left,
        cover=cover,
        distance=distance,
        is_over=held.is_over[rows],
    )


def reductions(
    state: State, symbols: Sequence[str], judged: Judged, level: NDArray[np.int8], limits: Limits
) -> tuple[Reduction, ...]:
    """What the extreme symbols' positions have to give up, largest maintenance first.

    Each gives up the smallest fraction from half upwards (`least_reduction`) after which its leverage is
    below high, all of it when none is enough. A position that the ones before have already brought below
    high is left alone. Both cross sides of a hedged symbol give up the same fraction, and both steps say
    what is left after the two.
    """
    index = {symbol: i for i, symbol in enumerate(symbols)}
    extreme = [
        position
        for position in state.positions
        if position.quantity != 0 and level[index[position.symbol]] == EXTREME
        and not np.isnan(judged.dimensions[index[position.symbol], 2])
    ]  # fmt: skip
    if state.account is None or not extreme:
        return ()
    freed = 0.0
    found: list[Reduction] = []
    ordered = sorted(extreme, key=lambda p: (-p.maintenance_usdt, p.symbol, p.side))
    for sides in dict.fromkeys(_together(ordered, position) for position in ordered):
        i = index[sides[0].symbol]
        sigma = float(judged.values[i, INDEX["sigma_24h"]])
        plan = _planned(state, state.account, sides, sigma, freed, limits)
        if plan is None:
            continue
        freed += plan.freed_usdt
        has_book = bool(np.isfinite(judged.values[i, INDEX["slippage"]]))
        for position in sides:
            found.append(_step(state, position, plan, len(found) + 1, i if has_book else None))
    return tuple(found)


def _step(state: State, position: PositionSnapshot, plan: _Plan, place: int, row: int | None) -> Reduction:
    """One position's part of a plan; `row` is its symbol's, None without a fresh book."""
    quantity = _quantity(position, plan.fraction, state.instruments.get(position.symbol))
    slippage = float("nan") if row is None else exit_slippage(state, row, position, quantity)
    return Reduction(
        place=place,
        position=position,
        fraction=plan.fraction,
        quantity=quantity,
        left=abs(position.quantity) - quantity,
        is_enough=plan.is_enough,
        leverage_after=plan.leverage_after,
        cover_after=plan.cover_after,
        slippage=slippage,
        cost_usdt=slippage * float(quantity * position.mark_price),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What positions that go together give up, and what is left after all of them did."""

    fraction: float
    is_enough: bool
    leverage_after: float
    cover_after: float
    freed_usdt: float  # maintenance that the cross pool no longer asks for


def _together(
    positions: Sequence[PositionSnapshot], position: PositionSnapshot
) -> tuple[PositionSnapshot, ...]:
    """Both cross sides of a hedged symbol, else the position alone.

    They share one liquidation price. To give up the hedge alone, or all but it, would bring that nearer.
    """
    if position.is_isolated:
        return (position,)
    return tuple(
        p for p in positions if p.symbol == position.symbol and not p.is_isolated and p.quantity != 0
    )


def _planned(
    state: State,
    account: AccountSnapshot,
    sides: tuple[PositionSnapshot, ...],
    sigma: float,
    freed: float,
    limits: Limits,
) -> _Plan | None:
    """The least that these positions give up together; None: what went before them was enough."""
    brackets = state.brackets.get(sides[0].symbol, ())
    cover, distance = _after(account, sides, brackets, freed)
    scores = _leverage_scores(cover, distance, sigma, limits)
    if freed > 0 and scores[0] < limits.level_starts[1]:
        return None
    away = _distances(account, sides, brackets, freed)

    def leverage(place: int) -> float:
        """Leverage at one percent given up, its distance by the ladder where that is known."""
        if away is None:
            return float(scores[place])
        one = np.array([away(place / 100.0)])
        return float(_leverage_scores(cover[place : place + 1], one, sigma, limits)[0])

    place = _smallest(scores, leverage, limits)
    after = leverage(place)
    own = math.fsum(float(_freed(p, brackets)[place]) for p in sides if not p.is_isolated)
    return _Plan(place / 100.0, after < limits.level_starts[1], after, float(cover[place]), own)


def _distances(
    account: AccountSnapshot,
    sides: Sequence[PositionSnapshot],
    brackets: Sequence[LeverageBracket],
    freed: float,
) -> Callable[[float], float] | None:
    """Distance of positions that go together once a fraction is given up, by their ladder; None without one.

    Where the exchange's price is nearer than ours now, it stays nearer in that proportion.
    """
    present = min(distance_of(account, p) for p in sides)
    if not brackets or not present > 0.0 or min(p.mark_price for p in sides) <= 0:
        return None
    ladders = {sides[0].symbol: brackets}
    pool = surface(Account(0.0, [replace(margin_position(p, ladders), isolated_wallet=None) for p in sides]))
    balance, maintenance = margin(account, sides[0])
    others = maintenance - freed - math.fsum(float(p.maintenance_usdt) for p in sides)

    def away(fraction: float) -> float:
        left = 1.0 - fraction
        wallet = balance * left if sides[0].is_isolated else balance - max(others, 0.0)
        notional = pool.notional * left
        now = replace(pool, wallet=wallet, notional=notional, unrealized=np.zeros_like(notional))
        roots = [now.root(direction) for direction in (-1, +1)] if left > 0.0 else []
        return min((abs(root) for root in roots if root is not None), default=math.inf)

    whole = away(0.0)
    share = present / whole if 0.0 < present < whole < math.inf else 1.0
    return lambda fraction: share * away(fraction)


def _after(
    account: AccountSnapshot,
    sides: Sequence[PositionSnapshot],
    brackets: Sequence[LeverageBracket],
    freed: float = 0.0,
) -> tuple[Column, Column]:
    """Worst cover and distance over a symbol's positions at each percent that all of them give up."""
    covers, distances = np.full(101, np.inf), np.full(101, np.inf)
    for position in sides:
        others = [_freed(p, brackets) for p in sides if p is not position and not p.is_isolated]
        cover, distance = after_reduction(
            account, position, brackets, PERCENTS, freed_usdt=sum(others, np.full(101, freed))
        )
        covers, distances = np.minimum(covers, cover), np.minimum(distances, distance)
    return covers, distances


def _freed(position: PositionSnapshot, brackets: Sequence[LeverageBracket]) -> Column:
    """Maintenance, USDT, that a position asks for no longer at each percent given up."""
    freed: Column = float(position.maintenance_usdt) - maintenance_after(position, brackets, PERCENTS)
    return freed


def _leverage_scores(cover: Column, distance: Column, sigma: float, limits: Limits) -> Column:
    """Leverage at each percent given up; without a sigma, distance in daily moves is left out."""
    sigmas = distance / sigma if sigma > 0 else np.full(distance.shape, np.nan)
    values = {"cover": cover, "distance": distance, "distance_sigmas": sigmas}
    scores = [Curve(limits.curves[n]).over(v) for n, v in values.items() if n in limits.curves]
    worst: Column = np.fmax.reduce(scores, axis=0)
    return worst


def _smallest(scores: Column, leverage: Callable[[int], float], limits: Limits) -> int:
    """Fewest percent, from the least reduction on, after which leverage is below high; 100 if none is enough.

    `scores` says where to begin: within a tier it is exact.
    """
    least, high = round(limits.least_reduction * 100), limits.level_starts[1]
    enough = np.flatnonzero(scores[least:] < high)
    place = least + int(enough[0]) if enough.size else 100
    while place < 100 and leverage(place) >= high:
        place += 1
    while place > least and leverage(place - 1) < high:
        place -= 1
    return place


def _quantity(position: PositionSnapshot, fraction: float, rules: Instrument | None) -> Decimal:
    """Coins to give up, rounded up to the step, unsigned."""
    size = abs(position.quantity)
    quantity = size * Decimal(str(fraction))
    if rules is None or not rules.step_size > 0:
        return quantity
    steps = (quantity / rules.step_size).to_integral_value(rounding=ROUND_CEILING)
    return min(size, steps * rules.step_size)


def exit_slippage(state: State, i: int, position: PositionSnapshot, quantity: Decimal) -> float:
    """Fraction of mid that closing `quantity` coins at market pays, in the book of the symbol's row."""
    if i >= len(state.symbols):
        return float("nan")  # held, but not watched
    one = slice(i, i + 1)
    ladder = (state.sell_slippage if position.quantity > 0 else state.buy_slippage)[one]
    notional = np.array([float(quantity * position.mark_price)])
    sigma, volume = state.columns["sigma_24h"][one], state.columns["quote_volume_24h"][one]
    return float(exit_cost(ladder, notional, sigma, volume)[0])
