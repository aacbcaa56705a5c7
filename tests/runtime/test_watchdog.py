"""The dead man's switch: silent while all is well, loud when no score is made or no alert gets out."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from risk.errors import PulseError, StoreError
from risk.pulse import Pulse
from risk.runtime.watchdog import LOOK_EVERY_S, REMIND_EVERY_S, Watchdog


class Desk:
    """Answers of the database, and what was sent."""

    def __init__(self) -> None:
        self.score_age_s: float | None = 2.0
        self.undelivered_s = 0.0
        self.is_down: Exception | None = None
        self.sent: list[str] = []

    def pulse(self) -> Pulse:
        if self.is_down:
            raise self.is_down
        return Pulse(
            score_s=self.score_age_s, account_s=1, waiting_s=self.undelivered_s, critical_s=None, offered_s=1,
            worker_s=1, delivery_s=1,
        )  # fmt: skip

    def watchdog(self) -> Watchdog:
        return Watchdog(self.pulse, lambda title, body: self.sent.append(f"{title}: {body}"))


# No score row for 60 s, or an alert undelivered for 120 s.
@pytest.mark.parametrize(
    ("score_age_s", "undelivered_s", "is_trouble"),
    [(2, 0, False), (60, 0, False), (61, 0, True), (2, 120, False), (2, 121, True)],
)
def test_trouble_begins_behind_each_threshold(
    score_age_s: float, undelivered_s: float, is_trouble: bool
) -> None:
    desk = Desk()
    desk.score_age_s, desk.undelivered_s = score_age_s, undelivered_s
    assert bool(desk.watchdog().look(time.monotonic())) is is_trouble
    assert len(desk.sent) == int(is_trouble)


def test_a_trouble_is_told_once_reminded_and_its_end_is_told() -> None:
    desk, start = Desk(), float(round(time.monotonic()))  # sums of whole seconds are exact
    dog = desk.watchdog()
    desk.undelivered_s = 300
    for step in range(10):
        dog.look(start + step * LOOK_EVERY_S)
    assert len(desk.sent) == 1
    dog.look(start + REMIND_EVERY_S)
    assert len(desk.sent) == 2
    desk.undelivered_s = 0
    dog.look(start + REMIND_EVERY_S + LOOK_EVERY_S)
    assert desk.sent[-1].startswith("heartbeat: the risk desk works again") and len(desk.sent) == 3


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (StoreError("secret address"), "the database does not answer"),
        (PulseError("the page answers 500"), "the page answers 500"),
    ],
)
def test_a_desk_that_does_not_answer_is_trouble_after_a_minute_without_scores(
    error: Exception, why: str
) -> None:
    desk, start = Desk(), float(round(time.monotonic()))  # sums of whole seconds are exact
    dog = desk.watchdog()
    assert dog.look(start) == ""
    desk.is_down = error
    assert dog.look(start + 50) == ""
    assert dog.look(start + 61) == f"No score is known of for 63 s: {why}"  # 2 s old at the start


def test_a_critical_alert_that_waits_is_called_one() -> None:
    fine = Desk().pulse()
    assert replace(fine, waiting_s=121.0, critical_s=121.0).undelivered().startswith("A critical alert")
    assert replace(fine, waiting_s=130.0, critical_s=60.0).undelivered().startswith("An alert")
    assert replace(fine, waiting_s=120.0, critical_s=120.0).undelivered() == ""


def test_a_desk_gets_a_minute_for_its_first_score() -> None:
    desk, start = Desk(), float(round(time.monotonic()))  # sums of whole seconds are exact
    desk.score_age_s = None
    dog = desk.watchdog()
    assert dog.look(start + 55) == ""
    assert dog.look(start + 65).startswith("No score was made")
