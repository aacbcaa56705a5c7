"""What the page asks for, each answered in one read-only transaction as a plain mapping."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from risk.adapters import store, store_pulse
from risk.adapters.settings import Settings
from risk.adapters.store_engine import rows
from risk.pulse import Seen
from risk.state import State
from risk.web import holdings, told
from risk.web.plan import trailing
from risk.web.reading import reading
from risk.web.scopes import scope

STEPS = 240  # points of a chart
SPANS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
}
BAR_OF_SPAN: Mapping[str, str] = {"6h": "15m", "24h": "15m", "3d": "1h", "7d": "1h"}
BAR_S: Mapping[str, float] = {"15m": 900.0, "1h": 3600.0}
DAY = timedelta(days=1)
OLDEST_STOP = timedelta(minutes=10)  # a trailing stop moves with the bars of an hour

Row = Mapping[str, Any]
MOST_ALERTS = 100
MOST_ISSUES = 30

FEEDS: Mapping[str, tuple[str, str]] = {
    "depth": ("depth_at", "depth"), "mark": ("mark_at", "mark"), "ticker": ("ticker_at", "ticker"),
    "open_interest": ("open_interest_at", "open_interest"), "klines_15m": ("bar_15m_at", "kline_15m"),
    "klines_1h": ("bar_1h_at", "kline_1h"), "klines_1d": ("bar_1d_at", "kline_1d"),
    "sigma": ("sigma_at", "sigma"), "terms": ("terms_at", "terms"), "venue": ("venue_at", "venue"),
    "insurance": ("insurance_at", "insurance"), "adl": ("adl_at", "adl"),
    "brackets": ("brackets_at", "brackets"), "instrument": ("instrument_at", "instrument"),
}  # fmt: skip
"""Column of the time of each feed, and the age in the limits that it is held against."""


def desk(config: Settings, now: datetime) -> dict[str, Any]:
    """Everything of the first view that changes with a score.

    Raises:
        StoreError: the database does not answer.
    """
    with reading(str(config.database_url)) as db:
        state = _state(db, config, now)
        scopes = [scope(db, row) for row in rows(db, "web_scores")]
        funding = rows(db, "web_funding_paid", account=config.account, since=now - DAY)
        firing = _alerts(db, now, since=now)
        waiting = sum(each.deliveries for each in store.waiting_deliveries(db))
        stops = trailing(db, config.account, now - OLDEST_STOP)
    paid = {row["symbol"]: row["amount"] for row in funding if row["asset"] == "USDT"}
    slippages = {
        each["scope"]: next(p["value"] for p in each["parts"] if p["component"] == "slippage")
        for each in scopes
    }
    return {
        "at": now,
        "symbols": config.symbols,
        "watches_account": config.watches_account,
        "scopes": scopes,
        "account": holdings.account(state, paid, now),
        "positions": holdings.held(state, config.limits, slippages, paid, stops, now),
        "alerts": firing,
        "waiting": waiting,
        "feeds": _late(state, config, now),
    }


def series(config: Settings, symbol: str, span: str, now: datetime) -> dict[str, Any]:
    """The charts of one symbol over one of SPANS.

    Raises:
        KeyError: no such span.
        StoreError: the database does not answer.
    """
    since = now - SPANS[span]
    asked: dict[str, Any] = {"symbol": symbol, "since": since, "until": now, "most": STEPS}
    with reading(str(config.database_url)) as db:
        marks = rows(db, "web_marks", **asked)
        bars = (
            rows(db, "web_bars", symbol=symbol, interval=BAR_OF_SPAN[span], since=since, until=now)
            if span in BAR_OF_SPAN
            else []
        )
        return {
            "symbol": symbol,
            "span": span,
            "since": since.timestamp(),
            "until": now.timestamp(),
            **_bars(bars, marks, span),
            "running_rate": [[row["at"], row["funding_rate"]] for row in marks],
            "scores": rows(db, "web_score_history", scope=symbol, since=since, until=now, most=STEPS),
            "depth": rows(db, "web_depth", **asked),
            "open_interest": rows(db, "web_open_interest", **asked),
            "liquidations": rows(db, "web_liquidations", **asked | {"most": STEPS // 4}),
            "settled": rows(db, "web_settlements", symbol=symbol, since=now - 7 * DAY),
            "venues": rows(db, "web_venues", symbol=symbol),
        }


def moment(config: Settings, name: str, at: datetime) -> dict[str, Any] | None:
    """The score of a scope at a time with the rows it was made from; None where there is none.

    Raises:
        StoreError: the database does not answer.
    """
    with reading(str(config.database_url)) as db:
        found = rows(db, "web_score_at", scope=name, at=at)
        if not found:
            return None
        inputs = rows(db, "web_inputs", symbol=name, account=config.account, at=found[0]["scored_at"])
        return scope(db, found[0]) | {"inputs": inputs}


def alerts(config: Settings, language: str, hours: int, now: datetime) -> dict[str, Any]:
    """Alerts of the last hours in one language, open ones first, each with its deliveries.

    Raises:
        StoreError: the database does not answer.
    """
    with reading(str(config.database_url)) as db:
        found = rows(db, "web_alerts", since=now - timedelta(hours=hours), most=MOST_ALERTS)
        waiting = store.waiting_deliveries(db)
    return {
        "at": now,
        "alerts": [told.alert(row, language, now) | {"deliveries": row["deliveries"]} for row in found],
        "waiting": [
            {
                "channel": each.channel,
                "severity": each.severity,
                "deliveries": each.deliveries,
                "oldest_at": each.oldest_at,
                "reason": each.reason,
            }
            for each in waiting
        ],
    }


def health(config: Settings, now: datetime) -> dict[str, Any]:
    """Age of every feed against its limit, signs of life, backfills, bans and the ledger of data quality.

    Raises:
        StoreError: the database does not answer.
    """
    with reading(str(config.database_url)) as db:
        state = _state(db, config, now)
        return {
            "at": now,
            "feeds": _feeds(state, config, now),
            "account_at": None if state.account is None else state.account.event_at,
            "account_max_age_s": config.limits.ages_s["account"],
            "watches_account": config.watches_account,
            "parts": [
                {"part": name, "beat_at": beat.beat_at, "details": beat.details}
                for name, beat in store.beats(db).items()
            ],
            "progress": rows(db, "web_progress"),
            "bans": rows(db, "web_bans", now=now),
            "issues": rows(db, "web_issues", since=now - DAY, most=MOST_ISSUES),
        }


def seen(config: Settings, now: datetime) -> Seen:
    """The desk's pulse for a watchdog that looks from another machine.

    Raises:
        StoreError: the database does not answer.
    """
    with reading(str(config.database_url)) as db:
        found = store_pulse.pulse(db, now)
    try:
        disk = shutil.disk_usage(config.data_dir)[::2]
    except OSError:
        disk = None  # the data is on another machine than the page
    return Seen(at=now, pulse=found, watches_account=config.watches_account, disk=disk)


def pulse(config: Settings) -> tuple[Any, ...]:
    """Changes whenever there is something new to show.

    Raises:
        StoreError: the database does not answer.
    """
    with reading(str(config.database_url)) as db:
        return tuple(rows(db, "web_pulse")[0].values())


def _state(db: Connection, config: Settings, now: datetime) -> State:
    return store.latest_state(
        db, config.symbols, account=config.account, watches_account=config.watches_account, now=now
    )


def _alerts(db: Connection, now: datetime, *, since: datetime) -> dict[str, list[dict[str, Any]]]:
    """Standing alerts by language."""
    found = rows(db, "web_alerts", since=since, most=MOST_ALERTS)
    standing = [row for row in found if row["phase"] != "resolved"]
    return {language: [told.alert(row, language, now) for row in standing] for language in ("en", "zh")}


def _feeds(state: State, config: Settings, now: datetime) -> list[dict[str, Any]]:
    """One row per feed: its ages by symbol in seconds, None where nothing ever came."""
    return [
        {
            "feed": feed,
            "max_age_s": config.limits.ages_s[age],
            "ages_s": {
                symbol: None if math.isnan(at) else now.timestamp() - at
                for symbol, at in zip(state.symbols, state.columns[column].tolist(), strict=True)
            },
        }
        for feed, (column, age) in FEEDS.items()
        if feed != "venue" or config.venues.enabled
    ]


def _late(state: State, config: Settings, now: datetime) -> dict[str, int]:
    """How many feeds there are, and how many of them are older than they may be."""
    ages = [(age, row["max_age_s"]) for row in _feeds(state, config, now) for age in row["ages_s"].values()]
    return {"all": len(ages), "late": sum(age is None or age > most for age, most in ages)}


def _bars(closed: Sequence[Row], marks: Sequence[Row], span: str) -> dict[str, Any]:
    """Closed bars and, of the marks since, the one that is not closed yet; without bars the marks alone."""
    names = ("at", "open", "high", "low", "close")
    if not closed:
        step_s = SPANS[span].total_seconds() / STEPS
        return {"bars": [{name: row[name] for name in names} for row in marks], "bar_s": step_s}
    bar_s = BAR_S[BAR_OF_SPAN[span]]
    begin = closed[-1]["at"] + bar_s
    since = [row for row in marks if row["at"] >= begin]
    if not since:
        return {"bars": closed, "bar_s": bar_s}
    unfinished = {
        "at": begin,
        "open": since[0]["open"],
        "high": max(row["high"] for row in since),
        "low": min(row["low"] for row in since),
        "close": since[-1]["close"],
    }
    return {"bars": [*closed, unfinished], "bar_s": bar_s}
