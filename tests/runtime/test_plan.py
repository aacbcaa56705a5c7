"""prefect.yaml: what the issue asks of cadences, and that every entry leads to a flow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from risk.errors import SettingsError
from risk.runtime import plan
from risk.runtime.cadence import Cadence, Course, Deployment, Verdict, is_forgotten, judge, reason
from risk.runtime.execution import load_flow

T0 = datetime(2026, 1, 1, tzinfo=UTC)
FIVE = Cadence(interval=timedelta(seconds=5), anchor=datetime(2020, 1, 1, tzinfo=UTC))


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def deployment(cadence: Cadence | None = FIVE, *, is_paused: bool = False) -> Deployment:
    return Deployment(
        deployment_id=uuid4(), name="tried", entrypoint="x.py:x", folder=None,
        cadence=cadence, is_paused=is_paused, is_long_lived=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "interval_s", "pool"),
    [
        ("account", 5, "cadence"),
        ("scoring", 5, "cadence"),
        ("market", 10, "cadence"),
        ("open_interest", 30, "cadence"),
        ("klines", 15 * 60, "cadence"),
        ("income", 15 * 60, "cadence"),
        ("exits", 60, "cadence"),
        ("venues", 3600, "cadence"),
        ("reference", 86400, "cadence"),
        ("refit", 86400, "heavy"),
        ("value_at_risk-hourly", 3600, "heavy"),
        ("value_at_risk-daily", 86400, "heavy"),
        ("maintenance", 86400, "heavy"),
        ("history", 86400, "heavy"),
        ("report-daily", 86400, "heavy"),
        ("report-weekly", 7 * 86400, "heavy"),
    ],
)
def test_every_flow_has_its_documented_cadence(name: str, interval_s: int, pool: str) -> None:
    (entry,) = [each for each in plan.load().entries if each.name == name]
    assert entry.cadence is not None
    assert (entry.cadence.interval, entry.pool) == (seconds(interval_s), pool)


def test_every_entry_says_in_a_sentence_and_in_one_tag_what_it_is_for() -> None:
    for entry in plan.load().entries:
        assert entry.description.endswith(".") and len(entry.description) > 30
        assert len({"input", "judgement", "telling", "upkeep"}.intersection(entry.tags)) == 1, entry.name


@pytest.mark.parametrize("name", ["streams", "delivery"])
def test_streams_and_delivery_are_always_going(name: str) -> None:
    (entry,) = [each for each in plan.load().entries if each.name == name]
    assert (entry.is_long_lived, entry.cadence, entry.pool) == (True, None, "streams")


def test_bars_are_fetched_a_few_seconds_after_they_close() -> None:
    (klines,) = [each for each in plan.load().entries if each.name == "klines"]
    assert klines.cadence is not None
    assert klines.cadence.slot_after(T0) - T0 == seconds(4)


def test_every_entry_leads_to_a_flow_and_every_schedule_names_utc() -> None:
    for raw in yaml.safe_load(plan.FILE.read_text())["deployments"]:
        assert load_flow(raw["entrypoint"]).fn.__name__ == raw["entrypoint"].rpartition(":")[2]
        assert all(rule["timezone"] == "UTC" for rule in raw["schedules"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deployments: [{name: x}]", "entrypoint"),
        (
            "deployments: [{name: x, entrypoint: 'a.py:b', work_pool: {name: c}}]",
            "either a schedule or the tag",
        ),
        ("nothing: here", "deployments"),
        ("{", "ParserError"),
    ],
)
def test_a_broken_plan_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "prefect.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said):
        plan.load(file)


# The anchor is a whole number of 5 s before T0, so slots are T0, T0 + 5 s, T0 + 10 s.
@pytest.mark.parametrize(("after_s", "slot_s"), [(0, 5), (0.001, 5), (4.999, 5), (5, 10)])
def test_the_next_slot_is_later_than_the_moment(after_s: float, slot_s: float) -> None:
    assert FIVE.slot_after(T0 + seconds(after_s)) == T0 + seconds(slot_s)


# Stale from twice the cadence on: 10 s for 5 s.
@pytest.mark.parametrize(("age_s", "verdict"), [(0, Verdict.RUN), (10, Verdict.RUN), (10.001, Verdict.STALE)])
def test_a_run_is_stale_when_older_than_twice_its_cadence(age_s: float, verdict: Verdict) -> None:
    assert judge(deployment(), Course(known_since=T0), T0, T0 + seconds(age_s)) is verdict


def test_a_run_without_a_cadence_is_never_stale() -> None:
    assert judge(deployment(None), Course(known_since=T0), T0, T0 + timedelta(days=9)) is Verdict.RUN


def test_a_slot_that_was_made_alone_is_not_made_again() -> None:
    course = Course(known_since=T0, last_slot=T0 + seconds(5))
    assert judge(deployment(), course, T0 + seconds(5), T0 + seconds(6)) is Verdict.COVERED
    assert judge(deployment(), course, T0 + seconds(10), T0 + seconds(10)) is Verdict.RUN


def test_a_run_is_skipped_while_the_one_before_goes_on_and_says_for_how_long() -> None:
    course = Course(known_since=T0, is_active=True, active_since=T0)
    now = T0 + seconds(5)
    assert judge(deployment(), course, now, now) is Verdict.SKIPPED
    assert reason(Verdict.SKIPPED, course, now, now) == "skipped: the run before it is still going after 5 s"
    assert reason(Verdict.STALE, course, T0, T0 + seconds(12)) == "stale by 12 s"


@pytest.mark.parametrize(
    ("course", "api_fails", "is_paused", "expected"),
    [
        (Course(known_since=T0), True, False, True),
        (Course(known_since=T0), True, True, False),
        (Course(known_since=T0, last_offered=T0 + seconds(10)), True, False, False),
        (Course(known_since=T0, last_slot=T0 + seconds(10)), True, False, False),
        (Course(known_since=T0), False, False, False),  # 10 s of silence: two cadences
        (Course(known_since=T0 - seconds(5)), False, False, False),  # exactly three
        (Course(known_since=T0 - seconds(6)), False, False, True),  # more than three
    ],
)
def test_a_slot_is_forgotten_when_the_api_fails_or_offers_nothing_for_three_cadences(
    course: Course, api_fails: bool, is_paused: bool, expected: bool
) -> None:
    slot = T0 + seconds(10)
    assert is_forgotten(deployment(is_paused=is_paused), course, slot, api_fails=api_fails) is expected
