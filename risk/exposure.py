"""What open positions mean for a symbol: the way out, the cover, and the distance to liquidation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.records import AccountSnapshot, LeverageBracket, PositionSnapshot
from risk.state import Column

UNDERWATER = "below_maintenance_at_every_price"
"""The reason of a position that no mark price saves."""

NO_LIQUIDATION = "no_price_above_zero"
"""The reason of a position that was priced and that no mark price liquidates."""

OTHER_WALLET = "other_margin_asset"
"""The reason of a cross position on a wallet that the account's totals do not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Columns over n symbols.

    Attributes:
        is_watched: whether an account is expected at all.
        at: seconds since 1970 of the account's newest answer, NaN before the first; per row in a replay.
        has_position: bool (n,).
        sell_usdt, buy_usdt: notional that an exit would sell or buy, 0 where there is none.
        cover: margin balance over maintenance; +inf where the exchange asks for none.
        distance: fraction of mark to the nearer liquidation price; +inf where there is none.
        is_over: bool (n,), whether the contract is no longer traded.
    """

    is_watched: bool
    at: float | Column
    has_position: NDArray[np.bool_]
    sell_usdt: Column
    buy_usdt: Column
    cover: Column
    distance: Column
    is_over: NDArray[np.bool_]


def flat(n: int, *, is_watched: bool = False, at: float = float("nan")) -> Exposure:
    """No position in any of n symbols: what a replay over history starts from."""
    return Exposure(
        is_watched=is_watched,
        at=at,
        has_position=np.zeros(n, dtype=bool),
        sell_usdt=np.zeros(n),
        buy_usdt=np.zeros(n),
        cover=np.full(n, np.nan),
        distance=np.full(n, np.nan),
        is_over=np.zeros(n, dtype=bool),
    )


def exposure(
    symbols: Sequence[str],
    account: AccountSnapshot | None,
    positions: Sequence[PositionSnapshot],
    *,
    is_watched: bool,
    over: Collection[str] = (),
) -> Exposure:
    """Columns over `symbols`; of both sides of a hedged symbol the worse cover and distance speak.

    Args:
        over: symbols whose contract is no longer traded.
    """
    at = account.received_at.timestamp() if account else float("nan")
    result = flat(len(symbols), is_watched=is_watched, at=at)
    index = {symbol: i for i, symbol in enumerate(symbols)}
    for position in positions:
        i = index.get(position.symbol)
        if i is None or account is None or position.quantity == 0:
            continue
        result.has_position[i] = True
        result.is_over[i] = position.symbol in over
        way_out = result.sell_usdt if position.quantity > 0 else result.buy_usdt
        way_out[i] += abs(float(position.notional_usdt))
        result.cover[i] = np.fmin(result.cover[i], cover(account, position))
        result.distance[i] = np.fmin(result.distance[i], distance(account, position))
    return result


def margin(account: AccountSnapshot, position: PositionSnapshot) -> tuple[float, float]:
    """Margin balance and maintenance, in USDT, of the pool that carries a position."""
    if position.is_isolated:
        return float(position.isolated_wallet_usdt + position.unrealized_usdt), float(
            position.maintenance_usdt
        )
    balance = float(account.cross_wallet_usdt + account.cross_unrealized_usdt)
    return balance, float(account.cross_maintenance_usdt)


def cover(account: AccountSnapshot, position: PositionSnapshot) -> float:
    """Margin balance over maintenance of a position's pool; 1 is liquidation.

    A balance at or below zero gives 0; +inf when the exchange asks for no maintenance. NaN: the account's
    totals are not those of its wallet.
    """
    if not position.is_isolated and position.liquidation_reason == OTHER_WALLET:
        return float("nan")
    balance, maintenance = margin(account, position)
    if balance <= 0:
        return 0.0
    return balance / maintenance if maintenance > 0 else float("inf")


def distance(account: AccountSnapshot | None, position: PositionSnapshot) -> float:
    """The share that the mark must move to liquidation; the worse of our price and the exchange's.

    Zero or below: already there. +inf: no liquidation at a positive price. NaN: the mark cannot be true, or
    neither price is known: an exchange that shows none is not believed before ours could be computed.
    Both cross sides of a hedged symbol share one price, on whichever side of the mark the smaller one loses.
    """
    mark = float(position.mark_price)
    if not mark > 0:
        return float("nan")
    if position.liquidation_price is None and position.liquidation_reason == UNDERWATER:
        return 0.0
    exchange = position.exchange_liquidation_price
    prices = [position.liquidation_price, None if exchange is None else float(exchange)]
    known = [price for price in prices if price is not None and price > 0]
    sign = 1.0 if position.quantity > 0 else -1.0
    is_safe = position.liquidation_price is None and position.liquidation_reason == NO_LIQUIDATION
    none = float("inf") if is_safe else float("nan")
    if position.side == "BOTH" or position.is_isolated:
        return min((sign * (mark - price) / mark for price in known), default=none)
    if known and _is_used_up(account, position):
        return 0.0
    return min((abs(mark - price) / mark for price in known), default=none)


def _is_used_up(account: AccountSnapshot | None, position: PositionSnapshot) -> bool:
    """Whether the cross balance that carries a position is at or below what it has to keep."""
    if account is None or position.liquidation_reason == OTHER_WALLET:
        return False
    balance, maintenance = margin(account, position)
    return balance <= maintenance


def maintenance_after(
    position: PositionSnapshot, brackets: Sequence[LeverageBracket], fraction: Column
) -> Column:
    """Maintenance in USDT that a position asks for once `fraction` of it is given up.

    By the ladder `max over tiers of N·rate − cum`, scaled to the exchange's present figure; without a
    ladder in proportion, which asks for too much rather than too little.
    """
    now, left = float(position.maintenance_usdt), 1.0 - fraction
    size = abs(float(position.notional_usdt))
    tiers = [(float(b.maintenance_rate), float(b.cum_usdt)) for b in brackets]
    whole = max((size * rate - cum for rate, cum in tiers), default=0.0)
    if whole <= 0:
        return now * left
    parts = np.zeros_like(left)
    for rate, cum in tiers:
        np.maximum(parts, size * left * rate - cum, out=parts)
    return now * parts / whole


def after_reduction(
    account: AccountSnapshot,
    position: PositionSnapshot,
    brackets: Sequence[LeverageBracket],
    fraction: Column,
    *,
    freed_usdt: float | Column = 0.0,
) -> tuple[Column, Column]:
    """Cover and distance of a position once `fraction` (k,) of it is given up at the mark.

    Closing a part turns its unrealised profit into wallet, so a cross pool keeps its balance and loses
    maintenance; `freed_usdt` is what other reductions of the pool freed before. An isolated wallet shrinks
    with its position. The distance scales by surplus over notional, which is exact inside one tier.
    """
    balance, maintenance = margin(account, position)
    left = 1.0 - fraction
    own = maintenance_after(position, brackets, fraction)
    if position.is_isolated:
        balances, maintenances = balance * left, own
    else:
        balances = np.full(left.shape, balance)
        maintenances = np.maximum(maintenance - freed_usdt - float(position.maintenance_usdt) + own, 0.0)
    present = distance(account, position)
    return _cover(balances, maintenances), _distance_after(
        position, present, balance - maintenance, balances - maintenances, left
    )


def _cover(balance: Column, maintenance: Column) -> Column:
    safe = np.where(maintenance > 0, maintenance, 1.0)
    return np.where(balance <= 0, 0.0, np.where(maintenance > 0, balance / safe, np.inf))


def _distance_after(
    position: PositionSnapshot, present: float, surplus: float, surpluses: Column, left: Column
) -> Column:
    size = abs(float(position.notional_usdt))
    if size == 0:
        return np.full(left.shape, np.inf)
    per_surplus = present / surplus if surplus > 0 and 0 < present < np.inf else 1.0 / size
    remaining = np.maximum(left, 1e-9)
    return np.where(left <= 0, np.inf, per_surplus * surpluses / remaining)
