"""What of all alerts is said now: reminders, mutes, grouping, and the one message of an evaluation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from risk.limits import Limits
from risk.records import Alert, Message
from risk.state import ACCOUNT_SCOPE
from risk.view import CRITICAL, SEVERITIES, symbol_of

NAMESPACE = uuid5(NAMESPACE_URL, "crypto-risk/alert")

URGENT = frozenset({"liquidation_distance", "reduce", "cannot_exit", "position_gone"})
"""Alerts about a position's life: never made to wait."""

EXPLAINED_BY_SILENCE = frozenset({"stale_data", "blind"})
"""What an unreachable exchange explains by itself."""

BOOKKEEPING = ("told", "steady_at")
"""Keys of an alert's details that are ours: the worst severity told, and since when it holds in full."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing that may be said: `kind` is fired, escalated, reminder or resolved."""

    alert: Alert
    kind: str

    @property
    def presses(self) -> bool:
        """Critical, and new or worse: the end of an alert and a reminder can wait for company."""
        return self.alert.severity == "critical" and self.kind in ("fired", "escalated")


def rank_of(severity: Any) -> int:
    """Index into SEVERITIES, -1 for what is none."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def due(alert: Alert, limits: Limits, now: datetime, *, tells_end: bool, reminds: bool) -> Telling | None:
    """What this alert would have said now, were nothing in its way."""
    if alert.phase == "resolved":
        return Telling(alert, "resolved") if tells_end and alert.told_count > 0 else None
    if alert.phase != "firing":
        return None
    if alert.last_told_at is None:
        return Telling(alert, "fired")
    if rank_of(alert.severity) > rank_of(alert.details.get("told")):
        return Telling(alert, "escalated")
    if reminds and _is_reminder_due(alert, limits, now):
        return Telling(alert, "reminder")
    return None


def _is_reminder_due(alert: Alert, limits: Limits, now: datetime) -> bool:
    """A reminder needs the condition in full for its whole interval; one that wavers has the warning's."""
    assert alert.last_told_at is not None
    waited = (now - alert.last_told_at).total_seconds()
    steady = now.timestamp() - float(alert.details.get("steady_at") or 0.0)
    every = limits.telling[f"remind_{alert.severity}_s"]
    if every > 0 and min(waited, steady) >= every:
        return True
    wavering = limits.telling["remind_warning_s"]
    return alert.severity == "critical" and 0 < wavering <= waited


def choose(
    tellings: Iterable[Telling],
    alerts: Mapping[tuple[str, str], Alert],
    limits: Limits,
    now: datetime,
    *,
    last_message_at: float | None = None,
) -> list[Telling]:
    """What is told now: all that is due and not muted, in one message; or nothing until the pause is over.

    A position's life goes out at once. Other critical news goes out at once unless the last minute had
    its fill of messages. The rest waits until the last message is `group_interval_s` old.

    Args:
        alerts: all that stand after this evaluation, for mutes and for when the last messages went out.
        last_message_at: seconds since 1970 of the newest message, where the store knows it.
    """
    free = _without_muted(list(tellings), alerts.values())
    if not free:
        return []
    ages = {(now - a.last_told_at).total_seconds() for a in alerts.values() if a.last_told_at is not None}
    if last_message_at is not None:
        ages.add(now.timestamp() - last_message_at)
    pressing = [t for t in free if t.presses]
    if any(t.alert.name in URGENT or t.alert.scope == ACCOUNT_SCOPE for t in pressing):
        return free
    if sum(age < 60 for age in ages) >= limits.telling["most_per_minute"]:
        return []
    if pressing or min(ages, default=float("inf")) >= limits.telling["group_interval_s"]:
        return free
    return []


def _without_muted(tellings: list[Telling], alerts: Collection[Alert]) -> list[Telling]:
    """Leaves out what a graver alert says already; the end of what was told is never left out."""
    firing = [a for a in alerts if a.phase == "firing"]
    extreme = {a.scope for a in firing if a.name == "level" and a.severity == "critical"}
    is_silent = any(a.name == "exchange_unreachable" for a in firing)
    is_blinded = is_silent or any(a.name == "stale_data" for a in firing)

    def is_muted(telling: Telling) -> bool:
        alert = telling.alert
        if telling.kind == "resolved":
            return False
        if symbol_of(alert.scope) in extreme and rank_of(alert.severity) < CRITICAL:
            return True
        if is_silent and alert.name in EXPLAINED_BY_SILENCE:
            return True
        by_blindness = alert.name == "level" and bool(alert.details.get("by_unknown_only"))
        return is_blinded and by_blindness and rank_of(alert.severity) < CRITICAL

    return [telling for telling in tellings if not is_muted(telling)]


def marked(alert: Alert, now: datetime) -> Alert:
    """The alert once it was put into a message."""
    worst = max(rank_of(alert.details.get("told")), rank_of(alert.severity))
    return replace(
        alert,
        last_told_at=now,
        told_count=alert.told_count + 1,
        updated_at=now,
        details={**alert.details, "told": SEVERITIES[worst]},
    )


def message(told: list[Telling], limits: Limits, now: datetime) -> Message:
    """One message of all that is told, the gravest first."""
    ordered = sorted(told, key=_order)
    items = tuple(_item(telling, now) for telling in ordered)
    name = "|".join([now.isoformat(), *(f"{item['alert_id']}:{item['kind']}" for item in items)])
    return Message(
        message_id=uuid5(NAMESPACE, name),
        created_at=now,
        expires_at=now + timedelta(seconds=limits.telling["expires_s"]),
        severity=max((t.alert.severity for t in told), key=rank_of),
        items=items,
    )


def _order(telling: Telling) -> tuple[Any, ...]:
    """The gravest first, a position's life before a market's weather, ends last."""
    alert = telling.alert
    is_end = telling.kind == "resolved"
    return is_end, -rank_of(alert.severity), alert.name not in URGENT, alert.name, alert.scope


def _item(telling: Telling, now: datetime) -> dict[str, Any]:
    """What the outbox keeps of one alert: JSON's types only."""
    alert = telling.alert
    return {
        "alert_id": str(alert.alert_id),
        "name": alert.name,
        "scope": alert.scope,
        "severity": alert.severity,
        "kind": telling.kind,
        "value": alert.value,
        "threshold": alert.threshold,
        "since": (alert.since if alert.phase == "firing" else alert.fired_at or alert.since).isoformat(),
        "at": now.isoformat(),
        "details": {key: value for key, value in alert.details.items() if key not in BOOKKEEPING},
    }
