"""A viewer is told of a new score by itself, and only the newest view waits for a slow one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx

from tests.web import filled
from tests.web.conftest import served, settings


def desks(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    kind = ""
    for line in stream.iter_lines():
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: ") and kind == "desk":
            yield json.loads(line[6:])


def test_a_level_that_changes_reaches_the_viewer_with_its_alert(database_url: str) -> None:
    filled.fill(database_url)
    later = filled.NOW + timedelta(seconds=5)
    with (
        served(settings(database_url), clock=lambda: later) as address,
        httpx.stream("GET", f"{address}/api/events", timeout=10) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        seen = desks(stream)
        before = {scope["scope"]: scope["level"] for scope in next(seen)["scopes"]}
        assert before["BTCUSDT"] == "low"
        filled.fall(database_url, later)
        after = next(desk for desk in seen if desk["scopes"][1]["level"] != "low")
    assert after["scopes"][1]["level"] == "extreme"
    assert any(alert["name"] == "liquidation_distance" for alert in after["alerts"]["en"])
    assert [a["headline"] for a in after["alerts"]["zh"]] != [a["headline"] for a in after["alerts"]["en"]]
    # (47,800 − 47,000) / 47,800
    assert round(after["positions"][0]["distance"], 6) == 0.016736
