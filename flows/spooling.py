"""Critical messages past a database that is away: kept on the disk, delivered once, recorded afterwards.

The judge keeps what it could not store and goes on from it; delivery hands it out while the database does
not take it, and puts it into the outbox, with each try, as soon as it does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from flows import desk
from risk import unstored
from risk.adapters import notify, settings, store, store_outbox, store_silence
from risk.adapters.settings import ChannelSettings
from risk.adapters.spool import Kept, Spool, Told, Try, told_by
from risk.errors import SpoolError, StoreError
from risk.records import DeliveryAttempt
from risk.state import Decision, State
from risk.unstored import NOTHING, Unstored

log = logging.getLogger(__name__)

FOLDER = "spool"
ESCALATE_AFTER_S = 10.0
RETRY_AFTER_S, READY_EVERY_S = 2.0, 60.0
LEFT_TO_DELIVERY = timedelta(seconds=30)
"""A message that old is put into the outbox by the judge: delivery may be on another machine."""


@dataclass(slots=True)
class Process:
    """What this process knows and no disk."""

    unstored: Unstored = NOTHING
    absorbed: set[UUID] = field(default_factory=set)  # messages kept whose alerts the database knows by now
    unwritten: list[Try] = field(default_factory=list)  # tries that a full disk did not take
    failed_at: float = float("-inf")  # monotonic, of the last message that the database did not take
    readied_at: float = float("-inf")  # monotonic


process = Process()


def forget() -> None:
    """Drop what this process knows."""
    process.unstored, process.absorbed, process.unwritten = NOTHING, set(), []
    process.failed_at = process.readied_at = float("-inf")


def _spool() -> Spool:
    return Spool(settings.load().data_dir / FOLDER)


# --- the judge's side ------------------------------------------------------------------------------


class Evaluation:
    """One evaluation that goes on from those that were not stored."""

    def __init__(self) -> None:
        # Before the state is read: what is recorded in between is in one of the two at least.
        self.kept = _spool().waiting()
        fresh = [one for one in self.kept if one.told.message.message_id not in process.absorbed]
        self._before = process.unstored.beside(alert for one in fresh for alert in one.told.alerts)
        self._stored: State | None = None
        self._judged: State | None = None
        self._decision: Decision | None = None

    def continued(self, state: State) -> State:
        """The state to be judged."""
        self._stored, self._judged = state, unstored.continued(state, self._before)
        return self._judged

    def made(self, decision: Decision) -> Decision:
        """The decision to be stored: with the rows that are still owed."""
        assert self._stored is not None
        self._decision = decision
        return unstored.with_unstored(decision, self._stored, self._before)

    def lost(self) -> None:
        """The database did not take it: its critical message goes out all the same."""
        if self._decision is None or self._judged is None:
            return
        told = told_by(self._decision, desk.channels())
        try:
            for one in told:
                _spool().keep(one)
                log.critical("message %s is told past the database", one.message.message_id)
        except SpoolError as error:
            log.critical("%s; it is decided anew", error)
            told = []
        alerts = [alert for one in told for alert in one.alerts]
        process.unstored = unstored.after(self._before, self._judged, self._decision, alerts)


@contextmanager
def evaluation() -> Iterator[Evaluation]:
    """Keeps what the block decided if the database does not take it.

    Raises:
        StoreError: it did not; what is critical is kept.
    """
    this = Evaluation()
    try:
        yield this
    except StoreError:
        this.lost()
        raise
    process.unstored = NOTHING
    process.absorbed = {one.told.message.message_id for one in this.kept}
    _record_old(this.kept, desk.now())


def _record_old(waiting: Sequence[Kept], now: datetime) -> None:
    """What delivery has left lying, as far as the database takes it; a failure is no fault of this run."""
    for kept in waiting:
        if now - kept.told.message.created_at > LEFT_TO_DELIVERY:
            try:
                _record(kept)
            except StoreError as error:
                log.warning("a message told past the database is not recorded yet: %s", error)


# --- delivery's side -------------------------------------------------------------------------------


def make_ready() -> None:
    """Keep room for messages while there is some; looks once a minute."""
    now = time.monotonic()
    if now - process.readied_at > READY_EVERY_S:
        process.readied_at = now
        _spool().make_ready()


def put_back() -> None:
    """Put what is kept into the outbox, each message with its tries.

    Raises:
        StoreError: the database does not take one; the others are there.
    """
    waiting = _spool().waiting()
    if not waiting:
        return
    if time.monotonic() - process.failed_at < RETRY_AFTER_S:
        raise StoreError("the database did not take a message a moment ago")
    failure: StoreError | None = None
    for kept in waiting:
        try:
            _record(kept)
        except StoreError as error:
            failure, process.failed_at = error, time.monotonic()
            if not _is_there():
                break
    if failure is not None:
        raise failure


def claims(channel: str, limit: int, now: datetime) -> list[store.Claim]:
    """What is kept and due for this channel, oldest first."""
    _write_late()
    found = []
    for kept in _spool().waiting():
        due = _due(kept, channel, now)
        if due is not None:
            found.append(due)
    return found[:limit]


def note(attempt: DeliveryAttempt, next_try_at: datetime | None) -> bool:
    """Write a try down beside its message; False when it is not kept here (any more)."""
    one = Try(attempt=attempt, next_try_at=next_try_at)
    try:
        return _spool().note(one)
    except SpoolError as error:
        log.error("%s", error)
        process.unwritten.append(one)
        return True


def _write_late() -> None:
    """Tries that the disk did not take before; those that it does not take now stay known to this process."""
    for one in list(process.unwritten):
        try:
            if not _spool().note(one):  # its message is in the outbox by now
                with desk.database() as db:
                    store.record_attempt(db, one.attempt, next_try_at=one.next_try_at)
        except (SpoolError, StoreError):
            return
        process.unwritten.remove(one)


def _due(kept: Kept, channel: str, now: datetime) -> store.Claim | None:
    """The delivery of one message to one channel, if it is to be made now."""
    message = kept.told.message
    tries = _tries(kept, channel)
    if now >= message.expires_at or any(one.attempt.outcome != "retry" for one in tries):
        return None
    if tries and tries[-1].next_try_at is not None and now < tries[-1].next_try_at:
        return None
    wanted = dict(kept.told.channels)
    if channel not in wanted and not _is_late(kept, channel, now):
        return None
    if store_outbox.SEVERITIES.index(message.severity) < store_outbox.SEVERITIES.index(
        wanted.get(channel, "critical")
    ):
        return None
    return store.Claim(message=message, channel=channel, attempt=len(tries) + 1)


def _is_late(kept: Kept, channel: str, now: datetime) -> bool:
    """Whether a channel that stands by is to tell what no other took in time, or one refused for good."""
    channels = settings.load().channels
    names = [name for name, _ in kept.told.channels]
    stand_by = [one.name for one in channels if one.stands_by]
    if channel not in stand_by:
        return False
    proving = {one.name for one in channels if not _proves_nothing(one)}
    tries = [one for name in (*names, *stand_by) for one in _tries(kept, name)]
    outcomes = {(one.attempt.channel, one.attempt.outcome) for one in tries}
    if any(outcome == "accepted" and name in proving for name, outcome in outcomes):
        return False
    age_s = (now - kept.told.message.created_at).total_seconds()
    is_refused = any(outcome == "failed" for _, outcome in outcomes)
    return is_refused or age_s >= ESCALATE_AFTER_S * (stand_by.index(channel) + 1)


def _proves_nothing(channel: ChannelSettings) -> bool:
    return channel.url.get_secret_value().startswith(notify.CONSOLE)


def _tries(kept: Kept, channel: str) -> list[Try]:
    message_id = kept.told.message.message_id
    late = [
        one
        for one in process.unwritten
        if (one.attempt.message_id, one.attempt.channel) == (message_id, channel)
    ]
    return [*kept.tries_of(channel), *late]


def _record(kept: Kept) -> None:
    """One message into the outbox, with all that is known of it; its file is gone then."""
    message_id = kept.told.message.message_id
    with _spool().taken(message_id) as mine:
        if mine is None:
            return
        late = [one for one in process.unwritten if one.attempt.message_id == message_id]
        with desk.database() as db:
            _put(db, mine.told)
            for one in (*mine.tries, *late):
                store_outbox.address(db, mine.told.message, one.attempt.channel, one.attempt.attempt)
                store.record_attempt(db, one.attempt, next_try_at=one.next_try_at)
    process.unwritten = [one for one in process.unwritten if one not in late]
    log.warning("message %s, told past the database, is recorded", message_id)


def _put(db: Connection, told: Told) -> None:
    """Alerts, decisions and the message; an alert that the database knows anew stays as it is there."""
    standing = {(row["name"], row["scope"]): row["alert_id"] for row in store_silence.open_alerts(db)}
    alerts = [
        alert
        for alert in told.alerts
        if alert.phase == "resolved"
        or standing.get((alert.name, alert.scope), alert.alert_id) == alert.alert_id
    ]
    store.save_told(db, alerts, told.tellings)
    store_silence.put_message(db, told.message, told.channels)


def _is_there() -> bool:
    """Whether the database answers at all."""
    try:
        with desk.database() as db:
            store.beats(db)
    except StoreError:
        return False
    return True
