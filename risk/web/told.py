"""Alerts in words, with the way of their messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from risk import wording
from risk.catalogue import clean, has

Row = Mapping[str, Any]


def alert(row: Row, language: str, now: datetime) -> dict[str, Any]:
    """An alert's row with its headline and, for what we have words, what it says and what to do."""
    return {
        "alert_id": row["alert_id"],
        "name": row["name"],
        "scope": row["scope"],
        "severity": row["severity"],
        "phase": row["phase"],
        "since": row["since"],
        "fired_at": row["fired_at"],
        "updated_at": row["updated_at"],
        "resolved_at": row["resolved_at"],
        "told_count": row["told_count"],
        **_words(row, language, now),
    }


def _words(row: Row, language: str, now: datetime) -> dict[str, Any]:
    if not has(f"alert.{row['name']}.topic"):
        return {"headline": f"{clean(row['scope'])} {clean(row['name'])}", "lines": []}
    item = {
        "alert_id": str(row["alert_id"]),
        "name": row["name"],
        "scope": row["scope"],
        "severity": row["severity"],
        "kind": "fired",
        "value": row["value"],
        "threshold": row["threshold"],
        "details": row["details"],
        "since": row["since"].isoformat(),
        "at": (row["resolved_at"] or now).isoformat(),
    }
    headline, *lines = wording.item_lines(item, language)
    return {"headline": headline, "lines": lines[:-1]}  # the last one says since when, which the page shows
