"""Alerts about our own sight: inputs that grow old, symbols without a score, an exchange that is silent."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from risk.state import ACCOUNT_SCOPE, Column
from risk.view import CRITICAL, Reading, View, plain, reading

FEEDS: tuple[tuple[str, str, str, bool], ...] = (
    ("klines_15m", "bar_15m_at", "kline_15m", True),
    ("klines_1h", "bar_1h_at", "kline_1h", True),
    ("klines_1d", "bar_1d_at", "kline_1d", True),
    ("sigma", "sigma_at", "sigma", True),
    ("depth", "depth_at", "depth", True),
    ("book_frozen", "book_changed_at", "book_unchanged", False),
    ("ticker", "ticker_at", "ticker", True),
    ("mark", "mark_at", "mark", True),
    ("open_interest", "open_interest_at", "open_interest", True),
    ("terms", "terms_at", "terms", False),
    ("settled", "settled_at", "", False),
    ("venue", "venue_at", "venue", False),
    ("insurance", "insurance_at", "insurance", False),
    ("adl", "adl_at", "adl", False),
    ("brackets", "brackets_at", "brackets", False),
    ("instrument", "instrument_at", "instrument", False),
)
"""Feed, its time column, its age in the limits, and whether never having seen it is a fault too."""

FIT_FACT = "fit_failed/"
AWAY_FACT = "prefect_away_s/"
AWAY_FACT_AGE_S = 60.0  # a worker tells its fact every ten seconds


def readings(view: View) -> list[Reading]:
    """All rules over what we see of the exchange."""
    return [
        _stale(view),
        _blind(view),
        _unreachable(view),
        _orchestrator_away(view),
        _flow_trouble(view, "flow_failing", {"failed"}),
        _flow_trouble(view, "flow_late", {"late", "hung"}),
        _fit_failed(view),
        _flag(view, "key_rejected"),
        _flag(view, "account_unsupported"),
        _clock_offset(view),
        _missing_partitions(view),
    ]


def _stale(view: View) -> Reading:
    """One alert per feed: any symbol's input older than twice its age; cleared when all are fresh.

    A stamp from beyond the near future tells no age: such an input is old, however young it claims to be.
    """
    rule = view.rule("stale_data")
    names, worst, fires, clears, hold, symbols = [], [], [], [], [], []
    for name, age, most, is_required in _ages(view):
        ahead = age < -view.limits.ages_s["ahead"]
        never = np.isnan(age) & ~ahead
        old = ahead | (age > rule["times_age"] * most)
        bad = old | never if is_required else old
        rows = np.flatnonzero(bad)
        names.append(name)
        told = age[np.isfinite(age) & ~ahead]
        worst.append(plain(told.max()) if told.size else None)
        fires.append(rows.size > 0)
        clears.append(not (ahead | (age > most)).any() and not (is_required and never.any()))
        hold.append(rule["fire_hold_s"] if old.any() else rule["never_seen_hold_s"])
        symbols.append([view.symbols[i] for i in rows.tolist()] if age.size == len(view.symbols) else [])
    return reading(
        "stale_data",
        names,
        np.array([np.nan if w is None else w for w in worst]),
        np.array(fires, dtype=bool),
        np.array(clears, dtype=bool),
        threshold=np.nan,
        hold_s=np.array(hold),
        details=lambda i: {"age_s": worst[i], "symbols": symbols[i][:10], "count": len(symbols[i])},
    )


def _ages(view: View) -> list[tuple[str, Column, Column | float, bool]]:
    """Feed name, age of each input in seconds, most that it may be, and whether it is required."""
    limits, columns, now = view.limits, view.columns, view.now_s
    found: list[tuple[str, Column, Column | float, bool]] = []
    for name, at, age, is_required in FEEDS:
        most: Column | float = limits.ages_s[age] if age else (
            limits.settled_age_intervals * 3600.0 * columns["interval_hours"]
        )  # fmt: skip
        found.append((name, now - columns[at], most, is_required))
    if view.state.watches_account:
        account = view.state.account
        seen = account.received_at.timestamp() if account else np.nan
        found.append(("account", np.array([now - seen]), limits.ages_s["account"], True))
        income = view.state.facts.get("income_at", np.nan)
        found.append(("income", np.array([now - income]), limits.ages_s["income"], False))
    returned = view.state.facts.get("strategy_returns_at", np.nan)
    found.append(("strategies", np.array([now - returned]), limits.ages_s["strategy"], False))
    return found


def _blind(view: View) -> Reading:
    """Scopes without any score."""
    level = view.scores.level
    return reading(
        "blind", view.scores.scopes, np.full(level.size, np.nan), level < 0, level >= 0, severity=CRITICAL
    )


def _unreachable(view: View) -> Reading:
    rule = view.rule("exchange_unreachable")
    silent = np.array([view.now_s - view.state.facts.get("exchange_answered_at", np.nan)])
    return reading(
        "exchange_unreachable",
        ["exchange"],
        silent,
        silent > rule["fires"],
        silent < rule["resolves"],
        severity=CRITICAL,
        threshold=rule["fires"],
        details=lambda _: {"silent_s": plain(silent[0]), "positions": len(view.state.positions)},
    )


def _orchestrator_away(view: View) -> Reading:
    """The longest that a worker has heard nothing of Prefect: the fact `prefect_away_s/POOL` of each."""
    rule, facts = view.rule("orchestrator_away"), view.state.facts
    told = {name: value for name, value in facts.items() if name.startswith(AWAY_FACT) and name[-3:] != "_at"}
    fresh = [value for name, value in told.items() if view.now_s - facts[f"{name}_at"] <= AWAY_FACT_AGE_S]
    away = np.array([max(fresh, default=np.nan)])
    return reading(
        "orchestrator_away",
        ["prefect"],
        away,
        away > rule["fires"],
        away <= rule["resolves"],
        threshold=rule["fires"],
        details=lambda _: {"away_s": plain(away[0])},
    )


def _flow_trouble(view: View, name: str, kinds: Collection[str]) -> Reading:
    """Flows whose runs fail, or do not begin or end; over when the worker names the flow no more."""
    rule = view.rule(name)
    found = sorted((one for one in view.state.troubles if one.kind in kinds), key=lambda one: one.flow)
    lasted = np.array([view.now_s - one.since.timestamp() for one in found])
    return reading(
        name,
        [one.flow for one in found],
        lasted,
        lasted >= rule["fires"],
        np.zeros(len(found), dtype=bool),
        threshold=rule["fires"],
        details=lambda i: {"since": found[i].since.isoformat(), "problem": found[i].problem},
    )


def _flag(view: View, name: str) -> Reading:
    """What the last poll of the account found, as a fact of 1 or 0: key refused, mode not computed here."""
    found = np.array([view.state.facts.get(name, np.nan)])
    return reading(name, [ACCOUNT_SCOPE], found, found > 0, found == 0, severity=CRITICAL)


def _clock_offset(view: View) -> Reading:
    """Seconds between our clock and the exchange's, as last compared: calls are stamped by it."""
    rule = view.rule("clock_offset")
    offset = np.array([view.state.facts.get("clock_offset_s", np.nan)])
    return reading(
        "clock_offset",
        ["exchange"],
        offset,
        abs(offset) >= rule["fires"],
        abs(offset) < rule["resolves"],
        threshold=rule["fires"],
        details=lambda _: {"offset_s": plain(offset[0])},
    )


def _missing_partitions(view: View) -> Reading:
    """Tables without a partition for tomorrow; the fact is there only where there are some."""
    tables = np.array([view.state.facts.get("missing_partitions", 0.0)])
    return reading("missing_partitions", ["desk"], tables, tables > 0, tables == 0, threshold=0.0)


def _fit_failed(view: View) -> Reading:
    """Volatility fits that fell back; the store names each as a fact `fit_failed/SYMBOL/interval`."""
    names = sorted(name for name in view.state.facts if name.startswith(FIT_FACT))
    n = len(names)
    values = np.array([view.state.facts[name] for name in names])
    details: list[dict[str, Any]] = [{"fitted_at": plain(value)} for value in values]
    return reading(
        "fit_failed",
        [name.removeprefix(FIT_FACT) for name in names],
        values,
        np.ones(n, dtype=bool),
        np.zeros(n, dtype=bool),
        details=lambda i: details[i],
    )
