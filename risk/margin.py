"""Maintenance margin, liquidation prices and shocks of one account, by the exchange's published rule.

A position is liquidated at the mark price where `margin balance = maintenance margin`. Cross positions share
one wallet, so every other cross position's profit and maintenance stands in that equation; an isolated
position has only its own wallet. Maintenance of a notional N in bracket b is `N·rate_b − cum_b`; because cum
makes it continuous and the rates rise, it equals the largest of these lines, and the bracket at the
liquidation price is found by itself. Source: Binance FAQ "How to calculate liquidation price of USD-M
futures contracts" (b3c689c1f50a44cabb3a84e663b81d93). Fees are outside the rule, as they are there.

Everything here is float64; Decimals are converted once, when a Position or an Account is read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from risk.surface import ShockGrid, Surface

Number = float | int
Side = Literal["BOTH", "LONG", "SHORT"]
Betas = Mapping[str, float] | float | None


@dataclass(frozen=True, slots=True)
class Bracket:
    """One tier of a maintenance ladder: notional from `floor` to `cap` in USDT, `rate` a fraction."""

    floor: Number
    cap: Number
    rate: Number
    cum: Number
    max_leverage: Number = 0


@dataclass(frozen=True, slots=True)
class Position:
    """One open position.

    Attributes:
        quantity: coins. Signed for side "BOTH" (long above zero); for "LONG" and "SHORT" the side decides.
        brackets: the symbol's ladder in ascending order.
        isolated_wallet: USDT set aside for it; None for a cross position.
    """

    symbol: str
    quantity: Number
    entry_price: Number
    mark_price: Number
    brackets: Sequence[Bracket]
    side: str = "BOTH"
    isolated_wallet: Number | None = None

    @property
    def signed_quantity(self) -> float:
        """Coins, long above zero, whatever sign convention the side came with."""
        quantity = float(self.quantity)
        if self.side == "BOTH":
            return quantity
        return abs(quantity) if self.side == "LONG" else -abs(quantity)


@dataclass(frozen=True, slots=True)
class Account:
    """A cross wallet balance in USDT (USD in multi-assets mode) and all open positions."""

    wallet: Number
    positions: Sequence[Position]


@dataclass(frozen=True, slots=True)
class Liquidation:
    """A liquidation price with everything that it was computed from.

    Attributes:
        price: USDT per coin, or None; `reason` says why there is none.
        wallet: USDT that carries the position.
        other_maintenance, other_unrealized: USDT, all other cross positions at their marks.
        tier, rate, cum: bracket of the largest side at the price (tier counts from 1).
        residual: margin balance minus maintenance at the price, USDT; zero but for rounding.
        below, above: both roots where a hedged symbol has two.
    """

    price: float | None
    reason: str
    wallet: float
    other_maintenance: float
    other_unrealized: float
    tier: int | None = None
    rate: float | None = None
    cum: float | None = None
    residual: float | None = None
    below: float | None = None
    above: float | None = None


def maintenance(notional: Number, brackets: Sequence[Bracket]) -> float:
    """Maintenance margin of a notional, in USDT; the sign of the notional does not matter.

    >>> ladder = [Bracket(0, 50_000, 0.004, 0, 125), Bracket(50_000, 600_000, 0.005, 50, 100)]
    >>> maintenance(60_000, ladder)
    250.0

    Raises:
        ValueError: no brackets, or a notional that is not finite.
    """
    if not brackets:
        raise ValueError("brackets: empty ladder; fetch leverageBracket for the symbol first")
    size = abs(float(notional))
    if not math.isfinite(size):
        raise ValueError(f"notional = {notional!r}: must be finite")
    return max(0.0, max(size * float(b.rate) - float(b.cum) for b in brackets))


def liquidation_price(account: Account, symbol: str, side: str = "BOTH") -> float | None:
    """Mark price at which the position is liquidated, in USDT per coin; None when there is none above zero.

    >>> one = [Bracket(0, 10**9, 0.005, 50, 100)]
    >>> long = Position("BTCUSDT", 20, 6563.665, 6563.665, one, "LONG", 13200.70726908)
    >>> round(liquidation_price(Account(0, [long]), "BTCUSDT", "LONG"), 2)
    5930.78

    Raises:
        KeyError: the account holds no such position.
        ValueError: a number that cannot be true (see `liquidation`).
    """
    return liquidation(account, symbol, side).price


def liquidation(account: Account, symbol: str, side: str = "BOTH") -> Liquidation:
    """The liquidation price of one position, and what it was computed from.

    In hedge mode both cross sides of a symbol share one price, the nearer of two where a fall and a rise
    liquidate them; isolated sides have their own.

    Raises:
        KeyError: the account holds no such position.
        ValueError: price, quantity or wallet that is not finite, mark or entry not above zero, no brackets.
    """
    target = _find(account, symbol, side)
    if target.isolated_wallet is not None:
        return _solve([target], float(target.isolated_wallet), 0.0, 0.0)
    pool = [p for p in account.positions if p.isolated_wallet is None and p.signed_quantity != 0.0]
    same = [p for p in pool if p.symbol == symbol]
    others = [p for p in pool if p.symbol != symbol]
    for position in others:
        _require_sane(position)
    other_maintenance = math.fsum(
        maintenance(p.signed_quantity * float(p.mark_price), p.brackets) for p in others
    )
    other_unrealized = math.fsum(_unrealized(p, float(p.mark_price)) for p in others)
    return _solve(same, float(account.wallet), other_maintenance, other_unrealized)


def margin_ratio(account: Account) -> float:
    """Maintenance over margin balance of the cross pool, as the exchange shows it: 1 is liquidation.

    Zero without cross positions; infinite when the balance is used up.

    Raises:
        ValueError: a position's price, quantity or ladder that cannot be true.
    """
    pool = [p for p in account.positions if p.isolated_wallet is None and p.signed_quantity != 0.0]
    for position in pool:
        _require_sane(position)
    needed = math.fsum(maintenance(p.signed_quantity * float(p.mark_price), p.brackets) for p in pool)
    balance = float(account.wallet) + math.fsum(_unrealized(p, float(p.mark_price)) for p in pool)
    if needed == 0.0:
        return 0.0
    return needed / balance if balance > 0.0 else math.inf


def quick_liquidation_price(entry: Number, leverage: Number, side: str | int, rate: Number = 0.004) -> float:
    """Rough price for planning, first bracket and isolated margin only, in USDT per coin.

    >>> quick_liquidation_price(60_000, 10, "LONG")
    54240.0

    Raises:
        ValueError: entry or leverage not above zero, or a side that is neither long nor short.
    """
    if float(entry) <= 0 or float(leverage) <= 0:
        raise ValueError(f"entry = {entry!r}, leverage = {leverage!r}: both must be above zero")
    sign = _sign(side)
    return float(entry) * (1.0 - sign * (1.0 / float(leverage) - float(rate)))


def shock_to_liquidation(account: Account, betas: Betas, direction: int) -> float | None:
    """The smallest move s of the market at which the cross pool is liquidated; None when no move does it.

    Every mark becomes `P·max(0, 1 + beta·s)`. `direction` is −1 for a fall (s below zero) or +1 for a rise.
    Returns 0.0 when the pool stands at or below maintenance already. Isolated positions stay outside.

    Args:
        betas: by symbol (1 where absent), or one number for all, or None for 1.

    Raises:
        ValueError: a direction other than −1 and +1, or a beta that is not finite.
    """
    return surface(account, betas).root(direction)


def shock_grid(account: Account, shocks: ArrayLike, betas: Betas = None) -> ShockGrid:
    """Equity, maintenance and cover of the cross pool after each shock (fractions; −0.5 halves BTC).

    Raises:
        ValueError: shocks or betas that are not finite.
    """
    return surface(account, betas).grid(shocks)


def surface(account: Account, betas: Betas = None) -> Surface:
    """The cross positions of an account as arrays, to be evaluated many times.

    Raises:
        ValueError: a position, wallet or beta that is not finite.
    """
    pool = [p for p in account.positions if p.isolated_wallet is None and p.signed_quantity != 0.0]
    for position in pool:
        _require_sane(position)
    tiers = max((len(p.brackets) for p in pool), default=1)
    rate, cum = np.zeros((tiers, len(pool))), np.zeros((tiers, len(pool)))
    for column, position in enumerate(pool):
        ladder = [(float(bracket.rate), float(bracket.cum)) for bracket in position.brackets]
        rate[:, column], cum[:, column] = zip(*ladder, *[ladder[-1]] * (tiers - len(ladder)), strict=True)
    beta = np.array([_beta(betas, p.symbol) for p in pool], dtype=np.float64)
    if not np.isfinite(beta).all():
        raise ValueError(f"betas = {betas!r}: every beta must be finite")
    marks = np.array([float(p.mark_price) for p in pool], dtype=np.float64)
    signed = np.array([p.signed_quantity for p in pool], dtype=np.float64)
    unrealized = np.array([_unrealized(p, float(p.mark_price)) for p in pool], dtype=np.float64)
    return Surface(float(account.wallet), signed * marks, unrealized, beta, rate, cum)


def _solve(
    group: Sequence[Position], wallet: float, other_maintenance: float, other_unrealized: float
) -> Liquidation:
    for position in group:
        _require_sane(position)
    for name, value in (
        ("wallet", wallet), ("maintenance", other_maintenance), ("unrealized", other_unrealized),
    ):  # fmt: skip
        if not math.isfinite(value):
            raise ValueError(f"{name} = {value!r}: must be finite")
    base = wallet - other_maintenance + other_unrealized
    below, above = _roots(group, base)
    price = _nearer(below, above, group)
    facts = (wallet, other_maintenance, other_unrealized)
    if price is None:
        sound = _excess_at(group, base, max(float(p.mark_price) for p in group)) > 0.0
        reason = "no_price_above_zero" if sound else "below_maintenance_at_every_price"
        return Liquidation(None, reason, *facts)
    largest = max(group, key=lambda p: abs(p.signed_quantity))
    tier = _tier(abs(largest.signed_quantity) * price, largest.brackets)
    used = largest.brackets[tier]
    residual = _excess_at(group, base, price)
    return Liquidation(price, "", *facts, tier + 1, float(used.rate), float(used.cum), residual, below, above)


def _roots(group: Sequence[Position], base: float) -> tuple[float | None, float | None]:
    """Both prices where the concave excess crosses zero: upwards ("below") and downwards ("above")."""
    grid = sorted({0.0, *(kink for p in group for kink in _kinks(p))})
    grid.append(2.0 * max(grid[-1], max(float(p.mark_price) for p in group), 1.0))
    values = [_excess_at(group, base, price) for price in grid]
    below = above = None
    for left, right, at_left, at_right in zip(grid, grid[1:], values, values[1:], strict=False):
        if at_left < 0.0 <= at_right:
            below = _between(group, base, left, right, at_left, at_right)
        if at_left >= 0.0 > at_right:
            above = _between(group, base, left, right, at_left, at_right)
    # beyond the last edge the excess is one straight line
    slope = (values[-1] - values[-2]) / (grid[-1] - grid[-2])
    if slope != 0.0:
        beyond = grid[-1] - values[-1] / slope
        if beyond > grid[-1]:
            below, above = (beyond, above) if slope > 0.0 else (below, beyond)
    return (below if below and below > 0.0 else None), (above if above and above > 0.0 else None)


def _nearer(below: float | None, above: float | None, group: Sequence[Position]) -> float | None:
    """Of two roots the one nearer to the mark between them, else that on the side where the net loses."""
    if below is None or above is None:
        return above if below is None else below
    mark = float(group[0].mark_price)
    if below < mark < above:
        return below if mark - below <= above - mark else above
    return below if math.fsum(p.signed_quantity for p in group) > 0 else above


def _kinks(position: Position) -> list[float]:
    """Prices at which the position changes its bracket: where one line of the ladder meets the next."""
    kinks, last_rate, last_cum = [], 0.0, 0.0
    for bracket in position.brackets:
        rate, cum = float(bracket.rate), float(bracket.cum)
        if rate > last_rate and cum > last_cum:
            kinks.append((cum - last_cum) / (rate - last_rate) / abs(position.signed_quantity))
        last_rate, last_cum = rate, cum
    return kinks


def _between(
    group: Sequence[Position], base: float, left: float, right: float, at_left: float, at_right: float
) -> float:
    """Root between two prices of opposite sign: one secant where the ladder is sound, else more."""
    price = left
    for _ in range(100):
        price = left + (right - left) * at_left / (at_left - at_right)
        excess = _excess_at(group, base, price)
        if abs(excess) <= 1e-12 * (abs(at_left) + abs(at_right)) or not left < price < right:
            break
        if (excess < 0.0) == (at_left < 0.0):
            left, at_left = price, excess
        else:
            right, at_right = price, excess
    return price


def _excess_at(group: Sequence[Position], base: float, price: float) -> float:
    """Margin balance minus maintenance, USDT, when this symbol's mark is `price`."""
    parts = [base]
    for p in group:
        parts.append(_unrealized(p, price))
        parts.append(-maintenance(p.signed_quantity * price, p.brackets))
    return math.fsum(parts)


def _tier(notional: float, brackets: Sequence[Bracket]) -> int:
    lines = [notional * float(b.rate) - float(b.cum) for b in brackets]
    return lines.index(max(lines))


def _unrealized(position: Position, price: float) -> float:
    return position.signed_quantity * (price - float(position.entry_price))


def _find(account: Account, symbol: str, side: str) -> Position:
    for position in account.positions:
        if position.symbol == symbol and position.side == side and position.signed_quantity != 0.0:
            return position
    held = ", ".join(f"{p.symbol}/{p.side}" for p in account.positions) or "none"
    raise KeyError(f"no open position {symbol}/{side}; held: {held}")


def _require_sane(position: Position) -> None:
    if not position.brackets:
        raise ValueError(f"{position.symbol}: no brackets; fetch leverageBracket first")
    for name, value in (("entry_price", position.entry_price), ("mark_price", position.mark_price)):
        if not (math.isfinite(float(value)) and float(value) > 0.0):
            raise ValueError(f"{position.symbol}: {name} = {value!r}: must be finite and above zero")
    if not math.isfinite(float(position.quantity)):
        raise ValueError(f"{position.symbol}: quantity = {position.quantity!r}: must be finite")


def _beta(betas: Betas, symbol: str) -> float:
    if betas is None:
        return 1.0
    if isinstance(betas, Mapping):
        return float(betas.get(symbol, 1.0))
    return float(betas)


def _sign(side: str | int) -> int:
    if isinstance(side, str):
        word = side.upper()
        if word in ("LONG", "BUY"):
            return 1
        if word in ("SHORT", "SELL"):
            return -1
    elif side in (1, -1):
        return side
    raise ValueError(f"side = {side!r}: use 'LONG' or 'SHORT' (or +1, -1)")
