"""Value at risk of every subject in turn: missing forecasts, losses, judgement, what is in force."""

from __future__ import annotations

import logging
from datetime import datetime

from flows import desk, steps
from risk import var_desk
from risk.adapters import closes, settings, store
from risk.errors import DataError
from risk.panel import Panel
from risk.var_desk import Judged, Subject
from risk.var_records import LatestVar, VarShare

log = logging.getLogger(__name__)


def value_at_risk(interval: str) -> list[LatestVar]:
    """The VaR in force of every symbol, long and where held short, and of the book; stored whole."""
    return steps.each(
        [(subject.scope, subject) for subject in _subjects()], lambda found: _renewed(found[1], interval)
    )


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


def _renewed(subject: Subject, interval: str) -> LatestVar:
    moment = desk.now()
    with desk.database() as db:
        before, failed = store.latest_var(db, subject.scope, interval)
    panel, why = _panel(subject, interval)
    if panel is None:
        stored = _settled(subject.scope, interval, var_desk.judged_since(moment.timestamp(), interval))
        latest = var_desk.without_panel(subject, interval, why, stored, before, moment)
    else:
        latest = _forecast(subject, panel, before, failed)
    change = var_desk.switch(before, latest)
    with desk.database() as db:
        store.save_var(db, [latest, *([change] if change else [])])
    return latest


def _panel(subject: Subject, interval: str) -> tuple[Panel | None, str]:
    """The subject's bars, or why there are none; a book that holds nothing needs none."""
    if not subject.symbols:
        return None, subject.unknown
    try:
        with desk.database() as db:
            return closes.of_database(db, subject.symbols, interval, var_desk.BARS_WANTED[interval]), ""
    except DataError as cause:
        return None, str(cause)


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
        store.save_var(db, _shares(subject, panel, latest))
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
