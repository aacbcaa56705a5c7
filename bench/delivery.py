"""E: an extreme score from its commit to the phone: real delivery, a Bot API on loopback, pictures beside."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from sqlalchemy import text

from bench.race import Options, Report, Verdict, judge
from bench.scoring import LIMITS, START, _seed
from bench.storage import server
from risk.adapters import store
from risk.decision import decide
from risk.records import Message
from risk.state import Decision

SUBJECT = "E  delivery: extreme score committed → accepted"

SYMBOLS = [f"S{n:03d}USDT" for n in range(20)]
CHANNELS = [("phone", "info"), ("mail", "info")]
TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"  # the shape of the Bot API documentation's example
FLOW = "import asyncio; from flows.delivery import delivery; asyncio.run(delivery.fn())"
PATIENCE_S = 60.0
P95_S, MOST_S = 2.0, 5.0
MARK = text(
    "INSERT INTO risk.mark (symbol, mark_price, index_price, funding_rate, next_funding_at, event_at,"
    " received_at, source) VALUES (:symbol, 100, 100, 0.0001, :at, :at, :at, 'rest')"
)


def run(options: Options) -> Iterable[Report]:
    rounds = 12 if options.quick else 120
    with server() as url, tempfile.TemporaryDirectory(prefix="risk-bench-") as name:
        folder = Path(name)
        _seed(url, SYMBOLS)
        with _sinks(folder) as ports, _delivery(url, folder, ports):
            yield _report(_rounds(url, folder, rounds), rounds, folder, options)


def _rounds(url: str, folder: Path, rounds: int) -> list[float]:
    """Seconds from commit to acceptance; in every round three lesser messages stand before the extreme."""
    chance, waits = random.Random(4), []
    with store.connect(url) as db:
        for minute in range(60):  # enough for a price to be drawn
            at = datetime.now(UTC) - timedelta(minutes=60 - minute)
            db.execute(MARK, [{"symbol": symbol, "at": at} for symbol in SYMBOLS])
    for number in range(rounds):
        lesser = [_told("warning", chance.choice(SYMBOLS)) for _ in range(3)]
        extreme = _told("critical", chance.choice(SYMBOLS))
        decision = _decision(url, number)
        with store.connect(url) as db:
            store.save_decision(db, replace(decision, messages=(*lesser, extreme)), channels=CHANNELS)
        committed = datetime.now(UTC)
        accepted = _accepted(folder, extreme)
        if accepted is not None:
            waits.append(max(0.0, (accepted - committed).total_seconds()))
        time.sleep(chance.uniform(0.2, 1.2))
    return waits


def _report(waits: Sequence[float], rounds: int, folder: Path, options: Options) -> Report:
    facts = {
        "messages": f"{len(waits)} of {rounds} accepted",
        "pictures beside": str(_count(folder, "photo")),
    }
    if len(waits) < rounds:
        lost = Verdict("every extreme message is accepted", None, 0.0, passed=False, note=facts["messages"])
        return Report("E  extreme message", verdicts=[lost], facts=facts, clock="wall")
    p50, p95 = (float(value) for value in np.percentile(waits, [50, 95]))
    facts |= {"p50": f"{p50:.3f} s", "p95": f"{p95:.3f} s", "longest": f"{max(waits):.3f} s"}
    verdicts = []
    if not options.quick:  # absolute times: judged at leisure, only shown in the short subset
        verdicts = [
            judge("commit to accepted, p95 in s", p95, P95_S, options),
            judge("commit to accepted, longest in s", max(waits), MOST_S, options),
        ]
    return Report("E  extreme message", verdicts=verdicts, facts=facts, clock="wall")


def _decision(url: str, number: int) -> Decision:
    """A whole evaluation, stored with the messages in its transaction, as scoring does."""
    now = START + timedelta(milliseconds=number)
    with store.connect(url) as db:
        state = store.latest_state(db, SYMBOLS, account="default", watches_account=False, now=now)
    return replace(decide(state, LIMITS, now), alerts=(), tellings=())


def _told(severity: str, symbol: str) -> Message:
    """What an evaluation says of one symbol's level."""
    now = datetime.now(UTC)
    details: dict[str, Any] = {
        "level": "extreme" if severity == "critical" else "high", "composite": 90.0, "weighted": 70.0,
        "component": "distance", "component_value": 0.02, "floors": [], "has_position": True,
    }  # fmt: skip
    item = {
        "alert_id": str(uuid4()), "name": "level", "scope": symbol, "severity": severity, "kind": "fired",
        "value": 90.0, "threshold": 86.0, "since": now.isoformat(), "at": now.isoformat(), "details": details,
    }  # fmt: skip
    return Message(
        message_id=uuid4(),
        created_at=now,
        expires_at=now + timedelta(hours=6),
        severity=severity,
        items=(item,),
    )


def _accepted(folder: Path, told: Message) -> datetime | None:
    """When the Bot API took the message; None when it did not in a minute."""
    sign, ends_at = f"#{told.message_id.hex[:8]}", time.monotonic() + PATIENCE_S
    file = folder / "telegram.jsonl"
    while time.monotonic() < ends_at:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for line in reversed(lines):
            if sign in line:
                return datetime.fromisoformat(json.loads(line)["at"])
        time.sleep(0.02)
    return None


def _count(folder: Path, channel: str) -> int:
    file = folder / f"{channel}.jsonl"
    return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0


@contextmanager
def _sinks(folder: Path) -> Iterator[Mapping[str, int]]:
    command = [sys.executable, "-m", "risk.runtime.sinks", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _delivery(url: str, folder: Path, ports: Mapping[str, int]) -> Iterator[None]:
    """The flow's own function in a process of its own, up and listening."""
    bot, smtp = ports["bot_port"], ports["smtp_port"]
    channels = [
        {"name": "phone", "url": f"tgram://{TOKEN}/4242", "takes_orders": False},
        {"name": "mail", "url": f"mailto://127.0.0.1:{smtp}?from=desk@example.org&to=trader@example.org"},
    ]
    environment = {
        **os.environ, "RISK_DATABASE_URL": url, "RISK_DATA_DIR": str(folder),
        "RISK_CHANNELS": json.dumps(channels), "RISK_TELEGRAM_API_BASE": f"http://127.0.0.1:{bot}",
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", FLOW], env=environment, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for_beat(url)
            yield
        finally:
            process.kill()


def _wait_for_beat(url: str) -> None:
    ends_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_at:
        with store.connect(url) as db:
            if db.execute(text("SELECT 1 FROM risk.heartbeat WHERE part = 'delivery'")).first():
                return
        time.sleep(0.1)
    raise RuntimeError("delivery did not come up within a minute")
