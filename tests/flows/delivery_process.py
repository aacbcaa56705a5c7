"""Runs the delivery flow, or a judge, in child processes, so that a test can kill them without mercy.

Imports once, then forks. One JSON command per line on stdin, one answer per line on stdout:
{"do": "crash", "at": LABEL, "environment": {…}}   runs until the labelled point kills it
{"do": "kill", "after_s": 0.2, …}                  kills it after that time, or before at the point "at"
{"do": "settle", "after_s": 20, …}                 SIGTERM once no delivery waits, or after that time
{"do": "term", "after_s": 1, …}                    SIGTERM after that time
With "judge": FILE it is a judge instead: it commits one evaluation with one message after another, and writes
to FILE what the database acknowledged, one id a line.
Answer: the exit status.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import psycopg

from flows import delivery
from risk.adapters import notify, settings, store
from risk.errors import StoreError
from risk.runtime.alerts import trial
from tests.risk.builders import Desk

WAITING = "SELECT count(*) FROM risk.delivery WHERE state = 'waiting'"


async def deliver(listening: int) -> None:
    """The flow's function; SIGTERM cancels it as the worker does. `listening` is told once it would."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    os.close(listening)
    try:
        await delivery.delivery.fn()
    except asyncio.CancelledError:
        return


def child(command: dict[str, Any]) -> int:
    """Process id of a child that answers SIGTERM as the worker does, or is dead already."""
    told, listening = os.pipe()
    pid = os.fork()
    if pid:
        os.close(listening)
        os.read(told, 1)  # the end of the file: the handler stands, or the child is gone
        os.close(told)
        return pid
    os.close(told)
    os.environ.update(command["environment"])
    if "at" in command:
        os.environ["RISK_CRASH_AT"] = command["at"]
    settings.load.cache_clear()
    if "judge" in command:
        os.close(listening)
        judge(command["environment"]["RISK_DATABASE_URL"], Path(command["judge"]))
    asyncio.run(deliver(listening))
    os._exit(0)


def judge(url: str, acknowledged: Path) -> NoReturn:
    """Evaluate and commit without end, through a database that comes and goes."""
    desk = Desk(now=datetime.now(UTC))
    while True:
        desk.now = datetime.now(UTC) - timedelta(seconds=5)
        message = replace(trial(datetime.now(UTC)), expires_at=datetime.now(UTC) + timedelta(hours=6))
        decision = replace(desk.see(), messages=(message,))
        try:
            with store.connect(url) as db:
                store.save_decision(db, decision, channels=[("phone", "info"), ("mail", "info")])
        except StoreError:
            time.sleep(0.1)
            continue
        with acknowledged.open("a") as file:
            file.write(f"{message.message_id.hex}\n")
        time.sleep(0.05)


def wait(command: dict[str, Any]) -> None:
    ends_at = time.monotonic() + command["after_s"]
    if command["do"] != "settle":
        time.sleep(command["after_s"])
        return
    with psycopg.connect(command["environment"]["RISK_DATABASE_URL"], autocommit=True) as connection:
        while time.monotonic() < ends_at:
            row = connection.execute(WAITING).fetchone()
            if row is not None and row[0] == 0:
                return
            time.sleep(0.05)


def main() -> None:
    delivery.LEASE_S = 1.0
    notify.open_channel("warm", "json://127.0.0.1/")  # loads every plugin once, before the forks
    for line in sys.stdin:
        command = json.loads(line)
        pid = child(command)
        if command["do"] != "crash":
            wait(command)
            os.kill(pid, signal.SIGKILL if command["do"] == "kill" else signal.SIGTERM)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
