"""How much of a position has to go: for the level to come down a step, and for leverage to leave danger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import numpy as np
from numpy.typing import NDArray

from risk.components import DEPTH_COLUMNS, INDEX, Grid, exit_cost
from risk.exposure import Exposure, after_reduction, maintenance_after
from risk.limits import Limits
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
    tables = [_after(state, state.account, symbols[int(i)]) for i in rows]
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
    )


def reductions(
    state: State, symbols: Sequence[str], judged: Judged, level: NDArray[np.int8], limits: Limits
) -> tuple[Reduction, ...]:
    """What the extreme symbols' positions have to give up, largest maintenance first.

    Each gives up the smallest fraction from half upwards (`least_reduction`) after which its leverage is
    below high, all of it when none is enough. A position that the ones before have already brought below
    high is left alone.
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
    for position in sorted(extreme, key=lambda p: (-p.maintenance_usdt, p.symbol, p.side)):
        i = index[position.symbol]
        brackets = state.brackets.get(position.symbol, ())
        sigma = float(judged.values[i, INDEX["sigma_24h"]])
        covers, scores = _leverage_scores(state.account, position, brackets, sigma, freed, limits)
        if freed > 0 and scores[0] < limits.level_starts[1]:
            continue
        fraction, is_enough = _smallest(scores, limits)
        quantity = _quantity(position, fraction, state.instruments.get(position.symbol))
        has_book = bool(np.isfinite(judged.values[i, INDEX["slippage"]]))
        slippage = exit_slippage(state, i, position, quantity) if has_book else float("nan")
        found.append(
            Reduction(
                place=len(found) + 1,
                position=position,
                fraction=fraction,
                quantity=quantity,
                left=abs(position.quantity) - quantity,
                is_enough=is_enough,
                leverage_after=float(scores[round(fraction * 100)]),
                cover_after=float(covers[round(fraction * 100)]),
                slippage=slippage,
                cost_usdt=slippage * float(quantity * position.mark_price),
            )
        )
        if not position.is_isolated:
            left = float(maintenance_after(position, brackets, np.array([fraction]))[0])
            freed += float(position.maintenance_usdt) - left
    return tuple(found)


def _after(state: State, account: AccountSnapshot, symbol: str) -> tuple[Column, Column]:
    """Worst cover and distance over the symbol's positions at each percent given up."""
    covers, distances = np.full(101, np.inf), np.full(101, np.inf)
    for position in state.positions:
        if position.symbol == symbol and position.quantity != 0:
            brackets = state.brackets.get(symbol, ())
            cover, distance = after_reduction(account, position, brackets, PERCENTS)
            covers, distances = np.minimum(covers, cover), np.minimum(distances, distance)
    return covers, distances


def _leverage_scores(
    account: AccountSnapshot,
    position: PositionSnapshot,
    brackets: Sequence[LeverageBracket],
    sigma: float,
    freed: float,
    limits: Limits,
) -> tuple[Column, Column]:
    """Cover and leverage at each percent given up; without a sigma, distance in daily moves is left out."""
    cover, distance = after_reduction(account, position, brackets, PERCENTS, freed_usdt=freed)
    sigmas = distance / sigma if sigma > 0 else np.full(101, np.nan)
    values = {"cover": cover, "distance": distance, "distance_sigmas": sigmas}
    scores = [Curve(limits.curves[n]).over(v) for n, v in values.items() if n in limits.curves]
    return cover, np.fmax.reduce(scores, axis=0)


def _smallest(scores: Column, limits: Limits) -> tuple[float, bool]:
    least = round(limits.least_reduction * 100)
    enough = np.flatnonzero(scores[least:] < limits.level_starts[1])
    if enough.size == 0:
        return 1.0, False
    return (least + int(enough[0])) / 100.0, True


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
