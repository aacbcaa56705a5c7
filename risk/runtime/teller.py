"""What the channels have taken, for the terminal of the supervisor: its workers write into files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from risk import wording
from risk.adapters import store
from risk.adapters.store_engine import rows

CONSOLE = "console"
LOOK_BACK = timedelta(minutes=5)


class Teller:
    """Reads the accepted attempts; each is told once."""

    def __init__(self, database_url: str, language: str) -> None:
        self._url, self._language = database_url, language
        self._told_until = datetime.now(UTC) - LOOK_BACK

    def fresh(self) -> list[str]:
        """What was taken since the last call: for the console the message itself, for others that it was.

        Raises:
            StoreError: the database does not answer.
        """
        with store.connect(self._url) as db:
            told = rows(db, "told_since", since=self._told_until)
        if told:
            self._told_until = max(each["tried_at"] for each in told)
        return [self._line(each) for each in told]

    def _line(self, told: Mapping[str, Any]) -> str:
        at = f"{told['tried_at'].astimezone(UTC):%H:%M:%S}"
        text = wording.message(told["items"], self._language)
        if told["channel"] == CONSOLE:
            return f"{at} {text.title}\n{text.body}"
        return f"{at} {told['channel']} took: {text.title}"
