"""Messages on their way: claimed under a lease by one process at a time, each try written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Connection

from risk.adapters.database_url import libpq_url
from risk.adapters.store_codec import decode
from risk.adapters.store_engine import count, rows, run
from risk.errors import StoreError
from risk.records import DeliveryAttempt, Message

SEVERITIES = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message to be handed to one channel now; `attempt` counts from 1."""

    message: Message
    channel: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Deliveries of one channel and severity that are not settled."""

    channel: str
    severity: str
    deliveries: int
    oldest_at: datetime  # when the oldest of their messages was made
    next_try_at: datetime
    most_attempts: int
    reason: str | None  # of the delivery tried most often


def claim_deliveries(
    db: Connection,
    *,
    holder: str,
    now: datetime,
    channel: str | None = None,
    lease_s: float = 10,
    limit: int = 10,
) -> list[Claim]:
    """Deliveries that are due, the worst first, ours for `lease_s` seconds; nobody else gets them before.

    A claim that is neither recorded nor renewed when its lease ends is handed out again.
    """
    found = rows(
        db, "claim_deliveries", holder=holder, now=now, channel=channel, lease_s=float(lease_s), most=limit
    )  # fmt: skip
    return [
        Claim(message=decode(Message, row["message"]), channel=row["channel"], attempt=row["attempt"])
        for row in found
    ]


def record_attempt(db: Connection, attempt: DeliveryAttempt, *, next_try_at: datetime | None = None) -> bool:
    """Write one try down and settle or free its delivery; False when it had been settled before.

    Args:
        next_try_at: needed for the outcome "retry", meaningless for the others.

    Raises:
        StoreError: a retry without a time, or no such delivery.
    """
    if attempt.outcome == "retry" and next_try_at is None:
        raise StoreError("an attempt to be repeated needs next_try_at")
    settled = count(
        db,
        "record_attempt",
        message_id=attempt.message_id,
        channel=attempt.channel,
        attempt=attempt.attempt,
        tried_at=attempt.tried_at,
        outcome=attempt.outcome,
        reason=attempt.reason,
        retry_after_s=attempt.retry_after_s,
        duration_ms=attempt.duration_ms,
        next_try_at=next_try_at,
    )
    return settled == 1


def note_picture(db: Connection, message_id: UUID, channel: str, fate: str) -> bool:
    """Write down what became of a delivery's picture; False: there is no such delivery."""
    return count(db, "note_picture", message_id=message_id, channel=channel, picture=fate) == 1


def expire_deliveries(db: Connection, now: datetime) -> int:
    """How many deliveries were given up because their message's time is over."""
    return count(db, "expire_deliveries", now=now)


def escalate_deliveries(
    db: Connection, channel: str, least: str, *, mute: Sequence[str], after_s: float, now: datetime
) -> int:
    """How many messages became deliveries of a stand-by channel, because no other took them.

    Args:
        least: least severity that the channel is told.
        mute: channels whose acceptance proves nothing: a terminal that nobody may be looking at.
        after_s: age at which a message is late; one that a channel refused for good is late at once.
    """
    return count(
        db, "escalate_deliveries", channel=channel, least_rank=SEVERITIES.index(least), mute=list(mute),
        after_s=float(after_s), now=now,
    )  # fmt: skip


def address(db: Connection, message: Message, channel: str, attempts: int) -> None:
    """See to it that a stored message has a delivery to this channel, which has been tried so often."""
    run(
        db, "address_delivery", message_id=message.message_id, channel=channel, severity=message.severity,
        attempt=attempts, since=message.created_at, until=message.expires_at,
    )  # fmt: skip


def waiting_deliveries(db: Connection) -> list[Waiting]:
    """What still waits to be told, by channel and severity."""
    return [Waiting(**row) for row in rows(db, "waiting_deliveries")]


def listen(url: str, channel: str = "risk_outbox", *, timeout_s: float = 5.0) -> Iterator[str | None]:
    """Payloads of notifications on `channel`, over a connection of its own; None after each silence.

    The connection is there before the first value comes: look for work then, and after each value.

    Raises:
        StoreError: the connection could not be made or broke.
    """
    try:
        with closing(psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=5)) as connection:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield None
            while True:
                heard = False
                for notice in connection.notifies(timeout=timeout_s, stop_after=1):
                    heard = True
                    yield notice.payload
                if not heard:
                    yield None
    except psycopg.Error as cause:
        raise StoreError(f"listening on {channel}: {cause}") from cause


def delivery_states(db: Connection) -> dict[str, int]:
    """Deliveries by state, of all messages that are kept."""
    return {row["state"]: row["deliveries"] for row in run(db, "delivery_states").mappings()}
