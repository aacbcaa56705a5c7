"""`risk alert list|ack|silence|lift|test`: what stands, what is not to be told, whether a channel works."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from risk.adapters import embedded, store, store_silence
from risk.adapters.settings import Settings
from risk.errors import DeliveryError, SettingsError
from risk.records import Message
from risk.runtime.database import reachable
from risk.silencing import duration, wish
from risk.state import Silence

TEST_WAIT_S = 20.0
TEST_EXPIRES = timedelta(minutes=5)
STYLES = {"critical": "bold red", "warning": "yellow", "info": "dim"}


def listing(settings: Settings) -> tuple[RenderableType, str]:
    """Tables of the alerts that stand and of the wishes in force, and one line that counts them."""
    now = datetime.now(UTC)
    with reachable(settings, role=embedded.READER) as url, store.connect(url) as db:
        alerts, wishes = store_silence.open_alerts(db), store_silence.silences(db, now)
    shown = [_alerts(alerts, now), *([_wishes(wishes, now)] if wishes else [])]
    firing = sum(alert["phase"] == "firing" for alert in alerts)
    return Group(
        *shown
    ), f"{firing} firing, {len(alerts) - firing} beginning or ending, {len(wishes)} kept back"


def keep_back(settings: Settings, kind: str, name: str, scope: str, lasting: str, reason: str) -> str:
    """Store one wish; a line that says what it does.

    Raises:
        SettingsError: no such alert, scope or duration.
    """
    made = wish(kind, name, scope, duration(lasting), datetime.now(UTC), made_by="command", reason=reason)
    with reachable(settings, role=embedded.WRITER) as url, store.connect(url) as db:
        store_silence.save_silence(db, made)
    return said(made)


def lift(settings: Settings, name: str, scope: str) -> str:
    """End what was asked for exactly this name and scope.

    Raises:
        SettingsError: nothing stands for it.
    """
    with reachable(settings, role=embedded.WRITER) as url, store.connect(url) as db:
        ended = store_silence.lift_silences(db, name, scope, datetime.now(UTC))
    if not ended:
        raise SettingsError(f"nothing is silenced for {name} {scope}: `risk alert list` shows what is")
    return f"{name} {scope} is told again"


def test(settings: Settings, channel: str | None, *, wait_s: float = TEST_WAIT_S) -> list[str]:
    """Send a test through the outbox of the desk that runs; one line per channel that accepted it.

    Raises:
        SettingsError: no such channel.
        DeliveryError: a channel did not accept it in time; says which and why.
    """
    names = [one.name for one in settings.channels if channel in (None, one.name)]
    if not names:
        known = ", ".join(one.name for one in settings.channels)
        raise SettingsError(f"no channel is called {channel!r}; there are {known}")
    message = trial(datetime.now(UTC))
    with reachable(settings, role=embedded.WRITER) as url:
        with store.connect(url) as db:
            store_silence.put_message(db, message, [(name, "info") for name in names])
        end_at = time.monotonic() + wait_s
        while True:
            with store.connect(url) as db:
                states = store_silence.message_states(db, message.message_id)
            if all(state != "waiting" for state, _ in states.values()) or time.monotonic() > end_at:
                break
            time.sleep(0.2)
    missing = {name: state for name, state in states.items() if state[0] != "accepted"}
    if missing:
        raise DeliveryError(
            "; ".join(f"{name} is {_remedy(*state, wait_s)}" for name, state in missing.items()),
            reason="unproven",
        )
    return [f"{name} accepted it" for name in states]


def trial(now: datetime) -> Message:
    """A message that says that it is a test."""
    at, message_id = now.isoformat(), uuid4()
    item: dict[str, Any] = {
        "alert_id": str(message_id), "name": "test", "scope": "desk", "severity": "info", "kind": "fired",
        "value": None, "threshold": None, "since": at, "at": at, "details": {},
    }  # fmt: skip
    return Message(
        message_id=message_id, created_at=now, expires_at=now + TEST_EXPIRES, severity="info", items=(item,)
    )


def said(made: Silence) -> str:
    """A wish in words."""
    verb = "silenced" if made.kind == "silence" else "acknowledged"
    until = f"{made.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    rest = "" if made.kind == "silence" else "; worse and over are told"
    return f"{made.name} {made.scope} is {verb} until {until}{rest}"


def _remedy(state: str, reason: str, wait_s: float) -> str:
    if state == "waiting" and not reason:
        return f"not tried within {wait_s:.0f} s: does the desk run? see `risk status`"
    return f"{state}, {reason or 'no reason given'}: see `risk doctor`"


def _alerts(alerts: Sequence[Mapping[str, Any]], now: datetime) -> Table:
    table = Table("severity", "alert", "phase", "for", "last decision", box=box.SIMPLE_HEAD)
    for alert in alerts:
        decision = f"{alert['kind']}: {alert['reason']}" if alert["kind"] else ""
        table.add_row(
            f"[{STYLES[alert['severity']]}]{alert['severity']}[/]",
            f"{alert['name']} {alert['scope']}",
            alert["phase"],
            _lasting(now - alert["since"]),
            decision,
        )
    return table


def _wishes(wishes: Sequence[Silence], now: datetime) -> Table:
    table = Table("kept back", "alert", "scope", "still for", "by", "reason", box=box.SIMPLE_HEAD)
    for one in wishes:
        left = _lasting(one.ends_at - now)
        table.add_row(one.kind, one.name, one.scope, left, one.made_by, one.reason)
    return table


def _lasting(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
