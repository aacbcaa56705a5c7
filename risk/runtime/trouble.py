"""Which flows do not do their work: runs that fail, do not begin, or do not end.

Pure: the clock is an argument. A worker says it with its sign of life; scoring makes the alerts
`flow_failing` and `flow_late` of it, in the ordinary way, so that it needs neither Prefect's events nor
Prefect's health.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from risk.runtime.cadence import Course, Deployment
from risk.state import FlowTrouble

LATE_AFTER_CADENCES = 3
LATE_AT_LEAST, LATE_AT_MOST = timedelta(seconds=30), timedelta(minutes=10)
HUNG_AT_LEAST = timedelta(seconds=60)


def troubles(
    deployments: Iterable[Deployment],
    courses: Mapping[str, Course],
    carried: Iterable[FlowTrouble],
    now: datetime,
) -> list[FlowTrouble]:
    """The flows in trouble now, one line each kind.

    Args:
        carried: what the process before this one said last; it stands until there is news here.
    """
    before = {one.flow: one for one in carried}
    found: list[FlowTrouble] = []
    for deployment in deployments:
        if deployment.is_paused:
            continue
        course = courses[deployment.name]
        seen = [one for one in (_failing(deployment, course, now), _late(deployment, course, now)) if one]
        old = before.get(deployment.name)
        if not seen and old is not None and not _has_news(old, deployment, course, now):
            seen = [old]
        found += seen
    return found


def last_troubles(details: Mapping[str, Any]) -> list[FlowTrouble]:
    """The troubles of a sign of life, as `signs.report` wrote them."""
    return [
        FlowTrouble(**{**one, "since": datetime.fromisoformat(one["since"])})
        for one in details.get("troubles", ())
    ]


def _failing(deployment: Deployment, course: Course, now: datetime) -> FlowTrouble | None:
    if course.failing_since is None or (deployment.is_long_lived and course.is_steady(now)):
        return None
    return FlowTrouble(
        flow=deployment.name, kind="failed", since=course.failing_since, problem=course.problem
    )


def _late(deployment: Deployment, course: Course, now: datetime) -> FlowTrouble | None:
    """A run that has been going for three cadences, or a slot three cadences past (10 min at most)."""
    if deployment.cadence is None:
        return None
    patience = deployment.cadence.interval * LATE_AFTER_CADENCES
    if course.is_active and course.active_since is not None:
        is_hung = now - course.active_since > max(patience, HUNG_AT_LEAST)
        kind, since = "hung", course.active_since
        return FlowTrouble(flow=deployment.name, kind=kind, since=since, problem="") if is_hung else None
    due = deployment.cadence.slot_after(course.last_slot or course.known_since)
    if now - due <= min(max(patience, LATE_AT_LEAST), LATE_AT_MOST):
        return None
    return FlowTrouble(flow=deployment.name, kind="late", since=due, problem="")


def _has_news(old: FlowTrouble, deployment: Deployment, course: Course, now: datetime) -> bool:
    """Whether this process knows better than the one before it."""
    if old.kind == "failed":
        return course.is_steady(now) if deployment.is_long_lived else course.has_ended
    return course.last_slot is not None
