"""The whole desk with canaries for secrets, through failures of every part: none shows anywhere."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import httpx
import psutil
import psycopg
import pytest

from risk.adapters import embedded, migrate
from risk.runtime import prefect_server
from risk.simulator.signing import API_KEY, API_SECRET
from tests.adapters.sink_process import SinkProcess, running_sinks
from tests.conftest_simulator import RunningSimulator

UP_WITHIN_S = 300.0
FAULT_S = 2.0
CANARIES = {
    "api key": API_KEY,
    "api secret": API_SECRET,
    "database password": "canaryDatabase7c1f0e2b9a",
    "bot token": "987654321:AAcanaryBotToken0123456789abcdefghij",
    "mail password": "canaryMail7c1f0e2b9a",
    "webhook token": "canaryHook7c1f0e2b9a",
    "ping address": "canaryPing7c1f0e2b9a",
    "page token": "canaryPage7c1f0e2b9a0123456789",
}
MALFORMED = {"kind": "malformed", "how": "truncated", "percent": 50}
FAULTS = (
    {"kind": "status", "status": 503, "path": "/fapi/v3", "percent": 50},
    {"kind": "reset", "path": "/fapi/v1/listenKey"},
    {"kind": "key", "code": -2015},
    {"kind": "limit", "path": "/fapi/v1/income"},
    {"kind": "drop", "every": 2.0},
    {"kind": "handshake", "status": 503, "percent": 50},
    MALFORMED,
)


def forms(secret: str) -> set[str]:
    """As it is, as part of an address, and in base64 at each of the three places where it can begin."""
    encoded = {
        base64.b64encode(b"x" * shift + secret.encode()).decode()[4 if shift else 0 : -4]
        for shift in range(3)
    }
    return {secret, quote(secret, safe=""), *encoded}


def leaks(text: str) -> set[str]:
    """Names of the secrets that stand in the text."""
    return {name for name, secret in CANARIES.items() if any(form in text for form in forms(secret))}


def test_a_canary_is_seen_in_each_of_its_forms() -> None:
    for name, secret in CANARIES.items():
        assert leaks(f"before {secret} after") == {name}
        assert name in leaks(f"https://x/?k={quote(secret, safe='')}")
        for before in ("", "u", "us", "user:"):
            assert name in leaks(base64.b64encode(f"{before}{secret}".encode()).decode())
    assert leaks("an ordinary line") == set()


class CanaryDesk:
    """`risk up` as a process with canaries in its environment, and everything that it leaves behind."""

    def __init__(self, folder: Path, url: str, environment: dict[str, str]) -> None:
        self.folder, self.url, self.environment = folder, url, environment
        self.log = folder / "up.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "risk.cli", "up"], env=environment, cwd=folder,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def wait(self, what: str, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + UP_WITHIN_S
        while not is_so():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{what} within {UP_WITHIN_S} s\n{self.log.read_text()}"
            time.sleep(0.3)

    def count(self, table: str, server: str | None = None) -> int:
        try:
            with psycopg.connect(server or self.url, connect_timeout=5) as connection:
                row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        except psycopg.Error:
            return 0
        return int(row[0]) if row else 0

    def part(self, name: str) -> int:
        """Process id of one part."""
        found = json.loads((self.folder / "data" / "stack.json").read_text())["parts"][name]["pid"]
        return int(found)

    def ask(self, *command: str) -> str:
        """What a command says on both outputs."""
        done = subprocess.run(
            [sys.executable, "-m", "risk.cli", *command], env=self.environment, cwd=self.folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.stdout + done.stderr

    def page(self) -> str:
        """The page and its answers, without the token and with it."""
        found = re.search(r"the page: (\S+)", self.log.read_text())
        assert found
        said = []
        for headers in ({}, {"authorization": f"Bearer {CANARIES['page token']}"}):
            for path in ("/", "/api/desk", "/api/alerts", "/api/health", "/nothing"):
                answer = httpx.get(found[1] + path, headers=headers)
                said.append(f"{answer.headers}{answer.text}")
        return "\n".join(said)

    def command_lines(self) -> str:
        """What everybody on the machine can read of the processes."""
        family = [
            psutil.Process(self.process.pid),
            *psutil.Process(self.process.pid).children(recursive=True),
        ]
        return "\n".join(" ".join(one.cmdline()) for one in family)

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()


@contextmanager
def canary_desk(folder: Path, sinks: SinkProcess, exchange: RunningSimulator) -> Iterator[CanaryDesk]:
    """A desk on a server of its own, whose address has a password that the server does not look at."""
    server = embedded.start(folder / "server")
    migrate.upgrade(server)
    secret = CANARIES
    channels = [
        {"name": "phone", "url": f"tgram://{secret['bot token']}/4242"},
        {
            "name": "mail",
            "url": f"mailto://127.0.0.1:{sinks.smtp_port}?from=desk@example.org&to=trader@example.org"
            f"&user=desk&pass={secret['mail password']}",
        },
        {"name": "post", "url": sinks.mail_url},
        {"name": "hook", "url": f"json://desk:{secret['webhook token']}@127.0.0.1:9/alerts"},
    ]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("RISK_", "PREFECT_"))
    } | {
        "RISK_DATA_DIR": str(folder / "data"),
        "RISK_DATABASE_URL": server.replace("postgres@", f"postgres:{secret['database password']}@"),
        "RISK_SYMBOLS": "BTCUSDT,ETHUSDT",
        "RISK_API_KEY": secret["api key"],
        "RISK_API_SECRET": secret["api secret"],
        **{f"RISK_EXCHANGE__{name}_URL": exchange.rest for name in ("REST", "SPOT", "WALLET")},
        "RISK_EXCHANGE__STREAM_URL": exchange.stream,
        "RISK_CHANNELS": json.dumps(channels),
        "RISK_TELEGRAM_API_BASE": sinks.bot_base,
        "RISK_VENUES__ENABLED": "[]",
        "RISK_WATCHDOG__PING_URL": f"https://127.0.0.1:9/{secret['ping address']}",
        "RISK_WATCHDOG__PING_EVERY_S": "5",
        "RISK_WEB__TOKEN": secret["page token"],
        "RISK_WEB__PORT": "0",
        "RISK_PREFECT__PORT": "0",
    }
    desk = CanaryDesk(folder, server, environment)
    try:
        yield desk
    finally:
        desk.end()
        embedded.stop(folder / "server", immediately=True)


@pytest.mark.slow
@pytest.mark.faults
def test_no_secret_shows_anywhere_through_failures_of_every_part(
    tmp_path: Path, start_simulator: Callable[..., RunningSimulator]
) -> None:
    exchange = start_simulator("--symbols", "BTCUSDT,ETHUSDT", "--request-limit", "1000000")
    with (
        running_sinks(tmp_path) as sinks,
        TemporaryDirectory(prefix="risk-canary-", ignore_cleanup_errors=True) as name,
        canary_desk(Path(name), sinks, exchange) as desk,
    ):
        desk.wait("a first score", lambda: desk.count("risk.score") > 0)
        desk.wait(
            "a delivery", lambda: bool(desk.ask("alert", "test")) and desk.count("risk.delivery_attempt") > 0
        )
        make_trouble(desk, sinks, exchange)
        seen = {
            "command lines": desk.command_lines(),
            "page": desk.page(),
            **{one: desk.ask(*one.split()) for one in COMMANDS},
        }
        exchange.control("fault", method="DELETE")
        seen |= left_behind(desk, sinks)
    assert {place: leaks(text) for place, text in seen.items() if leaks(text)} == {}
    assert "Traceback" in seen["logs"]  # there was something to leak from
    assert seen["risk database"].count("\n") > 500
    assert seen["Prefect database"].count("\n") > 500


COMMANDS = (
    "status",
    "doctor",
    "watch --once",
    "alert list",
    "report alerts_and_delivery",
    "report data_freshness",
)


def make_trouble(desk: CanaryDesk, sinks: SinkProcess, exchange: RunningSimulator) -> None:
    """Faults of the exchange beside those of the channels; then parts and the database die."""
    with ThreadPoolExecutor(1) as asking:

        def channels_fail() -> None:
            for channel, kind in (
                ("telegram", "401"),
                ("telegram", "502"),
                ("mail", "535"),
                ("updates", "502"),
            ):
                sinks.fault(channel, kind, times=2, retry_after_s=1)
                desk.ask("alert", "test")

        told = asking.submit(channels_fail)
        while not told.done():
            for fault in FAULTS:
                exchange.control("fault", {**fault, "for": FAULT_S})
                time.sleep(FAULT_S)
        told.result()
    for name in ("worker-cadence", "worker-streams", "page", "watchdog"):
        os.kill(desk.part(name), signal.SIGKILL)
    process_id = embedded.pid(desk.folder / "server")
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    time.sleep(8.0)  # everything that needs it fails meanwhile
    embedded.start(desk.folder / "server")
    before = desk.count("risk.score")
    desk.wait("scores again", lambda: desk.count("risk.score") > before)


def left_behind(desk: CanaryDesk, sinks: SinkProcess) -> dict[str, str]:
    """Logs, both databases row by row, and what the channels were told."""
    logs = [desk.log, *(desk.folder / "data").rglob("*.log"), *(desk.folder / "server").rglob("*.log")]
    others = [
        file for file in (desk.folder / "data").rglob("*")
        if file.is_file() and file.name != prefect_server.AUTH_FILE and file not in logs
    ]  # fmt: skip
    password = prefect_server.password_in(desk.folder / "data").partition(":")[2]
    text = "\n".join(file.read_text(errors="replace") for file in logs)
    assert password not in text
    return {
        "logs": text,
        "other files": "\n".join(file.read_text(errors="replace") for file in others),
        "risk database": dump(desk.url),
        "Prefect database": dump(embedded.url(desk.folder / "server", database=prefect_server.DATABASE)),
        "inboxes": json.dumps([sinks.accepted("telegram"), sinks.accepted("mail")]),
    }


def dump(url: str) -> str:
    """Every row of a database as text."""
    done = subprocess.run(
        [str(embedded.tool_path("pg_dump")), "--data-only", f"--dbname={url}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout
