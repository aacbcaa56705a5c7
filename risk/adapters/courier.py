"""One thread per channel: claim what is due, send it, record what became of it, wait as the reason asks.

At least once: a message counts as sent only when its acceptance is recorded, so a crash between the two
sends it again, with the same short id in the text. A channel that fails waits alone; the others do not
notice. Nothing is given up before it expires, but what the channel refuses for good.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol
from uuid import UUID

from risk.adapters import notify
from risk.adapters.notify import Channel
from risk.errors import DeliveryError, RuntimeFault, StoreError
from risk.records import DeliveryAttempt, Message

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
LOOK_AFTER_S, END_WITHIN_S, DEAF_S = 5.0, 4.5, 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
STALE_AFTER = timedelta(minutes=10)
"""After an outage, warnings older than this go out together as one message."""
DIGEST_CLAIMS = 50
RECORD_WAITS_S = (0.2, 0.5, 1.0, 2.0)
LATE_TRIES = 60  # each two seconds after the one before
MESSAGE_REASONS = frozenset({"rejected", "unparsable"})
"""Reasons that concern this message only: the channel goes on with the next."""


class Claimed(Protocol):
    """A delivery that is ours for the length of its lease."""

    @property
    def message(self) -> Message: ...

    @property
    def attempt(self) -> int: ...


class Rendered(Protocol):
    """A message in words."""

    @property
    def title(self) -> str: ...

    @property
    def body(self) -> str: ...

    @property
    def html(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Words without markup."""

    title: str
    body: str
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """The database as a courier sees it. Each call is one transaction and may raise StoreError.

    Attributes:
        claim: (channel, limit, now) -> deliveries that are due, leased to us.
        record: (attempt, next_try_at or None).
        aside: as `claim`, of messages that the database could not take; asked while it does not answer.
        noted: as `record`, beside such a message; False where it is none (any more).
    """

    claim: Callable[[str, int, datetime], Sequence[Claimed]]
    record: Callable[[DeliveryAttempt, datetime | None], None]
    aside: Callable[[str, int, datetime], Sequence[Claimed]] = lambda _channel, _limit, _now: ()
    noted: Callable[[DeliveryAttempt, datetime | None], bool] = lambda _attempt, _next_try_at: False


class Pictures(Protocol):
    """What goes beside the texts of one channel; see `picture_post`."""

    def enclosure(self, message: Message, /) -> Path | None: ...

    def accepted(self, message: Message, enclosed: Path | None, /) -> None: ...


class Courier:
    """Carries the messages of one channel."""

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        render: Callable[[Message], Rendered],
        chance: Callable[[], float] = random.random,
        attachment: Callable[[Message], Path | None] = lambda _message: None,
        pictures: Pictures | None = None,
    ) -> None:
        self.channel, self._outbox, self._render, self._chance = channel, outbox, render, chance
        self._attachment, self._pictures = attachment, pictures
        self.failures = 0  # in a row
        self.accepted = 0
        self.last_reason = ""
        self._unrecorded: list[tuple[DeliveryAttempt, datetime | None]] = []
        self._late_tries = 0
        self._closed_until = 0.0  # monotonic
        self.wake = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set (and `wake` after it)."""
        while not stop.is_set():
            try:
                wait_s = self.step()
            except StoreError as error:
                log.warning("channel %s: outbox: %s", self.channel.name, error)
                wait_s = LOOK_EVERY_S
            self.wake.wait(wait_s)
            self.wake.clear()

    def step(self) -> float:
        """Send what is due; seconds until the next look."""
        closed_s = self._closed_until - monotonic()
        claims: list[Claimed] = []
        try:
            self._record_late()
            if closed_s > 0:
                return closed_s
            limit = DIGEST_CLAIMS if self.failures > 2 else 1
            claims += self._outbox.claim(self.channel.name, limit, datetime.now(UTC))
        except StoreError:
            claims += [] if closed_s > 0 else self._outbox.aside(self.channel.name, 1, datetime.now(UTC))
            if not claims:
                raise
        for group in _grouped(claims, datetime.now(UTC)):
            if not self._deliver(group):
                return max(0.0, self._closed_until - monotonic())
        return 0.0 if claims else LOOK_EVERY_S

    def _deliver(self, claims: Sequence[Claimed]) -> bool:
        """Send one text for these claims and record it; False when the channel must rest."""
        tried_at, started = datetime.now(UTC), monotonic()
        message = _together([claim.message for claim in claims])
        refused: DeliveryError | None = None
        text = self._in_words(message)
        pictures = self._pictures if len(claims) == 1 else None
        # A text that was refused with its picture goes alone: the picture may have been the reason.
        picture = pictures.enclosure(message) if pictures and claims[0].attempt == 1 else None
        crash_at("before_send")
        try:
            body, html = _signed(text, [claim.message.message_id for claim in claims])
            notify.send(self.channel, text.title, body, html, self._attachment(message), picture)
        except DeliveryError as error:
            refused = error
        crash_at("after_send")
        duration_ms = round((monotonic() - started) * 1000)
        wait_s = self._settle(refused, claims[0].attempt)
        for claim in claims:
            attempt = _attempt(claim, self.channel.name, tried_at, refused, duration_ms)
            is_retry = attempt.outcome == "retry"
            self._record(attempt, datetime.now(UTC) + timedelta(seconds=wait_s) if is_retry else None)
        crash_at("after_mark")
        if pictures and refused is None:
            pictures.accepted(message, picture)
        return self._closed_until <= monotonic()

    def _in_words(self, message: Message) -> Rendered:
        """The message's text; if the wording fails, its bare facts: an alert must not die of its grammar."""
        try:
            return self._render(message)
        except (LookupError, ValueError, TypeError, AttributeError):
            log.exception("message %s told in bare facts", short_id(message.message_id))
            facts = "\n".join(json.dumps(item, default=str, ensure_ascii=False) for item in message.items)
            return Plain(title=message.severity, body=facts)

    def _record(self, attempt: DeliveryAttempt, next_try_at: datetime | None) -> None:
        """Write the outcome down, else it would be sent again; what the database is away for, later."""
        if self._outbox.noted(attempt, next_try_at):
            return
        for wait_s in () if self._unrecorded else RECORD_WAITS_S:
            try:
                self._outbox.record(attempt, next_try_at)
                return
            except StoreError as error:
                log.warning("channel %s: outcome not recorded yet: %s", self.channel.name, error)
                time.sleep(wait_s)
        self._unrecorded.append((attempt, next_try_at))

    def _record_late(self) -> None:
        """Write down what the database was away for, before a claim: what was told must not be claimed again.

        An outcome that is refused for minutes is given up, for the channel must go on: told twice at worst.
        """
        while self._unrecorded:
            try:
                self._outbox.record(*self._unrecorded[0])
            except StoreError:
                self._late_tries += 1
                if self._late_tries < LATE_TRIES:
                    raise
                log.error("channel %s: an outcome was never recorded", self.channel.name)
            self._unrecorded.pop(0)
            self._late_tries = 0

    def _settle(self, refused: DeliveryError | None, attempt: int) -> float:
        """Seconds until this message is tried again; closes the channel when the fault is the channel's."""
        if refused is None:
            self.failures, self.last_reason, self.accepted = 0, "", self.accepted + 1
            return 0.0
        self.last_reason = refused.reason
        log.warning("channel %s: %s: %s", self.channel.name, refused.reason, refused)
        if refused.reason in MESSAGE_REASONS:
            return self._wait_s(attempt, None)
        self.failures += 1
        wait_s = self._wait_s(self.failures, refused.retry_after_s)
        if not refused.is_permanent:
            self._closed_until = monotonic() + wait_s
        return wait_s

    def _wait_s(self, failures: int, asked_s: float | None) -> float:
        """What the channel asked for and a little more, or 1 s doubling to 60 s; jitter only lengthens it."""
        if asked_s is not None:
            return asked_s + 0.2 + self._chance()
        wait_s = FIRST_WAIT_S * 2.0 ** min(failures - 1, 10)
        return min(LONGEST_WAIT_S, wait_s * (1.0 + 0.25 * self._chance()))


class Team:
    """All couriers of a process, woken together when the outbox calls.

    Args:
        listen: opens a wait on the database's call; each item is one call or, None, a second without one.
    """

    def __init__(self, couriers: Sequence[Courier], listen: Callable[[], Iterator[object]]) -> None:
        self._couriers, self._listen = tuple(couriers), listen
        self._stop = threading.Event()

    async def run(self, look_after: Callable[[dict[str, object]], None]) -> None:
        """Until cancelled; then what is being sent may finish for a few seconds.

        Args:
            look_after: blocking; called every few seconds with the team's state. May raise StoreError.

        Raises:
            RuntimeFault: a courier ended by itself: a fault of ours.
        """
        threads = [
            threading.Thread(target=one.run, args=(self._stop,), name=one.channel.name, daemon=True)
            for one in self._couriers
        ]
        threads.append(threading.Thread(target=self._hear, name="outbox", daemon=True))
        for thread in threads:
            thread.start()
        try:
            while all(thread.is_alive() for thread in threads):
                await asyncio.to_thread(self._look_after, look_after)
                await asyncio.sleep(LOOK_AFTER_S)
            raise RuntimeFault("a courier ended by itself")
        finally:
            await asyncio.to_thread(self._end, threads[:-1])  # nothing is lost with the listener

    def status(self) -> dict[str, object]:
        """Per channel: failures in a row, messages accepted, and why the last one was not."""
        return {
            courier.channel.name: {
                "failures": courier.failures,
                "accepted": courier.accepted,
                "reason": courier.last_reason,
            }
            for courier in self._couriers
        }

    def _hear(self) -> None:
        """Wake everybody at each call. Without a connection the couriers still look every two seconds."""
        while not self._stop.is_set():
            try:
                for call in self._listen():
                    if self._stop.is_set():
                        return
                    if call is not None:
                        self._wake()
            except StoreError as error:
                log.warning("not woken by the outbox: %s", error)
            self._stop.wait(DEAF_S)

    def _wake(self) -> None:
        for courier in self._couriers:
            courier.wake.set()

    def _look_after(self, look_after: Callable[[dict[str, object]], None]) -> None:
        try:
            look_after(self.status())
        except StoreError as error:
            log.warning("delivery is not looked after: %s", error)
        if self._couriers and all(courier.failures for courier in self._couriers):
            log.critical("no channel accepts messages: %s", self.status())

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        self._stop.set()
        self._wake()
        ends_at = monotonic() + END_WITHIN_S
        for thread in threads:
            thread.join(max(0.0, ends_at - monotonic()))


def short_id(message_id: UUID) -> str:
    """What a reader compares to see that a message came twice.

    >>> short_id(UUID("12345678-1234-5678-1234-567812345678"))
    '#12345678'
    """
    return f"#{message_id.hex[:8]}"


def crash_at(label: str) -> None:
    """Kill this process here when RISK_CRASH_AT names this point: the tests' way to prove what survives."""
    if os.environ.get("RISK_CRASH_AT") == label:
        os.kill(os.getpid(), signal.SIGKILL)


def _grouped(claims: Sequence[Claimed], now: datetime) -> list[list[Claimed]]:
    """Each claim alone, but what is stale and not critical together."""
    stale = [
        claim
        for claim in claims
        if claim.message.severity != "critical" and now - claim.message.created_at > STALE_AFTER
    ]
    if len(stale) < 2:
        return [[claim] for claim in claims]
    return [*([claim] for claim in claims if claim not in stale), stale]


def _together(messages: Sequence[Message]) -> Message:
    if len(messages) == 1:
        return messages[0]
    return replace(messages[0], items=tuple(item for message in messages for item in message.items))


def _signed(text: Rendered, ids: Sequence[UUID]) -> tuple[str, str]:
    """Body and HTML with the short ids as their last line."""
    line = " ".join(short_id(message_id) for message_id in ids[:10])
    return f"{text.body}\n{line}", f"{text.html}\n{line}" if text.html else ""


def _attempt(
    claim: Claimed, channel: str, tried_at: datetime, refused: DeliveryError | None, duration_ms: int
) -> DeliveryAttempt:
    outcome = "accepted" if refused is None else "failed" if refused.is_permanent else "retry"
    return DeliveryAttempt(
        message_id=claim.message.message_id,
        channel=channel,
        attempt=claim.attempt,
        tried_at=tried_at,
        outcome=outcome,
        reason="" if refused is None else refused.reason,
        retry_after_s=None if refused is None else refused.retry_after_s,
        duration_ms=duration_ms,
    )
