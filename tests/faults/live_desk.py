"""A demo in processes of its own, seen and handled from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psutil
import psycopg

from risk.adapters import embedded

UP_WITHIN_S = 300.0  # patience on a crowded machine; nothing is measured by it
NEWEST: LiteralString = "SELECT extract(epoch FROM max(scored_at))::float8 FROM risk.score"


@dataclass(frozen=True, slots=True)
class LiveDesk:
    """The process, its data directory, what it says."""

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

    def process_of(self, name: str) -> psutil.Process | None:
        """The process of a part; None while it is down."""
        try:
            return psutil.Process(self.parts()[name]["pid"])
        except (KeyError, TypeError, psutil.NoSuchProcess):
            return None

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

    def kill(self, name: str) -> None:
        """kill -9 of a part, where it is up."""
        found = self.process_of(name)
        if found is not None:
            os.kill(found.pid, signal.SIGKILL)

    def control(self, action: str, body: Any = None, method: str = "POST", **params: Any) -> Any:
        """A call of the simulator's control side; None while it does not answer."""
        return self._call("exchange", "--port", f"/control/{action}", body, method, params)

    def channel(self, wish: dict[str, Any]) -> Any:
        """Set a fault of a channel; an empty kind ends it."""
        return self._call("sinks", "--bot-port", "/control", wish, "POST", {})

    def _call(self, part: str, option: str, path: str, body: Any, method: str, params: dict[str, Any]) -> Any:
        found = self.process_of(part)
        try:
            command = found.cmdline() if found else []
            port = command[command.index(option) + 1]
            answer = httpx.request(
                method, f"http://127.0.0.1:{port}{path}", json=body, params=params, timeout=5, trust_env=False
            )
        except (ValueError, IndexError, psutil.Error, httpx.HTTPError):
            return None
        return answer.json() if answer.status_code == httpx.codes.OK else None


@contextmanager
def running_desk(folder: Path, *options: str) -> Iterator[LiveDesk]:
    """A demo with its data in `folder`, once it has scored."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("RISK_", "PREFECT_"))
    }
    log = folder / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "risk.cli", "demo", *options],
            env=environment | {"RISK_DATA_DIR": str(folder / "data")},
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    running = LiveDesk(process, folder / "data" / "demo", log)
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


def short_ids(file: Path) -> Iterator[str]:
    """Short ids of the messages that the channel accepted, repetitions included."""
    for line in file.read_text().splitlines():
        yield from re.findall(r"#([0-9a-f]{8})\b", json.loads(line)["text"])
