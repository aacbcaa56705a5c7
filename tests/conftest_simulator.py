"""Fixtures that start the simulated exchange in a process of its own, on a free port.

`simulator` is shared by a session and calm: read it, do not break it. `start_simulator(...)` starts one with
options of your own, for tests that script faults, limits, accounts or scenarios.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from risk.simulator.signing import API_KEY, API_SECRET, hmac_hex

START_WITHIN_S = 60


@dataclass(slots=True)
class RunningSimulator:
    """A simulator process and its addresses. `rest` serves fapi, futures/data, spot, wallet and /venue."""

    process: subprocess.Popen[str]
    rest: str
    stream: str
    api_key: str = API_KEY
    api_secret: str = API_SECRET

    def get(self, path: str, **params: Any) -> httpx.Response:
        """A public call."""
        return self.call("GET", path, params)

    def signed(self, path: str, method: str = "GET", **params: Any) -> httpx.Response:
        """A signed call, stamped with the server's own clock."""
        stamp = httpx.get(f"{self.rest}/fapi/v1/time", trust_env=False).json()["serverTime"]
        query = urlencode({**params, "timestamp": stamp})
        text = f"{query}&signature={hmac_hex(query, self.api_secret)}"
        return httpx.request(
            method, f"{self.rest}{path}?{text}", headers={"X-MBX-APIKEY": self.api_key}, trust_env=False
        )

    def call(
        self, method: str, path: str, params: dict[str, Any] | None = None, **more: Any
    ) -> httpx.Response:
        """Any call."""
        query = f"?{urlencode(params)}" if params else ""
        return httpx.request(method, f"{self.rest}{path}{query}", trust_env=False, timeout=10, **more)

    def control(self, action: str, body: Any = None, method: str = "POST", **params: Any) -> Any:
        """A call of the control side, such as control("fault", {"kind": "delay"}) or control("pause")."""
        answer = self.call(method, f"/control/{action}", params, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self) -> Any:
        """The simulator's own numbers."""
        return self.control("state", method="GET")

    def stop(self) -> int:
        """End it and return its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()


def launch(*options: str) -> RunningSimulator:
    """Start a simulator with options of its command line and wait until it is up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "risk.simulator", "--port", "0", *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.fail(f"the simulator did not start, exit status {process.wait(START_WITHIN_S)}")
    addresses = json.loads(line)
    return RunningSimulator(process, addresses["rest"], addresses["stream"])


@pytest.fixture(scope="session")
def simulator() -> Iterator[RunningSimulator]:
    """One calm simulator with the demo account, for reading; weights are no obstacle."""
    running = launch("--request-limit", "1000000")
    yield running
    running.stop()


@pytest.fixture
def start_simulator() -> Iterator[Callable[..., RunningSimulator]]:
    """Start simulators of your own: start_simulator("--scenario", "demo"). All end with the test."""
    running: list[RunningSimulator] = []

    def start(*options: str) -> RunningSimulator:
        running.append(launch(*options))
        return running[-1]

    yield start
    for each in running:
        each.stop()
