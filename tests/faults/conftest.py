"""What tests of faults share: a server of their own to kill, and channels that take messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from risk.adapters import embedded
from tests.adapters.sink_process import SinkProcess, running_sinks


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="risk-faults-", ignore_cleanup_errors=True) as name:
        yield Path(name)
        embedded.stop(Path(name), immediately=True)


@pytest.fixture
def sinks(tmp_path: Path) -> Iterator[SinkProcess]:
    with running_sinks(tmp_path) as running:
        yield running
