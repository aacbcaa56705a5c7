"""The same prefect.yaml and worker by Prefect's own commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from risk.runtime import plan
from risk.runtime.worker import WORKER_TYPE
from tests.conftest_prefect import PrefectServer

PATIENCE_S = 60.0


def prefect_command(server: PrefectServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=plan.FILE.parent,
        env=os.environ | server.client_environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    names = {each.value for each in entry_points(group="prefect.collections")}
    if "risk.runtime.worker" not in names:
        pytest.skip("the project is not installed here, so Prefect cannot find its worker type: make setup")


def test_prefect_deploy_puts_every_entry_onto_the_server(prefect: PrefectServer) -> None:
    for pool in plan.load().pools:
        made = prefect_command(prefect, "work-pool", "create", "--type", WORKER_TYPE, pool)
        assert made.returncode == 0, made.stdout + made.stderr
    deployed = prefect_command(prefect, "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    found = prefect.ask(lambda client: client.read_deployments())
    names = {deployment.name for deployment in found}
    assert names >= {entry.name for entry in plan.load().entries}


def test_prefect_worker_start_runs_and_stops_our_worker(prefect: PrefectServer, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    environment = os.environ | prefect.client_environment
    environment.pop("RISK_DATABASE_URL", None)
    with log.open("wb") as out:
        worker = subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--type", WORKER_TYPE, "--pool", "empty"],
            env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE_S
        while "started!" not in log.read_text():
            assert time.monotonic() < deadline and worker.poll() is None, log.read_text()
            time.sleep(0.2)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
    finally:
        worker.kill()
        worker.wait()
    assert "stopped!" in log.read_text()
