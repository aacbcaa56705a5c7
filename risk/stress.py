"""What past crashes would do to an account as it stands: equity, cover, who goes first, the cost of leaving.

A scenario moves every mark by its worst move of an hour or a day in that episode, all in step; a symbol
without history moves by its beta times BTC's move. Liquidation is looked for on the whole way, not only at
its end. The book is thinner by the scenario's share and, in multi-assets mode, the collateral is worth less.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.surface import Surface

MARKET = "BTCUSDT"

ExitCost = Callable[[str, float, float], float]
"""(symbol, signed notional to close in USDT, share of the depth left) -> fraction of mid, NaN unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One episode at one horizon and in one direction.

    Attributes:
        name: its date, e.g. "2020-03-12". hours: 1 or 24. direction: "fall" or "rise".
        moves: by symbol, fraction of the price at the beginning; BTCUSDT must be among them.
        at_least: symbols whose move is a lower bound (known from whole days only): beta times BTC's move
            counts where it is larger.
        depth_left: share of the book's depth that stays, above 0 up to 1.
        collateral_left: share that the collateral of multi-assets mode keeps of its worth.
    """

    name: str
    hours: int
    direction: str
    moves: Mapping[str, float]
    at_least: frozenset[str] = frozenset()
    depth_left: float = 1.0
    collateral_left: float = 1.0


@dataclass(frozen=True, slots=True)
class Pool:
    """Positions that stand and fall together: the cross wallet's, or one isolated position.

    Attributes:
        name: "cross", or SYMBOL/SIDE.
        surface: the pool as arrays; its betas are not used.
        symbols, scopes: (p,) symbol and SYMBOL/LONG or SYMBOL/SHORT of each position.
        has_collateral: its wallet is collateral of multi-assets mode.
    """

    name: str
    surface: Surface
    symbols: tuple[str, ...]
    scopes: tuple[str, ...]
    has_collateral: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stressed:
    """One row: what a scenario leaves.

    Attributes:
        equity_usdt: of all pools; a pool that was liquidated on the way counts as 0.
        maintenance_usdt: of the pools that are left.
        cover: the thinnest of the pools that are left, +inf without maintenance.
        liquidated: pools in the order in which they go.
        first: scope of the position that makes the first pool's largest loss where it goes, "" if none does.
        first_at: share of the scenario's move at which it goes, None if none does.
        loss_usdt: equity before minus equity after.
        exit_cost_usdt: market orders for everything that is left, in the book of the scenario; NaN unknown.
        by_beta: symbols that moved by beta times BTC's move.
    """

    scenario: str
    hours: int
    direction: str
    equity_usdt: float
    maintenance_usdt: float
    cover: float
    liquidated: tuple[str, ...]
    first: str
    first_at: float | None
    loss_usdt: float
    exit_cost_usdt: float
    by_beta: tuple[str, ...]


def worst_move(
    open_at: ArrayLike, open_: ArrayLike, low: ArrayLike, close: ArrayLike, *, hours: int, bar_s: float
) -> tuple[float, float]:
    """Largest fall and rise from a bar's open within `hours`, as fractions of that open.

    The fall goes to the lowest low. The rise goes to the highest close, because a wick of seconds in the
    last price is no move of the mark: ETHUSDT printed 323 on 2020-03-13, its mark stayed near 110. Windows
    with a gap are left out; NaN where no whole window is there or the bars are longer than it.

    Args:
        open_at: seconds, ascending. bar_s: length of a bar in seconds.
    """
    at = np.asarray(open_at, dtype=np.float64)
    first, bottom, last = (np.asarray(a, dtype=np.float64) for a in (open_, low, close))
    bars = hours * 3600.0 / bar_s
    n = round(bars)
    if n < 1 or abs(bars - n) > 1e-9 or at.size < n:
        return math.nan, math.nan
    whole = np.abs(at[n - 1 :] - at[: at.size - n + 1] - (n - 1) * bar_s) < 1e-6
    if not whole.any():
        return math.nan, math.nan
    lowest = np.lib.stride_tricks.sliding_window_view(bottom, n).min(axis=1)
    highest = np.lib.stride_tricks.sliding_window_view(last, n).max(axis=1)
    begin = first[: whole.size]
    fall, rise = (lowest / begin - 1.0)[whole], (highest / begin - 1.0)[whole]
    return float(min(fall.min(), 0.0)), float(max(rise.max(), 0.0))


def moves(
    scenario: Scenario, symbols: Sequence[str], betas: Mapping[str, float]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Move of each symbol (n,), never below −1, and the symbols whose move is beta times BTC's.

    Raises:
        ValueError: the scenario has no finite move of BTCUSDT.
    """
    market = scenario.moves.get(MARKET, math.nan)
    if not math.isfinite(market):
        raise ValueError(f"scenario {scenario.name} {scenario.hours} h: no move of {MARKET}")
    found, by_beta = np.zeros(len(symbols)), set()
    for i, symbol in enumerate(symbols):
        likely, known = betas.get(symbol, 1.0) * market, scenario.moves.get(symbol)
        is_bound = symbol in scenario.at_least and symbol != MARKET
        if known is None or (is_bound and abs(likely) > abs(known)):
            by_beta.add(symbol)
            known = likely
        found[i] = known
    return np.maximum(found, -1.0), tuple(sorted(by_beta))


def stress_table(
    pools: Sequence[Pool], scenarios: Sequence[Scenario], betas: Mapping[str, float], cost: ExitCost
) -> tuple[Stressed, ...]:
    """One row per scenario, in their order.

    Raises:
        ValueError: a scenario without BTC's move, or a share that is not above 0 up to 1.
    """
    return tuple(_stressed(pools, scenario, betas, cost) for scenario in scenarios)


@dataclass(frozen=True, slots=True)
class _After:
    """One pool at the end of a scenario; `at` is where it went (None: it did not)."""

    pool: Pool
    at: float | None
    first: str
    equity: float
    maintenance: float
    notionals: NDArray[np.float64]
    by_beta: tuple[str, ...]


def _stressed(
    pools: Sequence[Pool], scenario: Scenario, betas: Mapping[str, float], cost: ExitCost
) -> Stressed:
    for name, share in (("depth_left", scenario.depth_left), ("collateral_left", scenario.collateral_left)):
        if not 0.0 < share <= 1.0:
            raise ValueError(f"{name} = {share!r}: must lie above 0 and up to 1")
    ends = [_after(pool, scenario, betas) for pool in pools]
    before = math.fsum(pool.surface.wallet + float(pool.surface.unrealized.sum()) for pool in pools)
    gone = sorted((end for end in ends if end.at is not None), key=lambda end: end.at or 0.0)
    left = [end for end in ends if end.at is None]
    equity = math.fsum(end.equity for end in left)
    covers = [end.equity / end.maintenance for end in left if end.maintenance > 0.0]
    return Stressed(
        scenario=scenario.name,
        hours=scenario.hours,
        direction=scenario.direction,
        equity_usdt=equity,
        maintenance_usdt=math.fsum(end.maintenance for end in left),
        cover=min(covers, default=math.inf),
        liquidated=tuple(end.pool.name for end in gone),
        first=gone[0].first if gone else "",
        first_at=gone[0].at if gone else None,
        loss_usdt=before - equity,
        exit_cost_usdt=math.fsum(
            abs(float(notional)) * cost(symbol, float(notional), scenario.depth_left)
            for end in left
            for symbol, notional in zip(end.pool.symbols, end.notionals, strict=True)
            if notional != 0.0
        ),
        by_beta=tuple(sorted({symbol for end in ends for symbol in end.by_beta})),
    )


def _after(pool: Pool, scenario: Scenario, betas: Mapping[str, float]) -> _After:
    """Walk a pool along the scenario: the marks move together, from nothing (0) to the whole move (1)."""
    move, by_beta = moves(scenario, pool.symbols, betas)
    kept = scenario.collateral_left if pool.has_collateral else 1.0
    walked = replace(pool.surface, beta=move, wallet=pool.surface.wallet * kept)
    at = walked.root(+1, until=1.0)
    equity, maintenance = walked.under(np.maximum(1.0 + move, 0.0)[None, :])
    first = ""
    if at is not None:
        losses = pool.surface.unrealized + pool.surface.notional * move * at
        first = pool.scopes[int(np.argmin(losses))]
    notionals = pool.surface.notional * np.maximum(1.0 + move, 0.0)
    return _After(pool, at, first, float(equity[0]), float(maintenance[0]), notionals, by_beta)
