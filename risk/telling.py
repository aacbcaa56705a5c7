"""What of all alerts is said now, and why not the rest: reminders, silences, mutes, pauses, one message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from risk import quiet_hours
from risk.limits import Limits
from risk.records import Alert, Message
from risk.state import ACCOUNT_SCOPE, Silence
from risk.view import CRITICAL, SEVERITIES, symbol_of

NAMESPACE = uuid5(NAMESPACE_URL, "crypto-risk/alert")

URGENT = frozenset({"liquidation_distance", "reduce", "cannot_exit", "position_gone"})
"""Alerts about a position's life: never made to wait."""

ASKING = frozenset({
    "account", "market", "open_interest", "funding", "klines", "reference", "income", "spot", "streams",
    "history",
})  # fmt: skip
"""Flows that can only fail while the exchange is silent; the others ask the database or other venues."""

NOT_ITS_FEEDS = frozenset({"venue"})
"""Feeds that do not come from the exchange."""

EXPLAINED_BY_REFUSAL = frozenset({"account", "income"})
"""Flows that can only fail while the exchange refuses the key."""

BOOKKEEPING = ("told", "steady_at", "why")
"""Keys of an alert's details that are ours: the worst severity told, since when it holds in full, and what
was last decided about telling it ("fired, quiet hours")."""

TOLD = "told"
"""The reason of what is put into a message. "minute cap", "daily cap", "grouped" and "quiet hours" only put
off: what ends meanwhile is counted in the next message (by `latest_state.sql`)."""


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one thing is said now: `reason` is "told", or why it is kept back."""

    telling: Telling
    reason: str


def weigh(
    tellings: Iterable[Telling],
    alerts: Mapping[tuple[str, str], Alert],
    limits: Limits,
    now: datetime,
    *,
    silences: Collection[Silence] = (),
    facts: Mapping[str, float] | None = None,
) -> list[Verdict]:
    """What is told now: all that is due and not kept back, in one message; or nothing until a pause is over.

    A position's life goes out at once. Other critical news goes out at once unless the last minute had
    its fill of messages. The rest waits until the last message is `group_interval_s` old, and once the
    day has had its fill until it is `digest_every_s` old.

    Args:
        alerts: all that stand after this evaluation, for mutes and for when the last messages went out.
        silences: those in force.
        facts: "last_message_at", seconds since 1970, and "messages_24h", those without a critical item,
            where the store knows them.
    """
    owed, facts = list(tellings), facts or {}
    held = _keepers(owed, alerts.values(), silences, limits, now)
    free = [t for t, keeper in zip(owed, held, strict=True) if not keeper]
    waits = _pause(free, alerts.values(), limits, now, facts)
    return [Verdict(t, keeper or waits or TOLD) for t, keeper in zip(owed, held, strict=True)]


def _pause(
    free: list[Telling], alerts: Collection[Alert], limits: Limits, now: datetime, facts: Mapping[str, float]
) -> str:
    """Why a message must wait now; empty when it need not."""
    ages = {(now - a.last_told_at).total_seconds() for a in alerts if a.last_told_at is not None}
    if "last_message_at" in facts:
        ages.add(now.timestamp() - facts["last_message_at"])
    pressing = [t for t in free if t.presses]
    if any(t.alert.name in URGENT or t.alert.scope == ACCOUNT_SCOPE for t in pressing):
        return ""
    if sum(age < 60 for age in ages) >= limits.telling["most_per_minute"]:
        return "minute cap"
    since = min(ages, default=float("inf"))
    is_full = facts.get("messages_24h", 0) >= limits.telling["most_per_day"]
    if is_full and since < limits.telling["digest_every_s"] and not any(_is_critical(t) for t in free):
        return "daily cap"
    return "" if pressing or since >= limits.telling["group_interval_s"] else "grouped"


def _is_critical(telling: Telling) -> bool:
    return rank_of(telling.alert.severity) >= CRITICAL


def _keepers(
    tellings: list[Telling],
    alerts: Collection[Alert],
    silences: Collection[Silence],
    limits: Limits,
    now: datetime,
) -> list[str]:
    """For each, what keeps it back by itself: a person's wish, a graver alert, the hour; else empty."""
    quiet = quiet_hours.parse(limits.quiet_hours)
    is_quiet = quiet is not None and quiet.holds(now)
    mutes = _mutes(alerts)
    kept = []
    for telling in tellings:
        reason = _silenced(telling, silences, now) or mutes(telling)
        if not reason and is_quiet and not _is_critical(telling):
            reason = "quiet hours"
        kept.append(reason)
    return kept


def _silenced(telling: Telling, silences: Collection[Silence], now: datetime) -> str:
    """ "silenced" or "acknowledged" by a wish that is in force."""
    alert = telling.alert
    mine = [s for s in silences if s.starts_at <= now < s.ends_at and covers(s, alert.name, alert.scope)]
    if any(s.kind == "silence" for s in mine):
        return "silenced"
    began = alert.fired_at or alert.since
    if telling.kind in ("fired", "reminder") and any(s.starts_at >= began for s in mine):
        return "acknowledged"
    return ""


def covers(silence: Silence, name: str, scope: str) -> bool:
    """Whether a wish speaks of this alert; a symbol stands for its positions too.

    >>> at = datetime(2026, 3, 1)
    >>> wish = Silence(silence_id=NAMESPACE, kind="silence", name="*", scope="BTC*", starts_at=at, ends_at=at,
    ...                made_by="command", reason="")
    >>> covers(wish, "level", "BTCUSDT"), covers(wish, "level", "ETHUSDT")
    (True, False)
    """
    fits = (fnmatchcase(part, silence.scope) for part in (scope, symbol_of(scope)))
    return fnmatchcase(name, silence.name) and any(fits)


def _mutes(alerts: Collection[Alert]) -> Callable[[Telling], str]:
    """Says which graver alert tells something already; the end of what was told is never muted."""
    firing = [a for a in alerts if a.phase == "firing"]
    extreme = {a.scope for a in firing if a.name == "level" and a.severity == "critical"}
    # until the silence is over for good: what grew old in it becomes fresh one feed after the other
    is_silent = any(a.name == "exchange_unreachable" and a.phase in ("firing", "clearing") for a in alerts)
    is_refused = any(a.name in ("key_rejected", "account_unsupported") for a in firing)
    is_blinded = is_silent or any(a.name == "stale_data" for a in firing)

    def muted_by(telling: Telling) -> str:
        alert = telling.alert
        if telling.kind == "resolved":
            return ""
        if symbol_of(alert.scope) in extreme and rank_of(alert.severity) < CRITICAL:
            return "muted by level"
        if is_silent and _follows_from_silence(alert):
            return "muted by exchange_unreachable"
        if is_refused and alert.name == "flow_failing" and alert.scope in EXPLAINED_BY_REFUSAL:
            return "muted by key_rejected"
        by_blindness = alert.name == "level" and bool(alert.details.get("by_unknown_only"))
        if is_blinded and by_blindness and rank_of(alert.severity) < CRITICAL:
            return f"muted by {'exchange_unreachable' if is_silent else 'stale_data'}"
        return ""

    return muted_by


def _follows_from_silence(alert: Alert) -> bool:
    """Whether an unreachable exchange explains this alert. What its streams still tell of, it does not."""
    if alert.name == "stale_data":
        return alert.scope not in NOT_ITS_FEEDS
    return alert.name == "blind" or (alert.name == "flow_failing" and alert.scope in ASKING)


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


def message(told: list[Telling], limits: Limits, now: datetime, *, missed: int = 0) -> Message:
    """One message of all that is told, the gravest first.

    Args:
        missed: alerts that began and ended untold since the last message, because they had to wait.
    """
    ordered = sorted(told, key=_order)
    items = tuple(_item(telling, now) for telling in ordered)
    if missed:
        items += (_digest(missed, now),)
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


def _digest(missed: int, now: datetime) -> dict[str, Any]:
    at = now.isoformat()
    return {
        "alert_id": str(uuid5(NAMESPACE, f"overflow|{at}")), "name": "overflow", "scope": "desk",
        "severity": "info", "kind": "fired", "value": float(missed), "threshold": None,
        "since": at, "at": at, "details": {},
    }  # fmt: skip
