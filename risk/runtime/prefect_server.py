"""Prefect's server as this project runs it: on the loopback address, behind a password, calling nobody."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode, urlsplit
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql

from risk.errors import RuntimeFault

HOST = "127.0.0.1"
DATABASE = ROLE = "prefect"
AUTH_FILE = "prefect-auth"

logger = logging.getLogger(__name__)

SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE": "5",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # Nobody reads the events of 25 runs a minute: they made three quarters of what a run leaves behind.
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED": "false",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "PT15M",
    # Ten minutes of runs ahead, not an hour: after an outage fewer of them are stale.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT10M",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "PT15S",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "1800",
}
CLIENT = {
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_CLI_COLORS": "false",
    "DO_NOT_TRACK": "1",
}


def command(port: int) -> list[str]:
    """The server as one process (Prefect's own command starts a second Python first)."""
    return [
        sys.executable, "-m", "uvicorn", "--app-dir", str(Path(sys.executable).parent),
        "--factory", "prefect.server.api.server:create_app",
        "--host", HOST, "--port", str(port), "--timeout-keep-alive", "30", "--log-level", "warning",
    ]  # fmt: skip


def server_environment(
    *, database_url: str, home: Path, port: int, password: str, runs_kept: timedelta = timedelta(hours=48)
) -> dict[str, str]:
    """Variables of the server process. `database_url` is SQLAlchemy's, with its asynchronous driver."""
    kept_s = max(int(runs_kept.total_seconds()), 3601)
    return SERVER | client_environment(port=port, home=home, password=password) | {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url,
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_API_AUTH_STRING": password,
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(kept_s),
    }  # fmt: skip


def client_environment(*, port: int, home: Path, password: str) -> dict[str, str]:
    """Variables of every process that talks to the server."""
    return CLIENT | {
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_API_AUTH_STRING": password,
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
    }


def password_in(folder: Path) -> str:
    """The server's password, made at the first call and readable by the owner alone: `name:secret`."""
    file = folder / AUTH_FILE
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
    password = f"risk:{secrets.token_urlsafe(24)}"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(password)
    return password


def asynchronous(url: str, *, database: str = DATABASE) -> str:
    """A libpq URL as SQLAlchemy's for asyncpg, to another database of the same server.

    >>> asynchronous("postgresql://postgres@/risk?host=/run/pg")
    'postgresql+asyncpg://postgres@/prefect?host=%2Frun%2Fpg'
    """
    parts = urlsplit(url)
    given = parse_qs(parts.query)
    kept = {key: unquote(values[-1]) for key, values in given.items() if key in ("host", "port")}
    if (mode := given.get("sslmode", [""])[-1]) not in ("", "disable", "prefer", "allow"):
        kept["ssl"] = mode
    query = f"?{urlencode(kept)}" if kept else ""
    return f"postgresql+asyncpg://{parts.netloc}/{database}{query}"


def database_for(url: str, folder: Path, *, role: str | None = None) -> str:
    """Prefect's own database on the server of libpq `url`, made where it is missing; SQLAlchemy's URL.

    Prefect needs the extension pg_trgm. A server without it (no contrib modules) cannot hold its tables: then
    they go into a file in `folder`, said in the log.

    Args:
        role: who is to own it, made where it is missing (our own server); None: whom `url` names.

    Raises:
        psycopg.OperationalError: the server does not answer.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'").fetchone():
            logger.warning("this PostgreSQL has no pg_trgm: Prefect's tables go into a file of their own")
            return f"sqlite+aiosqlite:///{folder / 'prefect.db'}"
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            if role is not None:
                _hand_over(connection, role)
        owner = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
    if role is not None and owner is not None:
        url = url.replace(f"//{urlsplit(url).netloc}", f"//{owner[0]}@", 1)
    return asynchronous(url)


def _hand_over(connection: psycopg.Connection, role: str) -> None:
    """A database of its own to a role that has nothing else."""
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    names = {"database": sql.Identifier(DATABASE), "role": sql.Identifier(role)}
    if known is None:
        connection.execute(sql.SQL("CREATE ROLE {role} LOGIN").format(**names))
    connection.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {role}").format(**names))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**names))


def is_up(environment: Mapping[str, str], *, timeout_s: float = 2.0) -> bool:
    """Whether the API answers to our password."""
    name, _, secret = environment.get("PREFECT_API_AUTH_STRING", "").partition(":")
    try:
        answer = httpx.get(
            f"{environment['PREFECT_API_URL']}/admin/version", auth=(name, secret), timeout=timeout_s
        )
        return answer.status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def is_open(api_url: str) -> bool:
    """Whether the API answers to somebody without a password."""
    try:
        return httpx.get(f"{api_url}/admin/version", timeout=2.0).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def scoring_runs(environment: Mapping[str, str]) -> tuple[int, int]:
    """Runs of the deployment "scoring" that began in the last minute, and that are scheduled from now on."""
    now = datetime.now(UTC)
    minute_ago, soon = now - timedelta(minutes=1), now + timedelta(minutes=1)
    begun = {"start_time": {"after_": minute_ago.isoformat(), "before_": now.isoformat()}}
    coming = {
        "state": {"type": {"any_": ["SCHEDULED"]}},
        "expected_start_time": {"after_": now.isoformat(), "before_": soon.isoformat()},
    }
    return _count(environment, begun), _count(environment, coming)


def _count(environment: Mapping[str, str], wanted: Mapping[str, object]) -> int:
    name, _, secret = environment.get("PREFECT_API_AUTH_STRING", "").partition(":")
    asked = {"flow_runs": wanted, "deployments": {"name": {"any_": ["scoring"]}}}
    try:
        with httpx.Client(
            base_url=environment["PREFECT_API_URL"], auth=(name, secret), timeout=3.0
        ) as client:
            answer = client.post("/flow_runs/count", json=asked, headers=_pass(client))
        return int(answer.raise_for_status().json())
    except (httpx.HTTPError, ValueError) as cause:
        raise RuntimeFault(f"Prefect does not count its runs: {type(cause).__name__}") from None


def _pass(client: httpx.Client) -> dict[str, str]:
    """Headers that show the server that a call is no other site's; none where it asks for none."""
    caller = str(uuid4())
    answer = client.get("/csrf-token", params={"client": caller})
    if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY):
        return {}
    token = str(answer.raise_for_status().json()["token"])
    return {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": caller}


def wait_until_up(environment: Mapping[str, str], *, timeout_s: float) -> None:
    """Return when the API answers.

    Raises:
        RuntimeFault: it does not within `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while not is_up(environment):
        if time.monotonic() > deadline:
            raise RuntimeFault(f"Prefect's server did not answer within {timeout_s:.0f} s")
        time.sleep(0.25)
