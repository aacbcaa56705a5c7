"""The real desk, each of its parts killed with −9 in turn: nothing acknowledged is lost, scoring goes on."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import pytest

from tests.faults.live_desk import UP_WITHIN_S, LiveDesk, running_desk, short_ids

PARTS = (
    "database", "prefect", "exchange", "sinks", "page", "worker-cadence", "worker-streams", "worker-heavy",
)  # fmt: skip
SCORED_AGAIN_S = 30.0
SETTLED_WITHIN_S = 60.0
CHANNELS = ("mail", "telegram")

SCORES: LiteralString = "SELECT scope, scored_at::text, md5(s::text) FROM risk.score AS s"
DEPTHS: LiteralString = "SELECT symbol, venue, event_at::text, md5(d::text) FROM risk.depth AS d"
WAITING: LiteralString = "SELECT count(*) FROM risk.delivery WHERE state = 'waiting'"
MESSAGES: LiteralString = """
    SELECT left(replace(CAST(message_id AS text), '-', ''), 8), count(*) FILTER (WHERE d.state = 'accepted')
    FROM risk.outbox AS o JOIN risk.delivery AS d USING (message_id)
    WHERE d.channel IN ('mail', 'telegram') GROUP BY 1
"""


@pytest.fixture
def desk() -> Iterator[LiveDesk]:
    """A demo that scores. Its folder is not pytest's, which the next session shuts to the server's user."""
    with (
        TemporaryDirectory(prefix="risk-kills-", ignore_cleanup_errors=True) as folder,
        running_desk(Path(folder)) as running,
    ):
        yield running


@pytest.mark.slow
@pytest.mark.faults
def test_each_part_killed_in_turn_comes_back_and_nothing_is_lost(desk: LiveDesk) -> None:
    scores, depths = set(), set()
    for name in PARTS:
        scores |= set(desk.ask(SCORES))  # acknowledged before the kill
        depths |= set(desk.ask(DEPTHS))
        kill_and_wait(desk, name)
    assert scores <= set(desk.ask(SCORES))
    assert depths <= set(desk.ask(DEPTHS))
    assert {scope for scope, *_ in scores} == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "account"}
    assert len(depths) > len(PARTS)

    desk.wait("every delivery settles", lambda: desk.ask(WAITING) == [(0,)], SETTLED_WITHIN_S)
    messages = dict(desk.ask(MESSAGES))
    assert messages
    assert set(messages.values()) == {len(CHANNELS)}
    for channel in CHANNELS:
        told = Counter(short_ids(desk.folder / "sinks" / f"{channel}.jsonl"))
        assert set(told) >= set(messages), channel
        assert sum(told.values()) - len(told) <= len(PARTS), channel


def kill_and_wait(desk: LiveDesk, name: str) -> None:
    """Kill one part; return when a score was made after that and the part is back."""
    was, killed_at = desk.parts()[name], time.time()
    os.kill(was["pid"], signal.SIGKILL)
    desk.wait(f"a score after {name}", lambda: desk.newest_score() > killed_at, UP_WITHIN_S)
    scored_after_s = desk.newest_score() - killed_at
    assert scored_after_s <= SCORED_AGAIN_S * crowding(), name

    def is_back() -> bool:
        now = desk.parts()[name]
        is_anew = now["pid"] not in (None, was["pid"]) and now["restarts"] > was["restarts"]
        return bool(now["is_ready"] and is_anew)

    desk.wait(f"{name} is back", is_back, UP_WITHIN_S)
    print(f"{name}: score after {scored_after_s:.1f} s, back after {time.time() - killed_at:.1f} s")


def crowding() -> float:
    """How many processes share each core of this machine, at least 1: a start takes that much longer."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
