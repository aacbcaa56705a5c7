"""The page over real databases: served in a thread, seen by a real client and a real browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr

from risk.adapters.settings import Settings, WebSettings
from risk.web.app import create_app
from tests.conftest_db import fresh_database
from tests.web import browser, filled

SECRET = SecretStr("x" * 30)


def settings(url: str, **changes: Any) -> Settings:
    """Settings of a desk with an account on this database."""
    return Settings(
        **{
            "database_url": url, "symbols": filled.SYMBOLS, "api_key": SECRET, "api_secret": SECRET,
            "web": WebSettings(port=0), **changes,
        }
    )  # fmt: skip


@contextmanager
def served(
    config: Settings, clock: Callable[[], datetime] = lambda: filled.NOW, host: str = "127.0.0.1"
) -> Iterator[str]:
    """Address of the page, served until the block ends."""
    app = uvicorn.Config(
        create_app(config, clock), host=host, port=0, log_level="error", ws="none",
        proxy_headers=False, timeout_graceful_shutdown=0,
    )  # fmt: skip
    server = uvicorn.Server(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < end and thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://{host}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="session")
def desk_url(pg_server: str, pg_data_dir: Path, template_database: str) -> Iterator[str]:
    """A filled database that tests only read."""
    for url in fresh_database(pg_server, pg_data_dir, template_database):
        filled.fill(url)
        yield url


@pytest.fixture(scope="session")
def page(desk_url: str) -> Iterator[str]:
    """Address of the page over the filled database."""
    with served(settings(desk_url)) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[browser.Page]:
    """One headless Chromium for all."""
    if browser.program() is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with browser.chromium() as tab:
        yield tab
