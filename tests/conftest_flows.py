"""Everything that a flow meets, real: a fresh database, the simulated exchange, a Prefect server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_CLIENT_CSRF_SUPPORT_ENABLED,
    PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from flows import desk, scoring, spooling, steps
from risk.adapters import embedded, settings, store
from tests.conftest_prefect import PrefectServer
from tests.conftest_simulator import RunningSimulator


def point_at(monkeypatch: pytest.MonkeyPatch, url: str, exchange: RunningSimulator | None) -> None:
    """Set the desk's environment and forget what the process knew of another one."""
    monkeypatch.setenv("RISK_DATABASE_URL", url)
    if exchange is not None:
        for name in ("REST", "SPOT", "WALLET"):
            monkeypatch.setenv(f"RISK_EXCHANGE__{name}_URL", exchange.rest)
        monkeypatch.setenv("RISK_EXCHANGE__STREAM_URL", exchange.stream)
        monkeypatch.setenv("RISK_API_KEY", exchange.api_key)
        monkeypatch.setenv("RISK_API_SECRET", exchange.api_secret)
        venues = ("okx", "bybit", "bitget", "gate", "hyperliquid", "deribit")
        places = ", ".join(f'"{venue}": "{exchange.rest}/venue/{venue}"' for venue in venues)
        monkeypatch.setenv("RISK_VENUES__URLS", f"{{{places}}}")
    forget()


def forget() -> None:
    """Drop what is kept for the life of a process."""
    if desk.exchange.cache_info().currsize:
        desk.exchange().close()
    settings.load.cache_clear()
    desk.exchange.cache_clear()
    scoring.remember_limits.cache_clear()
    spooling.forget()
    steps._noted.clear()
    steps._wallets.clear()


@pytest.fixture
def flow_api(prefect: PrefectServer) -> Iterator[None]:
    """Flow runs and artifacts go to the session's Prefect server."""
    with temporary_settings(
        {
            PREFECT_API_URL: prefect.client_environment["PREFECT_API_URL"],
            PREFECT_API_AUTH_STRING: prefect.password,
            PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: True,
            PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED: False,
            PREFECT_LOGGING_TO_API_ENABLED: False,
        }
    ):
        yield


@pytest.fixture
def ready(
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
    simulator: RunningSimulator,
    flow_api: None,
    tmp_path: Path,
) -> Iterator[str]:
    """URL of the database that the flows of this test write to, as risk_writer and nobody more."""
    url = database_url.replace(f"//{embedded.SUPERUSER}@", f"//{embedded.WRITER}@")
    assert url != database_url
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    point_at(monkeypatch, url, simulator)
    yield url
    forget()
    store.dispose(url)
