"""The section of a report about the trader's strategies: the heat map, and whose the risk is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from risk.adapters import charts, pages, store
from risk.adapters.pages import Markup
from risk.catalogue import clean, figure, say
from risk.digest import STRATEGY_COLUMNS
from risk.strategy_study import FEW, SILENT

Row = Mapping[str, Any]
MOST_ROWS = 20
REASONS: Mapping[str, str] = {"": "", FEW: "few", SILENT: "silent"}


def section(db: Connection, language: str) -> Markup | None:
    """The newest study of the strategies; None before the first one, when nobody has imported any."""
    shares, pairs = store.newest_study(db)
    if not shares:
        return None
    head = shares[0]
    parts = [
        pages.paragraph(
            say(
                language,
                "digest.strategies",
                period=head["period"],
                last=head["last_at"].timestamp(),
                mean=head["mean_recent"],
                bets=head["effective_bets"],
            )
        )
    ]
    if len(shares) > 1:
        title = say(language, "chart.correlation", period=head["period"])
        png = charts.heat_map(
            [row["strategy"] for row in shares], matrix(shares, pairs), language, title=title
        )
        parts.append(pages.picture(png, title))
    parts.append(_table(shares, language))
    if len(shares) > MOST_ROWS:
        more = say(language, "digest.more", shown=MOST_ROWS, rows=len(shares), name="strategies")
        parts.append(pages.note(more))
    return pages.section(say(language, "digest.section.strategies"), *parts)


def matrix(shares: Sequence[Row], pairs: Sequence[Row]) -> list[list[float | None]]:
    """Correlations of the sample in the order of the strategies; None where they are unknown."""
    known = {(row["first"], row["second"]): row["sample"] for row in pairs}
    names = [row["strategy"] for row in shares]
    return [
        [1.0 if one == other else known.get((min(one, other), max(one, other))) for other in names]
        for one in names
    ]


def _table(shares: Sequence[Row], language: str) -> Markup:
    """The largest share of the risk first; an unknown share is said to be unknown."""
    ranked = sorted(shares, key=lambda row: (row["contribution"] is None, -(row["contribution"] or 0.0)))
    lines = [
        [
            clean(row["strategy"]),
            str(row["cluster"] + 1),
            str(row["periods"]),
            figure(language, row["sigma"], "percent2"),
            figure(language, row["weight"], "percent"),
            figure(language, row["contribution"], "percent"),
            _reason(row["reason"], language),
        ]
        for row in ranked[:MOST_ROWS]
    ]
    return pages.table([say(language, f"digest.column.{name}") for name in STRATEGY_COLUMNS], lines)


def _reason(reason: str, language: str) -> str:
    code = REASONS.get(reason, "few")
    return say(language, f"digest.reason.{code}") if code else ""
