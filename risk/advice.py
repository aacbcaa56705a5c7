"""How much of a symbol may be opened now, where to stop, what bound it: sizing fed with the live state.

Definitions: "Decisions" of the specification; the arithmetic is `risk.sizing`'s. What is missing or too old
is named and gives no size, never a size without its cap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from risk.components import is_fresh
from risk.exposure import UNDERWATER
from risk.joining import held_coins, joined, liquidation_beside, open_risk
from risk.limits import Limits
from risk.margin import Account, Liquidation, Position, liquidation
from risk.positions import Ladders, brackets_of
from risk.records import SLIPPAGE_LADDER_USDT
from risk.sizing import Contract, Rules, Size, Stops, chandelier, position_size, seed_size, stops, to_tick
from risk.state import LEVELS, State
from risk.volatility import composite

SIDES: Mapping[str, int] = {"LONG": 1, "SHORT": -1}
USUAL_LEVERAGE = 20.0
"""The exchange's own setting of a symbol that nobody has touched."""

INPUTS: Mapping[str, tuple[str, str]] = {
    "atr_ratio_15m": ("bar_15m_at", "kline_15m"),
    "atr_ratio_1h": ("bar_1h_at", "kline_1h"),
    "atr_ratio_1d": ("bar_1d_at", "kline_1d"),
    "atr_1h": ("bar_1h_at", "kline_1h"),
    "mark_price": ("mark_at", "mark"),
}
"""Columns that a size needs, with the time and the age that they are held against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the trader has in mind; None leaves it to the desk."""

    symbol: str
    side: str  # "LONG" or "SHORT"
    entry: float | None = None  # USDT per coin; the mark
    stop: float | None = None  # USDT per coin; the volatility stop
    leverage: float | None = None  # of the open position, else USUAL_LEVERAGE
    equity: float | None = None  # USDT; the account's margin balance


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeAdvice:
    """One row: a size with its stop and targets, or what is missing (`bound_by` "missing", quantity None).

    Attributes:
        method: "desk", or "seed" for the original formula with its unit corrected.
        stop_price, targets: USDT per coin, as multiples of the tick.
        trailing_price: chandelier stop of a position that is open already; None: too few bars.
        liquidation_price: beside everything that the account holds; None: none at a positive price.
        level, multiplier: reported level of the symbol and the share of the normal size that it allows; the
            seed's formula takes no notice of it.
        reasons: each rule with the coins that it allows; {"missing": [names]} where it cannot be computed.
    """

    account: str
    symbol: str
    side: str
    method: str
    computed_at: datetime
    equity_usdt: float
    entry_price: float
    stop_price: float | None
    stop_bound_by: str
    targets: tuple[float, ...]
    trailing_price: float | None
    quantity: float | None
    notional_usdt: float | None
    margin_usdt: float | None
    leverage: float
    liquidation_price: float | None
    level: int
    multiplier: float | None
    bound_by: str
    reasons: Mapping[str, Any] = field(default_factory=dict)


def rules_of(limits: Limits) -> Rules:
    """The sizing numbers of the limits in force."""
    s = limits.sizing
    return Rules(
        risk_percent=s["risk_percent"],
        reference_volatility=s["target_volatility"],
        adjust_floor=s["adjust_least"],
        adjust_cap=s["adjust_most"],
        funds_share=s["notional_share"],
        leverage_for_cap=s["leverage_for_cap"],
        stop_before_liquidation=s["liquidation_to_stop"],
        position_risk_cap=s["position_risk_cap"],
        account_risk_cap=s["account_risk_cap"],
        atr_multiple=s["stop_atr_multiple"],
        fixed_loss=s["stop_equity_share"],
        liquidation_share=s["stop_liquidation_share"],
        targets=(s["take_profit_1_r"], s["take_profit_2_r"]),
    )


def advise(
    state: State,
    limits: Limits,
    wish: Wish,
    ladders: Ladders,
    now: datetime,
    *,
    account: str = "",
    extremes: tuple[float, float] | None = None,
) -> tuple[SizeAdvice, SizeAdvice]:
    """The desk's size and, beside it, the seed's.

    Args:
        state: with the trading rules of the wished symbol among its instruments.
        ladders: of the wished symbol and of every symbol with a position.
        extremes: highest high and lowest low of the newest 1h bars that the trailing stop looks at.

    Raises:
        KeyError: the symbol is not watched.
        ValueError: a wish that cannot be true (a stop on the wrong side of the entry, a leverage of 0).
    """
    found = _Inputs(state, limits, wish, ladders, now)
    if found.missing:
        desk = _row(
            found, "desk", account, bound_by="missing", stop_bound_by="missing",
            reasons={"missing": list(found.missing)},
        )  # fmt: skip
        return desk, replace(desk, method="seed")
    stop = found.stop()
    size = position_size(
        equity=found.equity,
        entry=found.entry,
        stop=stop,
        side=found.side,
        volatility=found.volatility,
        multiplier=found.multiplier or 0.0,
        contract=found.contract,
        leverage=found.leverage,
        book_capacity_usdt=book_capacity(found.rungs, limits.sizing["most_slippage"]),
        open_risk=open_risk(state, limits, found.equity, besides=found.joined),
        held=found.held,
        liquidation=found.losing_price,
        rules=found.rules,
    )
    trailing = _trailing(found, extremes, limits)
    return _desk(found, size, stop, trailing, account), _seed(found, stop, account)


def sizes(
    state: State,
    limits: Limits,
    ladders: Ladders,
    extremes: Mapping[str, tuple[float, float]],
    now: datetime,
    *,
    account: str,
) -> tuple[SizeAdvice, ...]:
    """Both sides and both methods of every watched symbol, at the mark."""
    return tuple(
        row
        for symbol in state.symbols
        for side in SIDES
        for row in advise(
            state, limits, Wish(symbol=symbol, side=side), ladders, now,
            account=account, extremes=extremes.get(symbol),
        )
    )  # fmt: skip


def betas(state: State) -> dict[str, float]:
    """Beta of each watched symbol against BTCUSDT, 0.2 to 3; a symbol without one is absent and counts 1."""
    found = zip(state.symbols, state.columns["beta"].tolist(), strict=True)
    return {symbol: min(max(beta, 0.2), 3.0) for symbol, beta in found if math.isfinite(beta)}


def book_capacity(rungs: Sequence[float], most_slippage: float) -> float:
    """Notional in USDT that the book takes at no more than this slippage (fraction); 0 where none.

    Between two rungs the cost in money is the straight line between theirs, as for slippage; beyond the
    last rung that the book fills nothing is promised.

    >>> round(book_capacity([0.001, 0.001, 0.003] + [float("nan")] * 7, 0.002))
    33333
    """
    taken, paid = 0.0, 0.0
    for notional, fraction in zip(SLIPPAGE_LADDER_USDT, rungs, strict=True):
        if not math.isfinite(fraction):
            break
        cost = notional * fraction
        if fraction > most_slippage:
            steepness = (cost - paid) / (notional - taken)
            return max((steepness * taken - paid) / (steepness - most_slippage), 0.0) if taken else 0.0
        taken, paid = float(notional), cost
    return taken


class _Inputs:
    """What a size is computed from, read out of the state once; `missing` names what is not there."""

    def __init__(self, state: State, limits: Limits, wish: Wish, ladders: Ladders, now: datetime) -> None:
        if wish.side not in SIDES:
            raise ValueError(f"side = {wish.side!r}: use LONG or SHORT")
        if wish.symbol not in state.symbols:
            raise KeyError(f"{wish.symbol} is not watched; watched: {', '.join(state.symbols)}")
        self.state, self.wish, self.ladders, self.now = state, wish, ladders, now
        self.row, self.side, self.rules = state.symbols.index(wish.symbol), SIDES[wish.side], rules_of(limits)
        self.missing: list[str] = []
        numbers = {name: self._fresh(name, at, age, limits) for name, (at, age) in INPUTS.items()}
        self.atr = numbers["atr_1h"]
        self.volatility = composite([numbers[f"atr_ratio_{h}"] for h in ("15m", "1h", "1d")])
        self.entry = wish.entry if wish.entry is not None else numbers["mark_price"]
        slippage = state.buy_slippage if self.side > 0 else state.sell_slippage
        self.rungs: list[float] = slippage[self.row].tolist()
        self._fresh("best_bid", "depth_at", "depth", limits)
        memory = state.memory.get(wish.symbol)
        self.level = memory.level if memory is not None else -1
        self.multiplier = limits.multipliers[self.level] if 0 <= self.level < len(LEVELS) else None
        self.joined = joined(state.account, state.positions, wish.symbol, self.side)
        self.held = held_coins(self.joined, self.side)
        set_to = next((p.leverage for p in state.positions if p.symbol == wish.symbol), None)
        self.leverage = float(wish.leverage or set_to or USUAL_LEVERAGE)
        self.equity = self._equity(limits)
        self._reference()
        if wish.stop is None and not self.missing and self.stop() <= 0.0:
            self.missing.append("stop")

    def _fresh(self, name: str, at: str, age: str, limits: Limits) -> float:
        one = slice(self.row, self.row + 1)
        columns = self.state.columns
        young = is_fresh(columns[at][one], self.now.timestamp(), limits.ages_s[age], limits)[0]
        value = float(columns[name][self.row]) if young else math.nan
        if not value > 0.0:
            self.missing.append(name if name != "best_bid" else "book")
        return value

    def _equity(self, limits: Limits) -> float:
        if self.wish.equity is not None:
            return self.wish.equity
        known = self.state.account
        if known is None:
            self.missing.append("account")
            return 0.0
        age_s = (self.now - known.received_at).total_seconds()
        if age_s > limits.ages_s["account"] or known.margin_balance_usdt <= 0:
            self.missing.append("account" if known.margin_balance_usdt > 0 else "equity")
        return float(known.margin_balance_usdt)

    def _reference(self) -> None:
        symbol, known = self.wish.symbol, self.state.instruments.get(self.wish.symbol)
        cross = {p.symbol for p in self.state.positions if not p.is_isolated}
        self.missing += [f"brackets of {s}" for s in sorted({symbol, *cross}) if not self.ladders.get(s)]
        if known is None:
            self.missing.append("trading rules")
        elif known.status != "TRADING":
            self.missing.append(f"trading: the contract is {known.status}")
        if self.multiplier is None:
            self.missing.append("level")
        if known is None or self.missing:
            return
        self.contract = Contract(
            step_size=known.step_size,
            tick_size=known.tick_size,
            min_quantity=known.min_quantity,
            min_notional=known.min_notional_usdt,
            brackets=brackets_of(self.ladders[symbol]),
        )

    def stop(self) -> float:
        """The wished stop or the volatility stop, USDT per coin, at the tick: what the size has to bear."""
        by_volatility = self.entry - self.side * self.rules.atr_multiple * self.atr
        return self.at_tick(self.wish.stop or by_volatility, up=self.side < 0)

    def at_tick(self, price: float, *, up: bool) -> float:
        """A price, USDT per coin, at the next tick above or below."""
        return float(to_tick(price, self.contract.tick_size, up=up))

    def liquidation(self, quantity: float) -> Liquidation | None:
        """Liquidation with `quantity` coins opened at the entry; None where nothing is open then."""
        known, symbol = self.state.account, self.wish.symbol
        if known is None or self.wish.equity is not None:
            alone = Position(symbol, self.side * quantity, self.entry, self.entry, self.contract.brackets)
            return liquidation(Account(self.equity, [alone]), symbol) if quantity > 0.0 else None
        return liquidation_beside(
            known, self.state.positions, self.ladders, symbol=symbol, side=self.side, quantity=quantity,
            entry=self.entry, leverage=self.leverage,
        )  # fmt: skip

    def losing_price(self, quantity: float) -> float | None:
        """Where `quantity` coins more are liquidated by a move against their side; None: nowhere.

        What is below maintenance at the entry is liquidated there.
        """
        found = self.liquidation(quantity)
        if found is None:
            return None
        below, above = found.below or 0.0, found.above or math.inf
        if found.reason == UNDERWATER or not below < self.entry < above:
            return self.entry
        return found.below if self.side > 0 else found.above

    def price(self, quantity: float) -> float | None:
        """Liquidation price with `quantity` coins opened at the entry; with none, that of what is held."""
        if quantity <= 0.0 and self.held <= 0.0:
            return None
        found = self.liquidation(quantity)
        return None if found is None else found.price


def _desk(found: _Inputs, size: Size, stop: float, trailing: float | None, account: str) -> SizeAdvice:
    quantity = float(size.quantity)
    price = found.price(quantity)
    where: Stops = stops(
        entry=found.entry,
        side=found.side,
        atr=found.atr,
        quantity=quantity + found.held,
        equity=found.equity,
        liquidation=price,
        tick_size=found.contract.tick_size,
        rules=found.rules,
    )
    chosen, bound_by, targets = float(where.stop), where.bound_by, tuple(map(float, where.targets))
    if found.wish.stop is not None:
        chosen, bound_by = stop, "own"
        rewards = (found.entry + m * (found.entry - stop) for m in found.rules.targets)
        targets = tuple(found.at_tick(price, up=found.side > 0) for price in rewards)
    return _row(
        found, "desk", account, quantity=quantity, notional=float(size.notional), stop=chosen,
        stop_bound_by=bound_by, targets=targets, trailing=trailing, price=price, bound_by=size.bound_by,
        reasons=dict(size.reasons),
    )  # fmt: skip


def _seed(found: _Inputs, stop: float, account: str) -> SizeAdvice:
    quantity = seed_size(
        equity=found.equity, entry=found.entry, stop=stop, volatility=found.volatility,
        risk_percent=found.rules.risk_percent,
    )  # fmt: skip
    cap = 0.3 * found.equity / found.entry
    return _row(
        found, "seed", account, quantity=quantity, notional=quantity * found.entry, stop=stop,
        stop_bound_by="volatility" if found.wish.stop is None else "own",
        price=found.price(quantity), bound_by="funds" if quantity >= cap else "risk",
        reasons={"risk": quantity if quantity < cap else None, "funds": cap},
    )  # fmt: skip


def _row(
    found: _Inputs,
    method: str,
    account: str,
    *,
    bound_by: str,
    reasons: Mapping[str, Any],
    stop_bound_by: str,
    quantity: float | None = None,
    notional: float | None = None,
    stop: float | None = None,
    targets: tuple[float, ...] = (),
    trailing: float | None = None,
    price: float | None = None,
) -> SizeAdvice:
    return SizeAdvice(
        account=account,
        symbol=found.wish.symbol,
        side=found.wish.side,
        method=method,
        computed_at=found.now,
        equity_usdt=found.equity,
        entry_price=found.entry if math.isfinite(found.entry) else 0.0,
        stop_price=stop,
        stop_bound_by=stop_bound_by,
        targets=targets,
        trailing_price=trailing,
        quantity=quantity,
        notional_usdt=notional,
        margin_usdt=None if notional is None else notional / found.leverage,
        leverage=found.leverage,
        liquidation_price=price,
        level=found.level,
        multiplier=found.multiplier,
        bound_by=bound_by,
        reasons=reasons,
    )


def _trailing(found: _Inputs, extremes: tuple[float, float] | None, limits: Limits) -> float | None:
    if extremes is None:
        return None
    return float(chandelier(
        highest=extremes[0], lowest=extremes[1], atr=found.atr, side=found.side,
        tick_size=found.contract.tick_size, multiple=limits.sizing["trailing_atr_multiple"],
    ))  # fmt: skip
