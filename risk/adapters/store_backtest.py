"""Runs of the score over archives: written once, under a name made of what they were given and found."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from risk.adapters.store_engine import run
from risk.score_findings import AlarmRow, Findings, YearRow
from risk.score_report import verdict

TIMES = (
    "first_at",
    "last_at",
    "fall_at",
    "first_high",
    "first_extreme",
    "liquidated_at",
    "warned_at",
    "critical_at",
    "level_at",
)
COLUMNS = {"first": "first_at", "last": "last_at", "false": "false_rises"}


def run_id(found: Findings) -> UUID:
    """The same for the same findings."""
    body = json.dumps(asdict(found), sort_keys=True, default=str).encode()
    return UUID(bytes=hashlib.sha256(body).digest()[:16])


def save_score_backtest(db: Connection, found: Findings, now: datetime, language: str = "en") -> UUID:
    """Store a run and its rows, its verdict in a language; a run that is stored already stays as it is."""
    name = run_id(found)
    head = {"run_id": str(name), "made_at": now.isoformat(), "verdict": list(verdict(found, language))}
    plain = ("profile", "limits_version", "side", "notional_usdt", "sources")
    _save(db, "save_backtest_score", [head | {field: getattr(found, field) for field in plain}])
    own = {"run_id": str(name)}
    levels = [own | {"bars": b} | asdict(row) for b, rows in found.levels.items() for row in rows]
    _save(db, "save_backtest_score_level", levels)
    _save(db, "save_backtest_score_area", [own | row for row in _areas(found)])
    _save(db, "save_backtest_score_bin", [own | asdict(row) for row in found.bins])
    _save(db, "save_backtest_score_track", [own | _renamed(row) for row in found.tracks])
    _save(db, "save_backtest_score_year", [own | _renamed(row) for row in found.years])
    _save(db, "save_backtest_score_crash", [own | asdict(row) for row in found.crashes])
    _save(db, "save_backtest_score_position", [own | asdict(row) for row in found.positions])
    return name


def _renamed(row: AlarmRow | YearRow) -> dict[str, Any]:
    """Its fields under the names of their columns."""
    return {COLUMNS.get(name, name): value for name, value in asdict(row).items()}


def _areas(found: Findings) -> Iterable[dict[str, Any]]:
    for bars, members in found.areas.items():
        for name, one in members.items():
            low, high = found.advantages[bars].get(name, (None, None))
            yield {"bars": bars, "ranked_by": name, **asdict(one), "less_low": low, "less_high": high}


def _save(db: Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    run(db, name, rows=json.dumps([{k: _known(k, v) for k, v in row.items()} for row in rows]))


def _known(name: str, value: Any) -> Any:
    """Seconds as a time, and NULL for what JSON and the database lack."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if name in TIMES and value is not None:
        return datetime.fromtimestamp(value, UTC).isoformat()
    return value
