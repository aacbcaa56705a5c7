"""What a person does not want to be told for a while, and what stands between an alert and its reader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from risk.adapters.store_codec import plain
from risk.adapters.store_engine import count, rows, run
from risk.records import Message
from risk.state import Silence

SEVERITIES = ("info", "warning", "critical")


def save_silence(db: Connection, silence: Silence) -> None:
    """Remember a wish; the same one again only moves its end."""
    run(db, "save_silence", **asdict(silence))


def silences(db: Connection, now: datetime) -> list[Silence]:
    """Wishes whose end is still to come, the next to end first."""
    return [Silence(**row) for row in rows(db, "silences", now=now)]


def lift_silences(db: Connection, name: str, scope: str, now: datetime) -> int:
    """End the wishes made for exactly this name and scope; how many stood."""
    return count(db, "lift_silences", name=name, scope=scope, now=now)


def open_alerts(db: Connection) -> list[Mapping[str, Any]]:
    """Alerts that are not resolved, the gravest first, with `kind` and `reason` of the last decision."""
    return rows(db, "open_alerts")


def put_message(db: Connection, message: Message, channels: Sequence[tuple[str, str]]) -> None:
    """A message for the outbox that no evaluation made, to the channels whose least severity it has."""
    run(
        db,
        "save_message",
        rows=json.dumps([asdict(message)], default=plain, allow_nan=False),
        channels=[name for name, _ in channels],
        least=[SEVERITIES.index(least) for _, least in channels],
    )


def message_states(db: Connection, message_id: UUID) -> dict[str, tuple[str, str]]:
    """State and reason of each delivery of one message, by channel."""
    found = rows(db, "message_states", message_id=message_id)
    return {row["channel"]: (row["state"], row["reason"] or "") for row in found}


def message_items(db: Connection, short: str, now: datetime) -> list[Mapping[str, Any]]:
    """What the message with this short id (8 hex digits) told of; empty when there is none in seven days."""
    found = rows(db, "message_items", short=short, now=now)
    return list(found[0]["items"]) if found else []
