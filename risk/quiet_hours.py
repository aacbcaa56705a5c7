"""Hours of the day in which only what is critical is told: "23:00-07:00 Asia/Shanghai"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FORM = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)(?: +(\S+))?")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begins` until just before `ends` by the clock of `zone`; over midnight when it ends earlier."""

    begins: time
    ends: time
    zone: ZoneInfo

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` (aware) lies in them. Around a change of clocks the wall clock decides."""
        clock = moment.astimezone(self.zone).time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


@cache
def parse(text: str) -> QuietHours | None:
    """The hours that a setting names; None for an empty one.

    >>> parse("23:00-07:00").holds(datetime.fromisoformat("2026-03-01T06:59:00+00:00"))
    True

    Raises:
        ValueError: not of the form "HH:MM-HH:MM ZONE", no such hour or zone, or begin and end are the same.
    """
    if not text.strip():
        return None
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError('must look like "23:00-07:00 Asia/Shanghai"')
    try:
        begins, ends = (time.fromisoformat(part) for part in found.group(1, 2))
        zone = ZoneInfo(found.group(3) or "UTC")
    except ZoneInfoNotFoundError:
        raise ValueError(f"{found.group(3)!r} is no time zone; one is Europe/Berlin") from None
    if begins == ends:
        raise ValueError("begins and ends at the same minute; leave it empty for no quiet hours")
    return QuietHours(begins, ends, zone)
