"""The real desk, each of its parts killed with −9 in turn: nothing acknowledged is lost, scoring goes on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, LiteralString

import psycopg
import pytest

from risk.adapters import embedded

PARTS = (
    "database", "prefect", "exchange", "sinks", "page", "worker-cadence", "worker-streams", "worker-heavy",
)  # fmt: skip
SCORED_AGAIN_S = 30.0
UP_WITHIN_S = 300.0  # patience on a crowded machine; nothing is measured by it
SETTLED_WITHIN_S = 60.0
CHANNELS = ("mail", "telegram")

SCORES: LiteralString = "SELECT scope, scored_at::text, md5(s::text) FROM risk.score AS s"
DEPTHS: LiteralString = "SELECT symbol, venue, event_at::text, md5(d::text) FROM risk.depth AS d"
NEWEST: LiteralString = "SELECT extract(epoch FROM max(scored_at))::float8 FROM risk.score"
WAITING: LiteralString = "SELECT count(*) FROM risk.delivery WHERE state = 'waiting'"
MESSAGES: LiteralString = """
    SELECT left(replace(CAST(message_id AS text), '-', ''), 8), count(*) FILTER (WHERE d.state = 'accepted')
    FROM risk.outbox AS o JOIN risk.delivery AS d USING (message_id)
    WHERE d.channel IN ('mail', 'telegram') GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A demo in processes of its own, seen from outside."""

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path

    def ask(self, question: LiteralString) -> list[tuple[Any, ...]]:
        """Committed rows."""
        with psycopg.connect(embedded.url(self.folder), connect_timeout=5) as connection:
            return connection.execute(question).fetchall()

    def parts(self) -> dict[str, dict[str, Any]]:
        """What the supervisor last wrote of its parts."""
        try:
            found: dict[str, dict[str, Any]] = json.loads((self.folder / "stack.json").read_text())["parts"]
        except FileNotFoundError:
            return {}
        return found

    def newest_score(self) -> float:
        """When the newest score was made, epoch seconds; 0 while there is none or no answer."""
        try:
            return float(self.ask(NEWEST)[0][0] or 0.0)
        except psycopg.Error:
            return 0.0

    def wait(self, what: str, is_so: Callable[[], bool], timeout_s: float) -> None:
        """Return when it is so."""
        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{what} within {timeout_s} s\n{self.log.read_text()}"
            time.sleep(0.2)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A demo that scores. Its folder is not pytest's, which the next session shuts to the server's user."""
    with TemporaryDirectory(prefix="risk-kills-", ignore_cleanup_errors=True) as folder:
        yield from running_desk(Path(folder))


def running_desk(folder: Path) -> Iterator[Desk]:
    """The demo with its data in `folder`."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("RISK_", "PREFECT_"))
    }
    log = folder / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "risk.cli", "demo"],
            env=environment | {"RISK_DATA_DIR": str(folder / "data")},
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    running = Desk(process, folder / "data" / "demo", log)
    try:
        running.wait(
            "a first score", lambda: running.newest_score() > 0 and bool(running.parts()), UP_WITHIN_S
        )
        yield running
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            embedded.stop(running.folder, immediately=True)


@pytest.mark.slow
@pytest.mark.faults
def test_each_part_killed_in_turn_comes_back_and_nothing_is_lost(desk: Desk) -> None:
    scores, depths = set(), set()
    for name in PARTS:
        scores |= set(desk.ask(SCORES))  # acknowledged before the kill
        depths |= set(desk.ask(DEPTHS))
        kill_and_wait(desk, name)
    assert scores <= set(desk.ask(SCORES))
    assert depths <= set(desk.ask(DEPTHS))
    assert {scope for scope, *_ in scores} == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "account"}
    assert len(depths) > len(PARTS)

    desk.wait("every delivery settles", lambda: desk.ask(WAITING) == [(0,)], SETTLED_WITHIN_S)
    messages = dict(desk.ask(MESSAGES))
    assert messages
    assert set(messages.values()) == {len(CHANNELS)}
    for channel in CHANNELS:
        told = Counter(ids(desk.folder / "sinks" / f"{channel}.jsonl"))
        assert set(told) >= set(messages), channel
        assert sum(told.values()) - len(told) <= len(PARTS), channel


def kill_and_wait(desk: Desk, name: str) -> None:
    """Kill one part; return when a score was made after that and the part is back."""
    was, killed_at = desk.parts()[name], time.time()
    os.kill(was["pid"], signal.SIGKILL)
    desk.wait(f"a score after {name}", lambda: desk.newest_score() > killed_at, UP_WITHIN_S)
    scored_after_s = desk.newest_score() - killed_at
    assert scored_after_s <= SCORED_AGAIN_S * crowding(), name

    def is_back() -> bool:
        now = desk.parts()[name]
        is_anew = now["pid"] not in (None, was["pid"]) and now["restarts"] > was["restarts"]
        return bool(now["is_ready"] and is_anew)

    desk.wait(f"{name} is back", is_back, UP_WITHIN_S)
    print(f"{name}: score after {scored_after_s:.1f} s, back after {time.time() - killed_at:.1f} s")


def crowding() -> float:
    """How many processes share each core of this machine, at least 1: a start takes that much longer."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def ids(file: Path) -> Iterator[str]:
    """Short ids of the messages that the channel accepted, repetitions included."""
    for line in file.read_text().splitlines():
        yield from re.findall(r"#([0-9a-f]{8})\b", json.loads(line)["text"])
