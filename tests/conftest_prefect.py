"""A real Prefect server, once per session, that a test may kill and start again."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_CLIENT_CSRF_SUPPORT_ENABLED,
    PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED,
    temporary_settings,
)

from risk.runtime import prefect_server

T = TypeVar("T")


class PrefectServer:
    """The server as `risk up` starts it, with its own database beside the others."""

    def __init__(self, home: Path, postgres_url: str, changed: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.password = prefect_server.password_in(home)
        with socket.socket() as probe:
            probe.bind((prefect_server.HOST, 0))
            self.port = int(probe.getsockname()[1])
        self.client_environment = prefect_server.client_environment(
            port=self.port, home=home, password=self.password
        )
        self._environment = prefect_server.server_environment(
            database_url=prefect_server.database_for(postgres_url, home),
            home=home,
            port=self.port,
            password=self.password,
        ) | dict(changed or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                prefect_server.command(self.port), env=os.environ | self._environment, stdout=log, stderr=log
            )
        prefect_server.wait_until_up(self.client_environment, timeout_s=120)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask(self, question: Callable[[PrefectClient], Awaitable[T]]) -> T:
        """Answer of the API to `question`."""

        async def asked() -> T:
            async with get_client() as client:
                return await question(client)

        with temporary_settings(
            {
                PREFECT_API_URL: self.client_environment["PREFECT_API_URL"],
                PREFECT_API_AUTH_STRING: self.password,
                PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: True,
                PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED: False,
            }
        ):
            return asyncio.run(asked())


@pytest.fixture(scope="session")
def prefect(pg_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A running server; a test that kills it starts it again."""
    server = PrefectServer(tmp_path_factory.mktemp("prefect"), pg_server)
    server.start()
    yield server
    server.kill()
