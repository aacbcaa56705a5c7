"""The life of an alert: pending, firing, clearing, resolved. The rules stand in the *_alerts files.

An alert's identity is its name and scope from its first sign until it resolves; repeats are updates of it.
Missing input (a rule that neither fires nor clears) never begins an alert and never ends one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid5

from risk import (
    bracket_alerts,
    delisting,
    feed_alerts,
    market_alerts,
    position_alerts,
    strategy_alerts,
    telling,
    var_alerts,
)
from risk.limits import Limits
from risk.records import Alert, Message
from risk.state import TellingReason
from risk.telling import NAMESPACE, Telling, rank_of
from risk.view import SEVERITIES, Reading, View

Key = tuple[str, str]
Outcome = tuple[tuple[Alert, ...], tuple[Message, ...], tuple[TellingReason, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """An alert after this evaluation, and whether its row must be written for that alone."""

    alert: Alert
    is_changed: bool


def evaluate(view: View) -> Outcome:
    """The alerts whose row changes, the one message, if any, that tells of them, and why or why not.

    Pure: ids are UUIDs of name, scope and start, so the same view gives the same ids.
    """
    readings = [one for one in _readings(view) if view.limits.alerts[one.name]["enabled"]]
    steps: dict[Key, Step] = {}
    ended: list[Alert] = []
    standing: dict[str, dict[str, Alert]] = {}
    for (name, scope), alert in view.state.alerts.items():
        standing.setdefault(name, {})[scope] = alert
    for one in readings:
        for replaced, step in _steps(one, standing.get(one.name, {}), view):
            steps[step.alert.name, step.alert.scope] = step
            ended += [replaced] if replaced else []
    for key, alert in view.state.alerts.items():
        if alert.name not in {one.name for one in readings}:
            steps[key] = Step(_resolved(alert, view.now), is_changed=True)
    return _settle(view, {one.name: one for one in readings}, steps, ended)


def _readings(view: View) -> Iterator[Reading]:
    yield from position_alerts.readings(view)
    yield from bracket_alerts.readings(view)
    yield from delisting.readings(view)
    yield from market_alerts.readings(view)
    yield from feed_alerts.readings(view)
    yield from strategy_alerts.readings(view)
    yield from var_alerts.readings(view)


def _settle(
    view: View, readings: Mapping[str, Reading], steps: dict[Key, Step], ended: list[Alert]
) -> Outcome:
    """Rows to write and the message. The end of an alert waits, clearing, until it can be told."""
    now, limits, facts = view.now, view.limits, view.state.facts
    owed: list[Telling] = []
    for step in steps.values():
        one = readings.get(step.alert.name)
        if one is not None:
            may = telling.due(step.alert, limits, now, tells_end=one.tells_end, reminds=one.reminds)
            owed += [may] if may else []
    current = {**view.state.alerts, **{key: step.alert for key, step in steps.items()}}
    verdicts = telling.weigh(owed, current, limits, now, silences=view.state.silences, facts=facts)
    told = [verdict.telling for verdict in verdicts if verdict.reason == telling.TOLD]
    missed = int(facts.get("missed_alerts", 0))
    messages: tuple[Message, ...] = (telling.message(told, limits, now, missed=missed),) if told else ()
    whys = {(v.telling.alert.name, v.telling.alert.scope): (v.telling.kind, v.reason) for v in verdicts}
    reasons: list[TellingReason] = []
    rows = list(ended)
    for key, step in steps.items():
        kind, reason = whys.get(key) or _silence_of(step)
        done = step
        if reason == telling.TOLD:
            done = Step(telling.marked(step.alert, now), is_changed=True)
        elif kind == "resolved" and key in whys:
            done = _waiting(view.state.alerts[key], now)
        why = f"{kind}, {reason}"
        if kind and (reason == telling.TOLD or done.alert.details.get("why") != why):
            message_id = messages[0].message_id if reason == telling.TOLD else None
            alert = replace(done.alert, updated_at=now, details={**done.alert.details, "why": why})
            done = Step(alert, is_changed=True)
            reasons.append(
                TellingReason(
                    alert_id=alert.alert_id, decided_at=now, kind=kind, reason=reason, message_id=message_id
                )
            )
        rows += [done.alert] if done.is_changed else []
    rows.sort(key=lambda alert: (alert.name, alert.scope, alert.phase != "resolved"))
    return tuple(rows), messages, tuple(reasons)


def _silence_of(step: Step) -> tuple[str, str]:
    """What there was to say and why it is not said, where no rule has anything to say; nothing: no news."""
    if not step.is_changed:
        return "", ""
    alert = step.alert
    if alert.phase == "pending":
        return "pending", "has not lasted yet"
    if alert.phase == "firing" and alert.last_told_at is not None:
        return "reminder", "nothing new"
    return "", ""


def _waiting(alert: Alert, now: datetime) -> Step:
    if alert.phase == "clearing":
        return Step(alert, is_changed=False)
    return Step(replace(alert, phase="clearing", updated_at=now), is_changed=True)


def _steps(one: Reading, standing: Mapping[str, Alert], view: View) -> Iterator[tuple[Alert | None, Step]]:
    """A step for every scope that fires or has an alert, with the alert that it replaces, if any."""
    touched = {one.scopes[i]: i for i in one.fires.nonzero()[0].tolist()}
    if standing:
        index = {scope: i for i, scope in enumerate(one.scopes)}
        touched |= {scope: index.get(scope, -1) for scope in standing if scope not in touched}
    for scope, i in touched.items():
        alert = standing.get(scope)
        if i < 0:
            if alert is not None and one.gone_clears:
                yield None, Step(_resolved(alert, view.now), is_changed=True)
            continue
        if alert is None:
            yield None, _begun(one, i, view)
        elif not one.fires[i]:
            yield None, _eased(one, i, alert, view)
        elif one.identity and alert.details.get(one.identity) != one.details(i).get(one.identity):
            yield _resolved(alert, view.now), _begun(one, i, view)
        else:
            yield None, _sustained(one, i, alert, view)


def _begun(one: Reading, i: int, view: View) -> Step:
    now, waits = view.now, _hold_s(one, i, view.limits) > 0
    alert = Alert(
        alert_id=uuid5(NAMESPACE, f"{one.name}|{one.scopes[i]}|{now.isoformat()}"),
        name=one.name,
        scope=one.scopes[i],
        severity=SEVERITIES[one.ranks[i]],
        phase="pending" if waits else "firing",
        since=now,
        fired_at=None if waits else now,
        updated_at=now,
        resolved_at=None,
        last_told_at=None,
        told_count=0,
        value=_number(one.values[i]),
        threshold=_number(one.thresholds[i]),
        details={**one.details(i), "told": None, "steady_at": view.now_s},
    )
    return Step(alert, is_changed=True)


def _sustained(one: Reading, i: int, alert: Alert, view: View) -> Step:
    """The alert while its condition holds. A value that moved is written at most once a `refresh_s`."""
    now, limits = view.now, view.limits
    fired_at = alert.fired_at
    since = (fired_at or alert.since) if alert.phase == "clearing" else alert.since
    if fired_at is None and (now - alert.since).total_seconds() >= _hold_s(one, i, limits):
        fired_at = now
    rank, was = int(one.ranks[i]), rank_of(alert.severity)
    kept = min(was, int(one.relaxed[i])) if one.relaxed is not None else was
    severity = SEVERITIES[max(rank, kept)]
    phase = "firing" if fired_at else "pending"
    shows = rank if one.steady is None else int(one.steady[i])
    kept_details = _bookkeeping(alert, severity, shows >= rank_of(severity), view)
    is_news = (phase, severity) != (alert.phase, alert.severity) or _differs(alert, kept_details)
    is_old = (now - alert.updated_at).total_seconds() >= limits.telling["refresh_s"]
    if not (is_news or is_old) and (alert.last_told_at is not None or phase == "pending"):
        return Step(alert, is_changed=False)
    moved = replace(
        alert,
        phase=phase,
        since=since,
        fired_at=fired_at,
        severity=severity,
        value=_number(one.values[i]),
        threshold=_number(one.thresholds[i]),
        details={**one.details(i), **kept_details},
    )
    is_other = moved.value != alert.value or moved.details != alert.details
    if is_news or (is_old and is_other):
        return Step(replace(moved, updated_at=now), is_changed=True)
    return Step(moved, is_changed=False)


def _eased(one: Reading, i: int, alert: Alert, view: View) -> Step:
    """The alert while its condition does not hold: clearing, resolved, or as it was where that is unknown."""
    now = view.now
    is_unknown = not one.clears[i] and one.values[i] != one.values[i]
    if alert.phase == "pending":
        return Step(alert, is_changed=False) if is_unknown else Step(_resolved(alert, now), is_changed=True)
    if not one.clears[i]:
        kept = _bookkeeping(alert, alert.severity, False, view)
        if alert.phase == "firing" and not _differs(alert, kept):
            return Step(alert, is_changed=False)
        since = (alert.fired_at or alert.since) if alert.phase == "clearing" else alert.since
        back = replace(alert, phase="firing", since=since, updated_at=now, details={**alert.details, **kept})
        return Step(back, is_changed=True)
    cleared = (
        alert if alert.phase == "clearing" else replace(alert, phase="clearing", since=now, updated_at=now)
    )
    hold_s = view.limits.alerts[one.name]["clear_hold_s"]
    if one.clear_hold_s is not None:
        hold_s = float(one.clear_hold_s[i])
    if (now - cleared.since).total_seconds() >= hold_s:
        return Step(_resolved(cleared, now), is_changed=True)
    return Step(cleared, is_changed=cleared is not alert)


def _bookkeeping(alert: Alert, severity: str, is_steady: bool, view: View) -> dict[str, Any]:
    """Worst severity told, forgotten `retell_s` after it was told; since when the condition holds in full."""
    now_s, limits = view.now_s, view.limits
    told, steady_at = alert.details.get("told"), float(alert.details.get("steady_at") or now_s)
    if not is_steady and now_s - steady_at >= limits.telling["refresh_s"]:
        steady_at = now_s
    told_at = alert.last_told_at.timestamp() if alert.last_told_at else now_s
    if rank_of(severity) < rank_of(told) and now_s - told_at >= limits.telling["retell_s"]:
        told = severity
    kept = {key: alert.details[key] for key in ("why",) if key in alert.details}
    return {**kept, "told": told, "steady_at": steady_at}


def _differs(alert: Alert, kept: Mapping[str, Any]) -> bool:
    return any(alert.details.get(key) != value for key, value in kept.items())


def _resolved(alert: Alert, now: datetime) -> Alert:
    return replace(alert, phase="resolved", resolved_at=now, updated_at=now)


def _hold_s(one: Reading, i: int, limits: Limits) -> float:
    return float(one.hold_s[i]) if one.hold_s is not None else limits.alerts[one.name]["fire_hold_s"]


def _number(value: Any) -> float | None:
    number = float(value)
    return number if number == number and abs(number) != float("inf") else None
