"""Artifacts: there after a level has changed, and no reason to fail when Prefect is away."""

from __future__ import annotations

import httpx
import pytest
from prefect import flow
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows import account, market, reference, scoring
from flows.showing import show
from tests.conftest_prefect import PrefectServer


def test_a_changed_level_leaves_an_artifact(ready: str, prefect: PrefectServer) -> None:
    reference.reference()
    account.account()
    market.market()
    scoring.scoring()
    key = ArtifactFilter(key=ArtifactFilterKey(any_=["level-btcusdt"]))
    found = prefect.ask(lambda client: client.read_artifacts(artifact_filter=key))
    assert found
    assert "| leverage |" in str(found[0].data)


def away() -> None:
    raise httpx.ConnectError("connection refused")


def test_an_artifact_that_prefect_does_not_take_is_only_logged(
    flow_api: None, caplog: pytest.LogCaptureFixture
) -> None:
    @flow
    def shows() -> str:
        assert show(away) is None
        return "went on"

    assert shows() == "went on"
    assert "no artifact" in caplog.text


def test_outside_a_recorded_run_nobody_is_asked() -> None:
    asked = []
    assert show(lambda: asked.append(1)) is None
    assert asked == []
