"""What the runtime asks of Prefect's server, in this project's words."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Crashed

from risk.runtime import plan
from risk.runtime.cadence import LONG_LIVED, Cadence, Deployment, utc

PAGE = 200
UNENDED = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]

logger = logging.getLogger(__name__)


async def ensure_pool(
    client: PrefectClient, pool: str, worker_type: str, may_create: bool, job_template: dict[str, Any]
) -> None:
    """Make the work pool where there is none."""
    try:
        known = await client.read_work_pool(pool)
    except ObjectNotFound:
        if not may_create:
            logger.warning("there is no work pool %s, and it is not to be created here", pool)
            return
        try:
            wanted = WorkPoolCreate(name=pool, type=worker_type, base_job_template=job_template)
            await client.create_work_pool(wanted)
        except ObjectAlreadyExists:
            return
    else:
        if known.type != worker_type:
            logger.warning(
                "work pool %s is of type %s, this worker of type %s", pool, known.type, worker_type
            )


async def deployments(client: PrefectClient, pool: str) -> list[Deployment]:
    """The pool's deployments as they stand on the server."""
    found = await client.read_deployments(work_pool_filter=_pool(pool))
    return [_deployment(answer) for answer in found if answer.entrypoint]


async def bury(client: PrefectClient, pool: str) -> int:
    """Set runs of the pool that a dead worker left unended to Crashed; how many there were."""
    unended = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNENDED)))
    runs = await client.read_flow_runs(work_pool_filter=_pool(pool), flow_run_filter=unended)
    for run in runs:
        await client.set_flow_run_state(run.id, Crashed(message="its worker is gone"), force=True)
    return len(runs)


def planned(pool: str) -> list[Deployment]:
    """The pool's deployments by prefect.yaml, for a worker that starts while Prefect does not answer."""
    return [
        Deployment(
            deployment_id=None,
            name=entry.name,
            entrypoint=entry.entrypoint,
            folder=None,
            cadence=entry.cadence,
            is_paused=False,
            is_long_lived=entry.is_long_lived,
            parameters=entry.parameters,
        )
        for entry in plan.load().entries
        if entry.pool == pool
    ]


def _deployment(answer: DeploymentResponse) -> Deployment:
    active = [schedule for schedule in answer.schedules if schedule.active]
    return Deployment(
        deployment_id=answer.id,
        name=answer.name,
        entrypoint=answer.entrypoint or "",
        folder=answer.path,
        cadence=next((cadence for each in active if (cadence := _cadence(each))), None),
        is_paused=answer.paused,
        is_long_lived=LONG_LIVED in answer.tags and not answer.schedules,
        parameters=answer.parameters,
    )


def _cadence(schedule: DeploymentSchedule) -> Cadence | None:
    rule = schedule.schedule
    if not isinstance(rule, IntervalSchedule):
        return None
    anchor = utc(rule.anchor_date) if rule.anchor_date else datetime(2020, 1, 1, tzinfo=UTC)
    return Cadence(interval=rule.interval, anchor=anchor)


def _pool(name: str) -> WorkPoolFilter:
    return WorkPoolFilter(name=WorkPoolFilterName(any_=[name]))


async def runs_by_state(since: datetime) -> dict[str, dict[str, int]]:
    """Runs that were due since `since`, and those still going: deployment -> state type -> number."""
    counted: dict[str, dict[str, int]] = {}
    async with get_client() as client:
        names = {found.id: found.name for found in await client.read_deployments()}
        due = FlowRunFilterExpectedStartTime.model_validate({"after_": since, "before_": datetime.now(UTC)})
        wanted = FlowRunFilter(expected_start_time=due)
        going = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING])))
        runs = {run.id: run for each in (wanted, going) for run in await _all_runs(client, each)}
    for run in runs.values():
        name = names.get(run.deployment_id) if run.deployment_id else None
        if name is not None and run.state_type is not None:
            states = counted.setdefault(name, {})
            states[run.state_type.value] = states.get(run.state_type.value, 0) + 1
    return counted


async def _all_runs(client: PrefectClient, wanted: FlowRunFilter) -> list[FlowRun]:
    runs: list[FlowRun] = []
    while page := await client.read_flow_runs(flow_run_filter=wanted, offset=len(runs), limit=PAGE):
        runs += page
        if len(page) < PAGE:
            break
    return runs
