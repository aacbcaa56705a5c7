"""The day's or the week's report: one HTML page with pictures, and the figures of its short text.

It reads what the reports of sql/reports answer, so that whoever doubts a line can ask for it by
`risk report NAME`. What is not known is said to be unknown; a scope without a score is no calm scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from risk.adapters import charts, digest_strategies, pages, store
from risk.adapters.pages import Markup
from risk.adapters.report_files import answer, report
from risk.catalogue import clean, figure, say
from risk.digest import BARS, LEVELS, SHOWN, SPANS, STEP_MINUTES, Period
from risk.wording import scope_name

Row = Mapping[str, Any]
PICTURED = 3
"""Contracts whose price is drawn: positions nearest to liquidation first, then the most dangerous."""
MOST_ROWS, MOST_CRASHES = 20, 8
VITAL = ("positions", "stress")
"""Tables in which a missing figure is no small thing."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A report that is made: the page, and the figures of the message that brings it."""

    name: str  # daily-2026-03-10
    title: str
    document: str
    details: Mapping[str, Any]


def digest(
    db: Connection, period: Period, *, account: str, symbols: Sequence[str], language: str, until: datetime
) -> Digest:
    """The report of the day or the seven days that end at `until` (UTC).

    Raises:
        KeyError: no such period or language.
        StoreError: the database does not answer.
    """
    since = until - SPANS[period]
    values = {
        "account": account, "language": language, "since": since, "until": until, "now": until,
        "minutes": STEP_MINUTES[period],
    }  # fmt: skip
    found = {name: _rows(db, name, values) for name in ("latest_risk", "time_in_level", "drawdown", *SHOWN)}
    histories = {scope: _rows(db, "score_history", {**values, "scope": scope}) for scope in _scopes(found)}
    span = f"{since:%Y-%m-%d %H:%M} – {until:%Y-%m-%d %H:%M} UTC"
    details = _details(found, histories, period, span)
    title = say(language, f"digest.{period}")
    sections = [
        _levels(found, histories, language),
        _pictures(db, found, histories, period, until, symbols, language),
        *(_table(name, found[name], language) for name in SHOWN),
        digest_strategies.section(db, language),
    ]
    document = pages.page(
        title,
        [section for section in sections if section],
        language=language,
        lead=f"{span}. {say(language, 'alert.digest.what', **details)}",
        footer=say(language, "digest.footer"),
    )
    return Digest(f"{period}-{until:%Y-%m-%d}", title, document, details)


def _rows(db: Connection, name: str, values: Mapping[str, object]) -> list[Row]:
    columns, rows = answer(db, report(name), values)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _scopes(found: Mapping[str, Sequence[Row]]) -> list[str]:
    """Account first, then the others as latest_risk has them: the most dangerous first."""
    scopes = [row["scope"] for row in found["latest_risk"]]
    return sorted(scopes, key=lambda scope: scope != "account")


def _details(
    found: Mapping[str, Sequence[Row]], histories: Mapping[str, Sequence[Row]], period: Period, span: str
) -> dict[str, Any]:
    """What the short text says; None where it is not known."""
    highest = [
        (float(step["composite_max"]), scope)
        for scope, steps in histories.items()
        for step in steps
        if step["composite_max"] is not None
    ]
    worst, where = max(highest, default=(None, None))
    now = next((row for row in found["latest_risk"] if row["scope"] == "account"), None)
    alerts = {(row["name"], row["scope"], row["fired_at"]) for row in found["alerts_and_delivery"]}
    fallen = found["drawdown"][0] if found["drawdown"] else {}
    return {
        "period": period,
        "span": span,
        "level": now["level"] if now else "none",
        "worst": worst,
        "where": where,
        "alerts": len({alert for alert in alerts if alert[2] is not None}),
        "lost": int(sum(row["lost"] or 0 for row in found["alerts_and_delivery"])),
        "equity": _number(fallen.get("equity_usdt")),
        "drawdown": _number(fallen.get("drawdown")),
    }


def _levels(
    found: Mapping[str, Sequence[Row]], histories: Mapping[str, Sequence[Row]], language: str
) -> Markup:
    """Where each scope stands, the highest that it stood, and its hours in each level."""
    hours = {(row["scope"], row["level"]): float(row["hours"]) for row in found["time_in_level"]}
    lines: list[list[pages.Piece]] = []
    for row in found["latest_risk"][:MOST_ROWS]:
        scope = row["scope"]
        highest = [float(s["composite_max"]) for s in histories[scope] if s["composite_max"] is not None]
        lines.append([
            scope_name("", scope, language),
            pages.badge(row["level"], say(language, f"level.{row['level']}")),
            figure(language, _number(row["composite"]), "number"),
            figure(language, max(highest, default=None), "number"),
            *(f"{hours.get((scope, level), 0.0):.1f}" for level in LEVELS),
        ])  # fmt: skip
    heads = ["scope", "level", "score", "highest"]
    columns = [
        *(say(language, f"digest.column.{head}") for head in heads),
        *(f"{say(language, f'level.{level}')} (h)" for level in LEVELS),
    ]
    if not lines:
        return pages.section(say(language, "digest.section.levels"), say(language, "digest.no_score"))
    why = [
        f"{scope_name('', row['scope'], language)}: {' '.join(row['worst'].split())}"
        for row in found["latest_risk"][:MOST_ROWS]
        if row["worst"]
    ]
    return pages.section(
        say(language, "digest.section.levels"),
        pages.table(columns, lines),
        *(pages.note(line) for line in why),
    )


def _pictures(
    db: Connection,
    found: Mapping[str, Sequence[Row]],
    histories: Mapping[str, Sequence[Row]],
    period: Period,
    until: datetime,
    symbols: Sequence[str],
    language: str,
) -> Markup:
    parts = []
    for scope in ("account", *_pictured(found, symbols)[:1]):
        steps = histories.get(scope, ())
        if len(steps) > 1:
            at = [step["step_at"] for step in steps]
            values = [_number(step["composite_max"]) for step in steps]
            named = scope_name("", scope, language)
            png = charts.score(scope, at, values, language)
            parts.append(pages.picture(png, say(language, "chart.score", scope=named)))
    for symbol in _pictured(found, symbols):
        if drawn := _price(db, found, symbol, period, until, language):
            parts.append(drawn)
    if not parts:
        parts.append(pages.paragraph(say(language, "digest.no_picture")))
    return pages.section(say(language, "digest.section.pictures"), *parts)


def _pictured(found: Mapping[str, Sequence[Row]], symbols: Sequence[str]) -> list[str]:
    held = [row["symbol"] for row in found["positions"]]
    scored = [row["scope"] for row in found["latest_risk"] if row["scope"] != "account"]
    return list(dict.fromkeys((*held, *scored, *symbols)))[:PICTURED]


def _price(
    db: Connection,
    found: Mapping[str, Sequence[Row]],
    symbol: str,
    period: Period,
    until: datetime,
    language: str,
) -> Markup | None:
    interval, most = BARS[period]
    bars = store.klines(db, symbol, interval, most, before=until)
    begin = (until - SPANS[period]).timestamp()
    points = [(t, c) for t, c in zip(bars.open_at, bars.close, strict=True) if t >= begin]
    if len(points) < 2:
        return None
    position = next((row for row in found["positions"] if row["symbol"] == symbol), {})
    marks = {
        "liquidation": _number(position.get("liquidation_price")),
        "entry": _number(position.get("entry_price")),
    }
    at = [datetime.fromtimestamp(float(t), UTC) for t, _ in points]
    named = clean(symbol)
    title = say(language, "digest.price", symbol=named, interval=interval)
    png = charts.price(named, at, [float(c) for _, c in points], marks, language, title=title)
    return pages.picture(png, title)


def _table(name: str, rows: Sequence[Row], language: str) -> Markup:
    heading = say(language, f"digest.section.{name}")
    if not rows:
        return pages.section(heading, pages.paragraph(say(language, f"digest.none.{name}")))
    columns = [say(language, f"digest.column.{column}") for column, _ in SHOWN[name]]
    is_vital, most = name in VITAL, MOST_CRASHES if name == "stress" else MOST_ROWS
    lines = [
        [_cell(row[column], unit, language, is_vital=is_vital) for column, unit in SHOWN[name]]
        for row in rows[:most]
    ]
    parts = [pages.table(columns, lines)]
    if len(rows) > most:
        parts.append(pages.note(say(language, "digest.more", shown=most, rows=len(rows), name=name)))
    return pages.section(heading, *parts)


def _cell(value: Any, unit: str, language: str, *, is_vital: bool) -> str:
    """One figure; where it is `is_vital` that it is missing, it says so in words."""
    if unit == "severity":
        return say(language, f"severity.{value}")
    if unit == "scope":
        return scope_name("", value, language)
    if unit == "topic":
        return say(language, f"alert.{value}.topic")
    if value is None:
        return figure(language, None) if is_vital and unit else "–"
    if unit == "side":
        return say(language, f"side.{str(value).upper()}")
    if unit == "minute":
        return f"{value.astimezone(UTC):%m-%d %H:%M}"
    if unit == "seconds":
        return f"{value.total_seconds():.1f} s"
    if unit:
        return figure(language, _number(value), unit)
    return clean(", ".join(value) if isinstance(value, (list, tuple)) else value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
