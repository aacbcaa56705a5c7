"""Evaluations that are lost: the next one goes on from them as if they had been stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from risk.decision import decide
from risk.limits import default
from risk.records import Alert
from risk.state import Decision, State
from risk.unstored import NOTHING, Unstored, after, continued, with_unstored
from tests.risk.builders import NOW, kept, state

SILENT: dict[str, Any] = {"facts": {"exchange_answered_at": NOW.timestamp() - 120}}
ANSWERED: dict[str, Any] = {"facts": {"exchange_answered_at": NOW.timestamp() + 3600}}


class Losing:
    """Evaluations every five seconds of which the database takes none; critical messages go out."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.before, self.steps = NOTHING, 0
        self.decisions: list[Decision] = []

    def state(self, **changes: Any) -> State:
        return state(now=NOW + timedelta(seconds=5 * self.steps), **{**self.stored, **changes})

    def lose(
        self, goes_out: Callable[[Alert], bool] = lambda a: a.severity == "critical", **changes: Any
    ) -> Decision:
        self.steps += 1
        now = NOW + timedelta(seconds=5 * self.steps)
        judged = continued(self.state(**changes), self.before)
        decision = decide(judged, default(), now)
        told = [alert for alert in decision.alerts if alert.last_told_at == now and goes_out(alert)]
        self.before = after(self.before, judged, decision, told)
        self.decisions.append(decision)
        return decision

    def store(self, **changes: Any) -> Decision:
        self.steps += 1
        now = NOW + timedelta(seconds=5 * self.steps)
        stored = self.state(**changes)
        judged = continued(stored, self.before)
        decision = with_unstored(decide(judged, default(), now), stored, self.before)
        self.stored, self.before = kept(stored, decision), NOTHING
        self.decisions.append(decision)
        return decision

    def told(self, name: str) -> list[str]:
        return [i["kind"] for d in self.decisions for m in d.messages for i in m.items if i["name"] == name]


def test_an_alert_is_told_once_however_often_its_evaluation_is_lost() -> None:
    desk = Losing()
    for _ in range(6):
        desk.lose(**SILENT)
    assert desk.told("exchange_unreachable") == ["fired"]
    desk.store(**SILENT)
    desk.store(**SILENT)
    assert desk.told("exchange_unreachable") == ["fired"]
    (alert,) = [a for (name, _), a in desk.stored["alerts"].items() if name == "exchange_unreachable"]
    assert (alert.told_count, alert.phase) == (1, "firing")


def test_its_end_is_told_to_whom_its_begin_was() -> None:
    desk = Losing()
    desk.lose(**SILENT)
    for _ in range(30):
        desk.store(**ANSWERED)
    assert desk.told("exchange_unreachable") == ["fired", "resolved"]


def test_what_could_not_go_out_is_told_when_it_can() -> None:
    desk = Losing()
    for _ in range(3):
        desk.lose(goes_out=lambda _alert: False, **SILENT)
    assert desk.told("exchange_unreachable") == ["fired"] * 3  # tried anew each time
    desk.store(**SILENT)
    desk.store(**SILENT)
    assert desk.told("exchange_unreachable") == ["fired"] * 4


def test_what_must_last_goes_on_lasting() -> None:
    """A higher level is reported after two evaluations, and both of them are lost."""
    desk = Losing()
    assert desk.store().scores.level[0] == 0
    high = {"columns": {"spread": 0.01, "depth_1pct": 1e4, "vol_ratio": 3.0}}
    levels = [desk.lose(**high).scores.level[0] for _ in range(2)]
    assert levels[0] < levels[1]


def test_what_the_database_knows_newer_stays() -> None:
    desk = Losing()
    (old,) = [a for a in desk.lose(**SILENT).alerts if a.name == "exchange_unreachable"]
    newer = replace(old, updated_at=old.updated_at + timedelta(seconds=30), told_count=7)
    key = old.name, old.scope
    found = continued(state(alerts={key: newer}), desk.before)
    assert found.alerts[key].told_count == 7


@pytest.mark.parametrize("is_open", [True, False])
def test_a_row_for_which_there_is_no_room_is_left_out(is_open: bool) -> None:
    desk = Losing()
    decision = desk.lose(**SILENT)
    (mine,) = [a for a in decision.alerts if a.name == "exchange_unreachable"]
    other = replace(mine, alert_id=decision.messages[0].message_id)
    stored = state(alerts={(mine.name, mine.scope): other} if is_open else {})
    empty = replace(decision, alerts=())
    rows = with_unstored(empty, stored, Unstored(alerts={mine.alert_id: mine})).alerts
    assert rows == (() if is_open else (mine,))
