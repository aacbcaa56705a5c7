"""Fixtures that every test folder shares."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.conftest_db",
    "tests.conftest_prefect",
    "tests.conftest_simulator",
    "tests.conftest_flows",
]

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded payloads and market data beside the project; skips where it is absent."""
    if not (SHARED / "payloads").is_dir():
        pytest.skip(f"no recorded payloads and market data at {SHARED}: these tests need them")
    return SHARED
