"""The whole desk once: everything comes up, scores, tells, and ends with a verdict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_demo_of_a_minute_ends_with_every_part_having_done_its_work(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("RISK_", "PREFECT_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "risk.cli", "demo", "--for", "60"],
        env=environment | {"RISK_DATA_DIR": str(tmp_path / "data")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "every part did its work" in said
    assert {line.split()[0] for line in said.splitlines() if " is up after " in line} == {
        "database", "prefect", "exchange", "sinks", "page", "worker-cadence", "worker-streams",
        "worker-heavy",
    }  # fmt: skip
