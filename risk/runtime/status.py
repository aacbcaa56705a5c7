"""`risk status`: how the desk is, as a table and as an exit status that a monitor understands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from risk.adapters import embedded, store
from risk.adapters.settings import Settings
from risk.errors import RiskError
from risk.runtime import board, whereabouts
from risk.runtime.database import folder, reachable
from risk.runtime.hold import is_held

SCORE_LATE_S = 60.0
SIGN_LATE_S = 60.0
WAITING_LATE_S = 120.0


@dataclass(frozen=True, slots=True)
class Report:
    """0: all is well, 1: something is late or down, 2: alerts cannot go out; `reason` is one line."""

    table: RenderableType
    code: int
    reason: str


def report(settings: Settings, *, width: int = 120) -> Report:
    """How the desk of these settings is now."""
    faults: list[tuple[int, str]] = []
    parts = _parts(settings, faults)
    try:
        with reachable(settings, role=embedded.READER) as url:
            seen = board.read(url)
            waiting = _waiting(url, seen.read_at, faults)
    except RiskError as cause:
        return Report(parts, 2, str(cause))
    _judge(seen, faults)
    code = max((fault[0] for fault in faults), default=0)
    reason = "; ".join(text for _, text in faults) or "all is well"
    return Report(Group(parts, board.render(seen, settings.language, width=width), waiting), code, reason)


def _parts(settings: Settings, faults: list[tuple[int, str]]) -> RenderableType:
    place = folder(settings)
    is_there = is_held(place)
    said = whereabouts.read(place) if is_there else None
    if said is None:
        faults.append((1, f"the desk in {place} is coming up" if is_there else f"no desk runs in {place}"))
        return ""
    table = Table("part", "process", "state", "started again", box=box.SIMPLE_HEAD)
    for name, part in said["parts"].items():
        state = "up" if part["pid"] and part["is_ready"] else "coming up" if part["pid"] else "down"
        if state == "down":
            faults.append((1, f"{name} is down"))
        table.add_row(name, str(part["pid"] or "–"), state, str(part["restarts"]))
    return table


def _waiting(url: str, now: datetime, faults: list[tuple[int, str]]) -> RenderableType:
    with store.connect(url) as db:
        lines = store.waiting_deliveries(db)
    table = Table("channel", "severity", "waiting", "oldest", "reason", box=box.SIMPLE_HEAD)
    for line in lines:
        age_s = (now - line.oldest_at).total_seconds()
        table.add_row(line.channel, line.severity, str(line.deliveries), f"{age_s:.0f} s", line.reason or "")
        if age_s > WAITING_LATE_S:
            reason = f"{line.deliveries} {line.severity} alerts wait for {line.channel} since {age_s:.0f} s"
            faults.append((2, f"{reason} ({line.reason or 'not tried'})"))
    return table if lines else ""


def _judge(seen: board.Board, faults: list[tuple[int, str]]) -> None:
    if not seen.lines:
        faults.append((1, "there is no score yet: `risk doctor` says what is missing"))
    for line in seen.lines:
        age_s = (seen.read_at - line["scored_at"]).total_seconds()
        if age_s > SCORE_LATE_S:
            faults.append((1, f"{line['scope']} was last scored {age_s:.0f} s ago"))
        elif line["level"] < 0:
            faults.append((1, f"{line['scope']} cannot be scored"))
    for name, beat_at in seen.parts.items():
        age = seen.read_at - beat_at
        if name.startswith("worker/") and age > timedelta(seconds=SIGN_LATE_S):
            faults.append((1, f"{name} gave its last sign {age.total_seconds():.0f} s ago"))
