"""What follows from evaluations that the database did not take: the next one goes on from them.

Without this each evaluation would begin from the last one stored: it would tell the same alert every five
seconds, and what must last before it counts would never last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from risk.records import Alert
from risk.state import Decision, Memory, State

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstored:
    """Alerts by id, in the order in which they changed, and hysteresis by scope."""

    alerts: Mapping[UUID, Alert] = field(default_factory=dict)
    memory: Mapping[str, Memory] = field(default_factory=dict)

    def beside(self, told: Iterable[Alert]) -> Unstored:
        """The same with the alerts of messages that go out past the database, of each alert the newest."""
        alerts: dict[UUID, Alert] = {}
        for alert in (*told, *self.alerts.values()):
            before = alerts.pop(alert.alert_id, alert)
            alerts[alert.alert_id] = max(before, alert, key=lambda each: each.updated_at)
        return Unstored(alerts=alerts, memory=self.memory)


NOTHING = Unstored()


def after(before: Unstored, state: State, decision: Decision, told: Iterable[Alert]) -> Unstored:
    """What is unstored once this evaluation is lost as well.

    Args:
        state: what was judged.
        told: alerts of messages that go out all the same. Others that it meant to tell count as untold.
    """
    goes_out = {alert.alert_id for alert in told}
    alerts = dict(before.alerts)
    for alert in decision.alerts:
        is_lost = alert.last_told_at == decision.decided_at and alert.alert_id not in goes_out
        if is_lost and alert.phase == "resolved":
            continue  # it ends once more, when that can be told
        alerts.pop(alert.alert_id, None)  # the newest change last
        alerts[alert.alert_id] = _untold(alert, state) if is_lost else alert
    return Unstored(alerts=alerts, memory={**before.memory, **decision.scores.memory})


def continued(state: State, before: Unstored) -> State:
    """The state as it would stand had everything been stored; what the database knows newer stays."""
    alerts = dict(state.alerts)
    for alert in before.alerts.values():
        key = alert.name, alert.scope
        standing = alerts.get(key)
        if standing is not None and standing.updated_at > alert.updated_at:
            continue
        if alert.phase != "resolved":
            alerts[key] = alert
        elif standing is not None and standing.alert_id == alert.alert_id:
            del alerts[key]
    memory = dict(state.memory)
    for scope, known in before.memory.items():
        if scope not in memory or memory[scope].scored_at < known.scored_at:
            memory[scope] = known
    return replace(state, alerts=alerts, memory=memory)


def with_unstored(decision: Decision, stored: State, before: Unstored) -> Decision:
    """The decision with the rows of alerts that earlier ones could not store, where there is room for them.

    Args:
        stored: the state as the database has it.
    """
    changed = {alert.alert_id for alert in decision.alerts}
    owed = [alert for alert in before.alerts.values() if alert.alert_id not in changed]
    ended = {alert.alert_id for alert in (*owed, *decision.alerts) if alert.phase == "resolved"}
    taken: set[Key] = {(a.name, a.scope) for a in decision.alerts if a.phase != "resolved"}
    taken |= {key for key, alert in stored.alerts.items() if alert.alert_id not in ended}
    own = {alert.alert_id for alert in stored.alerts.values()}
    rows = [
        alert
        for alert in owed
        if alert.phase == "resolved" or alert.alert_id in own or (alert.name, alert.scope) not in taken
    ]
    return replace(decision, alerts=(*rows, *decision.alerts)) if rows else decision


def _untold(alert: Alert, state: State) -> Alert:
    """The alert without the telling that did not happen."""
    before = state.alerts.get((alert.name, alert.scope))
    if before is None or before.alert_id != alert.alert_id:
        return replace(alert, last_told_at=None, told_count=0, details={**alert.details, "told": None})
    return replace(
        alert,
        last_told_at=before.last_told_at,
        told_count=before.told_count,
        details={**alert.details, "told": before.details.get("told")},
    )
