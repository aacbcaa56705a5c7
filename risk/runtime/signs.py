"""What a worker says with its sign of life: who leads, what was offered, how runs end, what is in trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from prefect.client.schemas.objects import State

from risk.adapters.redaction import redact
from risk.runtime.cadence import Course, Deployment
from risk.runtime.trouble import troubles
from risk.state import FlowTrouble

ENGINES_WORDS = "Flow run encountered an exception: "
LONGEST_PROBLEM = 200


def report(
    deployments: Mapping[str, Deployment],
    courses: Mapping[str, Course],
    carried: Sequence[FlowTrouble],
    *,
    is_led: bool,
    now: datetime,
) -> dict[str, Any]:
    """Details of the sign of life: whether Prefect leads, and per deployment how its runs ended here."""
    regular = [courses[name] for name, each in deployments.items() if each.cadence]
    offered = [course.last_offered or course.known_since for course in regular]
    return {
        "is_led_by_prefect": is_led,
        "offered_at": max(offered).isoformat() if offered else None,  # due time of the newest run offered
        "runs": {name: dict(course.counts) for name, course in courses.items()},
        "troubles": [
            asdict(one) | {"since": one.since.isoformat()}
            for one in troubles(deployments.values(), courses, carried, now)
        ],
    }


def problem_of(state: State[Any], deployment: Deployment) -> str:
    """What a run ended with, in one line without secrets; empty when that is as it should be."""
    if state.is_completed() and not deployment.is_long_lived:
        return ""
    said = (state.message or "").removeprefix(ENGINES_WORDS) or f"ended as {state.name}"
    return redact(" ".join(said.split()))[:LONGEST_PROBLEM]
