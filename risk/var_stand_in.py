"""Value at risk of a book of which a part has no returns: that part counts in full, at a large multiple.

A book without such a position would look safer than it is, and what it would do beside the others is not
known. So its notional is taken to lose LARGEST_BETA times what the market's coin may lose, held in the same
direction: by the method that says most, and added to the rest, since nothing says that they offset. Stress
gives a symbol without history the market's move in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from risk.panel import Panel
from risk.var_bars import LEVELS
from risk.var_desk import Subject
from risk.var_forecasts import fewest_returns
from risk.var_records import LatestVar, VarForecast, VarShare

MARKET = "BTCUSDT"
LARGEST_BETA = 3.0  # where `risk.volatility.beta` clamps
LATE_BARS = 2  # as old as bars may be when they are scored
FIGURES = ("var_95", "es_95", "var_99", "es_99")
FIGURE_OF_LEVEL = {0.95: "var_95", 0.99: "var_99"}

Forecasts = Mapping[str, Sequence[VarForecast]]
"""Of the bar to come by scope, a row per method."""


def lacking(panel: Panel) -> dict[str, str]:
    """Why the returns of a symbol carry no forecast: too few, or none of the newest bars."""
    fewest = fewest_returns(max(LEVELS))
    returns = panel.returns()
    found = {}
    for column, symbol in enumerate(panel.symbols):
        known = int(np.isfinite(returns[:, column]).sum())
        newest = int(np.flatnonzero(np.isfinite(panel.close[:, column])).max(initial=0))
        if known < fewest:
            found[symbol] = f"{known} returns of {panel.interval}, {fewest} needed"
        elif len(panel.open_at) - 1 - newest > LATE_BARS:
            opened = datetime.fromtimestamp(float(panel.open_at[newest]), UTC)
            found[symbol] = f"no {panel.interval} bar since {opened:%Y-%m-%d %H:%M}"
    return found


def known_part(subject: Subject, missing: Mapping[str, str]) -> Subject:
    """The subject without the symbols that have no returns."""
    kept = [(s, w) for s, w in zip(subject.symbols, subject.weights, strict=True) if s not in missing]
    gross = None if subject.gross_usdt is None else sum(abs(weight) for _, weight in kept)
    return replace(
        subject, symbols=tuple(s for s, _ in kept), weights=tuple(w for _, w in kept), gross_usdt=gross
    )


def stand_ins(subject: Subject, missing: Mapping[str, str]) -> tuple[Subject, ...]:
    """The market's coin in the directions in which the missing symbols are held."""
    signs = {np.sign(w) for s, w in zip(subject.symbols, subject.weights, strict=True) if s in missing}
    return tuple(
        Subject(scope=_scope(sign), symbols=(MARKET,), weights=(float(sign),)) for sign in sorted(signs)
    )


def completed(
    subject: Subject, missing: Mapping[str, str], latest: LatestVar, forecasts: Forecasts
) -> LatestVar:
    """The book's VaR with the missing symbols counted; no figure where their stand-in has none.

    Args:
        subject: the whole book.
        missing: why, by symbol.
        latest: of its known part; of nothing where all are missing.
        forecasts: of `stand_ins`.
    """
    gross = subject.gross_usdt or 0.0
    known_usdt = latest.gross_usdt or 0.0
    figures: dict[str, float | None] = {}
    for name in FIGURES:
        own, added = getattr(latest, name), _added(subject, missing, forecasts, name)
        is_known = added is not None and (own is not None or not known_usdt)
        figures[name] = (
            (known_usdt * (own or 0.0) + sum((added or {}).values())) / gross if is_known else None
        )
    why = "; ".join(f"{symbol}: {reason}" for symbol, reason in sorted(missing.items()))
    has_stand_in = _added(subject, missing, forecasts, "var_99") is not None
    how = (
        f"counted in full at {LARGEST_BETA:g} times {MARKET}" if has_stand_in else f"no {MARKET} to stand in"
    )
    notes = [f"{why}; {how}", latest.note if known_usdt else ""]
    return replace(
        latest,
        var_95=figures["var_95"],
        es_95=figures["es_95"],
        var_99=figures["var_99"],
        es_99=figures["es_99"],
        gross_usdt=subject.gross_usdt,
        note="; ".join(note for note in notes if note),
        without_returns=tuple(sorted(missing)),
    )


def shares(
    subject: Subject,
    missing: Mapping[str, str],
    latest: LatestVar,
    forecasts: Forecasts,
    known: Sequence[VarShare],
) -> list[VarShare]:
    """Shares of the whole book: those of its known part, and of each missing symbol what it was counted at.

    Args:
        latest: as completed.
        known: shares of the known part; empty where it could not be split.
    """
    rows = []
    for level, name in FIGURE_OF_LEVEL.items():
        figure, added = getattr(latest, name), _added(subject, missing, forecasts, name)
        own = [row for row in known if row.level == level]
        if figure is None or added is None or (not own and len(missing) < len(subject.symbols)):
            continue
        total = figure * (subject.gross_usdt or 0.0)
        rows += [replace(row, total_usdt=total) for row in own]
        weights = dict(zip(subject.symbols, subject.weights, strict=True))
        rows += [
            VarShare(
                interval=latest.interval, bar_at=latest.bar_at, level=level, symbol=symbol,
                made_at=latest.computed_at, method=latest.method, notional_usdt=weights[symbol],
                total_usdt=total, marginal=usdt / weights[symbol], component_usdt=usdt, incremental_usdt=usdt,
            )
            for symbol, usdt in added.items()
        ]  # fmt: skip
    return rows


def _added(
    subject: Subject, missing: Mapping[str, str], forecasts: Forecasts, name: str
) -> dict[str, float] | None:
    """What each missing symbol adds to a figure, USDT; None where a stand-in has no answer."""
    added = {}
    for symbol, weight in zip(subject.symbols, subject.weights, strict=True):
        if symbol in missing:
            found = [getattr(row, name) for row in forecasts.get(_scope(np.sign(weight)), ())]
            answers = [value for value in found if value is not None]
            if not answers:
                return None
            added[symbol] = abs(weight) * LARGEST_BETA * max(*answers, 0.0)
    return added


def _scope(sign: float) -> str:
    return MARKET if sign > 0 else f"{MARKET}/SHORT"
