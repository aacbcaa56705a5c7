"""What stands in deploy/: units that systemd accepts, a compose file whose every word means something."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from risk import cli
from risk.adapters import settings
from risk.runtime import plan, prefect_server
from tests.runtime import composed

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
VARIABLES = {"PREFECT_AUTH": "risk:" + "p" * 24, "POSTGRES_PASSWORD": "w" * 20, "RISK_WEB_TOKEN": "t" * 24}
SERVICES = composed.services(VARIABLES)
OURS = [name for name in SERVICES if name != "postgres"]


def test_systemd_accepts_every_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze here: it is what judges units")
    for unit in UNITS:
        text = re.sub(r"/opt/crypto-risk/\.venv/bin/\w+", "/bin/true", unit.read_text())
        (tmp_path / unit.name.replace("@.", "@cadence.")).write_text(text)
    written = sorted(str(file) for file in tmp_path.iterdir())
    done = subprocess.run([program, "verify", *written], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", [u for u in UNITS if u.suffix == ".service"], ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_there_is_and_gives_up_every_right(unit: Path) -> None:
    text = unit.read_text()
    found = re.search(r"^ExecStart=/opt/crypto-risk/\.venv/bin/(\w+) (.*)$", text, flags=re.MULTILINE)
    assert found is not None
    program, words = found.group(1), found.group(2).split()
    assert program == "prefect" or words[0] in cli.app
    for line in ("NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "UMask=0077"):
        assert f"\n{line}\n" in text
    assert not settings.unknown_variables(dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE)))


def test_there_is_one_worker_for_each_pool_of_the_plan() -> None:
    pools = {
        words[words.index("--pool") + 1] for s in SERVICES.values() if "--pool" in (words := list(s.command))
    }
    assert pools == set(plan.load().pools)


@pytest.mark.parametrize("name", OURS)
def test_a_service_sets_only_what_its_program_knows(name: str) -> None:
    service = SERVICES[name]
    assert not settings.unknown_variables(service.environment)
    words = list(service.command)
    if "-m" in words:
        assert importlib.util.find_spec(words[words.index("-m") + 1]) is not None
    known = prefect_server.SERVER | prefect_server.CLIENT
    for variable, value in service.environment.items():
        if variable in known and variable != "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED":
            assert value == known[variable], "the same as under `risk up`"


@pytest.mark.parametrize("name", OURS)
def test_a_service_has_no_rights_to_lose(name: str) -> None:
    raw = SERVICES[name].raw
    assert raw["cap_drop"] == ["ALL"]
    assert raw["security_opt"] == ["no-new-privileges:true"]


def test_nothing_is_published_beyond_this_machine_and_the_database_listens_nowhere() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.raw.get("ports", ()))
    assert "listen_addresses=" in SERVICES["postgres"].command


def test_no_secret_has_a_default_and_the_example_names_every_variable() -> None:
    text = composed.FILE.read_text()
    wanted = set(re.findall(r"\$\{(\w+):\?", text))
    assert wanted == set(VARIABLES)
    example = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "example.env").read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+)", text)) == example.keys()
    assert all(not example[name] for name in wanted)


def test_every_volume_is_declared_and_every_writer_of_the_socket_sees_it() -> None:
    named = {
        mount.split(":")[0]
        for service in SERVICES.values()
        for mount in service.raw.get("volumes", ())
        if not mount.startswith(".")
    }
    assert named == set(composed.document()["volumes"])
    for service in SERVICES.values():
        speaks = any("/var/run/postgresql" in value for value in service.environment.values())
        assert not speaks or "socket:/var/run/postgresql" in service.raw["volumes"]


def test_the_image_holds_what_a_desk_reads_and_no_secret() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]}
    kept = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == kept
    assert {"risk", "flows", "sql", "prefect.yaml"} <= copied
    assert all((PROJECT / name).exists() for name in copied)
    assert "USER risk" in lines


def test_secrets_beside_the_compose_file_are_not_committed() -> None:
    if not (PROJECT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a clone: there is nothing that could be committed")
    asked = ["git", "check-ignore", "deploy/.env", "deploy/secrets/api_key"]
    done = subprocess.run(asked, cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["deploy/.env", "deploy/secrets/api_key"]
