"""A message that no channel takes goes to the one that stands by; what arrived is proven by a report."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from risk.adapters import store, store_outbox
from risk.records import DeliveryAttempt
from tests.adapters.rows import NOW
from tests.adapters.test_store_decision import DECISION, MESSAGE

REPORTS = Path(__file__).resolve().parents[2] / "sql" / "reports"
SPAN = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=1)}


def put(db: Connection, severity: str = "critical", channels: tuple[str, ...] = ("phone", "console")) -> None:
    message = replace(MESSAGE, severity=severity)
    store.save_decision(
        db, replace(DECISION, messages=(message,)), channels=[(name, "info") for name in channels]
    )


def settle(db: Connection, channel: str, outcome: str, *, after_s: float = 1.0) -> None:
    at = NOW + timedelta(seconds=after_s)
    claimed = store.claim_deliveries(db, holder="test", channel=channel, now=at)
    assert len(claimed) == 1
    attempt = DeliveryAttempt(
        message_id=MESSAGE.message_id, channel=channel, attempt=claimed[0].attempt, tried_at=at,
        outcome=outcome, reason="" if outcome == "accepted" else "unavailable", retry_after_s=None,
        duration_ms=3,
    )  # fmt: skip
    store.record_attempt(db, attempt, next_try_at=at if outcome == "retry" else None)


def escalate(db: Connection, after_s: float, *, least: str = "warning") -> int:
    now = NOW + timedelta(seconds=after_s)
    return store_outbox.escalate_deliveries(db, "pager", least, mute=["console"], after_s=10.0, now=now)


def report(db: Connection, name: str) -> list[dict[str, Any]]:
    found = db.execute(text((REPORTS / f"{name}.sql").read_text()), SPAN)
    return [dict(row) for row in found.mappings()]


@pytest.mark.parametrize(("after_s", "escalated"), [(9.9, 0), (10.0, 1)])
def test_what_is_not_taken_within_ten_seconds_goes_to_the_one_that_stands_by(
    db: Connection, after_s: float, escalated: int
) -> None:
    put(db)
    settle(db, "phone", "retry")
    assert escalate(db, after_s) == escalated
    assert escalate(db, after_s) == 0  # once
    later = NOW + timedelta(seconds=11)
    claimed = store.claim_deliveries(db, holder="test", channel="pager", now=later)
    assert [claim.message.message_id for claim in claimed] == [MESSAGE.message_id] * escalated


def test_what_a_channel_refused_for_good_does_not_wait(db: Connection) -> None:
    put(db)
    settle(db, "phone", "failed")
    assert escalate(db, 2) == 1


def test_what_one_channel_took_is_not_escalated(db: Connection) -> None:
    put(db, channels=("phone", "mail"))
    settle(db, "phone", "failed")
    settle(db, "mail", "accepted")
    assert escalate(db, 60) == 0


def test_a_terminal_that_took_it_is_no_proof(db: Connection) -> None:
    put(db)
    settle(db, "console", "accepted")
    assert escalate(db, 60) == 1
    assert [row["deliveries"] for row in report(db, "alerts_without_proof")] == [
        "console: accepted, pager: waiting, phone: waiting"
    ]


def test_below_its_least_severity_the_one_that_stands_by_is_left_alone(db: Connection) -> None:
    put(db, severity="warning")
    assert escalate(db, 60, least="critical") == 0
    assert escalate(db, 60, least="warning") == 1


def test_what_expired_is_not_escalated(db: Connection) -> None:
    put(db)
    assert escalate(db, 6 * 3600) == 0


def test_the_reports_show_what_is_proven_and_how_long_it_took(db: Connection) -> None:
    put(db)
    assert [row["name"] for row in report(db, "alerts_without_proof")] == ["volatility"]
    settle(db, "phone", "retry", after_s=1)
    settle(db, "phone", "accepted", after_s=3)
    assert report(db, "alerts_without_proof") == []
    phone = next(row for row in report(db, "time_to_accepted") if row["channel"] == "phone")
    assert (phone["messages"], phone["accepted"], phone["most_tries"]) == (1, 1, 2)
    assert phone["slowest_s"] == phone["median_s"] == 3.0  # made at NOW, accepted 3 s later
