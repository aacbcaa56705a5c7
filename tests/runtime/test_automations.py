"""deploy/automations: a real server takes every file as it stands, with a block of its own filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient
from prefect.events.schemas.automations import AutomationCore

from risk.runtime import plan
from tests.conftest_prefect import PrefectServer

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
