"""What the desk concludes and says, as it is stored: advice, alerts, messages, and each try to deliver."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Advice that follows from a score: "reduce", "close_only" or "warn". Stored as `decision`."""

    decision_id: UUID
    scope: str
    scored_at: datetime
    kind: str
    symbol: str
    side: str
    fraction: float | None  # share of the position to give up, for "reduce"
    quantity: Decimal | None
    reason: str  # code, rendered by wording
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert from its first sign to its end; (name, scope) is its identity until it resolves."""

    alert_id: UUID
    name: str  # as in the table of alerts
    scope: str  # symbol, "SYMBOL/side", "account", feed name
    severity: str  # "info", "warning", "critical"
    phase: str  # "pending", "firing", "clearing", "resolved"
    since: datetime  # when the present phase's condition began
    fired_at: datetime | None
    updated_at: datetime
    resolved_at: datetime | None
    last_told_at: datetime | None
    told_count: int
    value: float | None
    threshold: float | None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one evaluation has to say, grouped. Stored as `outbox`; one `delivery` row per channel."""

    message_id: UUID
    created_at: datetime
    expires_at: datetime
    severity: str  # the worst of its items
    items: tuple[dict[str, Any], ...]  # alert_id, name, scope, severity, kind, value, …


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One try to hand one message to one channel."""

    message_id: UUID
    channel: str
    attempt: int  # 1, 2, …
    tried_at: datetime
    outcome: str  # "accepted", "retry", "failed", "expired"
    reason: str
    retry_after_s: float | None
    duration_ms: int
