"""Which runs a demo asks for: those that had time to be made, and no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from risk.adapters.store import Waiting
from risk.runtime.cadence import Cadence
from risk.runtime.plan import AT_START, ORIGIN, Entry
from risk.runtime.verdict import expected_runs, is_off_cadence, undelivered

UP_AT = datetime(2026, 3, 1, 12, 0, 42, tzinfo=UTC)


def entry(interval_s: float, offset_s: float, *tags: str) -> Entry:
    cadence = Cadence(interval=timedelta(seconds=interval_s), anchor=ORIGIN + timedelta(seconds=offset_s))
    return Entry(
        name="x", entrypoint="flows/x.py:x", pool="cadence", description="", cadence=cadence, tags=tags
    )


# Up at 12:00:42. Counted are slots from 12:00:57 until 15 s before the end.
@pytest.mark.parametrize(
    ("asked", "after_s", "runs"),
    [
        (entry(60, 48), 65, 0),  # 12:00:48 came 6 s after the start; 12:01:48 is 1 s off
        (entry(60, 48), 80, 0),  # 12:01:48 is 14 s old at 12:02:02
        (entry(60, 48), 81, 1),  # and 15 s at 12:02:03
        (entry(5, 0), 60, 6),  # 12:01:00, :05, :10, :15, :20, :25; the end is 12:01:42
        (entry(86400, 300, AT_START), 60, 1),  # no slot, but one run at the start
        (entry(86400, 300), 60, 0),
        (entry(5, 0), 10, 0),  # a desk as young as that owes nothing
    ],
)
def test_slots_near_the_start_or_the_end_are_not_asked_for(asked: Entry, after_s: float, runs: int) -> None:
    assert expected_runs(asked, UP_AT, UP_AT + timedelta(seconds=after_s)) == runs


@pytest.mark.parametrize(
    ("expected", "completed", "going", "failed", "is_off"),
    [
        (0, 0, 0, 0, False),
        (1, 0, 0, 0, True),  # nothing came
        (1, 0, 1, 0, False),  # a first run of history takes its time
        (1, 0, 1, 1, True),  # but not when the one before it failed
        (2, 1, 0, 0, False),
        (12, 10, 0, 0, False),
        (12, 9, 0, 0, True),  # three of twelve are more than two and than 5 %
        (100, 95, 0, 0, False),
        (100, 94, 0, 0, True),
        (12, 0, 0, 12, True),
    ],
)
def test_a_flow_is_off_its_cadence_when_none_or_too_few_of_its_runs_came(
    expected: int, completed: int, going: int, failed: int, is_off: bool
) -> None:
    assert is_off_cadence(expected, completed, going, failed) is is_off


@pytest.mark.parametrize(
    ("waited_s", "said"), [(30, []), (31, ["2 critical messages wait for mail since 31 s: refused"])]
)
def test_messages_that_do_not_get_through_are_not_called_done(waited_s: float, said: list[str]) -> None:
    now = UP_AT + timedelta(minutes=2)
    waiting = Waiting(
        channel="mail", severity="critical", deliveries=2, oldest_at=now - timedelta(seconds=waited_s),
        next_try_at=now, most_attempts=5, reason="refused",
    )  # fmt: skip
    assert undelivered([waiting], now) == said
