"""deploy/automations: a real server takes every file with a block filled in; with triggers on it speaks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.events.schemas.automations import AutomationCore
from prefect.states import Failed, Late, Scheduled

from risk.runtime import plan
from tests.conftest_prefect import PrefectServer

TRIGGERS_ON = {
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "true",
}
FILES = sorted((Path(__file__).resolve().parents[2] / "deploy" / "automations").glob("*.yaml"))


def filled(file: Path, block_id: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8").replace("BLOCK_ID", block_id))
    return read


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_server_takes_the_automation(prefect: PrefectServer, file: Path) -> None:
    async def taken(client: PrefectClient) -> Any:
        block = CustomWebhookNotificationBlock(name="told", url="http://127.0.0.1:9/told")
        block_id = await block.save(f"told-{file.stem}", overwrite=True, client=client)
        made = await client.create_automation(AutomationCore(**filled(file, str(block_id))))
        found = await client.read_automation(made)
        await client.delete_automation(made)
        return found

    found = prefect.ask(taken)
    assert found is not None and found.enabled
    assert found.name == filled(file, "")["name"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_automation_hears_only_of_tags_that_there_are(file: Path) -> None:
    wanted = filled(file, "")["trigger"]["match_related"]["prefect.resource.id"]
    tags = {f"prefect.tag.{tag}" for entry in plan.load().entries for tag in entry.tags}
    assert set(wanted) <= tags


class Sink(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    told: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def sink() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/told"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def outspoken(pg_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A Prefect server of one's own, with triggers on."""
    server = PrefectServer(tmp_path_factory.mktemp("outspoken"), pg_server, TRIGGERS_ON)
    server.start()
    yield server
    server.kill()


@pytest.mark.faults
@pytest.mark.parametrize(("name", "state", "runs"), [("failed-run", Failed, 1), ("late-runs", Late, 10)])
def test_with_triggers_on_the_automation_speaks(
    outspoken: PrefectServer, sink: str, name: str, state: Callable[..., State[Any]], runs: int
) -> None:
    Sink.told.clear()

    async def happen(client: PrefectClient) -> None:
        json = {"said": "{{subject}}: {{body}}"}
        block = CustomWebhookNotificationBlock(name="told", url=sink, json_data=json)
        block_id = await block.save(f"told-{name}", overwrite=True, client=client)
        file = next(file for file in FILES if file.stem == name)
        await client.create_automation(AutomationCore(**filled(file, str(block_id))))
        flow_id = await client.create_flow_from_name("refit")
        tried = await client.create_deployment(flow_id, "refit", tags=["judgement"])
        other = await client.create_deployment(flow_id, "other", tags=["of somebody else"])
        await asyncio.sleep(10.0)  # a trigger is known to the service that looks after a few seconds
        for deployment_id in [other, *[tried] * runs]:
            run = await client.create_flow_run_from_deployment(deployment_id, state=Scheduled())
            await client.set_flow_run_state(run.id, state(message="two bars"), force=True)

    outspoken.ask(happen)
    deadline = time.monotonic() + 60
    while not Sink.told:
        assert time.monotonic() < deadline, "nothing was told"
        time.sleep(0.2)
    (said,) = Sink.told
    assert "refit" in said and "crypto-risk" in said
