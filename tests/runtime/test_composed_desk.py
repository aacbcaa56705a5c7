"""Every service of deploy/compose.yaml as a process of its own, over one PostgreSQL: a desk that scores."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from risk.adapters import embedded
from tests.conftest_simulator import RunningSimulator
from tests.runtime import composed

pytestmark = pytest.mark.faults

TOKEN, AUTH = "t" * 24, "risk:" + "p" * 24
WITHIN_S = 180.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Composed:
    """Starts the services in the order of their dependencies."""

    def __init__(self, folder: Path, exchange: RunningSimulator) -> None:
        self.folder, self.exchange = folder, exchange
        self.socket = embedded.start(folder / "pg").partition("host=")[2]
        self.ports = {"4200": free_port(), "8765": free_port()}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        variables = {"PREFECT_AUTH": AUTH, "POSTGRES_PASSWORD": "unused", "RISK_WEB_TOKEN": TOKEN}
        for name, service in composed.services(variables).items():
            if name == "postgres":
                continue
            environment = {key: self._here(value) for key, value in service.environment.items()}
            process = self._run(name, [self._here(word) for word in service.command], environment)
            if "--type" in service.command:
                continue
            if service.raw["restart"] == "on-failure":
                assert process.wait(WITHIN_S) == 0, self.log(name)
            elif name == "prefect":
                until(lambda: self.is_healthy(), "Prefect answers")

    def is_healthy(self) -> bool:
        try:
            return httpx.get(
                f"http://127.0.0.1:{self.ports['4200']}/api/health", auth=("risk", "p" * 24)
            ).is_success
        except httpx.HTTPError:
            return False

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()[-3000:]

    def stop(self) -> None:
        for process in reversed(list(self.running.values())):
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        embedded.stop(self.folder / "pg", immediately=True)

    def _run(self, name: str, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        places = self.exchange
        names = ("REST", "SPOT", "WALLET")
        more = {f"RISK_EXCHANGE__{each}_URL": places.rest for each in names} | {
            "RISK_EXCHANGE__STREAM_URL": places.stream,
            "RISK_API_KEY": places.api_key,
            "RISK_API_SECRET": places.api_secret,
            "RISK_VENUES__ENABLED": "[]",
            "RISK_DATA_DIR": str(self.folder / name),
            "PREFECT_HOME": str(self.folder / "home" / name),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("RISK_", "PREFECT_"))}
        with (self.folder / f"{name}.log").open("wb") as out:
            process = subprocess.Popen(
                command, env=kept | environment | more, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        self.running[name] = process
        return process

    def _here(self, text: str) -> str:
        text = text.replace("/var/run/postgresql", self.socket).replace("//prefect:", "//127.0.0.1:")
        for published, port in self.ports.items():
            text = text.replace(f":{published}", f":{port}") if ":" in text else text
            text = str(port) if text == published else text
        return text.replace("0.0.0.0", "127.0.0.1").replace("/run/desk-secrets", str(self.folder / "secrets"))


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.5)


@pytest.fixture
def desk(simulator: RunningSimulator) -> Iterator[Composed]:
    # Not in tmp_path: the server is another user's where root tests, and pytest closes that folder to others.
    with tempfile.TemporaryDirectory(prefix="risk-composed-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "home").mkdir()
        (folder / "secrets").mkdir()
        made = Composed(folder, simulator)
        try:
            yield made
        finally:
            made.stop()


def test_the_composed_services_score_show_and_watch(desk: Composed) -> None:
    desk.start()
    url = embedded.url(desk.folder / "pg", role=embedded.READER)

    def answer(question: str) -> int:
        with psycopg.connect(url) as connection:
            row = connection.execute(question).fetchone()  # type: ignore[arg-type]
        return int(row[0]) if row else 0

    def logs() -> str:
        return "\n".join(f"== {name}\n{desk.log(name)}" for name in desk.running)

    try:
        until(
            lambda: answer("SELECT count(DISTINCT scope) FROM risk.score") >= 4,
            "every symbol and the account",
        )
        until(lambda: answer("SELECT count(DISTINCT symbol) FROM risk.depth") >= 3, "books from streams")
        until(lambda: answer("SELECT count(*) FROM risk.kline") > 1000, "history by the heavy worker")
    except AssertionError as late:
        raise AssertionError(f"{late}\n{logs()}") from None
    page = f"http://127.0.0.1:{desk.ports['8765']}/"
    assert httpx.get(page, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert httpx.get(page).status_code == 401
    going = {name for name, process in desk.running.items() if process.poll() is None}
    assert going == {"prefect", "cadence", "streams", "heavy", "page", "watchdog"}
