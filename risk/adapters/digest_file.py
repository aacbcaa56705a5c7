"""Where the pages of the day's and the week's report lie, and the message that brings one."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from risk.adapters import pages
from risk.adapters.digest_page import Digest
from risk.records import Message

FOLDER = "reports"
KEPT = 60
EXPIRES = timedelta(hours=12)
NAME = re.compile(r"(daily|weekly)-\d{4}-\d{2}-\d{2}\.html")


def keep(data_dir: Path, made: Digest) -> Path:
    """Write the page into the data directory; of its kind the newest KEPT stay.

    Raises:
        OSError: the folder cannot be written to.
    """
    file = data_dir / FOLDER / f"{made.name}.html"
    pages.save(file, made.document)
    kind = made.name.partition("-")[0]
    for old in sorted(each for each in file.parent.glob(f"{kind}-*.html") if NAME.fullmatch(each.name))[
        :-KEPT
    ]:
        old.unlink()
    return file


def message(made: Digest, account: str, now: datetime) -> Message:
    """The message that brings this page; the same for the same day, so that it is told once."""
    message_id, at = uuid5(NAMESPACE_URL, f"crypto-risk/{account}/{made.name}"), now.isoformat()
    item = {
        "alert_id": str(message_id), "name": "digest", "scope": "desk", "severity": "info", "kind": "fired",
        "value": None, "threshold": None, "since": at, "at": at,
        "details": {**made.details, "file": f"{FOLDER}/{made.name}.html"},
    }  # fmt: skip
    return Message(
        message_id=message_id, created_at=now, expires_at=now + EXPIRES, severity="info", items=(item,)
    )


def attachment(data_dir: Path, told: Message) -> Path | None:
    """The page that a message brings; None for every other message. Only names of ours are followed."""
    if len(told.items) != 1 or told.items[0].get("name") != "digest":
        return None
    name = str((told.items[0].get("details") or {}).get("file", "")).removeprefix(f"{FOLDER}/")
    return data_dir / FOLDER / name if NAME.fullmatch(name) else None
