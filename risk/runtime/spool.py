"""What was told past the database, kept in a local file until the database can be told of it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from risk.adapters import store, store_silence
from risk.records import DeliveryAttempt, Message

log = logging.getLogger(__name__)

FILE = "spool.jsonl"
NAMESPACE = uuid5(NAMESPACE_URL, "crypto-risk/spool")


class Spool:
    """Lines of one file. Used by several threads; each line reaches the database once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()

    def note(self, channel: str, title: str, body: str, at: datetime) -> None:
        """Remember that a channel accepted this; a disk that is full is no reason to fail."""
        line = json.dumps({"channel": channel, "title": title, "body": body, "at": at.isoformat()})
        try:
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{line}\n")  # a line that a full disk tore does not take the next one with it
        except OSError as cause:
            log.warning("told by %s, but not noted: %s", channel, cause.strerror)

    def replay(self, database_url: str) -> int:
        """How many lines went into the outbox, as accepted; the file is empty then.

        Raises:
            StoreError: the database does not answer; the lines stay.
        """
        with self._lock:
            if not self._path.exists():
                return 0
            lines = _whole(self._path.read_text(encoding="utf-8", errors="replace").splitlines())
            with store.connect(database_url) as db:
                for line in lines:
                    message, attempt = _records(line)
                    store_silence.put_message(db, message, [(line["channel"], "info")])
                    store.record_attempt(db, attempt)
            self._path.unlink()
        return len(lines)


def _whole(lines: Iterable[str]) -> list[dict[str, Any]]:
    """The lines that were written to their end; of one that was not, the log keeps what there is."""
    found = []
    for line in filter(None, lines):
        try:
            found.append(json.loads(line))
        except ValueError:
            log.error("told past the database, and noted only in part: %s", line)
    return found


def _records(line: dict[str, Any]) -> tuple[Message, DeliveryAttempt]:
    """The message that a line tells of, and its acceptance; the same line gives the same ids."""
    at = datetime.fromisoformat(line["at"]).astimezone(UTC)
    message_id = uuid5(NAMESPACE, f"{line['channel']}|{line['at']}|{line['title']}")
    item = {
        "alert_id": str(message_id), "name": "heartbeat", "scope": "desk", "severity": "critical",
        "kind": "fired", "value": None, "threshold": None, "since": at.isoformat(), "at": at.isoformat(),
        "details": {"text": f"{line['title']}. {line['body']}"},
    }  # fmt: skip
    message = Message(
        message_id=message_id, created_at=at, expires_at=at + timedelta(hours=6), severity="critical",
        items=(item,),
    )  # fmt: skip
    attempt = DeliveryAttempt(
        message_id=message_id, channel=line["channel"], attempt=1, tried_at=at, outcome="accepted", reason="",
        retry_after_s=None, duration_ms=0,
    )  # fmt: skip
    return message, attempt
