"""The streams flow as a process, between the simulated exchange and a real database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from risk.adapters import store
from risk.simulator.world import API_KEY, API_SECRET

PROJECT = Path(__file__).resolve().parents[2]
RUN_UNTIL_SIGTERM = """
import asyncio, signal
from flows.streams import streams

async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    try:
        await streams.fn()
    except asyncio.CancelledError:
        pass

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def exchange() -> Iterator[dict[str, str]]:
    """Addresses of a simulated exchange in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "risk.simulator", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if condition():
            return
        assert process.poll() is None, "the flow ended by itself"
        time.sleep(0.1)
    raise AssertionError("not within a minute")


def values(url: str, statement: str) -> list[object]:
    with store.connect(url) as db:
        return list(db.execute(text(statement)).scalars())


def test_books_and_marks_of_all_symbols_arrive_and_the_end_is_clean(
    database_url: str, exchange: dict[str, str]
) -> None:
    environment = {
        **os.environ,
        "RISK_DATABASE_URL": database_url,
        "RISK_SYMBOLS": "BTCUSDT,ETHUSDT,SOLUSDT",
        "RISK_EXCHANGE__REST_URL": exchange["rest"],
        "RISK_EXCHANGE__STREAM_URL": exchange["stream"],
        "RISK_API_KEY": API_KEY,
        "RISK_API_SECRET": API_SECRET,
    }
    process = subprocess.Popen([sys.executable, "-c", RUN_UNTIL_SIGTERM], env=environment, cwd=PROJECT)
    try:
        depth = "SELECT symbol FROM risk.depth WHERE source = 'stream' GROUP BY symbol HAVING count(*) >= 3"
        until(lambda: len(values(database_url, depth)) == 3, process)
        until(lambda: len(values(database_url, "SELECT DISTINCT symbol FROM risk.mark")) == 3, process)
        beats = "SELECT details ->> 'live' FROM risk.heartbeat WHERE part = 'streams'"
        until(lambda: values(database_url, beats) == ["3"], process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
    assert sorted(map(str, values(database_url, "SELECT symbol FROM risk.stream_lease"))) == [
        "BTCUSDT",
        "ETHUSDT",
        "SOLUSDT",
    ]
    assert values(database_url, "SELECT count(*) FROM risk.depth WHERE best_bid >= best_ask") == [0]
    frozen = (
        "SELECT count(*) FROM (SELECT 1 FROM risk.depth GROUP BY symbol, update_id HAVING count(*) > 1) AS d"
    )
    assert values(database_url, frozen) == [0]
