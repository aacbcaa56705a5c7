"""What the running desk keeps of value at risk: forecasts, losses, the method in use, and whose risk it is.

A symbol is judged by its stored forecasts. The book changes with every trade, so its methods are judged by
what they would have said of the book held now, over the same past bars; its own forecasts and losses are
stored beside that as they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.panel import BAR_S, Panel, book_returns
from risk.recurrence import Series
from risk.state import ACCOUNT_SCOPE
from risk.value_at_risk import book_var
from risk.var_bars import LEVELS, WINDOW, BarForecast, bar_forecasts, bars_to_forecast
from risk.var_choice import JUDGED, LATE_SHARE, Judgement, choose, judge
from risk.var_forecasts import METHODS, Interval, Method
from risk.var_records import LatestVar, LatestVarVerdict, VarForecast, VarOutcome, VarShare, VarSwitch

Judged = Mapping[str, NDArray[np.float64]]
"""Per method four rows: opening of each bar (seconds since 1970), VaR at 99 %, loss, USDT they are of."""

BARS_WANTED: Mapping[str, int] = {name: WINDOW[name] + JUDGED[name] + 30 for name in WINDOW}
"""Newest bars that a forecast and its judgement rest on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is forecast: a symbol held long or short, or the book."""

    scope: str
    symbols: tuple[str, ...]
    weights: tuple[float, ...]  # signed: 1 or −1, or USDT
    gross_usdt: float | None = None
    unknown: str = ""  # why the book is not known

    @property
    def is_book(self) -> bool:
        """True for the account."""
        return self.scope == ACCOUNT_SCOPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A bar that was forecast and still waits for its loss."""

    bar_at: datetime
    made_at: datetime
    symbols: tuple[str, ...]
    weights: tuple[float, ...]


def subjects(watched: Sequence[str], notionals: Mapping[str, Sequence[float]]) -> list[Subject]:
    """Every watched symbol held long; what is held beside them long; each that is held short, short.

    Args:
        notionals: USDT per symbol, signed, one per open position.
    """
    others = sorted(set(notionals).difference(watched))
    long = [*watched, *(symbol for symbol in others if max(notionals[symbol], default=0.0) > 0.0)]
    short = sorted(symbol for symbol, held in notionals.items() if min(held, default=0.0) < 0.0)
    longs = [Subject(scope=symbol, symbols=(symbol,), weights=(1.0,)) for symbol in long]
    shorts = [Subject(scope=f"{symbol}/SHORT", symbols=(symbol,), weights=(-1.0,)) for symbol in short]
    return longs + shorts


def book(notionals: Mapping[str, Sequence[float]], unknown: str = "") -> Subject:
    """The account's open positions, long and short of a symbol netted.

    Args:
        unknown: why they are not known; empty where they are.
    """
    if unknown:
        return Subject(scope=ACCOUNT_SCOPE, symbols=(), weights=(), unknown=unknown)
    net = {symbol: sum(held) for symbol, held in sorted(notionals.items()) if sum(held) != 0.0}
    gross = sum(abs(weight) for weight in net.values())
    return Subject(scope=ACCOUNT_SCOPE, symbols=tuple(net), weights=tuple(net.values()), gross_usdt=gross)


def forecast_rows(
    subject: Subject, panel: Panel, known: Iterable[float], made_at: datetime
) -> list[VarForecast]:
    """Forecasts that are still missing: of the bar to come, and for a symbol of the judged bars before it.

    Args:
        panel: of the subject's symbols, in their order.
        known: openings, seconds since 1970, that have forecasts.
    """
    interval = _interval(panel)
    count = 0 if subject.is_book else JUDGED[interval]
    bars = bars_to_forecast(float(panel.open_at[-1]), list(known), count, interval)
    returns = book_returns(subject.weights, panel.returns())
    found = bar_forecasts(panel.open_at, returns, interval, bars, fits_each_bar=subject.is_book)
    return [_row(subject, interval, one, made_at) for one in found]


def outcome_rows(
    scope: str, waiting: Sequence[Open], panels: Mapping[tuple[str, ...], Panel], judged_at: datetime
) -> list[VarOutcome]:
    """Losses of the bars that are in. A forecast of the book that came late is not held against its bar."""
    rows = []
    for (symbols, weights), group in groupby(waiting, lambda one: (one.symbols, one.weights)):
        panel = panels[symbols]
        bar_s = BAR_S[panel.interval]
        returns = book_returns(weights, panel.returns())
        at = {round(t): r for t, r in zip(panel.open_at.tolist(), returns.tolist(), strict=True)}
        for one in group:
            late_s = (one.made_at - one.bar_at).total_seconds()
            loss = -at.get(round(one.bar_at.timestamp()), np.nan)
            if np.isfinite(loss) and (scope != ACCOUNT_SCOPE or late_s <= LATE_SHARE * bar_s):
                rows.append(
                    VarOutcome(
                        scope=scope,
                        interval=panel.interval,
                        bar_at=one.bar_at,
                        loss=loss,
                        judged_at=judged_at,
                    )
                )
    return rows


def bar_to_come(panel: Panel) -> datetime:
    """Opening of the bar after the newest closed one."""
    return _time(float(panel.open_at[-1]) + BAR_S[panel.interval])


def judged_since(newest_at: float, interval: str) -> datetime:
    """Opening of the first bar that is judged.

    Args:
        newest_at: opening of the newest closed bar, seconds since 1970.
    """
    return _time(newest_at - (JUDGED[interval] - 1) * BAR_S[interval])


def book_past(subject: Subject, panel: Panel) -> Judged:
    """What the methods would have said of the book held now, bar by bar, and what it would have lost."""
    interval = _interval(panel)
    returns = book_returns(subject.weights, panel.returns())
    bars = panel.open_at[-JUDGED[interval] :]
    losses = dict(zip(panel.open_at.tolist(), (-returns).tolist(), strict=True))
    found: dict[str, list[tuple[float, ...]]] = {}
    for one in bar_forecasts(panel.open_at, returns, interval, bars.tolist()):
        row = (one.bar_at, one.var[1], losses[one.bar_at], np.nan)
        found.setdefault(one.method, []).append(row)
    return {method: np.array(sorted(rows)).T for method, rows in found.items()}


def judgements(past: Judged, panel: Panel, failed: Iterable[str]) -> dict[Method, Judgement]:
    """Every method over its window that ends with the newest closed bar.

    Args:
        failed: methods that stood refuted before.
    """
    bar_s, count = BAR_S[panel.interval], JUDGED[panel.interval]
    first = float(panel.open_at[-1]) - (count - 1) * bar_s
    stood = set(failed)
    found = {}
    for method in METHODS:
        hits = np.full(count, np.nan)
        at, var, loss, _ = past.get(method, np.zeros((4, 0)))
        place = np.rint((at - first) / bar_s).astype(np.int64)
        kept = np.isfinite(var) & np.isfinite(loss) & (place >= 0) & (place < count)
        hits[place[kept]] = loss[kept] > var[kept]
        found[method] = judge(method, hits, had_failed=method in stood)
    return found


def verdict_rows(
    subject: Subject, past: Judged, panel: Panel, found: Mapping[Method, Judgement], judged_at: datetime
) -> list[LatestVarVerdict]:
    """The judgements as stored."""
    rows = []
    since = judged_since(float(panel.open_at[-1]), panel.interval).timestamp()
    for method, one in found.items():
        at, var, loss, _ = past.get(method, np.zeros((4, 0)))
        bars: Series = at[np.isfinite(var) & np.isfinite(loss) & (at >= since)]
        rows.append(
            LatestVarVerdict(
                scope=subject.scope, interval=panel.interval, method=method, judged_at=judged_at,
                judged_from=_time(float(bars[0])) if len(bars) else None,
                judged_through=_time(float(bars[-1])) if len(bars) else None,
                observations=one.observations, exceptions=one.exceptions, kupiec_p=one.kupiec_p,
                independence_p=one.independence_p, conditional_p=one.conditional_p, zone=one.zone,
                has_failed=one.has_failed, reason=one.reason,
            )
        )  # fmt: skip
    return rows


def in_force(
    subject: Subject,
    panel: Panel,
    made: Iterable[VarForecast],
    found: Mapping[Method, Judgement],
    stored: Judged,
    before: LatestVar | None,
    now: datetime,
) -> LatestVar:
    """The VaR of the bar to come by the first good method of the chain, and how the newest bar went.

    Args:
        made: forecasts of the bar to come.
        stored: forecasts and losses as they were stored.
    """
    ahead_at = bar_to_come(panel)
    ahead = {one.method: one for one in made}
    method, reason = choose(found, {m: m in ahead and ahead[m].var_99 is not None for m in METHODS})
    one = ahead.get(method)
    known = int(np.isfinite(book_returns(subject.weights, panel.returns())).sum())
    row = _latest(subject, panel.interval, ahead_at, method, before, now)
    return LatestVar(
        **row | _closed(stored, method, before) | ({"gross_usdt": one.gross_usdt} if one else {}),
        reason=reason,
        note=one.note if one else f"{known} returns are too few",
        var_95=one.var_95 if one else None,
        es_95=one.es_95 if one else None,
        var_99=one.var_99 if one else None,
        es_99=one.es_99 if one else None,
    )


def without_panel(
    subject: Subject, interval: str, why: str, stored: Judged, before: LatestVar | None, now: datetime
) -> LatestVar:
    """The answer where there are no returns: none, with the reason; 0 for a book that holds nothing."""
    bar = timedelta(seconds=BAR_S[interval])
    bar_at = _time(now.timestamp() // bar.total_seconds() * bar.total_seconds())
    figure = None if why else 0.0
    method = before.method if before else "gjr_garch_t"
    return LatestVar(
        **_latest(subject, interval, bar_at, method, before, now) | _closed(stored, method, before),
        reason=before.reason if before else "",
        note=why or "nothing is held",
        var_95=figure, es_95=figure, var_99=figure, es_99=figure,
    )  # fmt: skip


def switch(before: LatestVar | None, after: LatestVar) -> VarSwitch | None:
    """The change of the method in use; the first choice is one where it is not the chain's first."""
    was = before.method if before else "gjr_garch_t"
    if was == after.method:
        return None
    return VarSwitch(
        scope=after.scope, interval=after.interval, switched_at=after.computed_at, method_before=was,
        method=after.method, reason=after.reason,
    )  # fmt: skip


def share_rows(subject: Subject, panel: Panel, latest: LatestVar) -> list[VarShare]:
    """Marginal, component and incremental VaR of every symbol of the book, by the method in use.

    Raises:
        DataError: too few common bars, or a symbol that does not move.
    """
    interval = _interval(panel)
    table = panel.returns()
    known = np.flatnonzero(np.isfinite(book_returns(subject.weights, table)))[-WINDOW[interval] :]
    method = next(m for m in METHODS if m == latest.method)
    rows = []
    for level in LEVELS:
        split = book_var(subject.weights, table[known], level, method, interval=interval)
        for i, symbol in enumerate(subject.symbols):
            marginal = float(split.marginal[i])
            rows.append(
                VarShare(
                    interval=interval, bar_at=latest.bar_at, level=level, symbol=symbol,
                    made_at=latest.computed_at, method=method, notional_usdt=subject.weights[i],
                    total_usdt=split.total, marginal=marginal if np.isfinite(marginal) else None,
                    component_usdt=float(split.component[i]), incremental_usdt=float(split.incremental[i]),
                )
            )  # fmt: skip
    return rows


CLOSED = ("closed_at", "closed_method", "closed_var_99", "closed_loss", "closed_gross_usdt")


def _closed(stored: Judged, method: str, before: LatestVar | None) -> dict[str, Any]:
    """The newest bar with a loss, by the method that was in use for it; as it stood where there is none."""
    bars = {float(t) for at, _, loss, _ in stored.values() for t in at[np.isfinite(loss)]}
    kept = {name: getattr(before, name, None) for name in CLOSED}
    if not bars:
        return kept
    newest = max(bars)
    used = before.method if before and before.bar_at.timestamp() == newest else method
    at, var, loss, gross = stored.get(used, np.zeros((4, 0)))
    for i in np.flatnonzero((at == newest) & np.isfinite(var)).tolist():
        figures = (_time(newest), used, float(var[i]), float(loss[i]), _number(float(gross[i])))
        return dict(zip(CLOSED, figures, strict=True))
    return kept


def _latest(
    subject: Subject, interval: str, bar_at: datetime, method: str, before: LatestVar | None, now: datetime
) -> dict[str, Any]:
    stays = before is not None and before.method == method
    return {
        "scope": subject.scope, "interval": interval, "computed_at": now, "bar_at": bar_at, "method": method,
        "method_since": before.method_since if before and stays else now, "gross_usdt": subject.gross_usdt,
    }  # fmt: skip


def _row(subject: Subject, interval: str, one: BarForecast, made_at: datetime) -> VarForecast:
    return VarForecast(
        scope=subject.scope, interval=interval, bar_at=_time(one.bar_at), method=one.method, made_at=made_at,
        fitted_from=_time(one.fitted_from), fitted_through=_time(one.fitted_through),
        fitted_returns=one.fitted_returns, note=one.note, symbols=subject.symbols, weights=subject.weights,
        gross_usdt=subject.gross_usdt, var_95=_number(one.var[0]), es_95=_number(one.es[0]),
        var_99=_number(one.var[1]), es_99=_number(one.es[1]),
    )  # fmt: skip


def _interval(panel: Panel) -> Interval:
    return "1d" if panel.interval == "1d" else "1h"


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
