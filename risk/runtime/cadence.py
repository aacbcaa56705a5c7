"""What a worker knows of a deployment, and the rules by which a due run is made, skipped or dropped.

Pure: the clock is an argument. The worker (`risk.runtime.worker`) acts on the answers.
"""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

LONG_LIVED = "long-lived"  # tag of the deployments of which one run is always going
STALE_AFTER_CADENCES = 2
SILENT_AFTER_CADENCES = 3
STEADY_AFTER = timedelta(seconds=60)  # a long-lived run that has gone so long is well


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """A regular schedule: `anchor` plus every whole number of `interval`."""

    interval: timedelta
    anchor: datetime

    def slot_at_or_after(self, moment: datetime) -> datetime:
        """The first due time that is not before `moment`.

        >>> five = Cadence(interval=timedelta(seconds=5), anchor=datetime(2020, 1, 1, tzinfo=UTC))
        >>> five.slot_at_or_after(datetime(2020, 1, 1, 0, 0, 6, tzinfo=UTC)).second
        10
        """
        return self.anchor + math.ceil((moment - self.anchor) / self.interval) * self.interval

    def slot_after(self, moment: datetime) -> datetime:
        """The first due time later than `moment`."""
        slot = self.slot_at_or_after(moment)
        return slot if slot > moment else slot + self.interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One entry of prefect.yaml as Prefect's server knows it."""

    deployment_id: UUID | None  # None: known by prefect.yaml only
    name: str
    entrypoint: str
    folder: str | None
    cadence: Cadence | None  # None: by hand, long-lived, or a calendar rule
    is_paused: bool
    is_long_lived: bool
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stale_after(self) -> timedelta | None:
        """Age from which a run is not worth making any more; None: never."""
        return self.cadence.interval * STALE_AFTER_CADENCES if self.cadence else None


@dataclass(slots=True)
class Course:
    """How the runs of one deployment go in this process."""

    known_since: datetime
    is_active: bool = False
    active_since: datetime | None = None
    last_slot: datetime | None = None  # due time of the newest run that was begun
    last_offered: datetime | None = None  # due time of the newest run that Prefect offered
    failing_since: datetime | None = None  # end of the first of the bad runs in a row, up to the newest run
    problem: str = ""  # what the newest bad run ended with
    has_ended: bool = False  # whether a run has ended in this process
    counts: Counter[str] = field(default_factory=Counter)

    def ended(self, now: datetime, problem: str, *, is_long_lived: bool = False) -> None:
        """Note how a run ended; no problem: well. A long-lived run that went steadily begins a new count."""
        if is_long_lived and self.is_steady(now):
            self.failing_since = None
        self.has_ended, self.problem = True, problem
        self.failing_since = (self.failing_since or now) if problem else None
        self.counts["failed" if problem else "completed"] += 1

    def is_steady(self, now: datetime) -> bool:
        """Whether the run that is going has gone for long enough to call it well."""
        return self.active_since is not None and now - self.active_since > STEADY_AFTER


class Verdict(enum.Enum):
    """What becomes of a run that Prefect offers."""

    RUN = "run"
    STALE = "stale"  # older than twice its cadence
    COVERED = "covered"  # this process made that slot, or a later one, without Prefect
    SKIPPED = "skipped"  # the run before it is still going


def judge(deployment: Deployment, course: Course, due: datetime, now: datetime) -> Verdict:
    """What to do with a run due at `due` when its moment has come (or is past)."""
    if deployment.stale_after is not None and now - due > deployment.stale_after:
        return Verdict.STALE
    if deployment.cadence and course.last_slot is not None and due <= course.last_slot:
        return Verdict.COVERED
    return Verdict.SKIPPED if course.is_active else Verdict.RUN


def reason(verdict: Verdict, course: Course, due: datetime, now: datetime) -> str:
    """The sentence that stands beside a run that was not made."""
    if verdict is Verdict.STALE:
        return f"stale by {(now - due).total_seconds():.0f} s"
    if verdict is Verdict.COVERED:
        return "this moment's run has been made already"
    since = (now - (course.active_since or now)).total_seconds()
    return f"skipped: the run before it is still going after {since:.0f} s"


def is_forgotten(deployment: Deployment, course: Course, slot: datetime, *, api_fails: bool) -> bool:
    """Whether the worker must make the run of `slot` on its own, because Prefect will not offer it.

    That is so when Prefect's API does not answer, and when it answers but has offered nothing for
    three cadences (a scheduler that is dead while the server calls itself healthy).
    """
    if deployment.is_paused or deployment.cadence is None:
        return False
    newest = max((at for at in (course.last_slot, course.last_offered) if at), default=None)
    if newest is not None and newest >= slot:
        return False
    if api_fails:
        return True
    quiet_since = course.last_offered or course.known_since
    return slot - quiet_since > deployment.cadence.interval * SILENT_AFTER_CADENCES


def utc(moment: datetime) -> datetime:
    """The same instant as a plain datetime in UTC (Prefect hands out a subclass); naive is taken as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return datetime.fromtimestamp(aware.timestamp(), UTC)
