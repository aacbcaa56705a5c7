"""One channel's courier: order of tries, waits by reason, digests, and what is recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from uuid import UUID, uuid4

import pytest

from risk.adapters import courier as courier_module
from risk.adapters import notify
from risk.adapters.courier import Courier, Outbox, short_id
from risk.records import DeliveryAttempt, Message
from tests.adapters.sink_process import SinkProcess, running_sinks


@pytest.fixture(scope="module")
def sink_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkProcess]:
    with running_sinks(tmp_path_factory.mktemp("sinks")) as sinks:
        yield sinks


@pytest.fixture
def sinks(sink_process: SinkProcess) -> SinkProcess:
    sink_process.forget()
    return sink_process


@dataclass(frozen=True)
class Claim:
    message: Message
    attempt: int


@dataclass(frozen=True)
class Text:
    title: str
    body: str
    html: str = ""


@dataclass
class Box:
    """An outbox in memory, as the couriers see the database."""

    waiting: list[Message]
    attempts: list[DeliveryAttempt] = field(default_factory=list)
    next_try_at: dict[UUID, datetime] = field(default_factory=dict)
    claims: int = 0

    def outbox(self) -> Outbox:
        return Outbox(claim=self.claim, record=self.record)

    def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Claim]:
        self.claims += 1
        settled = {(a.message_id, a.channel) for a in self.attempts if a.outcome != "retry"}
        due = [
            message
            for message in self.waiting
            if (message.message_id, channel) not in settled
            and self.next_try_at.get(message.message_id, now) <= now
        ]
        tries = [a.message_id for a in self.attempts if a.channel == channel]
        return [Claim(message, tries.count(message.message_id) + 1) for message in due[:limit]]

    def record(self, attempt: DeliveryAttempt, next_try_at: datetime | None) -> None:
        self.attempts.append(attempt)
        if next_try_at is not None:
            self.next_try_at[attempt.message_id] = next_try_at

    def outcomes(self) -> list[tuple[str, str]]:
        return [(attempt.outcome, attempt.reason) for attempt in self.attempts]


def message(name: str = "spread", severity: str = "warning", age: timedelta = timedelta(0)) -> Message:
    at = datetime.now(UTC) - age
    return Message(
        message_id=uuid4(), created_at=at, expires_at=at + timedelta(hours=6), severity=severity,
        items=({"name": name},),
    )  # fmt: skip


def render(told: Message) -> Text:
    return Text("risk", "\n".join(item["name"] for item in told.items))


def telegram(sinks: SinkProcess, box: Box) -> Courier:
    channel = notify.open_channel("phone", sinks.telegram_url, telegram_api_base=sinks.bot_base)
    return Courier(channel, box.outbox(), render, chance=lambda: 0.0)


def mail(sinks: SinkProcess, box: Box) -> Courier:
    return Courier(notify.open_channel("mail", sinks.mail_url), box.outbox(), render, chance=lambda: 0.0)


def test_a_message_is_sent_once_and_recorded_with_its_id_in_the_text(sinks: SinkProcess) -> None:
    box = Box([message()])
    courier = telegram(sinks, box)
    for _ in range(3):
        courier.step()
    assert box.outcomes() == [("accepted", "")]
    (sent,) = sinks.accepted("telegram")
    assert sent["text"].endswith("\n" + short_id(box.waiting[0].message_id))


# Bot API: retry_after 7 means not before seven seconds, and not much later.
def test_after_429_the_channel_rests_as_long_as_it_asked(sinks: SinkProcess) -> None:
    box = Box([message(), message()])
    courier = telegram(sinks, box)
    sinks.fault("telegram", "429", retry_after_s=7)
    wait_s = courier.step()
    wait_until = box.next_try_at[box.waiting[0].message_id]
    assert box.outcomes() == [("retry", "rate_limited")]
    assert box.attempts[0].retry_after_s == 7.0
    waited = wait_until - box.attempts[0].tried_at
    assert timedelta(seconds=7) <= waited <= timedelta(seconds=9)
    assert 6.5 < wait_s <= 8.5
    claims = box.claims
    courier.step()
    assert box.claims == claims  # nothing else goes through the resting channel either


def test_another_channel_goes_on_meanwhile(sinks: SinkProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "READ_TIMEOUT_S", 2.0)
    box = Box([message()])
    sinks.fault("telegram", "hang")
    phone, letter = telegram(sinks, box), mail(sinks, box)
    stop = threading.Event()
    threads = [threading.Thread(target=one.run, args=(stop,), daemon=True) for one in (phone, letter)]
    for thread in threads:
        thread.start()
    while not box.attempts:
        assert all(thread.is_alive() for thread in threads)
    assert len(sinks.accepted("mail")) == 1
    assert [attempt.channel for attempt in box.attempts] == ["mail"]  # the phone is still waiting
    stop.set()
    for one in (phone, letter):
        one.wake.set()
    for thread in threads:
        thread.join(timeout=15)
    assert not any(thread.is_alive() for thread in threads)


def test_an_outage_is_waited_out_from_one_second_doubling_to_sixty(sinks: SinkProcess) -> None:
    box = Box([message()])
    courier = telegram(sinks, box)
    sinks.fault("telegram", "502")
    waits = []
    for _ in range(9):
        courier.step()
        attempt = box.attempts[-1]
        waits.append((box.next_try_at[attempt.message_id] - attempt.tried_at).total_seconds())
        courier._closed_until = 0.0  # time passes
        box.next_try_at.clear()
    assert [round(wait) for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    sinks.fault("telegram", "")
    courier.step()
    assert box.outcomes()[-1] == ("accepted", "")
    assert [attempt.attempt for attempt in box.attempts] == list(range(1, 11))


def test_a_refusal_for_good_is_recorded_as_failed_and_not_tried_again(sinks: SinkProcess) -> None:
    box = Box([message()])
    courier = telegram(sinks, box)
    sinks.fault("telegram", "403")
    courier.step()
    courier.step()
    assert box.outcomes() == [("failed", "misconfigured")]


def test_one_refused_letter_does_not_hold_back_the_next(sinks: SinkProcess) -> None:
    box = Box([message("first"), message("second")])
    courier = mail(sinks, box)
    sinks.fault("mail", "550", times=1)
    courier.step()
    courier.step()
    assert box.outcomes() == [("retry", "rejected"), ("accepted", "")]


def test_after_an_outage_stale_warnings_go_out_as_one_and_critical_ones_alone(sinks: SinkProcess) -> None:
    old = timedelta(hours=2)
    box = Box(
        [message(f"old {number}", age=old) for number in range(5)]
        + [message("liquidation", "critical", age=old), message("fresh")]
    )
    courier = telegram(sinks, box)
    courier.failures = 3
    courier.step()
    texts = [sent["text"] for sent in sinks.accepted("telegram")]
    assert len(texts) == 3
    assert "liquidation" in texts[0]
    assert "fresh" in texts[1]
    for number, told in enumerate(box.waiting[:5]):
        assert f"old {number}" in texts[2]
        assert short_id(told.message_id) in texts[2]
    assert box.outcomes() == [("accepted", "")] * 7


def test_a_message_that_cannot_be_worded_is_told_in_bare_facts(sinks: SinkProcess) -> None:
    def fail(told: Message) -> Text:
        return Text("risk", told.items[0]["no such field"])

    box = Box([message("liquidation_distance", "critical")])
    courier = telegram(sinks, box)
    courier._render = fail
    courier.step()
    assert box.outcomes() == [("accepted", "")]
    assert "liquidation_distance" in sinks.accepted("telegram")[0]["text"]


def test_an_outcome_is_recorded_through_a_short_absence_of_the_database(sinks: SinkProcess) -> None:
    box = Box([message()])
    courier = telegram(sinks, box)
    failures = iter([True, True])

    def record(attempt: DeliveryAttempt, next_try_at: datetime | None) -> None:
        if next(failures, False):
            raise courier_module.StoreError("restarting")
        box.record(attempt, next_try_at)

    courier._outbox = Outbox(claim=box.claim, record=record)
    courier.step()
    courier.step()
    assert box.outcomes() == [("accepted", "")]
    assert len(sinks.accepted("telegram")) == 1


def test_a_broken_outbox_does_not_end_the_courier(sinks: SinkProcess) -> None:
    box = Box([message()])
    courier = telegram(sinks, box)
    failures = iter([True])
    stop = threading.Event()

    def claim(channel: str, limit: int, now: datetime) -> Sequence[Claim]:
        if next(failures, False):
            raise courier_module.StoreError("away")
        if box.attempts:
            stop.set()
        return box.claim(channel, limit, now)

    courier._outbox = Outbox(claim=claim, record=box.record)
    courier.wake.set()
    thread = threading.Thread(target=courier.run, args=(stop,), daemon=True)
    thread.start()
    thread.join(timeout=15)
    assert box.outcomes() == [("accepted", "")]


def test_what_was_told_while_the_database_went_away_is_told_once_and_recorded_when_it_is_back(
    sinks: SinkProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "RECORD_WAITS_S", (0.0, 0.0))
    box = Box([message()])
    courier = telegram(sinks, box)
    is_away = True

    def claim(channel: str, limit: int, now: datetime) -> Sequence[Claim]:
        if is_away and len(sinks.accepted("telegram")) > 0:
            raise courier_module.StoreError("away")
        return box.claim(channel, limit, now)

    def record(attempt: DeliveryAttempt, next_try_at: datetime | None) -> None:
        if is_away:
            raise courier_module.StoreError("away")
        box.record(attempt, next_try_at)

    courier._outbox = Outbox(claim=claim, record=record)
    courier.step()
    for _ in range(3):
        with pytest.raises(courier_module.StoreError):
            courier.step()
    assert box.outcomes() == []
    is_away = False
    courier.step()
    assert box.outcomes() == [("accepted", "")]
    assert len(sinks.accepted("telegram")) == 1


def test_what_the_database_could_not_take_is_told_although_an_outcome_waits_to_be_recorded(
    sinks: SinkProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "RECORD_WAITS_S", (0.0,))
    box, kept = Box([message()]), Box([message()])
    courier = telegram(sinks, box)

    def away(*_: object) -> NoReturn:
        raise courier_module.StoreError("away")

    def noted(attempt: DeliveryAttempt, next_try_at: datetime | None) -> bool:
        if attempt.message_id == kept.waiting[0].message_id:
            kept.record(attempt, next_try_at)
        return attempt.message_id == kept.waiting[0].message_id

    courier._outbox = Outbox(claim=box.claim, record=away, aside=kept.claim, noted=noted)
    courier.step()  # told, and nobody to write that down
    courier._outbox = Outbox(claim=away, record=away, aside=kept.claim, noted=noted)
    courier.step()
    with pytest.raises(courier_module.StoreError):
        courier.step()
    assert kept.outcomes() == [("accepted", "")]
    assert len(sinks.accepted("telegram")) == 2
    courier._outbox = box.outbox()
    courier.step()
    assert box.outcomes() == [("accepted", "")]
    assert len(sinks.accepted("telegram")) == 2
