"""Heavy work on many series, shared out by Prefect's task runners: processes of this machine, or Dask.

Each part reads and writes its own rows, so that only names go out and small records come back: memory
does not grow with the number of series, and the processes end with the work.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from inspect import signature
from typing import Any, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner

from risk.adapters.settings import FanOutSettings
from risk.errors import RiskError, SettingsError

log = logging.getLogger(__name__)

MOST_PROCESSES = 4
"""By default; each takes up to 350 MB while it fits."""

Answer = TypeVar("Answer")
Call = Callable[[Sequence[str]], list[Answer]]


def spread(
    call: Call[Answer], subjects: Sequence[str], config: FanOutSettings, lost: Callable[[str, str], None]
) -> list[Answer]:
    """The answers of all parts of the subjects; here where they are few, else in other processes.

    A part that fails has written why, and the rest goes on. A process that ends under its work is started
    anew, part by part and then half by half, until the one that ends it is alone.

    Args:
        call: a function of a module with one argument, which another process finds by its name.
        lost: told the subject whose process ended, and how.

    Raises:
        RiskError: the last one, when no part gave an answer.
        SettingsError: Dask is wanted, and its package is not there.
    """
    if len(subjects) < config.from_symbols or (processes(config) == 1 and not config.dask_address):
        return call(subjects)
    step = config.symbols_per_task
    parts = [subjects[i : i + step] for i in range(0, len(subjects), step)]
    answers, broken, failure = _gather(call, parts, runner(config), _endings(config))
    for part in broken:
        answers += _alone(call, part, lost)
    if failure and not answers:
        raise failure
    return answers


def runner(config: FanOutSettings) -> TaskRunner[Any]:
    """Dask's where an address is set, else processes of this machine.

    Raises:
        SettingsError: the package for Dask is not there.
    """
    if config.dask_address is None:
        return _pool(processes(config))
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise SettingsError(
            "fan_out.dask_address: it needs one more package: pip install 'crypto-risk[dask]'"
        ) from None
    return DaskTaskRunner(address=config.dask_address)


def _pool(count: int) -> TaskRunner[Any]:
    """Processes whose parts are not recorded one by one: the flow's own run and its table say what came."""
    return ProcessPoolTaskRunner(max_workers=count, subprocess_message_processor_factories=[_Silence])


class _Silence:
    """Drops what a part would tell Prefect; so the work does not depend on its API either."""

    def __call__(self, message_type: str, message_payload: Any) -> None:
        return None


def processes(config: FanOutSettings) -> int:
    """As set, else one per core, at most MOST_PROCESSES."""
    return config.processes or min(os.cpu_count() or 1, MOST_PROCESSES)


def _endings(config: FanOutSettings) -> tuple[type[Exception], ...]:
    """What a runner raises when a process ended under its work."""
    if config.dask_address is None:
        return (BrokenExecutor,)
    from distributed import KilledWorker

    return (BrokenExecutor, KilledWorker)


def _gather(
    call: Call[Answer],
    parts: Sequence[Sequence[str]],
    shared: TaskRunner[Any],
    endings: tuple[type[Exception], ...] = (BrokenExecutor,),
) -> tuple[list[Answer], list[Sequence[str]], RiskError | None]:
    """(answers, parts whose process ended, the last failure of ours)."""
    answers: list[Answer] = []
    broken: list[Sequence[str]] = []
    failure: RiskError | None = None
    task = Task(fn=call, name=call.__name__, cache_policy=NO_CACHE, persist_result=False)
    (name,) = signature(call).parameters
    with shared as running:
        futures = [running.submit(task, parameters={name: part}) for part in parts]
        for part, future in zip(parts, futures, strict=True):
            try:
                answers += future.result()
            except RiskError as error:
                log.warning("%s: %s", ", ".join(part), error)
                failure = error
            except endings as error:
                log.warning("a process ended under %d subjects: %s", len(part), error)
                broken.append(part)
    return answers, broken, failure


def _alone(call: Call[Answer], part: Sequence[str], lost: Callable[[str, str], None]) -> list[Answer]:
    """A part in a process of its own; where that ends too, each half in one."""
    answers, broken, _ = _gather(call, [part], _pool(1))
    if not broken:
        return answers
    if len(part) == 1:
        lost(part[0], "the process that worked on it ended, twice")
        return []
    middle = len(part) // 2
    return [*_alone(call, part[:middle], lost), *_alone(call, part[middle:], lost)]
