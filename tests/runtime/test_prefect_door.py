"""Prefect's server: a password made for it, no call of another site's, no address but the loopback."""

from __future__ import annotations

import stat
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from risk.runtime import doctor_outside, prefect_server
from tests.conftest_prefect import PrefectServer


def caller(prefect: PrefectServer, *, password: str | None = None) -> httpx.Client:
    name, _, secret = (password or prefect.password).partition(":")
    return httpx.Client(base_url=prefect.client_environment["PREFECT_API_URL"], auth=(name, secret))


def test_without_the_password_nothing_is_answered(prefect: PrefectServer) -> None:
    api = prefect.client_environment["PREFECT_API_URL"]
    assert not prefect_server.is_open(api)
    for path in ("/admin/settings", "/admin/version", "/deployments/name/x/y", "/csrf-token?client=me"):
        assert httpx.get(f"{api}{path}").status_code == 401
    with caller(prefect, password="risk:wrong") as client:
        assert client.get("/admin/version").status_code == 401
    assert prefect_server.is_up(prefect.client_environment)


def test_a_call_that_changes_something_needs_more_than_the_password(prefect: PrefectServer) -> None:
    with caller(prefect) as client:
        assert client.get("/admin/version").status_code == 200
        refused = client.post("/flow_runs/count", json={})
        assert (refused.status_code, refused.json()) == (403, {"detail": "Missing CSRF token."})
        made_up = {"Prefect-Csrf-Token": "guess", "Prefect-Csrf-Client": str(uuid4())}
        assert client.post("/flow_runs/count", json={}, headers=made_up).status_code == 403
    begun, coming = prefect_server.scoring_runs(prefect.client_environment)  # ours brings what is needed
    assert begun >= 0
    assert coming >= 0


def test_the_password_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first = prefect_server.password_in(tmp_path)
    assert prefect_server.password_in(tmp_path) == first
    assert prefect_server.password_in(tmp_path / "other") != first
    assert len(first.partition(":")[2]) >= 32  # 24 random bytes in base64
    assert stat.S_IMODE((tmp_path / prefect_server.AUTH_FILE).stat().st_mode) == 0o600


def test_the_server_is_started_on_the_loopback_address_and_calls_nobody(tmp_path: Path) -> None:
    command = prefect_server.command(4200)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    given = prefect_server.server_environment(
        database_url="x", home=tmp_path, port=4200, password="risk:secret"
    )
    assert given["PREFECT_SERVER_API_AUTH_STRING"] == "risk:secret"
    assert given["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert given["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


# An open server on this machine alone is its owner's choice; one that others reach is a fault.
@pytest.mark.parametrize(
    ("api", "mark"),
    [
        ("http://127.0.0.1:4200/api", "ok"),
        ("http://localhost:4200/api", "ok"),
        ("http://[::1]:4200/api", "ok"),
        ("http://0.0.0.0:4200/api", "fail"),
        ("http://192.168.1.5:4200/api", "fail"),
        ("https://prefect.example.com/api", "fail"),
    ],
)
def test_doctor_fails_an_open_server_that_others_can_reach(api: str, mark: str) -> None:
    finding = doctor_outside.door_finding(api)
    assert finding.mark == mark
    assert "PREFECT_SERVER_API_AUTH_STRING" in finding.remedy


def test_doctor_finds_a_server_that_answers_and_schedules_nothing() -> None:
    assert doctor_outside.schedule_finding(begun=0, coming=0).exit_code == 2
    assert doctor_outside.schedule_finding(begun=12, coming=0).exit_code == 2
    assert doctor_outside.schedule_finding(begun=0, coming=12).exit_code == 1
    assert doctor_outside.schedule_finding(begun=12, coming=12).exit_code == 0
