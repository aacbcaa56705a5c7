"""Peers whose pins conflict with ours, each in an environment of its own.

A peer is a folder `bench/peers/<name>/` with `requirements.txt` and a file per subject, `book.py` or
`score.py`, which defines `replay` as `bench.naive_<subject>` does, through the peer's own handlers with the
network removed. To have it run:

    python -m venv bench/peers/<name>/.venv
    bench/peers/<name>/.venv/bin/python -m pip install -r bench/peers/<name>/requirements.txt

Its process also times the plain way; what is compared across processes is the ratio to that. A peer
that is importable beside us needs no environment. One that is neither is "not run".
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class PeerRun:
    """What a peer's process reports; `missing` says why it did not run."""

    missing: str = ""
    naive_s: tuple[float, ...] = ()
    peer_s: tuple[float, ...] = ()
    answer: tuple[list[float], ...] = ()

    @property
    def ratio(self) -> float:
        """The peer's time over the plain way's, minima."""
        return min(self.peer_s) / min(self.naive_s)


def run(name: str, subject: str, tape: str, rounds: int) -> PeerRun:
    """Time one peer at a subject ("book", "score") on a saved tape in its own process."""
    own = HERE / name / ".venv" / "bin" / "python"
    if own.exists():
        python = str(own)
    elif importlib.util.find_spec(name):
        python = sys.executable
    else:
        return PeerRun(missing=f"{name} is not installed (bench/peers/__init__.py says how)")
    done = subprocess.run(
        [python, "-m", "bench.peers.clock", name, subject, tape, str(rounds)],
        cwd=HERE.parents[1],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return PeerRun(missing=f"failed: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return PeerRun("", tuple(found["naive"]), tuple(found["peer"]), tuple(found["answer"]))
