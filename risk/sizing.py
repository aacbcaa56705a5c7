"""How much to open, where to stop and where to take profit, with the reason that bound each answer.

Definitions: risk desk specification, section "Decisions". All prices in USDT per coin, money in USDT,
quantities in coins, ratios as fractions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from risk.margin import Account, Bracket, Position, liquidation_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The trader's own limits; the defaults are the documented ones."""

    risk_percent: float = 0.01  # share of equity lost at the stop
    reference_volatility: float = 0.02
    adjust_floor: float = 0.25
    adjust_cap: float = 2.0
    funds_share: float = 0.30  # of equity times `leverage_for_cap`
    leverage_for_cap: float = 1.0
    stop_before_liquidation: float = 1.5  # distance to liquidation over stop distance
    position_risk_cap: float = 0.02  # of equity, one position
    account_risk_cap: float = 0.06  # of equity, losses at all stops together
    atr_multiple: float = 2.0
    fixed_loss: float = 0.02  # of equity
    liquidation_share: float = 0.80  # a stop lies at most this far on the way to liquidation
    targets: tuple[float, float] = (1.5, 3.0)  # in R


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The exchange's rules for one symbol."""

    step_size: Decimal
    tick_size: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    brackets: Sequence[Bracket]


@dataclass(frozen=True, slots=True)
class Size:
    """How much to open.

    Attributes:
        quantity: coins, a multiple of the step size; 0 with a reason when nothing should be opened.
        notional: USDT at the entry.
        bound_by: the rule that gave the quantity: "risk", "level", "funds", "bracket", "book",
            "stop_before_liquidation", "position_risk", "account_risk", "minimum".
        reasons: each rule with the quantity that it allows, in the order in which they were applied.
    """

    quantity: Decimal
    notional: Decimal
    bound_by: str
    reasons: tuple[tuple[str, float], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Stops:
    """Where to get out, as multiples of the tick. `bound_by`: "volatility", "fixed_loss" or "liquidation"."""

    stop: Decimal
    targets: tuple[Decimal, ...]
    bound_by: str
    volatility_stop: float
    fixed_stop: float | None
    liquidation_stop: float | None


def position_size(
    *,
    equity: float,
    entry: float,
    stop: float,
    side: int,
    volatility: float,
    multiplier: float,
    contract: Contract,
    leverage: float,
    wallet: float | None = None,
    book_capacity_usdt: float | None = None,
    open_risk: float = 0.0,
    held: float = 0.0,
    liquidation: Callable[[float], float | None] | None = None,
    rules: Rules | None = None,
) -> Size:
    """Quantity to open so that the stop costs the chosen share of equity, within every cap.

    The caps of a position count what is held of it already, which the stop is assumed to end as well: a
    limit that asking twice would pass is none.

    Args:
        stop: below the entry for a long (side +1), above it for a short (−1).
        volatility: composite volatility (0.02 is the reference).
        multiplier: of the live level: 1, 0.5 or 0.
        wallet: cross wallet that would carry the position; None: isolated at `leverage`.
        book_capacity_usdt: notional that the book takes at 0.2 % slippage; None: unknown, not applied.
        open_risk: USDT that all other positions lose at their stops.
        held: coins of this symbol and side that are open already, unsigned.
        liquidation: price (USDT per coin) at which so many more coins, opened at the entry beside everything
            held, are liquidated by a move against them; None: none does. It replaces `wallet`.

    Raises:
        ValueError: a number that is not finite or cannot be true; names it.
    """
    rules = rules or Rules()
    _check(equity=equity, entry=entry, stop=stop, volatility=volatility, leverage=leverage)
    stop_distance = (entry - stop) * side
    _check_wish(stop, side, stop_distance, multiplier, held)
    adjust = min(max(rules.reference_volatility / volatility, rules.adjust_floor), rules.adjust_cap)
    wanted = equity * rules.risk_percent * adjust / stop_distance
    room = rules.account_risk_cap * equity - open_risk
    steps: list[tuple[str, float]] = [
        ("risk", wanted),
        ("level", wanted * multiplier),
        ("funds", _beside(held, equity * rules.funds_share * rules.leverage_for_cap / entry)),
        ("bracket", _beside(held, _bracket_cap(contract.brackets, leverage) / entry)),
    ]
    if book_capacity_usdt is not None:
        steps.append(("book", book_capacity_usdt / entry))
    steps.append(("position_risk", _beside(held, rules.position_risk_cap * equity / stop_distance)))
    steps.append(("account_risk", _beside(held, room / stop_distance)))
    so_far = min(quantity for _, quantity in steps)
    needed = stop_distance * rules.stop_before_liquidation
    price_of = liquidation or _alone(entry, side, contract, leverage, wallet)
    steps.append(("stop_before_liquidation", _before_liquidation(so_far, entry, side, needed, price_of)))
    return _rounded(steps, entry, contract)


def _check_wish(stop: float, side: int, stop_distance: float, multiplier: float, held: float) -> None:
    if side not in (-1, 1) or stop_distance <= 0.0:
        raise ValueError(f"stop = {stop!r}: must lie below the entry of a long and above that of a short")
    if not 0.0 <= multiplier <= 1.0:
        raise ValueError(f"multiplier = {multiplier!r}: must lie between 0 and 1")
    if not 0.0 <= held < math.inf:
        raise ValueError(f"held = {held!r}: must be finite, 0 or above")


def seed_size(
    *, equity: float, entry: float, stop: float, volatility: float, risk_percent: float = 0.01
) -> float:
    """The original formula, `risk·(0.02/volatility)/|entry − stop|` in coins, with its cap's unit corrected.

    The original compared coins with 30 % of funds in USDT; here the cap is 30 % of equity over the entry
    price, so both sides are coins. No other cap applies.
    """
    _check(equity=equity, entry=entry, stop=stop, volatility=volatility)
    wanted = equity * risk_percent * (0.02 / volatility) / abs(entry - stop)
    return min(wanted, 0.3 * equity / entry)


def stops(
    *,
    entry: float,
    side: int,
    atr: float,
    quantity: float,
    equity: float,
    liquidation: float | None,
    tick_size: Decimal,
    rules: Rules | None = None,
) -> Stops:
    """Stop and targets of a position; the tightest of three stops binds.

    Args:
        atr: ATR(14) of 1h bars, USDT per coin.
        liquidation: liquidation price, or None when there is none. One that lies where this side wins
            belongs to what is held on the other side, and bounds no stop of this one.

    Raises:
        ValueError: a number that is not finite or cannot be true; names it.
    """
    rules = rules or Rules()
    _check(entry=entry, atr=atr, equity=equity)
    by_volatility = entry - side * rules.atr_multiple * atr
    by_loss = entry - side * rules.fixed_loss * equity / quantity if quantity > 0.0 else None
    by_liquidation = None
    if liquidation is not None and (entry - liquidation) * side > 0.0:
        by_liquidation = entry + rules.liquidation_share * (liquidation - entry)
    candidates = {"volatility": by_volatility, "fixed_loss": by_loss, "liquidation": by_liquidation}
    known = {name: price for name, price in candidates.items() if price is not None}
    bound_by = min(known, key=lambda name: (entry - known[name]) * side)
    away = bound_by != "liquidation"
    stop = to_tick(known[bound_by], tick_size, up=(side < 0) == away)
    reward = abs(entry - float(stop))
    targets = tuple(
        to_tick(entry + side * multiple * reward, tick_size, up=side > 0) for multiple in rules.targets
    )
    return Stops(stop, targets, bound_by, by_volatility, by_loss, by_liquidation)


def chandelier(
    *, highest: float, lowest: float, atr: float, side: int, tick_size: Decimal, multiple: float = 3.0
) -> Decimal:
    """Trailing stop: `multiple` ATR behind the highest high (long) or lowest low (short) of 22 1h bars."""
    price = highest - multiple * atr if side > 0 else lowest + multiple * atr
    return to_tick(price, tick_size, up=side < 0)


def _bracket_cap(brackets: Sequence[Bracket], leverage: float) -> float:
    """Largest notional, USDT, that the ladder allows at this leverage; 0 when it allows none."""
    return max((float(b.cap) for b in brackets if float(b.max_leverage) >= leverage), default=0.0)


def _beside(held: float, whole: float) -> float:
    """What a limit of the whole position leaves beside the coins held."""
    return max(whole - held, 0.0)


def _alone(
    entry: float, side: int, contract: Contract, leverage: float, wallet: float | None
) -> Callable[[float], float | None]:
    """Liquidation price by size with nothing else held: on a cross wallet, or isolated at the leverage."""

    def price(size: float) -> float | None:
        margin = size * entry / leverage if wallet is None else wallet
        position = Position("ENTRY", side * size, entry, entry, contract.brackets, "BOTH", margin)
        return liquidation_price(Account(0.0, [position]), "ENTRY")

    return price


def _before_liquidation(
    quantity: float, entry: float, side: int, needed: float, price_of: Callable[[float], float | None]
) -> float:
    """Largest quantity up to `quantity` whose liquidation lies at least `needed` away from the entry."""

    def room(size: float) -> float:
        price = price_of(size)
        return math.inf if price is None else (entry - price) * side

    return quantity if quantity <= 0.0 or room(quantity) >= needed else _bisect(room, needed, quantity)


def _bisect(room: Callable[[float], float], needed: float, too_much: float) -> float:
    low, high = 0.0, too_much
    for _ in range(60):
        middle = (low + high) / 2.0
        if middle > 0.0 and room(middle) >= needed:
            low = middle
        else:
            high = middle
    return low if low > too_much * 1e-9 else 0.0


def _rounded(steps: list[tuple[str, float]], entry: float, contract: Contract) -> Size:
    # a tie goes to the rule that was applied first; "level" only when the level reduced the wish
    bound_by, allowed = min(steps, key=lambda step: step[1])
    step = contract.step_size
    quantity = (Decimal(repr(max(allowed, 0.0))) / step).to_integral_value(rounding=ROUND_FLOOR) * step
    notional = quantity * Decimal(repr(entry))
    if quantity < contract.min_quantity or notional < contract.min_notional:
        bound_by = bound_by if allowed <= 0.0 else "minimum"
        quantity, notional = Decimal(0), Decimal(0)
    return Size(quantity, notional, bound_by, tuple(steps))


def to_tick(price: float, tick: Decimal, *, up: bool) -> Decimal:
    """A price, USDT per coin, as the next multiple of the tick above or below."""
    rounding = ROUND_CEILING if up else ROUND_FLOOR
    return (Decimal(repr(price)) / tick).to_integral_value(rounding=rounding) * tick


def _check(**numbers: float) -> None:
    for name, value in numbers.items():
        if not math.isfinite(value) or value <= 0.0:
            raise ValueError(f"{name} = {value!r}: must be finite and above zero")
