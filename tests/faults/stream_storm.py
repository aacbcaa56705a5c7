"""Every socket reset again and again: how long no data comes, and what is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import Callable
from time import monotonic

import numpy as np
import psutil

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


def outcome(every_s: float, lasts_s: float) -> tuple[str, list[str]]:
    """One line about a storm, and what of it did not hold."""
    gaps, grown = asyncio.run(storm(every_s, lasts_s))
    worst = np.sort(gaps)[-int(lasts_s / every_s) :]  # a gap is what a reset makes: the longest silences
    p99_s = float(np.quantile(worst, 0.99))
    failures = [f"{name} grew by {grown[name]:.0f}" for name in ("tasks", "handles") if grown[name] > 0]
    if p99_s > GAP_P99_S:
        failures.append(f"p99 of the gaps {p99_s:.2f} s")
    if grown["bytes"] > RSS_GROWTH_BYTES:
        failures.append(f"memory grew by {grown['bytes'] / 2**20:.1f} MiB")
    line = (
        f"sockets reset every {every_s:g} s for {lasts_s:.0f} s: gaps p50 {np.median(worst):.2f} s,"
        f" p99 {p99_s:.2f} s, longest {worst[-1]:.2f} s; {grown['drops']:.0f} drops,"
        f" {grown['tasks']:+.0f} tasks, {grown['handles']:+.0f} handles, {grown['bytes'] / 2**20:+.1f} MiB"
    )
    return line, failures
