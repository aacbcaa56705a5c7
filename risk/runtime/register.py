"""Put prefect.yaml's pools and deployments onto Prefect's server, and ask for the runs of the start.

`python -m risk.runtime.register` does both, at the server of $PREFECT_API_URL, as soon as that answers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import ObjectNotFound
from prefect.states import Scheduled

from risk.errors import RiskError
from risk.runtime import plan, prefect_server, server_side
from risk.runtime.plan import Entry, Plan
from risk.runtime.worker import WORKER_TYPE, WarmWorker

SERVER_UP_WITHIN_S = 150.0
NO_PARAMETERS: dict[str, Any] = {"title": "Parameters", "type": "object", "properties": {}}


async def register(
    client: PrefectClient, plan: Plan, *, folder: Path, worker_type: str, job_template: dict[str, Any]
) -> dict[str, UUID]:
    """Id of every deployment by name. What stands there already, equal, is left alone: ids and runs stay."""
    for pool in plan.pools:
        await server_side.ensure_pool(client, pool, worker_type, True, job_template)
    return {entry.name: await _deployment(client, entry, folder) for entry in plan.entries}


async def run_now(client: PrefectClient, ids: dict[str, UUID], plan: Plan) -> list[str]:
    """One run, due at once, of every deployment that wants one at the start; their names."""
    names = [entry.name for entry in plan.entries if entry.runs_at_start]
    for name in names:
        await client.create_flow_run_from_deployment(ids[name], state=Scheduled(), tags=["start"])
    return names


async def _deployment(client: PrefectClient, entry: Entry, folder: Path) -> UUID:
    flow_name = entry.entrypoint.rpartition(":")[2].replace("_", "-")
    flow_id = await client.create_flow_from_name(flow_name)
    try:
        known = await client.read_deployment_by_name(f"{flow_name}/{entry.name}")
    except ObjectNotFound:
        known = None
    if known is not None and _is_same(known, entry, folder):
        return known.id
    return await client.create_deployment(
        flow_id=flow_id,
        name=entry.name,
        description=entry.description,
        entrypoint=entry.entrypoint,
        path=str(folder),
        work_pool_name=entry.pool,
        tags=list(entry.tags),
        parameters=dict(entry.parameters),
        parameter_openapi_schema=NO_PARAMETERS,
        schedules=_schedules(entry),
    )


def _schedules(entry: Entry) -> list[DeploymentScheduleCreate]:
    if entry.cadence is None:
        return []
    rule = IntervalSchedule(interval=entry.cadence.interval, anchor_date=entry.cadence.anchor, timezone="UTC")
    return [DeploymentScheduleCreate(schedule=rule, active=True, slug="cadence")]


def _is_same(known: DeploymentResponse, entry: Entry, folder: Path) -> bool:
    def rules(schedules: list[Any]) -> list[tuple[Any, Any]]:
        found = [each.schedule for each in schedules]
        return [(getattr(rule, "interval", None), getattr(rule, "anchor_date", None)) for rule in found]

    return (
        (known.entrypoint, known.path, known.work_pool_name, known.description)
        == (entry.entrypoint, str(folder), entry.pool, entry.description)
        and set(known.tags) == set(entry.tags)
        and known.parameters == dict(entry.parameters)
        and rules(list(known.schedules)) == rules(_schedules(entry))
    )


async def _register_all() -> str:
    wanted = plan.load()
    async with get_client() as client:
        ids = await register(
            client,
            wanted,
            folder=plan.FILE.parent,
            worker_type=WORKER_TYPE,
            job_template=WarmWorker.get_default_base_job_template(),
        )
        begun = await run_now(client, ids, wanted)
    return f"{len(ids)} deployments stand on Prefect's server; begun at once: {', '.join(begun)}"


def main() -> int:
    """0 and one line of success, or 1 and one line of reason."""
    try:
        prefect_server.wait_until_up(os.environ, timeout_s=SERVER_UP_WITHIN_S)
        said, code = asyncio.run(_register_all()), 0
    except (RiskError, httpx.HTTPError, OSError) as cause:
        said, code = f"{type(cause).__name__}: {cause}", 1
    sys.stdout.write(" ".join(said.split()) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
