"""`risk up` and `risk demo`: the whole desk as parts under one supervisor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from risk.adapters import embedded, migrate, store
from risk.adapters.database_url import libpq_url
from risk.adapters.settings import Settings
from risk.adapters.store_pulse import pulse
from risk.errors import RuntimeFault, StoreError
from risk.pulse import Pulse
from risk.runtime import prefect_server, whereabouts
from risk.runtime.hold import hold
from risk.runtime.key_gate import refuse_a_key_that_can_act
from risk.runtime.parts import LOOPBACK, Part, Ports, Postgres, Process, answers
from risk.runtime.supervisor import Interrupt, Supervisor
from risk.runtime.teller import Teller
from risk.runtime.watchdog import Watchdog, sender

POOLS = {"cadence": 0.5, "streams": 0.3, "heavy": 1.0}
"""And their shares of the weight that the desk may use. In steady state all of them need a third of it; the
history of a first start takes what is free. What all have used comes back with each answer and binds them.
"""
HEAVY_NICENESS = 10
STATE_EVERY_S = 2.0
TICK_S = 0.1
TELL_EVERY_S = 2.0
PATIENCE_S = 120.0  # that a worker waits for Prefect's first start

Tell = Callable[[str], None]


class StoppedError(RuntimeFault):
    """Ctrl-C or SIGTERM came while the desk was coming up."""


@dataclass(slots=True)
class Stack:
    """A desk that is up."""

    settings: Settings
    command: str
    folder: Path
    supervisor: Supervisor
    interrupt: Interrupt
    owner_url: str = ""  # migrations, Prefect's database
    database_url: str = ""  # the flows': risk_writer on the embedded server
    reader_url: str = ""  # the page's and the table's: risk_reader there
    environment: dict[str, str] = field(default_factory=dict)
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    up_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ports: Ports = field(default_factory=Ports)
    _told_state_at: float = 0.0

    def tick(self) -> None:
        """Look after the parts; about every tenth of a second."""
        self.supervisor.tick()
        if time.monotonic() - self._told_state_at > STATE_EVERY_S:
            self._told_state_at = time.monotonic()
            write_state(self)

    def python(self, module: str, *arguments: str) -> list[str]:
        """Command that runs one of our modules."""
        return [sys.executable, "-m", module, *arguments]

    def process(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        ready: Callable[[], bool] = lambda: True,
        ready_file: Path | None = None,
        stops_with: int = 1,
        niceness: int = 0,
        ready_within_s: float = 60.0,
        says: str = "",
    ) -> Process:
        """A part with its log in the data directory."""
        return Process(
            name=name,
            command=command,
            environment={**os.environ, **self.environment, **(environment or {})},
            log=self.folder / "logs" / f"{name}.log",
            ready=ready,
            ready_file=ready_file,
            stops_with=stops_with,
            niceness=niceness,
            ready_within_s=ready_within_s,
            says=says,
        )


@contextmanager
def opened(
    settings: Settings,
    command: str,
    tell: Tell,
    *,
    besides: Callable[[Stack], list[Part]] = lambda _stack: [],
    stops_at_once: bool = False,
) -> Iterator[Stack]:
    """A whole desk, from the database to the workers; stopped in order when the block ends.

    Args:
        besides: makes the parts that the demo has besides (simulator, sinks) and may extend the environment.
        stops_at_once: stop PostgreSQL without a checkpoint.

    Raises:
        HeldError: another process holds the data directory.
        RuntimeFault: a part does not come up.
        StoreError: the database cannot be migrated.
        StoppedError: interrupted while coming up.
    """
    with hold(settings.data_dir, command):
        stack = Stack(settings, command, settings.data_dir, Supervisor(tell), Interrupt())
        try:
            _open_database(stack, tell, stops_at_once)
            others = besides(stack)
            _open_prefect_and_workers(stack, tell, others)
            stack.up_at = datetime.now(UTC)
            yield stack
        finally:
            began = time.monotonic()
            stack.supervisor.stop()
            stack.ports.close()
            (stack.folder / whereabouts.FILE).unlink(missing_ok=True)
            tell(f"all parts stopped in {time.monotonic() - began:.1f} s")


def _open_database(stack: Stack, tell: Tell, stops_at_once: bool) -> None:
    if stack.settings.database_url:
        stack.owner_url = stack.database_url = stack.reader_url = libpq_url(stack.settings.database_url)
    else:
        stack.supervisor.start([Postgres(stack.folder, at_once=stops_at_once)])
        stack.owner_url = embedded.url(stack.folder)
        stack.database_url = embedded.url(stack.folder, role=embedded.WRITER)
        stack.reader_url = embedded.url(stack.folder, role=embedded.READER)
    revision = migrate.upgrade(stack.owner_url)
    tell(f"schema is at {revision}")
    stack.environment |= {
        "RISK_DATABASE_URL": stack.database_url,
        "RISK_DATA_DIR": str(stack.folder),
        "PYTHONUNBUFFERED": "1",
    }


def _open_prefect_and_workers(stack: Stack, tell: Tell, others: list[Part]) -> None:
    if stack.settings.prefect.api_url:
        stack.environment |= prefect_server.CLIENT | {"PREFECT_API_URL": stack.settings.prefect.api_url}
        parts = others
    else:
        parts = [_prefect(stack), *others]
    workers = _workers(stack)
    # These import Prefect, which takes seconds, while the server does the same.
    registering = subprocess.Popen(
        stack.python("risk.runtime.register"),
        env=os.environ | stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        stack.supervisor.start(
            [*parts, *workers, _page(stack)], while_waiting=lambda: _raise_if_interrupted(stack)
        )
        while registering.poll() is None:
            _raise_if_interrupted(stack)
            time.sleep(TICK_S)
    finally:
        registering.kill()
    said = (registering.communicate()[0].strip().splitlines() or ["no word"])[-1]
    if registering.returncode != 0:
        raise RuntimeFault(f"prefect.yaml could not be put onto Prefect's server: {said}")
    tell(said)
    address = stack.environment["PREFECT_API_URL"].removesuffix("/api")
    for worker in workers:
        worker.command = worker.command[:-2]  # one that died does not wait for a Prefect that is away
    tell(f"Prefect's pages: {address} (password in {stack.folder / prefect_server.AUTH_FILE})")


def _prefect(stack: Stack) -> Part:
    port = stack.ports.take(stack.settings.prefect.port)
    home = stack.folder / "prefect"
    password = prefect_server.password_in(stack.folder)
    stack.environment |= prefect_server.client_environment(port=port, home=home, password=password)
    home.mkdir(parents=True, exist_ok=True)
    role = None if stack.settings.database_url else prefect_server.ROLE
    try:
        database_url = prefect_server.database_for(stack.owner_url, home, role=role)
    except psycopg.Error as cause:
        raise StoreError(f"Prefect's database cannot be made: {cause}") from cause
    environment = prefect_server.server_environment(
        database_url=database_url, home=home, port=port, password=password,
        runs_kept=stack.settings.prefect.runs_kept,
    )  # fmt: skip
    return stack.process(
        "prefect",
        prefect_server.command(port),
        environment=environment,
        ready=lambda: prefect_server.is_up(stack.environment, timeout_s=0.5),
        stops_with=2,
        ready_within_s=120.0,
    )


def _page(stack: Stack) -> Process:
    """The live page; its address is told when it answers. Another port where somebody has the wanted one."""
    host, port = stack.settings.web.host, stack.ports.take(stack.settings.web.port)
    command = stack.python("risk.web", "--port", str(port))
    environment = {"RISK_DATABASE_URL": stack.reader_url}
    return stack.process(
        "page", command, environment=environment, ready=answers(port, host), stops_with=1,
        says=f"the page: http://{host}:{port}",
    )  # fmt: skip


def _workers(stack: Stack) -> list[Process]:
    parts: list[Process] = []
    weight_share = stack.settings.exchange.weight_share
    for pool, share in POOLS.items():
        ready_file = stack.folder / f"worker-{pool}.ready"
        command = stack.python(
            "risk.runtime.worker", "--pool", pool, "--name", f"warm-{pool}",
            "--ready-file", str(ready_file), "--patience", str(PATIENCE_S),
        )  # fmt: skip
        niceness = HEAVY_NICENESS if pool == "heavy" else 0
        parts.append(
            stack.process(
                f"worker-{pool}",
                command,
                environment={"RISK_EXCHANGE__WEIGHT_SHARE": f"{weight_share * share:.4f}"},
                ready_file=ready_file,
                niceness=niceness,
                ready_within_s=180.0,
            )
        )
    return parts


def _raise_if_interrupted(stack: Stack) -> None:
    if stack.interrupt.came:
        raise StoppedError("while the desk was coming up")


def write_state(stack: Stack) -> None:
    """What `risk status` reads: the parts, their process ids and how often they were started again."""
    said = {
        "command": stack.command,
        "pid": os.getpid(),
        "up_at": stack.up_at.isoformat(),
        "written_at": datetime.now(UTC).isoformat(),
        "prefect": stack.environment.get("PREFECT_API_URL", ""),
        "parts": {
            name: {"pid": charge.part.pid(), "is_ready": charge.is_ready, "restarts": charge.restarts}
            for name, charge in stack.supervisor.charges.items()
        },
    }
    whereabouts.write(stack.folder, said)


def up(settings: Settings, tell: Tell) -> int:
    """Run the desk until Ctrl-C or SIGTERM; 0 after an orderly stop.

    Raises:
        SettingsError: the API key may do more than read.
    """
    refuse_a_key_that_can_act(settings, tell)
    if not settings.watches_account:
        tell("no API key: the market is watched, the leverage dimension is not judged")
    with opened(settings, "up", tell, besides=lambda it: [watchdog_of(it)]) as stack:
        tell("the desk is up; Ctrl-C ends it, `risk watch` shows it, `risk status` checks it")
        teller, told_at = Teller(stack.reader_url, settings.language), 0.0
        dog = Watchdog(
            lambda: _pulse(stack),
            sender((), None, tell),  # the part tells the channels
        )
        while not stack.interrupt.came:
            stack.tick()
            dog.look(time.monotonic())
            if time.monotonic() - told_at > TELL_EVERY_S:
                told_at = time.monotonic()
                _tell_fresh(teller, tell)
            time.sleep(TICK_S)
    return 0


def _pulse(stack: Stack) -> Pulse:
    with store.connect(stack.reader_url) as db:
        return pulse(db, datetime.now(UTC))


def watchdog_of(stack: Stack) -> Process:
    """The dead man's switch as a process of its own."""
    ready_file = stack.folder / "watchdog.ready"
    return stack.process(
        "watchdog", stack.python("risk.runtime.heartbeat", str(ready_file)), ready_file=ready_file
    )


def _tell_fresh(teller: Teller, tell: Tell) -> None:
    try:
        for line in teller.fresh():
            tell(line)
    except StoreError:
        return  # the supervisor says what happened to the database


def loopback(port: int, *, scheme: str = "http") -> str:
    """Address of one of our own servers."""
    return f"{scheme}://{LOOPBACK}:{port}"
