"""`risk size`: how much of a symbol may be opened now, where to stop, what bound it and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from risk.adapters import store
from risk.adapters.settings import Settings
from risk.advice import SIDES, SizeAdvice, Wish, advise
from risk.errors import SettingsError
from risk.joining import joined
from risk.runtime.database import reachable
from risk.state import LEVELS, State

REASONS: Mapping[str, str] = {
    "risk": "the loss at the stop is the chosen share of equity, adjusted to volatility",
    "level": "the symbol's level allows only a share of the normal size",
    "funds": "the whole position's notional is at most the chosen share of equity",
    "bracket": "the exchange's bracket allows the whole position no more at this leverage",
    "book": "the book takes no more at the slippage allowed",
    "position_risk": "a position risks at most its share of equity, what is held of it included",
    "account_risk": "all positions together risk at most their share of equity",
    "stop_before_liquidation": "liquidation has to lie 1.5 times as far away as the stop",
    "minimum": "what is left is below the exchange's smallest order",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """0: a size, also the size 0 with its reason; 1: something is missing. `reason` is one line."""

    table: RenderableType
    code: int
    reason: str


def answer(settings: Settings, wish: Wish) -> Answer:
    """The desk's and the seed's size for a wish, from the newest state of a desk that runs.

    Raises:
        SettingsError: the symbol is not watched, or the wish cannot be true.
        StoreError: the database does not answer.
    """
    now = datetime.now(UTC)
    with reachable(settings) as url, store.connect(url) as db:
        state = store.latest_state(
            db, settings.symbols, account=settings.account, watches_account=True, now=now
        )
        state = replace(state, instruments=store.instruments(db))
        symbols = sorted({wish.symbol, *(position.symbol for position in state.positions)})
        ladders = store.ladders(db, symbols)
        bars = int(settings.limits.sizing["trailing_bars"])
        extremes = store.extremes(db, [wish.symbol], "1h", bars).get(wish.symbol)
    try:
        desk, seed = advise(
            state, settings.limits, wish, ladders, now, account=settings.account, extremes=extremes
        )
    except (KeyError, ValueError) as cause:
        raise SettingsError(str(cause.args[0])) from None
    if desk.bound_by == "missing":
        return Answer(_missing(desk), 1, f"no size: {', '.join(desk.reasons['missing'])} missing or too old")
    return Answer(Group(_sizes(desk, seed), _caps(desk)), 0, _reason(desk) + _closing(state, wish))


def _sizes(desk: SizeAdvice, seed: SizeAdvice) -> Table:
    table = Table("", "desk", "seed", box=box.SIMPLE_HEAD)
    table.title = f"{desk.symbol} {desk.side.lower()}, entry {_price(desk.entry_price)}"
    rows = [
        ("size", *(f"{_number(row.quantity)} coins" for row in (desk, seed))),
        ("notional", *(f"{_money(row.notional_usdt)} USDT" for row in (desk, seed))),
        ("margin", *(f"{_money(row.margin_usdt)} USDT at {row.leverage:g} times" for row in (desk, seed))),
        ("stop", *(f"{_price(row.stop_price)} ({row.stop_bound_by})" for row in (desk, seed))),
        ("targets", " · ".join(_price(target) for target in desk.targets), "–"),
        ("trailing stop, once open", _price(desk.trailing_price), "–"),
        ("liquidation", *(_price(row.liquidation_price) for row in (desk, seed))),
        ("level", f"{LEVELS[desk.level]}, multiplier {_number(desk.multiplier)}", "takes no notice"),
        ("bound by", desk.bound_by, seed.bound_by),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _caps(desk: SizeAdvice) -> Table:
    table = Table("rule", "allows, coins", "because", box=box.SIMPLE_HEAD)
    for name, coins in desk.reasons.items():
        style = "bold" if name == desk.bound_by else None
        table.add_row(name, _number(coins), REASONS.get(name, ""), style=style)
    return table


def _missing(desk: SizeAdvice) -> Table:
    table = Table("missing or too old", box=box.SIMPLE_HEAD)
    for name in desk.reasons["missing"]:
        table.add_row(name)
    return table


def _reason(desk: SizeAdvice) -> str:
    return f"{_number(desk.quantity)} {desk.symbol}: bound by {desk.bound_by}, {REASONS[desk.bound_by]}"


def _closing(state: State, wish: Wish) -> str:
    """That coins against an open position reduce it, which no rule limits; empty where there is none."""
    side = SIDES[wish.side]
    held = joined(state.account, state.positions, wish.symbol, side)
    against = 0.0 if held is None else -side * float(held.quantity)
    if against <= 0.0:
        return ""
    return f"; up to {_number(against)} coins close what is held on the other side, and no rule limits that"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.8f}".rstrip("0").rstrip(".") if math.isfinite(value) else "∞"


def _money(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _price(value: float | None) -> str:
    return "none" if value is None else f"{value:.8g}" if value < 1e6 else f"{value:,.2f}"
