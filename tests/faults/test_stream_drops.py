"""Every socket reset again and again for minutes: how long no data comes, and what is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import Callable
from time import monotonic

import numpy as np
import psutil
import pytest

from risk.adapters.market_watch import Watch
from tests.adapters.stream_server import StreamServer, stream_server, until
from tests.adapters.test_market_watch import Outside

GAP_P99_S = 1.5
RSS_GROWTH_BYTES = 5 * 2**20


async def resets(server: StreamServer, every_s: float) -> None:
    """All sockets at once, without a close frame."""
    while True:
        await asyncio.sleep(every_s)
        for connection in list(server.open):
            connection.transport.abort()


def forgetful(outside: Outside) -> Callable[[int], bytes]:
    """The exchange's frames; what only the test itself would pile up is thrown away."""

    def frames(number: int) -> bytes:
        states = outside.exchange.states
        while len(states) > 100:
            del states[next(iter(states))]
        outside.saved.clear()
        outside.beats.clear()
        return outside.next_frame(number)

    return frames


async def storm(every_s: float, lasts_s: float) -> tuple[np.ndarray, dict[str, float]]:
    """Seconds between frames of depth as they came to the books, and what grew."""
    outside = Outside()
    process = psutil.Process(os.getpid())
    async with stream_server() as server:
        server.frames = forgetful(outside)
        watch = Watch(server.url, ["AAAUSDT"], outside.doors())
        arrived: list[float] = []
        take = watch.books.on_frame

        def heard(frame: bytes) -> None:
            arrived.append(monotonic())
            take(frame)

        for feed in watch.depth_feeds:
            feed._on_frame = heard
        task = asyncio.create_task(watch.run())
        await until(lambda: len(arrived) > 10)
        await until(lambda: len(server.open) == 3)
        gc.collect()
        before = (len(asyncio.all_tasks()), process.num_fds(), process.memory_info().rss)
        breaker = asyncio.create_task(resets(server, every_s))
        arrived.clear()
        await asyncio.sleep(lasts_s)
        times = list(arrived)
        breaker.cancel()
        await until(lambda: len(server.open) == 3 and len(asyncio.all_tasks()) <= before[0])
        gc.collect()
        after = (len(asyncio.all_tasks()), process.num_fds(), process.memory_info().rss)
        status = watch.status()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    grown = dict(zip(("tasks", "handles", "bytes"), np.subtract(after, before), strict=True))
    return np.diff(times), {
        **grown,
        "connects": status["connects"],
        "drops": status["drops"],
        "gaps": status["gaps"],
    }


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize(("every_s", "lasts_s"), [(1.0, 60.0), (5.0, 30.0)])
def test_resets_of_all_sockets_for_a_minute_leave_short_gaps_and_nothing_behind(
    every_s: float, lasts_s: float
) -> None:
    gaps, grown = asyncio.run(storm(every_s, lasts_s))
    # A gap is what a reset makes: the longest silence of each second.
    worst = np.sort(gaps)[-int(lasts_s / every_s) :]
    print(f"every {every_s} s: p50 {np.median(worst):.2f} s, p99 {np.quantile(worst, 0.99):.2f} s, {grown}")
    assert np.quantile(worst, 0.99) <= GAP_P99_S
    assert grown["tasks"] <= 0
    assert grown["handles"] <= 0
    assert grown["bytes"] <= RSS_GROWTH_BYTES
