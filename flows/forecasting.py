"""Value at risk of every subject in turn: missing forecasts, losses, judgement, what is in force."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from flows import backfill, desk, steps
from risk import var_desk, var_stand_in
from risk.adapters import closes, settings, store
from risk.errors import DataError, ExchangeError
from risk.panel import Panel
from risk.records import DataIssue
from risk.var_desk import Judged, Subject
from risk.var_records import LatestVar, VarForecast, VarShare

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 60.0
"""For request weight; the hour to come does not wait longer."""


def value_at_risk(interval: str) -> list[LatestVar]:
    """The VaR in force of every symbol, long and where held short, and of the book; stored whole."""
    subjects = _subjects()
    stand_in = {var_stand_in.MARKET for one in subjects if one.is_book}
    wanted = stand_in.union(*(one.symbols for one in subjects))
    _fetch_bars(wanted.difference(desk.symbols()), interval)
    found = steps.each(
        [(subject.scope, subject) for subject in subjects], lambda found: _renewed(found[1], interval)
    )
    with desk.database() as db:
        store.forget_latest_var(db, interval, [subject.scope for subject in subjects])
    return found


def _subjects() -> list[Subject]:
    """The watched symbols; with an API key the open positions too."""
    config, moment = settings.load(), desk.now()
    if not config.watches_account:
        return var_desk.subjects(config.symbols, {})
    with desk.database() as db:
        state = store.latest_state(
            db, config.symbols, account=config.account, watches_account=True, now=moment
        )
    notionals: dict[str, list[float]] = {}
    for position in state.positions:
        notionals.setdefault(position.symbol, []).append(float(position.notional_usdt))
    age_s = (moment - state.account.received_at).total_seconds() if state.account else float("inf")
    unknown = "" if age_s <= config.limits.ages_s["account"] else "the account is not known"
    return [*var_desk.subjects(config.symbols, notionals), var_desk.book(notionals, unknown)]


def _fetch_bars(symbols: Iterable[str], interval: str) -> None:
    """Bars of what is held or stands in and is not watched; without them the forecast says so."""
    stretches = backfill.plan(sorted(symbols), desk.now(), [interval])
    try:
        steps.each(stretches, partial(backfill.fetch, longest_wait_s=LONGEST_WAIT_S))
    except (ExchangeError, DataError) as error:
        log.warning("bars of held symbols that are not watched: %s", error)


def _renewed(subject: Subject, interval: str) -> LatestVar:
    with desk.database() as db:
        before, failed = store.latest_var(db, subject.scope, interval)
    panel, missing = _panel(subject, interval)
    part = var_stand_in.known_part(subject, missing)
    if panel is None:
        latest = _without_panel(part, interval, missing, before)
    else:
        latest = _forecast(part, panel, before, failed)
    shares = _shares(part, panel, latest) if panel is not None else []
    if missing and subject.is_book:
        latest, shares = _completed(subject, missing, latest, shares)
    change = var_desk.switch(before, latest)
    with desk.database() as db:
        store.save_var(db, [latest, *shares, *([change] if change else [])])
    return latest


def _panel(subject: Subject, interval: str) -> tuple[Panel | None, dict[str, str]]:
    """Bars of the symbols, and why some are left out: in a book also those that say too little."""
    wanted = var_desk.BARS_WANTED[interval]
    with desk.database() as db:
        panel, missing = closes.stored(db, subject.symbols, interval, wanted)
        if panel is None or not subject.is_book:
            return panel, missing
        missing |= var_stand_in.lacking(panel)
        kept = [symbol for symbol in subject.symbols if symbol not in missing]
        return closes.stored(db, kept, interval, wanted)[0], missing


def _without_panel(
    part: Subject, interval: str, missing: Mapping[str, str], before: LatestVar | None
) -> LatestVar:
    moment = desk.now()
    why = part.unknown
    if not part.is_book:
        why = "; ".join(f"{symbol}: {reason}" for symbol, reason in missing.items())
    stored = _settled(part.scope, interval, var_desk.judged_since(moment.timestamp(), interval))
    return var_desk.without_panel(part, interval, why, stored, before, moment)


def _completed(
    subject: Subject, missing: Mapping[str, str], latest: LatestVar, shares: Sequence[VarShare]
) -> tuple[LatestVar, list[VarShare]]:
    """The book with what has no returns counted by its stand-in; the ledger names what is missing."""
    stand_ins = var_stand_in.stand_ins(subject, missing)
    ahead = {one.scope: _ahead(one, latest.interval) for one in stand_ins}
    whole = var_stand_in.completed(subject, missing, latest, ahead)
    problems = [
        DataIssue(
            at=desk.now(), source="flow", symbol=symbol, field=f"returns {latest.interval}", value="",
            problem=why,
        )
        for symbol, why in missing.items()
    ]  # fmt: skip
    with desk.database() as db:
        store.save_issues(db, problems)
    return whole, var_stand_in.shares(subject, missing, whole, ahead, shares)


def _ahead(subject: Subject, interval: str) -> tuple[VarForecast, ...]:
    """Forecasts of the bar to come, stored as a symbol's always are; none without bars."""
    with desk.database() as db:
        panel, _ = closes.stored(db, subject.symbols, interval, var_desk.BARS_WANTED[interval])
        if panel is None:
            return ()
        bar_at = var_desk.bar_to_come(panel)
        if not store.var_forecasts(db, subject.scope, interval, bar_at):
            past = panel.open_at.tolist()
            store.save_var(db, var_desk.forecast_rows(subject, panel, past, desk.now()))
        return store.var_forecasts(db, subject.scope, interval, bar_at)


def _forecast(subject: Subject, panel: Panel, before: LatestVar | None, failed: frozenset[str]) -> LatestVar:
    """Forecasts and losses first, so that the judgement reads what is stored."""
    moment = desk.now()
    since = var_desk.judged_since(float(panel.open_at[-1]), panel.interval)
    with desk.database() as db:
        stored = store.var_judged(db, subject.scope, panel.interval, since)
    known = {float(at) for table in stored.values() for at in table[0]}
    made = var_desk.forecast_rows(subject, panel, known, moment)
    with desk.database() as db:
        store.save_var(db, made)
        ahead = store.var_forecasts(db, subject.scope, panel.interval, var_desk.bar_to_come(panel))
    stored = _settled(subject.scope, panel.interval, since)
    past = var_desk.book_past(subject, panel) if subject.is_book else stored
    found = var_desk.judgements(past, panel, failed)
    latest = var_desk.in_force(subject, panel, ahead, found, stored, before, moment)
    with desk.database() as db:
        store.save_var(db, var_desk.verdict_rows(subject, past, panel, found, moment))
    return latest


def _settled(scope: str, interval: str, since: datetime) -> Judged:
    """All forecasts and losses since a time, once the losses of bars that have come in are stored."""
    with desk.database() as db:
        waiting = store.var_open(db, scope, interval, since)
        panels = {
            symbols: closes.of_database(db, symbols, interval, var_desk.BARS_WANTED[interval])
            for symbols in {one.symbols for one in waiting}
        }
        store.save_var(db, var_desk.outcome_rows(scope, waiting, panels, desk.now()))
        return store.var_judged(db, scope, interval, since)


def _shares(subject: Subject, panel: Panel, latest: LatestVar) -> list[VarShare]:
    """Whose the book's VaR is; none for a symbol, or where it cannot be split, which the log tells."""
    if not subject.is_book or latest.var_99 is None:
        return []
    try:
        return var_desk.share_rows(subject, panel, latest)
    except DataError as cause:
        log.warning("account %s: %s", latest.interval, cause)
        return []
