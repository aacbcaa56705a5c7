"""What a person may ask not to be told: checked, and made into a Silence. Used by the command and the bot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
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


def duration(text: str, longest: timedelta = LONGEST) -> timedelta:
    """How long "2h", "45m", "1d" or "1h30m" is.

    >>> duration("1h30m")
    datetime.timedelta(seconds=5400)

    Raises:
        SettingsError: written otherwise, nothing, or more than `longest` (30 days).
    """
    given = text.strip().lower()
    parts = _PART.findall(given)
    if not parts or "".join(number + unit for number, unit in parts) != given:
        raise SettingsError(f"{text[:40]!r} is no duration: write 45m, 2h or 1d")
    if any(len(number) > 6 for number, _ in parts):
        raise SettingsError(f"{text[:40]!r} is longer than {longest.days} days")
    total = sum((int(number) * UNITS[unit] for number, unit in parts), timedelta())
    if not timedelta(0) < total <= longest:
        raise SettingsError(f"{text[:40]!r} must be above zero and at most {longest.days} days")
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


VERBS = ("ack", "silence", "lift", "status", "help")
DEFAULT_LASTING: Mapping[str, timedelta] = {"ack": timedelta(hours=4), "silence": timedelta(hours=2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wrote to the bot: one of VERBS, and what it is about."""

    verb: str
    lasting: timedelta
    name: str | None = None  # None: what the message that was answered told of, or everything
    scope: str = "*"


def order(text: str) -> Order | None:
    """The order in a chat message; None when it is none of ours.

    >>> order("/silence 2h level BTCUSDT")
    Order(verb='silence', lasting=datetime.timedelta(seconds=7200), name='level', scope='BTCUSDT')

    Raises:
        SettingsError: too many words, or no such duration.
    """
    words = text.split()
    if not words or not words[0].startswith("/"):
        return None
    verb = words[0][1:].partition("@")[0].lower()  # in a group: /ack@desk_bot
    if verb not in VERBS:
        return None
    spans = [word for word in words[1:] if word[0].isdigit()]
    names = [word for word in words[1:] if not word[0].isdigit()]
    if len(names) > 2 or len(spans) > 1:
        raise SettingsError(f"too many words: /{verb} 2h NAME SCOPE")
    lasting = duration(spans[0]) if spans else DEFAULT_LASTING.get(verb, timedelta(hours=1))
    return Order(
        verb=verb, lasting=lasting, name=names[0] if names else None, scope=names[1] if names[1:] else "*"
    )
