"""What the bot does and answers when somebody writes to it: /ack, /silence 2h, /lift, /status."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import Connection

from flows import desk
from risk.adapters import store, store_silence
from risk.adapters.store_engine import rows
from risk.adapters.telegram_inbox import Letter, Memory
from risk.catalogue import say
from risk.errors import SettingsError
from risk.limits import ALERTS
from risk.records import FlowProgress
from risk.silencing import Order, order, wish

FLOW = "telegram"
KINDS = {"ack": ("acknowledge", "acknowledged"), "silence": ("silence", "silenced")}
_SHORT_ID = re.compile(r"#([0-9a-f]{8})\b")


def memory(channel: str) -> Memory:
    """Which letters of this channel were dealt with, in the database."""

    def load() -> int:
        with desk.database() as db:
            seen = store.progress(db, FLOW).get(channel)
        return seen.done if seen else 0

    def save(number: int) -> None:
        now = desk.now()
        with desk.database() as db:
            store.save_progress(
                db,
                FlowProgress(
                    flow=FLOW, scope=channel, cursor_at=now, done=number, total=number, updated_at=now
                ),
            )

    return Memory(load=load, save=save)


def answer(channel: str, language: str, letter: Letter) -> str:
    """Carry out an order and say what was done; empty for what is no order."""
    try:
        wanted = order(letter.text)
        if wanted is None:
            return say(language, "chat.help") if letter.text.startswith("/") else ""
        with desk.database() as db:
            if wanted.verb == "help":
                return say(language, "chat.help")
            if wanted.verb == "status":
                return _status(db, language, desk.now())
            lines = [
                _done(db, wanted, name, scope, f"{channel}, chat {letter.chat_id}", language)
                for name, scope in _targets(db, wanted, letter)
            ]
    except SettingsError as refused:
        return say(language, "chat.refused", problem=str(refused))
    return "\n".join(lines)


def _targets(db: Connection, wanted: Order, letter: Letter) -> list[tuple[str, str]]:
    """What the order names; else what the answered message told of; else everything."""
    if wanted.name is not None:
        return [(wanted.name, wanted.scope)]
    if not letter.answers:
        return [("*", "*")]
    told = [
        (item["name"], item["scope"])
        for short in _SHORT_ID.findall(letter.answers)
        for item in store_silence.message_items(db, short, desk.now())
        if item["name"] in ALERTS
    ]
    if not told:
        raise SettingsError("the message that you answered told of no alert")
    return list(dict.fromkeys(told))


def _done(db: Connection, wanted: Order, name: str, scope: str, made_by: str, language: str) -> str:
    now = desk.now()
    if wanted.verb == "lift":
        ended = store_silence.lift_silences(db, name, scope, now)
        return say(language, "chat.lifted" if ended else "chat.not_lifted", name=name, scope=scope)
    kind, said = KINDS[wanted.verb]
    made = wish(kind, name, scope, wanted.lasting, now, made_by=made_by)
    store_silence.save_silence(db, made)
    return say(language, f"chat.{said}", name=name, scope=scope, until=made.ends_at.isoformat())


def _status(db: Connection, language: str, now: datetime) -> str:
    """Age of the scores and what stands, as a few lines."""
    scored = [row["scored_at"] for row in rows(db, "score_ages")]
    alerts = [one for one in store_silence.open_alerts(db) if one["phase"] == "firing"]
    if not scored:
        return say(language, "chat.blind")
    head = say(
        language,
        "chat.status",
        age=(now - max(scored)).total_seconds(),
        firing=len(alerts),
        waiting=sum(each.deliveries for each in store.waiting_deliveries(db)),
        silences=len(store_silence.silences(db, now)),
    )
    severities = {name: say(language, f"severity.{name}") for name in ("info", "warning", "critical")}
    shown = [f"{severities[one['severity']]}: {one['name']} {one['scope']}" for one in alerts[:20]]
    return "\n".join([head, *shown])
