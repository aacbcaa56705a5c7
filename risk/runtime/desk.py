"""One pool's runs in one process: asked for ahead, claimed, made at their second, or refused with a reason.

Prefect decides what is due; this desk does not depend on it. While the API does not answer, or answers but
offers nothing, the cadences last known go on here, unrecorded; what was made so is not made again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort, ObjectNotFound
from prefect.flows import Flow
from prefect.states import Cancelled, Crashed, Pending, Running, Scheduled

from risk.errors import RuntimeFault
from risk.runtime import execution, server_side, signs
from risk.runtime.cadence import Course, Deployment, Verdict, is_forgotten, judge, reason, utc
from risk.runtime.reach import Reach
from risk.state import FlowTrouble

LOOK_AHEAD = timedelta(seconds=6)
POLL_S = 2.0
CLAIM_AHEAD = timedelta(seconds=0.5)
LEARN_EVERY_S = 15.0
HEARTBEAT_S = 30.0
TICK_S = 0.25
GRACE = timedelta(seconds=0.4)  # a slot that Prefect has not offered by then is made without it
SEEN_KEPT = 5_000
RESTART_PAUSES_S = (0.5, 30.0)  # first and longest pause before a long-lived run begins anew
STEADY_AFTER_S = 60.0

logger = logging.getLogger(__name__)


class Desk:
    """State: the deployments known, how their runs go, whether the API answers."""

    def __init__(
        self,
        client: PrefectClient,
        *,
        pool: str,
        worker: str,
        worker_type: str,
        creates_pool: bool,
        job_template: dict[str, Any],
        patience_s: float = 0.0,
    ) -> None:
        self._client, self.pool, self._worker = client, pool, worker
        self._pool_terms, self._patience_s = (worker_type, creates_pool, job_template), patience_s
        self.deployments: dict[str, Deployment] = {}
        self.courses: dict[str, Course] = {}
        self._flows: dict[str, Flow[..., Any]] = {}
        self._seen: OrderedDict[UUID, None] = OrderedDict()
        self._following: set[asyncio.Task[None]] = set()
        self._making: dict[asyncio.Task[Any], UUID | None] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._creating, self._refusing = asyncio.Lock(), asyncio.Semaphore(3)
        self._is_stopping = False
        self.carried: list[FlowTrouble] = []  # what the worker before this one said last
        self.reach = Reach(client)

    async def work(self) -> None:
        """After `begin`, until cancelled: poll, learn, beat, and watch that no slot is forgotten."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._every(POLL_S, self._poll))
            loops.create_task(self._every(LEARN_EVERY_S, self._learn))
            loops.create_task(self._every(HEARTBEAT_S, self._beat))
            loops.create_task(self._watch())

    async def once(self) -> None:
        """After `begin`: make what is due now, and return when it has ended."""
        await self._poll()
        while self._following or self._making:
            await asyncio.wait({*self._following, *self._making})

    async def stop(self, work: asyncio.Task[None], timeout_s: float) -> None:
        """No new runs; long-lived ones are cancelled, the others get `timeout_s` seconds."""
        self._is_stopping = True
        for task in (work, *self._keepers.values(), *(t for t in self._following if t not in self._making)):
            task.cancel()
        for task in list(self._making):
            if task.get_name().startswith("long-lived"):
                task.cancel()
        if self._making:
            await asyncio.wait(self._making, timeout=timeout_s - 1.0)
        left = {run_id for run_id in self._making.values() if run_id}
        for task in list(self._making):
            task.cancel()
        await asyncio.gather(
            *(self.reach.report(run_id, Cancelled(message="its worker was stopped")) for run_id in left)
        )
        await asyncio.gather(work, *self._keepers.values(), return_exceptions=True)

    async def begin(self) -> None:
        """Import the flows by prefect.yaml, then learn what stands on the server; wait for that so long."""
        self._adopt(server_side.planned(self.pool))
        await self._import_flows()
        give_up_at = time.monotonic() + self._patience_s
        while not (await self._learn() and self.deployments) and time.monotonic() < give_up_at:
            await asyncio.sleep(TICK_S)
        await self._attempt(server_side.ensure_pool(self._client, self.pool, *self._pool_terms))
        await self._attempt(server_side.bury(self._client, self.pool))
        await self._beat()
        await self._import_flows()
        for course in self.courses.values():
            course.known_since = _now()  # what was due before is not forgotten but before our time

    async def _import_flows(self) -> None:
        for deployment in self.deployments.values():
            try:
                await self._flow(deployment)
            except RuntimeFault as cause:
                logger.error("%s", cause)

    async def _every(self, period_s: float, step: Any) -> None:
        while True:
            began = time.monotonic()
            await step()
            await asyncio.sleep(max(0.0, period_s - (time.monotonic() - began)))

    async def _watch(self) -> None:
        """Make the slots that Prefect forgets; start the long-lived runs."""
        while True:
            await asyncio.sleep(TICK_S)
            now = _now()
            for deployment in list(self.deployments.values()):
                course = self.courses[deployment.name]
                if deployment.is_long_lived:
                    self._keep(deployment)
                    continue
                if deployment.cadence is None:
                    continue
                slot = deployment.cadence.slot_after(now - GRACE) - deployment.cadence.interval
                is_known = slot > course.known_since
                if is_known and is_forgotten(deployment, course, slot, api_fails=self.reach.fails):
                    self._make_alone(deployment, course, slot)

    def _make_alone(self, deployment: Deployment, course: Course, slot: datetime) -> None:
        if course.is_active:
            course.last_slot = slot
            course.counts["skipped"] += 1
            return
        if not self.reach.fails:
            logger.warning(
                "%s: Prefect has offered no run for three cadences; made without it", deployment.name
            )
        self._spawn(deployment, course, None, slot)

    async def _poll(self) -> None:
        async def ask() -> None:
            async with self._creating:
                offered = await self._client.get_scheduled_flow_runs_for_work_pool(
                    self.pool, scheduled_before=_now() + LOOK_AHEAD
                )
            for answer in offered:
                if answer.flow_run.id not in self._seen:
                    self._remember(answer.flow_run.id)
                    task = asyncio.create_task(self._follow(answer.flow_run))
                    self._following.add(task)
                    task.add_done_callback(self._followed)

        if await self._attempt(ask()):
            await self.reach.flush()

    async def _learn(self) -> bool:
        async def ask() -> None:
            self._adopt(await server_side.deployments(self._client, self.pool))

        return await self._attempt(ask())

    def _adopt(self, found: list[Deployment]) -> None:
        self.deployments = {deployment.name: deployment for deployment in found}
        for name in self.deployments:
            self.courses.setdefault(name, Course(known_since=_now()))

    async def _beat(self) -> None:
        await self._attempt(
            self._client.send_worker_heartbeat(
                self.pool, self._worker, heartbeat_interval_seconds=HEARTBEAT_S
            )
        )

    async def _attempt(self, call: Coroutine[Any, Any, Any]) -> bool:
        """Whether the API answered; a pool that was deleted is made anew."""
        try:
            return await self.reach.attempt(call)
        except ObjectNotFound as cause:
            logger.warning("Prefect does not know it: %s", cause)
            await self.reach.attempt(server_side.ensure_pool(self._client, self.pool, *self._pool_terms))
            return False

    async def _follow(self, run: FlowRun) -> None:
        """From the offer to the start, or to the reason why not."""
        deployment = await self._deployment_of(run)
        if deployment is None:
            return
        course = self.courses[deployment.name]
        due = utc(run.next_scheduled_start_time or run.expected_start_time or _now())
        course.last_offered = max(course.last_offered or due, due)
        await execution.sleep_until(due - CLAIM_AHEAD)
        if course.is_active:
            await execution.sleep_until(due)
        if await self._is_refused(deployment, course, run, due):
            return
        is_claimed = await self._claim(run)
        if is_claimed is False:
            return
        await execution.sleep_until(due)
        if not await self._is_refused(deployment, course, run, due):
            self._spawn(deployment, course, run if is_claimed else None, due)

    async def _is_refused(self, deployment: Deployment, course: Course, run: FlowRun, due: datetime) -> bool:
        now = _now()
        verdict = judge(deployment, course, due, now)
        if verdict is Verdict.RUN:
            return False
        course.counts[verdict.value] += 1
        logger.log(
            logging.WARNING if verdict is Verdict.SKIPPED else logging.DEBUG,
            "%s: %s", deployment.name, reason(verdict, course, due, now),
        )  # fmt: skip
        async with self._refusing:
            await self.reach.report(run.id, Cancelled(message=reason(verdict, course, due, now)))
        return True

    async def _claim(self, run: FlowRun) -> bool | None:
        """True: ours; False: another has it or it is not to be made; None: the API does not answer."""
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await self._client.set_flow_run_state(run.id, Pending()))

        if not await self._attempt(ask()):
            return None if self.reach.fails else False
        return bool(answers[0].state is not None and answers[0].state.is_pending())

    async def _deployment_of(self, run: FlowRun) -> Deployment | None:
        for attempt in range(2):
            for deployment in self.deployments.values():
                if deployment.deployment_id == run.deployment_id:
                    return deployment
            if attempt == 0:
                await self._learn()
        logger.warning("run %s belongs to no deployment of pool %s", run.name, self.pool)
        return None

    def _spawn(
        self, deployment: Deployment, course: Course, run: FlowRun | None, due: datetime
    ) -> asyncio.Task[State[Any]]:
        course.is_active, course.active_since = True, _now()
        course.last_slot = max(course.last_slot or due, due)
        kind = "long-lived " if deployment.is_long_lived else ""
        task = asyncio.create_task(self._make(deployment, course, run, due), name=kind + deployment.name)
        self._making[task] = run.id if run else None

        def made(done: asyncio.Task[Any]) -> None:
            self._making.pop(done, None)
            course.is_active, course.active_since = False, None
            if not done.cancelled() and (cause := done.exception()):
                logger.error("%s: %r", deployment.name, cause, exc_info=cause)

        task.add_done_callback(made)
        return task

    async def _make(
        self, deployment: Deployment, course: Course, run: FlowRun | None, due: datetime
    ) -> State[Any]:
        late_s = (_now() - due).total_seconds()
        began = time.monotonic()
        try:
            flow = await self._flow(deployment)
            state = await self._made(flow, deployment, course, run)
        except (RuntimeFault, Abort) as cause:
            state = Crashed(message=str(cause))
            if run is not None:
                await self.reach.report(run.id, state)
        is_well = state.is_completed()
        course.ended(_now(), signs.problem_of(state, deployment), is_long_lived=deployment.is_long_lived)
        how = f"{state.name} in {time.monotonic() - began:.2f} s, {late_s:.2f} s late"
        how += ("" if run else ", unrecorded") + ("" if is_well else f": {state.message}")
        logger.log(logging.INFO if is_well else logging.WARNING, "%s: %s", deployment.name, how)
        return state

    async def _made(
        self, flow: Flow[..., Any], deployment: Deployment, course: Course, run: FlowRun | None
    ) -> State[Any]:
        if run is not None:
            try:
                return await execution.recorded(flow, run)
            except execution.UnreportedError as unreported:
                self.reach.keep(run.id, unreported.state)
                return unreported.state
            except execution.NotBegunError as cause:
                logger.warning("%s: made without Prefect: %s", deployment.name, cause)
        self.reach.made_alone += 1
        course.counts["alone"] += 1
        state = await execution.unrecorded(flow, run.parameters if run else deployment.parameters)
        if run is not None:
            self.reach.keep(run.id, state)
        return state

    async def _flow(self, deployment: Deployment) -> Flow[..., Any]:
        place = f"{deployment.folder}:{deployment.entrypoint}"
        if place not in self._flows:
            self._flows[place] = await asyncio.to_thread(
                execution.load_flow, deployment.entrypoint, deployment.folder
            )
        return self._flows[place]

    def _keep(self, deployment: Deployment) -> None:
        keeper = self._keepers.get(deployment.name)
        if keeper is None or keeper.done():
            self._keepers[deployment.name] = asyncio.create_task(self._kept(deployment.name))

    async def _kept(self, name: str) -> None:
        """Whenever the run of `name` ends, begin it anew; faster at first, slower when it keeps dying."""
        pause_s, longest_s = RESTART_PAUSES_S
        while (deployment := self.deployments.get(name)) is not None and not self._is_stopping:
            course = self.courses[name]
            if deployment.is_paused or course.is_active:
                await asyncio.sleep(TICK_S)
                continue
            began = time.monotonic()
            run = await self._new_run(deployment)
            await self._accompany(deployment, self._spawn(deployment, course, run, _now()), run)
            course.counts["restarts"] += 1
            lasted_s = time.monotonic() - began
            pause_s = RESTART_PAUSES_S[0] if lasted_s > STEADY_AFTER_S else min(pause_s * 2, longest_s)
            if not self._is_stopping:
                logger.warning("%s ended after %.0f s; anew in %.1f s", name, lasted_s, pause_s)
                await asyncio.sleep(pause_s)

    async def _accompany(
        self, deployment: Deployment, task: asyncio.Task[State[Any]], run: FlowRun | None
    ) -> None:
        """Until the run ends; one that was begun without Prefect is entered there when it answers again."""
        adopted: FlowRun | None = None
        while not task.done():
            await asyncio.wait({task}, timeout=POLL_S)
            if run is None and adopted is None and not task.done() and not self.reach.fails:
                adopted = await self._new_run(deployment)
                if adopted is not None and await self.reach.report(adopted.id, Running()):
                    self._making[task] = adopted.id
        if adopted is not None and not task.cancelled():
            await self.reach.report(adopted.id, task.result())

    async def _new_run(self, deployment: Deployment) -> FlowRun | None:
        """A fresh claimed run of `deployment`; None while Prefect does not answer."""
        if deployment.deployment_id is None:
            return None
        created: list[FlowRun] = []
        deployment_id = deployment.deployment_id

        async def ask() -> None:
            async with self._creating:  # the poll must not take it for an offer
                run = await self._client.create_flow_run_from_deployment(deployment_id, state=Scheduled())
                self._remember(run.id)
                created.append(run)

        if not await self._attempt(ask()) or not await self._claim(created[0]):
            return None
        return created[0]

    def report(self) -> dict[str, Any]:
        """For the sign of life; see `signs.report`."""
        is_led, now = not self.reach.fails, _now()
        return signs.report(self.deployments, self.courses, self.carried, is_led=is_led, now=now)

    def _remember(self, run_id: UUID) -> None:
        self._seen[run_id] = None
        if len(self._seen) > SEEN_KEPT:
            self._seen.popitem(last=False)

    def _followed(self, task: asyncio.Task[None]) -> None:
        self._following.discard(task)
        if not task.cancelled() and (cause := task.exception()):
            logger.error("a run was lost sight of: %r", cause, exc_info=cause)


def _now() -> datetime:
    return datetime.now(UTC)
