"""What the supervisor starts: a process with its log, or the embedded PostgreSQL."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from risk.adapters import embedded

PR_SET_PDEATHSIG = 1
IS_LINUX = sys.platform == "linux"
LOOPBACK = "127.0.0.1"
LOG_LIMIT = 20 * 1024 * 1024  # bytes; a longer log is set aside once at the next start


class Part(Protocol):
    """One part of the stack, as the supervisor sees it."""

    @property
    def name(self) -> str: ...
    @property
    def says(self) -> str:
        """What to tell when it is up, beside its name."""
        ...

    @property
    def ready_within_s(self) -> float: ...
    @property
    def stops_with(self) -> int:
        """Parts with a lower number are stopped first."""
        ...

    def launch(self) -> None: ...
    def pid(self) -> int | None: ...
    def is_ready(self) -> bool: ...
    def ask_to_stop(self) -> None: ...
    def kill(self) -> None: ...
    def last_words(self) -> str: ...


@dataclass(slots=True)
class Process:
    """A child process; it dies with the supervisor (on Linux even with a killed one)."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], bool] = lambda: True
    ready_file: Path | None = None  # made by the process when its work begins
    ready_within_s: float = 60.0
    stops_with: int = 1
    niceness: int = 0
    says: str = ""  # told once it is up
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def launch(self) -> None:
        """Start it; call from the thread that lives longest, for the child dies with that thread."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old"))
        if self.ready_file is not None:
            self.ready_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the supervisor, which then stops in order
                preexec_fn=_die_with_parent(self.niceness),  # one thread starts all parts
            )

    def pid(self) -> int | None:
        """Its process id; None when it does not run."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def is_ready(self) -> bool:
        """Whether it runs and does its work."""
        is_begun = self.ready_file is None or self.ready_file.exists()
        return self.pid() is not None and is_begun and self.ready()

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, to it and to what it started."""
        self._signal(signal.SIGKILL)
        if self._child is not None:
            self._child.wait()

    def last_words(self) -> str:
        """The last line of its log."""
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return lines[-1][:300] if lines else ""

    def _signal(self, number: signal.Signals) -> None:
        process_id = self.pid()
        if process_id is not None:
            try:
                os.killpg(process_id, number)
            except ProcessLookupError:
                return


@dataclass(slots=True)
class Postgres:
    """The embedded server of a data directory. It is nobody's child: after a killed supervisor it goes on,
    and the next one finds it."""

    data_dir: Path
    name: str = "database"
    ready_within_s: float = 60.0
    stops_with: int = 9
    at_once: bool = False  # stop without a checkpoint
    says: str = ""

    def launch(self) -> None:
        """Start it, or find it running."""
        embedded.start(self.data_dir)

    def pid(self) -> int | None:
        """Its process id; None when it does not run."""
        return embedded.pid(self.data_dir)

    def is_ready(self) -> bool:
        """`launch` returns only when it answers."""
        return self.pid() is not None

    def ask_to_stop(self) -> None:
        """Stop it and wait for that."""
        embedded.stop(self.data_dir, immediately=self.at_once)

    def kill(self) -> None:
        """Stop it without a checkpoint; it recovers from its log at the next start."""
        embedded.stop(self.data_dir, immediately=True)

    def last_words(self) -> str:
        """Nothing beside what `launch` raises."""
        return ""


class Ports:
    """Ports of the loopback address that are ours until `close`, also while the part that serves one is down.

    A guard is bound but does not listen: the kernel gives its port to nobody but a server that sets
    SO_REUSEADDR, as ours do, and whoever connects meanwhile is refused at once.
    """

    def __init__(self) -> None:
        self._guards: list[socket.socket] = []

    def take(self, wanted: int = 0) -> int:
        """The wanted port, or another one where that is somebody else's."""
        guard = socket.socket()
        guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # its last user's closed connections
        try:
            self._name(wanted)
            guard.bind((LOOPBACK, wanted))
        except OSError:
            guard.bind((LOOPBACK, 0))
        port = int(guard.getsockname()[1])
        if IS_LINUX:
            self._guards.append(guard)
        else:  # there it would keep our own server out
            guard.close()
        return port

    def _name(self, port: int) -> None:
        """Two guards may be bound to one port; a name in the kernel goes to the first alone."""
        if port and IS_LINUX:
            name = socket.socket(socket.AF_UNIX)
            self._guards.append(name)
            name.bind(f"\0crypto-risk-port-{port}")

    def close(self) -> None:
        """Let them go."""
        while self._guards:
            self._guards.pop().close()


def answers(port: int, host: str = LOOPBACK) -> Callable[[], bool]:
    """Whether somebody listens on that port, of the loopback address where no other is named."""

    def listens() -> bool:
        try:
            with socket.create_connection((host, port), timeout=0.5):
                return True
        except OSError:
            return False

    return listens


def _die_with_parent(niceness: int) -> Callable[[], None]:
    """What the child does before it becomes its program. Elsewhere than on Linux a killed supervisor leaves
    its children; the next start says which process holds what."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if niceness:
            os.nice(niceness)

    return prepare
