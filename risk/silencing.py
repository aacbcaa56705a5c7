"""What a person may ask not to be told: checked, and made into a Silence. Used by the command and the bot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from uuid import uuid4

from risk.errors import SettingsError
from risk.limits import ALERTS
from risk.state import Silence

LONGEST = timedelta(days=30)
UNITS: Mapping[str, timedelta] = {
    "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1),
}  # fmt: skip
_PART = re.compile(r"(\d+)([mhd])")
_PATTERN = re.compile(r"[\w*?./-]{1,60}")


def duration(text: str) -> timedelta:
    """How long "2h", "45m", "1d" or "1h30m" is.

    >>> duration("1h30m")
    datetime.timedelta(seconds=5400)

    Raises:
        SettingsError: written otherwise, nothing, or more than 30 days.
    """
    given = text.strip().lower()
    parts = _PART.findall(given)
    if not parts or "".join(number + unit for number, unit in parts) != given:
        raise SettingsError(f"{text[:40]!r} is no duration: write 45m, 2h or 1d")
    if any(len(number) > 6 for number, _ in parts):
        raise SettingsError(f"{text[:40]!r} is longer than {LONGEST.days} days")
    total = sum((int(number) * UNITS[unit] for number, unit in parts), timedelta())
    if not timedelta(0) < total <= LONGEST:
        raise SettingsError(f"{text[:40]!r} must be above zero and at most {LONGEST.days} days")
    return total


def wish(
    kind: str, name: str, scope: str, lasting: timedelta, now: datetime, *, made_by: str, reason: str = ""
) -> Silence:
    """A silence or an acknowledgement from `now` on.

    Args:
        kind: "silence" or "acknowledge".
        name, scope: patterns; * stands for any characters.

    Raises:
        SettingsError: no alert has such a name, or the scope cannot be one.
    """
    if not any(fnmatchcase(known, name) for known in ALERTS):
        near = get_close_matches(name, list(ALERTS), n=1)
        remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(ALERTS))}"
        raise SettingsError(f"no alert is called {name[:60]!r}: {remedy}")
    if not _PATTERN.fullmatch(scope):
        raise SettingsError(f"{scope[:60]!r} is no scope: write a symbol, SYMBOL/LONG, account or *")
    return Silence(
        silence_id=uuid4(), kind=kind, name=name, scope=scope, starts_at=now, ends_at=now + lasting,
        made_by=made_by, reason=reason[:200],
    )  # fmt: skip
