"""Judge, courier and database killed with −9 in turn: what was acknowledged is told, hardly ever twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from risk.adapters import embedded, migrate
from tests.adapters.sink_process import SinkProcess

PROJECT = Path(__file__).resolve().parents[2]
LABELS = ("before_send", "after_send", "after_mark")
SEED = 20260302
SETTLED_WITHIN_S = 240


class Driver:
    """A process that runs one child after another, as `tests.flows.delivery_process` says."""

    def __init__(self, process: subprocess.Popen[str], environment: dict[str, str]) -> None:
        self._process, self._environment = process, environment

    def run(self, do: str, **wish: object) -> int:
        """Exit status of that child."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"do": do, "environment": self._environment, **wish})
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def driver(environment: dict[str, str]) -> Iterator[Driver]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.delivery_process"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Driver(process, environment)
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


def environment_of(url: str, folder: Path, sinks: SinkProcess) -> dict[str, str]:
    channels = [{"name": "phone", "url": sinks.telegram_url}, {"name": "mail", "url": sinks.mail_url}]
    return {
        "RISK_DATABASE_URL": url,
        "RISK_CHANNELS": json.dumps(channels),
        "RISK_TELEGRAM_API_BASE": sinks.bot_base,
        "RISK_DATA_DIR": str(folder),
    }


def kill_database(folder: Path) -> None:
    process_id = embedded.pid(folder)
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    embedded.start(folder)


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize(("judges", "couriers", "databases"), [(80, 100, 20)])
def test_two_hundred_kills_along_the_chain_lose_nothing_that_was_acknowledged(
    folder: Path, sinks: SinkProcess, judges: int, couriers: int, databases: int
) -> None:
    print(f"seed {SEED}")
    url = embedded.start(folder)
    migrate.upgrade(url)
    acknowledged = folder / "acknowledged"
    acknowledged.touch()
    environment = environment_of(url, folder, sinks)
    with driver(environment) as judging, driver(environment) as telling, ThreadPoolExecutor(3) as parts:

        def judge() -> None:
            chance = random.Random(SEED)
            for _ in range(judges):
                judging.run("kill", judge=str(acknowledged), after_s=chance.uniform(0.5, 1.5))

        def tell() -> None:
            chance = random.Random(SEED + 1)
            for number in range(couriers):
                if number % 10 == 9:
                    telling.run("kill", at=LABELS[number // 10 % len(LABELS)], after_s=2.0)
                else:
                    telling.run("kill", after_s=chance.uniform(0.1, 0.6))

        def restart() -> None:
            chance = random.Random(SEED + 2)
            for _ in range(databases):
                time.sleep(chance.uniform(1.0, 4.0))
                kill_database(folder)

        for part in [parts.submit(one) for one in (judge, tell, restart)]:
            part.result()
        assert telling.run("settle", after_s=SETTLED_WITHIN_S) == 0
    judge_the_chain(url, sinks, set(acknowledged.read_text().split()), judges + couriers + databases)


def judge_the_chain(url: str, sinks: SinkProcess, acknowledged: set[str], kills: int) -> None:
    """What the database acknowledged is there, and each of its messages is with both channels."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT replace(message_id::text, '-', '') FROM risk.outbox").fetchall()
        stored = {row[0] for row in rows}
        states = dict(connection.execute("SELECT state, count(*) FROM risk.delivery GROUP BY 1").fetchall())
    assert len(acknowledged) > 100
    assert acknowledged <= stored
    assert states == {"accepted": 2 * len(stored)}
    for channel, field in (("telegram", "text"), ("mail", "html")):
        told = Counter(short_ids(sinks.accepted(channel), field))
        assert set(told) == {one[:8] for one in stored}, (
            channel
        )  # none lost, and none that was never committed
        doubled = told.total() - len(told)
        print(f"{channel}: {len(stored)} messages, {doubled} told twice, {kills} kills")
        assert doubled <= kills, channel


def short_ids(taken: list[dict[str, Any]], field: str) -> Iterator[str]:
    """The short id at the end of each accepted message."""
    for message in taken:
        yield message[field].rpartition("#")[2][:8]
