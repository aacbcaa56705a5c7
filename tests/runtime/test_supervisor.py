"""Parts come up in order, a killed one comes back, all end with the supervisor, one desk per folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from risk.errors import RuntimeFault
from risk.runtime.hold import HeldError, hold, is_held
from risk.runtime.parts import Process
from risk.runtime.supervisor import Supervisor

SLEEPER = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
PATIENCE_S = 30.0


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        time.sleep(min(seconds, 0.05))


def part(folder: Path, name: str, program: str = SLEEPER, **others: object) -> Process:
    return Process(
        name=name,
        command=[sys.executable, "-c", program],
        environment=dict(os.environ),
        log=folder / f"{name}.log",
        **others,  # type: ignore[arg-type]
    )


def until(is_so: Callable[[], bool], act: Callable[[], None] = lambda: None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        act()
        time.sleep(0.02)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(told: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(told.append)
    yield supervisor
    supervisor.stop()


def test_each_part_is_told_once_as_it_comes_up(
    supervisor: Supervisor, told: list[str], tmp_path: Path
) -> None:
    supervisor.start([part(tmp_path, "one"), part(tmp_path, "two")])
    assert sorted(line.split()[0] for line in told) == ["one", "two"]
    assert all("is up after" in line for line in told)


def test_what_a_part_says_is_told_when_it_is_up_and_not_before(
    supervisor: Supervisor, told: list[str], tmp_path: Path
) -> None:
    polls = iter((False, True))
    page = part(tmp_path, "page", ready=lambda: next(polls), says="the page: http://127.0.0.1:8765")
    supervisor.start([page], while_waiting=lambda: told.append("waiting"))
    assert [line.partition(" is up")[0] for line in told] == [
        "waiting", "waiting", "page", "the page: http://127.0.0.1:8765",
    ]  # fmt: skip


def test_a_part_is_up_only_when_its_file_is_there(supervisor: Supervisor, tmp_path: Path) -> None:
    flag = tmp_path / "ready"
    flag.touch()  # left by the run before; it does not count
    program = f"import time; time.sleep(0.3); open({str(flag)!r}, 'w').write('now'); time.sleep(600)"
    supervisor.start([part(tmp_path, "slow", program, ready_file=flag)])
    assert flag.read_text() == "now"


def test_a_killed_part_is_started_again_and_counted(
    supervisor: Supervisor, told: list[str], tmp_path: Path
) -> None:
    victim = part(tmp_path, "victim")
    supervisor.start([victim])
    first = victim.pid()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    charge = supervisor.charges["victim"]
    until(lambda: charge.restarts == 1 and charge.is_ready, supervisor.tick)
    assert victim.pid() not in (None, first)
    assert any(line.startswith("victim died") for line in told)


def test_the_pause_before_a_restart_grows_while_a_part_keeps_dying(told: list[str], tmp_path: Path) -> None:
    clock = Clock()
    supervisor = Supervisor(told.append, clock=clock, sleep=clock.sleep)
    fragile = part(tmp_path, "fragile")
    supervisor.start([fragile])
    pauses = []
    for _ in range(4):
        until(lambda: fragile.pid() is not None, lambda: (supervisor.tick(), clock.sleep(0.1))[0])
        fragile.kill()
        supervisor.tick()
        due_at = supervisor.charges["fragile"].due_at
        assert due_at is not None
        pauses.append(round(due_at - clock.now, 3))
    supervisor.stop()
    assert pauses == [0.2, 0.4, 0.8, 1.6]


def test_a_part_that_cannot_come_up_ends_the_start_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    broken = part(tmp_path, "broken", "raise SystemExit('no such market')", ready=lambda: False)
    with pytest.raises(RuntimeFault, match="broken did not come up: no such market"):
        supervisor.start([broken])


def test_all_parts_end_with_a_stop_even_those_that_will_not(supervisor: Supervisor, tmp_path: Path) -> None:
    flag = tmp_path / "deaf"
    deaf = f"{STUBBORN}; open({str(flag)!r}, 'w').close(); time.sleep(600)"
    parts = [part(tmp_path, "plain"), part(tmp_path, "deaf", deaf, ready_file=flag)]
    supervisor.start(parts)
    supervisor.stop()
    assert [each.pid() for each in parts] == [None, None]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys, time\n"
        "from risk.runtime.parts import Process\n"
        "from risk.runtime.supervisor import Supervisor\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        f"child = Process(name='child', command=[sys.executable, '-c', {SLEEPER!r}],\n"
        "                environment=dict(os.environ), log=folder / 'child.log')\n"
        "Supervisor(lambda line: None).start([child])\n"
        "print(child.pid(), flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_folder_is_held_once_and_the_second_is_told_by_whom(tmp_path: Path) -> None:
    with hold(tmp_path, "demo"):
        assert is_held(tmp_path)
        with pytest.raises(HeldError, match=f"`risk demo`, process {os.getpid()}"), hold(tmp_path, "up"):
            pass
    assert not is_held(tmp_path)
    with hold(tmp_path, "up"):
        assert is_held(tmp_path)
