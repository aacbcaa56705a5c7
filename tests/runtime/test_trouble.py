"""When a flow is in trouble: its runs fail, do not begin, or do not end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prefect.states import Completed, Crashed, Failed

from risk.runtime import signs
from risk.runtime.cadence import Cadence, Course, Deployment
from risk.runtime.trouble import last_troubles, troubles
from risk.state import FlowTrouble

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY_S = 86400.0


def s(count: float) -> timedelta:
    return timedelta(seconds=count)


def deployment(interval_s: float | None = 5, *, is_paused: bool = False) -> Deployment:
    cadence = Cadence(interval=s(interval_s), anchor=datetime(2020, 1, 1, tzinfo=UTC)) if interval_s else None
    return Deployment(
        deployment_id=uuid4(), name="tried", entrypoint="x.py:x", folder=None,
        cadence=cadence, is_paused=is_paused, is_long_lived=interval_s is None,
    )  # fmt: skip


def found(
    what: Deployment, course: Course, at_s: float, carried: tuple[FlowTrouble, ...] = ()
) -> list[tuple[str, float]]:
    """(kind, since in seconds after T0)."""
    seen = troubles([what], {"tried": course}, carried, T0 + s(at_s))
    return [(one.kind, (one.since - T0).total_seconds()) for one in seen]


def old(kind: str) -> FlowTrouble:
    return FlowTrouble(flow="tried", kind=kind, since=T0 - s(DAY_S), problem="")


def test_failed_since_the_first_bad_run_in_a_row_until_a_good_one() -> None:
    course = Course(known_since=T0)
    for at, problem in ((5, "one"), (10, "two")):
        course.last_slot = T0 + s(at)
        course.ended(T0 + s(at), problem)
    assert found(deployment(), course, 12) == [("failed", 5)]
    assert course.problem == "two" and course.counts == {"failed": 2}
    course.ended(T0 + s(15), "")
    assert found(deployment(), course, 16) == []
    course.ended(T0 + s(20), "again")
    assert found(deployment(), course, 21) == [("failed", 20)]


@pytest.mark.parametrize(
    ("interval_s", "due_s", "last_good_s", "first_bad_s"),
    [
        (5, 5, 35, 35.1),  # three cadences would be 15 s; at least 30 s
        (30, 30, 120, 120.1),  # three cadences
        (DAY_S, DAY_S, DAY_S + 600, DAY_S + 600.1),  # ten minutes at most
    ],
)
def test_late_when_a_run_is_due_and_has_not_begun(
    interval_s: float, due_s: float, last_good_s: float, first_bad_s: float
) -> None:
    course = Course(known_since=T0)
    assert found(deployment(interval_s), course, last_good_s) == []
    assert found(deployment(interval_s), course, first_bad_s) == [("late", due_s)]
    assert found(deployment(interval_s, is_paused=True), course, first_bad_s) == []


def test_hung_when_one_run_goes_on_for_three_cadences_and_a_minute() -> None:
    course = Course(known_since=T0, is_active=True, active_since=T0 + s(5), last_slot=T0 + s(5))
    assert found(deployment(5), course, 65) == []
    assert found(deployment(5), course, 66) == [("hung", 5)]
    assert found(deployment(30), course, 95) == []
    assert found(deployment(30), course, 96) == [("hung", 5)]
    assert found(deployment(DAY_S), course, DAY_S) == []  # history may fill for hours


def test_a_long_lived_run_that_dies_is_in_trouble_until_one_goes_for_a_minute() -> None:
    forever, course = deployment(None), Course(known_since=T0)
    course.ended(T0 + s(1), "lost", is_long_lived=True)
    assert found(forever, course, 2) == [("failed", 1)]
    course.is_active, course.active_since = True, T0 + s(3)
    assert found(forever, course, 63) == [("failed", 1)]
    assert found(forever, course, 64) == []
    course.ended(T0 + s(100), "lost", is_long_lived=True)
    course.active_since = None
    assert found(forever, course, 101) == [("failed", 100)]


def test_what_the_worker_before_said_stands_until_there_is_news() -> None:
    fresh = Course(known_since=T0)
    assert found(deployment(DAY_S), fresh, 5, (old("failed"),)) == [("failed", -DAY_S)]
    assert found(deployment(DAY_S), fresh, 5, (old("late"),)) == [("late", -DAY_S)]
    assert found(deployment(None), fresh, 5, (old("failed"),)) == [("failed", -DAY_S)]
    assert found(deployment(DAY_S, is_paused=True), fresh, 5, (old("failed"),)) == []
    begun = Course(known_since=T0, is_active=True, active_since=T0, last_slot=T0)
    assert found(deployment(DAY_S), begun, 5, (old("late"),)) == []
    assert found(deployment(DAY_S), begun, 5, (old("failed"),)) == [("failed", -DAY_S)]
    assert found(deployment(None), begun, 61, (old("failed"),)) == []
    begun.ended(T0 + s(9), "")
    assert found(deployment(DAY_S), begun, 10, (old("failed"),)) == []


def test_a_sign_of_life_gives_its_troubles_back() -> None:
    course = Course(known_since=T0, last_slot=T0)
    course.ended(T0, "DataError: two bars")
    details = signs.report({"tried": deployment()}, {"tried": course}, [], is_led=True, now=T0 + s(1))
    expected = FlowTrouble(flow="tried", kind="failed", since=T0, problem="DataError: two bars")
    assert last_troubles(details) == [expected]
    assert last_troubles({}) == []  # of a worker before there was such a thing


def test_a_problem_is_one_line_without_the_engines_words_and_without_secrets() -> None:
    failed = Failed(message="Flow run encountered an exception: ValueError: bad\n  signature=3c66ab x")
    assert signs.problem_of(failed, deployment()) == "ValueError: bad signature=••• x"
    assert signs.problem_of(Completed(), deployment()) == ""
    assert signs.problem_of(Completed(), deployment(None)) == "ended as Completed"
    assert signs.problem_of(Crashed(), deployment()) == "ended as Crashed"
