"""The warm worker against a real Prefect server: on time, no overlap, nothing stale, not dependent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Scheduled

from risk.adapters import store
from risk.decision import decide
from risk.limits import default
from risk.runtime.cadence import LONG_LIVED, Cadence
from risk.runtime.plan import Entry, Plan
from risk.runtime.register import register
from risk.runtime.trouble import last_troubles
from risk.runtime.worker import WORKER_TYPE, WarmWorker
from risk.state import FlowTrouble
from risk.wording import item_lines
from tests.conftest_db import fresh_database
from tests.conftest_prefect import PrefectServer

POOL = "tried"
PATIENCE_S = 60.0
FLOWS = """
import asyncio, os, time
from prefect import flow

def note(word):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(word + "\\n")

@flow
def quick():
    note("quick")

@flow
def slow():
    note("slow begins")
    time.sleep(5)
    note("slow ends")

@flow
def faulty():
    note("faulty")
    raise ValueError("on purpose")

@flow
async def forever():
    note("forever begins")
    try:
        await asyncio.sleep(3600)
    finally:
        note("forever ends")

@flow
def brief():
    note("brief")
"""


def expect_soon(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.2)


class Trial:
    """A pool of small flows, the worker that makes them, and what they noted."""

    def __init__(self, prefect: PrefectServer, folder: Path, database_url: str) -> None:
        self.prefect, self.folder, self.database_url = prefect, folder, database_url
        self.notes_file, self.log_file = folder / "notes", folder / "worker.log"
        (folder / "tried.py").write_text(FLOWS)
        self.notes_file.touch()
        self.ids = self._register()
        self.worker: subprocess.Popen[bytes] | None = None

    def _register(self) -> dict[str, UUID]:
        def entry(name: str, interval_s: float | None) -> Entry:
            anchor = datetime(2020, 1, 1, tzinfo=UTC)
            return Entry(
                name=name,
                entrypoint=f"tried.py:{name}",
                pool=POOL,
                description=name,
                cadence=Cadence(interval=timedelta(seconds=interval_s), anchor=anchor)
                if interval_s
                else None,
                tags=() if interval_s else (LONG_LIVED,),
            )

        plan = Plan(
            (
                entry("quick", 2),
                entry("slow", 2),
                entry("faulty", 20),
                entry("forever", None),
                entry("brief", None),
            )
        )
        template = WarmWorker.get_default_base_job_template()
        return self.prefect.ask(
            lambda client: register(
                client, plan, folder=self.folder, worker_type=WORKER_TYPE, job_template=template
            )
        )

    def start_worker(self) -> None:
        environment = os.environ | self.prefect.client_environment
        environment |= {"NOTES": str(self.notes_file), "RISK_DATABASE_URL": self.database_url}
        with self.log_file.open("ab") as log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "risk.runtime.worker", "--pool", POOL],
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    def end_worker(self, how: signal.Signals) -> int:
        assert self.worker is not None
        self.worker.send_signal(how)
        return self.worker.wait(timeout=30)

    def notes(self, word: str) -> int:
        return self.notes_file.read_text().splitlines().count(word)

    def said(self, words: str) -> bool:
        return words in self.log_file.read_text()

    def troubles(self) -> dict[str, FlowTrouble]:
        with store.connect(self.database_url) as db:
            last = store.beats(db).get(f"worker/{POOL}")
        return {one.flow: one for one in last_troubles(last.details)} if last else {}

    def runs(self, name: str, *types: StateType) -> list[FlowRun]:
        async def ask(client: PrefectClient) -> list[FlowRun]:
            return await client.read_flow_runs(
                deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[name])),
                flow_run_filter=FlowRunFilter(
                    state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))
                ),
            )

        return self.prefect.ask(ask)

    def ended_as(self, name: str, type_: StateType, words: str) -> bool:
        return any(words in (run.state.message or "") for run in self.runs(name, type_) if run.state)


@pytest.fixture(scope="module")
def trial(
    prefect: PrefectServer,
    tmp_path_factory: pytest.TempPathFactory,
    pg_server: str,
    pg_data_dir: Path,
    template_database: str,
) -> Iterator[Trial]:
    for database_url in fresh_database(pg_server, pg_data_dir, template_database):
        trial = Trial(prefect, tmp_path_factory.mktemp("trial"), database_url)
        trial.start_worker()
        yield trial
        if trial.worker is not None and trial.worker.poll() is None:
            trial.end_worker(signal.SIGKILL)


def test_a_scheduled_flow_runs_twice_and_prefect_knows(trial: Trial) -> None:
    expect_soon(lambda: trial.notes("quick") >= 2, "two runs of a 2 s schedule")
    expect_soon(lambda: len(trial.runs("quick", StateType.COMPLETED)) >= 2, "two completed runs")


def test_a_run_is_skipped_while_the_one_before_it_goes_on(trial: Trial) -> None:
    expect_soon(lambda: trial.notes("slow ends") >= 2, "two ends of a 5 s flow")
    words = [word for word in trial.notes_file.read_text().splitlines() if word.startswith("slow")]
    assert words[:4] == ["slow begins", "slow ends", "slow begins", "slow ends"]
    expect_soon(lambda: trial.ended_as("slow", StateType.CANCELLED, "skipped"), "a run cancelled as skipped")


def test_a_run_older_than_twice_its_cadence_is_dropped(trial: Trial) -> None:
    minute_ago = datetime.now(UTC) - timedelta(seconds=60)
    trial.prefect.ask(
        lambda client: client.create_flow_run_from_deployment(
            trial.ids["quick"], state=Scheduled(scheduled_time=minute_ago)
        )
    )
    expect_soon(
        lambda: trial.ended_as("quick", StateType.CANCELLED, "stale by 6"), "a run cancelled as stale"
    )


def test_a_failing_flow_is_recorded_as_failed(trial: Trial) -> None:
    expect_soon(lambda: trial.ended_as("faulty", StateType.FAILED, "on purpose"), "a failed run")


def test_a_failing_flow_becomes_an_alert_with_its_error_and_a_good_run_ends_it(trial: Trial) -> None:
    """The sign of life comes every ten seconds; a minute later scoring would tell of it."""
    expect_soon(lambda: "faulty" in trial.troubles(), "the worker tells of the failing flow")
    told = trial.troubles()
    assert (told["faulty"].kind, told["faulty"].problem) == ("failed", "ValueError: on purpose")
    assert "quick" not in told and "forever" not in told
    later = told["faulty"].since + timedelta(seconds=61)
    with store.connect(trial.database_url) as db:
        state = store.latest_state(db, (), account="default", watches_account=False, now=later)
        decision = decide(state, default(), later)
        store.save_decision(db, decision, channels=[("mail", "info")])
        (item,) = [item for m in decision.messages for item in m.items if item["scope"] == "faulty"]
    assert (item["name"], item["kind"]) == ("flow_failing", "fired")
    assert "the last one: ValueError: on purpose" in "\n".join(item_lines(item, "en"))


def test_a_long_lived_run_that_ends_is_begun_again(trial: Trial) -> None:
    expect_soon(lambda: trial.notes("brief") >= 2, "a second beginning")
    assert trial.notes("forever begins") == 1


def test_cadences_go_on_while_prefect_is_killed_and_are_handed_back(trial: Trial) -> None:
    expect_soon(lambda: trial.notes("quick") >= 1, "the worker works")
    trial.prefect.kill()
    before = trial.notes("quick")
    expect_soon(lambda: trial.notes("quick") >= before + 6, "runs without Prefect")
    assert trial.said("quick: Completed") and trial.said("unrecorded")
    trial.prefect.start()
    expect_soon(lambda: trial.said("Prefect answers again"), "the worker notices")
    completed = len(trial.runs("quick", StateType.COMPLETED))
    expect_soon(lambda: len(trial.runs("quick", StateType.COMPLETED)) > completed, "recorded runs again")
    assert trial.notes("forever begins") == 1


def test_a_killed_workers_runs_are_buried_and_begun_anew(trial: Trial) -> None:
    expect_soon(lambda: len(trial.runs("forever", StateType.RUNNING)) == 1, "the long-lived run")
    (left,) = trial.runs("forever", StateType.RUNNING)
    begun = trial.notes("forever begins")
    trial.end_worker(signal.SIGKILL)
    trial.start_worker()
    expect_soon(lambda: trial.notes("forever begins") > begun, "a new beginning")
    expect_soon(
        lambda: left.id in {run.id for run in trial.runs("forever", StateType.CRASHED)}, "the old one crashed"
    )


def test_a_terminated_worker_ends_its_runs_and_exits_zero(trial: Trial) -> None:
    expect_soon(lambda: len(trial.runs("forever", StateType.RUNNING)) == 1, "the long-lived run")
    (run,) = trial.runs("forever", StateType.RUNNING)
    ended = trial.notes("forever ends")
    assert trial.end_worker(signal.SIGTERM) == 0
    assert trial.notes("forever ends") == ended + 1
    stopped = trial.runs("forever", StateType.CANCELLED, StateType.CRASHED)
    assert run.id in {each.id for each in stopped}
