"""What a demo has shown: every flow on its cadence, levels up and down, alerts told, inputs missing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from risk.adapters import store
from risk.adapters.store_engine import rows
from risk.errors import StoreError
from risk.runtime import plan
from risk.runtime.plan import Entry
from risk.runtime.stack import Stack
from risk.state import ACCOUNT_SCOPE

ALERTS_WITHIN_S = 150.0  # the scenario drives levels up within this
SETTLING = timedelta(
    seconds=15
)  # after the start, and before the end: a slot so near either is not asked for
MISSES_ALLOWED = 2  # runs per deployment, or 5 % of them
BUSY_LOAD = 2.0  # of each core
WAITS_AT_MOST = timedelta(seconds=30)  # a message for a sink that is there: then it does not get through


@dataclass(frozen=True, slots=True)
class Findings:
    """Lines for the reader, and what was not done."""

    lines: Sequence[str]
    failures: Sequence[str]


def of(desk: Stack, symbols: Sequence[str], *, expects_alerts: bool) -> Findings:
    """The verdict on a desk that has been up for a while and still is."""
    lines: list[str] = []
    failures = [
        f"{name} is down: {charge.part.last_words()}"
        for name, charge in desk.supervisor.charges.items()
        if charge.part.pid() is None
    ]
    restarts = {name: charge.restarts for name, charge in desk.supervisor.charges.items() if charge.restarts}
    if restarts:
        lines.append("started again: " + ", ".join(f"{name} {count}×" for name, count in restarts.items()))
    try:
        _cadences(desk, lines, failures)
        _scores(desk, symbols, lines, failures)
        _deliveries(desk, expects_alerts, lines, failures)
    except StoreError as cause:
        failures.append(f"the database does not answer: {cause}")
    if failures and (load := os.getloadavg()[0]) > (cores := os.cpu_count() or 1):
        lines.append(f"this machine is busy: load {load:.1f} on {cores} cores; a quieter one misses no run")
    return Findings(lines, failures)


def _cadences(desk: Stack, lines: list[str], failures: list[str]) -> None:
    """Runs that ended well against the slots since the desk was up."""
    with store.connect(desk.reader_url) as db:
        signs = {part: beat.details for part, beat in store.beats(db).items()}
    recorded = asyncio.run(_recorded(desk))
    now = datetime.now(UTC)
    for entry in plan.load().entries:
        alone = _made(signs, entry.pool, entry.name)
        states = recorded.get(entry.name, {})
        if entry.cadence is None:
            is_going = states.get("RUNNING", 0) > 0 or alone.get("alone", 0) > 0
            lines.append(f"{entry.name:<14} {'is going' if is_going else 'is not going'}")
            failures += [] if is_going else [f"{entry.name} is not going"]
            continue
        expected = expected_runs(entry, desk.up_at, now)
        completed = states.get("COMPLETED", 0) + alone.get("alone", 0)
        failed = states.get("FAILED", 0) + states.get("CRASHED", 0)
        going = states.get("RUNNING", 0)
        skipped = alone.get("skipped", 0)
        notes = [f"{failed} failed"] * (failed > 0) + [f"{skipped} skipped"] * (skipped > 0)
        lines.append(f"{entry.name:<14} {completed} of {expected} runs {'; '.join(notes)}".rstrip())
        if is_off_cadence(expected, completed, going, failed):
            failures.append(f"{entry.name}: {completed} of {expected} runs on its cadence, {failed} failed")
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > BUSY_LOAD * cores:
        lines.append(
            f"the machine is busy (load {load:.1f} on {cores} cores): runs are late or skipped for that"
        )


def expected_runs(entry: Entry, up_at: datetime, now: datetime) -> int:
    """Runs that a desk which came up at `up_at` must have ended by `now`.

    The slots of its cadence, less those within `SETTLING` of either end, and the run made at the start.
    """
    if entry.cadence is None:
        return 0
    first = entry.cadence.slot_at_or_after(up_at + SETTLING)
    slots = max(0, (now - SETTLING - first) // entry.cadence.interval + 1)
    return max(slots, 1 if entry.runs_at_start else 0)


def is_off_cadence(expected: int, completed: int, going: int, failed: int) -> bool:
    """Whether so few runs are a fault: none at all, or more missed than a busy machine excuses."""
    if not completed and (failed or (expected and not going)):
        return True
    return expected - completed - going > max(MISSES_ALLOWED, 0.05 * expected)


def undelivered(waiting: Sequence[store.Waiting], now: datetime) -> list[str]:
    """A line for each channel and severity whose messages have waited too long, with the last reason."""
    return [
        f"{one.deliveries} {one.severity} messages wait for {one.channel} since"
        f" {(now - one.oldest_at).total_seconds():.0f} s: {one.reason or 'not tried'}"
        for one in waiting
        if now - one.oldest_at > WAITS_AT_MOST
    ]


async def _recorded(desk: Stack) -> dict[str, dict[str, int]]:
    """Runs since the desk began to come up, by deployment and state."""
    os.environ.update({key: value for key, value in desk.environment.items() if key.startswith("PREFECT_")})
    from risk.runtime.server_side import runs_by_state

    return await runs_by_state(since=desk.began_at)


def _made(signs: Mapping[str, Mapping[str, Any]], pool: str, name: str) -> Mapping[str, int]:
    counts: Mapping[str, int] = signs.get(f"worker/{pool}", {}).get("runs", {}).get(name, {})
    return counts


def _scores(desk: Stack, symbols: Sequence[str], lines: list[str], failures: list[str]) -> None:
    with store.connect(desk.reader_url) as db:
        changes = rows(db, "level_changes", since=desk.began_at)
        missing = rows(db, "missing_inputs")
    for each in changes:
        turns = f"level rose {each['rises']}× and fell {each['falls']}×"
        lines.append(f"{each['scope']:<14} {each['scores']} scores; {turns}")
    scored = {each["scope"] for each in changes}
    failures += [f"{symbol} has no score" for symbol in (*symbols, ACCOUNT_SCOPE) if symbol not in scored]
    lines += [f"missing: {each['scope']} {each['component']}: {each['sentence_en']}" for each in missing]
    lines += [] if missing else ["no input is missing"]


def _deliveries(desk: Stack, expects_alerts: bool, lines: list[str], failures: list[str]) -> None:
    with store.connect(desk.reader_url) as db:
        told = rows(db, "deliveries_by_channel", since=desk.began_at)
        waiting = store.waiting_deliveries(db)
    accepted = {each["channel"]: each["messages"] for each in told if each["state"] == "accepted"}
    for each in told:
        lines.append(f"{each['channel']:<14} {each['messages']} messages {each['state']}")
        if each["state"] in ("failed", "expired"):
            failures.append(f"{each['messages']} messages by {each['channel']} {each['state']}")
    failures += undelivered(waiting, datetime.now(UTC))
    if expects_alerts:
        failures += [
            f"nothing was told by {channel}"
            for channel in ("console", "mail", "telegram")
            if not accepted.get(channel)
        ]
