"""The warm worker: a Prefect worker type that makes due runs in its own process, each at its second.

    prefect worker start --type risk-warm --pool cadence
    python -m risk.runtime.worker --pool cadence

It imports the flows once, asks for scheduled runs ahead of time, and goes on by the cadences it knows
while Prefect's API does not answer (docs/operations.md). Code is where the worker is: pull steps are
not carried out.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import AsyncClientContext, SyncClientContext
from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_CLIENT_CSRF_SUPPORT_ENABLED,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED,
    PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)
from prefect.workers.base import (
    BaseJobConfiguration,
    BaseVariables,
    BaseWorker,
    BaseWorkerResult,
)

from risk.adapters import settings, store
from risk.errors import RiskError, RuntimeFault, StoreError
from risk.runtime import execution, log, trouble
from risk.runtime.desk import Desk
from risk.runtime.role import Role
from risk.state import FlowTrouble

WORKER_TYPE = "risk-warm"
EXIT_HELD = 3
STOP_TIMEOUT_S = 3.0
ROLE_CHECK_S = 5.0
SIGN_EVERY_S = 10.0
ENGINE_SETTINGS = {
    # No thread per run for heartbeats, no socket for logs, no calls home. A failed call is not tried again:
    # the worker has its own answer to an API that is away.
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
    PREFECT_LOGGING_TO_API_ENABLED: False,
    PREFECT_CLIENT_MAX_RETRIES: 0,
    PREFECT_API_REQUEST_TIMEOUT: 5.0,
    PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: True,
    PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED: False,
    PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY: False,
}

logger = logging.getLogger(__name__)


class WarmVariables(BaseVariables):
    """A warm worker's pool has no variables of its own: nothing is started, so nothing is configured."""


class WarmConfiguration(BaseJobConfiguration):
    """What a run may say about where it runs; the warm worker runs it where it stands."""


class WarmResult(BaseWorkerResult):
    """How one run ended: 0 for completed."""


class WarmWorker(BaseWorker[WarmConfiguration, WarmVariables, WarmResult]):
    """Runs the flows of one pool in this process."""

    type = WORKER_TYPE
    job_configuration = WarmConfiguration
    job_configuration_variables = WarmVariables
    _description = "Runs flows inside the worker's own process, each at its second."

    def __init__(
        self,
        *args: Any,
        role: Role | None = None,
        ready_file: Path | None = None,
        patience_s: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._ready_file, self._patience_s = ready_file, patience_s
        self._role = role if role is not None else _role_of(self._work_pool_name)
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopping = threading.Event()

    async def start(
        self,
        run_once: bool = False,
        with_healthcheck: bool = False,
        printer: Callable[..., None] = print,
    ) -> None:
        """Work until SIGTERM or SIGINT. `with_healthcheck` has no server here: see the heartbeat table.

        Raises:
            SystemExit: 3 when another worker holds this pool's role.
        """
        if not await asyncio.to_thread(self._take_role, printer):
            raise SystemExit(EXIT_HELD)
        outer = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                outer.add_signal_handler(number, self.stop)
            except (ValueError, RuntimeError):
                break  # not in the main thread: the caller stops us
        try:
            # Another thread has the loop of the flows: in the main thread Prefect's engine would put its own
            # handler of SIGTERM in the place of ours for as long as an async flow runs.
            await execution.in_thread(lambda: asyncio.run(self._work(run_once, printer)), name="worker")
        finally:
            if self._role is not None:
                self._role.release()
        printer(f"Worker {self.name!r} stopped!")

    def stop(self) -> None:
        """End the work: no new runs, three seconds for those that are going. Callable from any thread."""
        self._is_stopping.set()
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    async def run(
        self, flow_run: FlowRun, configuration: WarmConfiguration, task_status: Any = None
    ) -> WarmResult:
        """Make one claimed run here and now."""
        if task_status is not None:
            task_status.started(str(os.getpid()))
        async with get_client() as client:
            deployment = (
                await client.read_deployment(flow_run.deployment_id) if flow_run.deployment_id else None
            )
        if deployment is None or deployment.entrypoint is None:
            raise RuntimeFault(f"run {flow_run.name} has no deployment with an entrypoint")
        flow = execution.load_flow(deployment.entrypoint, deployment.path)
        state = await execution.recorded(flow, flow_run)
        return WarmResult(identifier=str(flow_run.id), status_code=0 if state.is_completed() else 1)

    def _take_role(self, printer: Callable[..., None]) -> bool:
        while self._role is not None:
            try:
                self._role.take()
            except RuntimeFault as held:
                printer(str(held))
                return False
            except psycopg.OperationalError as cause:
                printer(f"the database does not answer ({type(cause).__name__}); trying again")
                if self._is_stopping.wait(1.0):
                    return False
            else:
                return True
        return True

    async def _work(self, run_once: bool, printer: Callable[..., None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._is_stopping.is_set():
            self._stop.set()
        with temporary_settings(ENGINE_SETTINGS):
            async with AsyncClientContext() as context:
                with SyncClientContext():
                    desk = Desk(
                        context.client,
                        pool=self._work_pool_name,
                        worker=self.name,
                        worker_type=self.type,
                        creates_pool=self._create_pool_if_not_found,
                        job_template=self._base_job_template or self.get_default_base_job_template(),
                        patience_s=self._patience_s,
                    )
                    await self._begun(desk)
                    printer(f"Worker {self.name!r} started!")
                    await self._until_stopped(desk, run_once)

    async def _begun(self, desk: Desk) -> None:
        """Begin, unless a stop comes first."""
        if self._stop is None:
            raise RuntimeFault("the worker has not been started")
        begin = asyncio.create_task(desk.begin())
        waiting = asyncio.create_task(self._stop.wait())
        await asyncio.wait({begin, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not begin.done():
            begin.cancel()
            return
        begin.result()
        if self._ready_file is not None:
            self._ready_file.touch()

    async def _until_stopped(self, desk: Desk, run_once: bool) -> None:
        if self._stop is None:
            raise RuntimeFault("the worker has not been started")
        if run_once:
            await desk.once()
            return
        work = asyncio.create_task(desk.work())
        watch = asyncio.create_task(self._keep_role())
        signs = asyncio.create_task(self._give_signs(desk))
        waiting = asyncio.create_task(self._stop.wait())
        tasks: set[asyncio.Task[Any]] = {work, watch, waiting}
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in (watch, waiting, signs):
            task.cancel()
        await desk.stop(work, STOP_TIMEOUT_S)
        for task in done - {waiting}:
            task.result()

    async def _give_signs(self, desk: Desk) -> None:
        """A sign of life in our own database, with the counts of runs; it does not need Prefect."""
        url = os.environ.get("RISK_DATABASE_URL")
        desk.carried = await asyncio.to_thread(_said_before, url, desk.pool) if url else []
        while url:
            details = desk.report() | {"pid": os.getpid()}
            try:
                await asyncio.to_thread(_beat, url, desk.pool, details, desk.reach.away_s)
            except RiskError as cause:
                logger.warning("no sign of life: %s", cause)
            await asyncio.sleep(SIGN_EVERY_S)

    async def _keep_role(self) -> None:
        """Ends with a RuntimeFault when the role went to another worker while the database was away."""
        while True:
            await asyncio.sleep(ROLE_CHECK_S)
            try:
                if self._role is not None:
                    await asyncio.to_thread(self._role.take)
            except psycopg.OperationalError as cause:
                logger.warning("cannot check the role: %s", type(cause).__name__)


def _beat(url: str, pool: str, details: dict[str, Any], away_s: float) -> None:
    """A sign of life, and as a fact for scoring how long Prefect has been away (alert orchestrator_away)."""
    now = datetime.now(UTC)
    with store.connect(url) as db:
        store.beat(db, f"worker/{pool}", now, details)
        store.save_fact(db, f"prefect_away_s/{pool}", away_s, now)


def _said_before(url: str, pool: str) -> list[FlowTrouble]:
    """What the pool's last worker said of its flows: it stands until this one has news."""
    try:
        with store.connect(url) as db:
            last = store.beats(db).get(f"worker/{pool}")
    except StoreError as cause:
        logger.warning("what the worker before this one said is not known: %s", cause)
        return []
    return trouble.last_troubles(last.details) if last is not None else []


def _role_of(pool: str) -> Role | None:
    """The role of the pool's one worker in our database; None where no database is configured."""
    url = os.environ.get("RISK_DATABASE_URL")
    return Role(url, f"worker/{pool}") if url else None


def main(arguments: list[str] | None = None) -> int:
    """Command of the supervisor: one worker for one pool; 0 after a stop, 3 when the pool has a worker."""
    parser = argparse.ArgumentParser(prog="python -m risk.runtime.worker", description=__doc__)
    parser.add_argument("--pool", required=True)
    parser.add_argument("--name", default=None)
    parser.add_argument("--ready-file", type=Path, default=None, help="made when the work begins")
    parser.add_argument(
        "--patience", type=float, default=0.0, help="seconds to wait for Prefect at the start"
    )
    given = parser.parse_args(arguments)
    log.set_up(settings.load())
    worker = WarmWorker(
        given.pool,
        name=given.name or f"warm-{given.pool}",
        ready_file=given.ready_file,
        patience_s=given.patience,
    )
    try:
        asyncio.run(worker.start(printer=logger.info))
        code = 0
    except SystemExit as held:
        code = int(held.code or 0)
    except RiskError as cause:
        logger.error("%s", cause)
        code = EXIT_HELD
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)  # a flow that did not end in time sits in a thread that Python would wait for


if __name__ == "__main__":
    sys.exit(main())
