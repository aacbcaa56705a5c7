"""Long-lived: tells what stands in the outbox, each channel by its own courier, until it is accepted."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from prefect import flow
from sqlalchemy import Connection

from flows import chat, desk, picturing, spooling
from risk import wording
from risk.adapters import digest_file, notify, settings, store, store_outbox
from risk.adapters.courier import Courier, Outbox, Team
from risk.adapters.settings import ChannelSettings, Settings
from risk.adapters.telegram_inbox import Inbox, chats_by_bot
from risk.errors import SettingsError, StoreError
from risk.records import DeliveryAttempt, Message

log = logging.getLogger(__name__)

LEASE_S = 10.0
ESCALATE_AFTER_S = spooling.ESCALATE_AFTER_S


@flow
async def delivery() -> None:
    """Deliver until cancelled. What is being sent then is finished, or sent again by the next one."""
    config = settings.load()
    couriers = _couriers(config)
    stop = threading.Event()
    for inbox in _inboxes(config, [courier.channel for courier in couriers]):
        threading.Thread(target=inbox.run, args=(stop,), name="inbox", daemon=True).start()
    try:
        await Team(couriers, _calls).run(_look_after)
    finally:
        stop.set()


def _inboxes(config: Settings, opened: Sequence[notify.Channel]) -> list[Inbox]:
    """One inbox per bot that takes orders."""
    open_to = {channel.name: channel for channel in config.channels if channel.takes_orders}
    return [
        Inbox(
            channel,
            chats,
            chat.memory(channel.name),
            partial(chat.answer, channel.name, open_to[channel.name].language or config.language),
        )
        for channel, chats in chats_by_bot([one for one in opened if one.name in open_to])
    ]


def _calls() -> Iterator[str | None]:
    """One item per call of the outbox, None after each second without one."""
    return store.listen(desk.database_url(), timeout_s=1.0)


def _couriers(config: Settings) -> list[Courier]:
    """One courier per channel; a channel that cannot be opened is left out, and said so."""
    couriers = []
    studio = picturing.studio(config)
    for channel in config.channels:
        try:
            opened = notify.open_channel(
                channel.name, channel.url.get_secret_value(), telegram_api_base=config.telegram_api_base
            )
        except SettingsError as error:
            log.error("channel left out: %s", error)
            continue
        couriers.append(
            Courier(
                opened,
                _outbox(),
                partial(_render, config, channel),
                attachment=partial(digest_file.attachment, config.data_dir),
                pictures=picturing.post(config, channel, studio),
            )
        )
    return couriers


def _outbox() -> Outbox:
    holder = f"{socket.gethostname()}:{os.getpid()}"
    return Outbox(claim=partial(_claim, holder), record=_record, aside=spooling.claims, noted=spooling.note)


def _claim(holder: str, channel: str, limit: int, now: datetime) -> Sequence[store.Claim]:
    """What is due; first of all what the database did not take, while it does not."""
    try:
        spooling.put_back()
    except StoreError as error:
        log.warning("told past the database, not recorded yet: %s", error)
        if kept := spooling.claims(channel, limit, now):
            return kept
    with desk.database() as db:
        return store.claim_deliveries(
            db, holder=holder, channel=channel, lease_s=LEASE_S, limit=limit, now=now
        )


def _record(attempt: DeliveryAttempt, next_try_at: datetime | None) -> None:
    with desk.database() as db:
        store.record_attempt(db, attempt, next_try_at=next_try_at)


def _render(config: Settings, channel: ChannelSettings, message: Message) -> wording.Text:
    return wording.message(message.items, channel.language or config.language)


def _escalate(db: Connection) -> None:
    """What no channel took in time goes to those that stand by, one after another."""
    channels = settings.load().channels
    mute = [one.name for one in channels if one.url.get_secret_value().startswith(notify.CONSOLE)]
    for place, one in enumerate([one for one in channels if one.stands_by], start=1):
        late = store_outbox.escalate_deliveries(
            db, one.name, one.min_severity, mute=mute, after_s=ESCALATE_AFTER_S * place, now=desk.now()
        )
        if late:
            log.critical(
                "%d messages not taken within %.0f s: to %s", late, ESCALATE_AFTER_S * place, one.name
            )


def _look_after(status: dict[str, object]) -> None:
    spooling.make_ready()
    with desk.database() as db:
        expired = store.expire_deliveries(db, desk.now())
        _escalate(db)
        store.beat(db, "delivery", desk.now(), status)
    if expired:
        log.critical("%d deliveries expired before any channel took them", expired)
