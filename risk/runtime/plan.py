"""prefect.yaml as this project reads it: one entry per flow with its cadence, pool and place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from risk.errors import SettingsError
from risk.runtime.cadence import LONG_LIVED, Cadence

FILE = Path(__file__).resolve().parents[2] / "prefect.yaml"
AT_START = "at-start"  # tag of the deployments of which one run is made when the desk comes up
ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One deployment of prefect.yaml."""

    name: str
    entrypoint: str  # path/file.py:function
    pool: str
    description: str
    cadence: Cadence | None  # None: long-lived
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_long_lived(self) -> bool:
        """Whether one run of it is always going."""
        return LONG_LIVED in self.tags

    @property
    def runs_at_start(self) -> bool:
        """Whether one run is made when the desk comes up, so that a first score comes early."""
        return AT_START in self.tags


@dataclass(frozen=True, slots=True)
class Plan:
    """All deployments; `pools` in the order in which they first appear."""

    entries: tuple[Entry, ...]

    @property
    def pools(self) -> tuple[str, ...]:
        """Work pools, each once."""
        return tuple(dict.fromkeys(entry.pool for entry in self.entries))


def load(file: Path = FILE) -> Plan:
    """The plan in `file`.

    Raises:
        SettingsError: unreadable, or an entry without name, entrypoint, pool or a regular schedule.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Plan(tuple(_entry(raw) for raw in document["deployments"]))
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as cause:
        raise SettingsError(f"{file.name}: {type(cause).__name__}: {cause}") from cause


def _entry(raw: Mapping[str, Any]) -> Entry:
    schedules = raw.get("schedules") or []
    if len(schedules) > 1:
        raise ValueError(f"{raw['name']}: one schedule at most")
    entry = Entry(
        name=raw["name"],
        entrypoint=raw["entrypoint"],
        pool=raw["work_pool"]["name"],
        description=str(raw.get("description", "")).strip(),
        cadence=_cadence(schedules[0]) if schedules else None,
        tags=tuple(raw.get("tags") or ()),
        parameters=raw.get("parameters") or {},
    )
    if (entry.cadence is None) != entry.is_long_lived:
        raise ValueError(f"{entry.name}: either a schedule or the tag {LONG_LIVED}")
    return entry


def _cadence(schedule: Mapping[str, Any]) -> Cadence:
    anchor = schedule.get("anchor_date", ORIGIN)
    moment = anchor if isinstance(anchor, datetime) else datetime.fromisoformat(str(anchor))
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Cadence(interval=timedelta(seconds=float(schedule["interval"])), anchor=at)
