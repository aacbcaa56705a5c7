"""One logical connection against a real loopback server that cuts, refuses, and falls silent."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from risk.adapters.backoff import Backoff, Gate
from risk.adapters.streams import DEPTH_PATIENCE, Feed, Patience, combined_url
from tests.adapters.stream_server import StreamServer, stream_server, until

QUICK = Patience(quiet_s=0.15, answer_s=0.15, silent_s=0.6, check_every_s=0.3)


def quick_backoff() -> Backoff:
    backoff = Backoff(chance=lambda: 0.0)
    backoff.FIRST_S, backoff.CAP_S, backoff.GOOD_LIFE_S = 0.02, 0.05, 0.05
    backoff.REFUSED_FIRST_S, backoff.REFUSED_CAP_S = 0.02, 0.05
    return backoff


def quick_gate() -> Gate:
    gate = Gate()
    gate.SPACING_S = 0.01
    return gate


@contextlib.asynccontextmanager
async def running(
    server: StreamServer, *, patience: Patience = QUICK, life_s: float = 3600.0
) -> AsyncIterator[tuple[Feed, list[int]]]:
    """A feed on the server and the numbers it has heard; cancelled on exit."""
    heard: list[int] = []
    feed = Feed(
        "depth",
        lambda frame: heard.append(json.loads(frame)["data"]["n"]),
        patience=patience,
        life_s=life_s,
        backoff=quick_backoff(),
        gate=quick_gate(),
    )
    feed.retarget(combined_url(server.url, "public", ["a"]), ["a"])
    task = asyncio.create_task(feed.run())
    try:
        yield feed, heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_frames_come_over_the_routed_combined_path() -> None:
    async def scene() -> list[str]:
        async with stream_server() as server, running(server) as (_, heard):
            await until(lambda: len(heard) >= 3)
            return server.paths

    assert asyncio.run(scene()) == ["/public/stream?streams=a"]


def test_a_link_that_is_reset_again_and_again_leaves_no_task_and_no_socket() -> None:
    async def scene() -> tuple[int, int, int, int]:
        async with stream_server() as server:
            before = len(asyncio.all_tasks())
            server.cut_after_s = 0.15
            async with running(server) as (feed, heard):
                await until(lambda: feed.counts.drops >= 8)
                seen = len(heard)
            await until(lambda: not server.open)
            return before, len(asyncio.all_tasks()), seen, feed.counts.connects

    before, after, seen, connects = asyncio.run(scene())
    assert after == before
    assert seen > 8
    assert connects >= 8


def test_a_mute_link_is_asked_once_and_then_replaced() -> None:
    async def scene() -> tuple[int, int]:
        async with stream_server() as server:
            server.is_mute = True
            async with running(server) as (feed, heard):
                await until(lambda: feed.counts.drops >= 1)
                asked = server.questions
                server.is_mute = False
                await until(lambda: bool(heard))
                return asked, feed.counts.connects

    asked, connects = asyncio.run(scene())
    assert asked == 1
    assert connects >= 2


def test_silence_on_the_depth_stream_is_found_within_five_seconds() -> None:
    # half-open links: at most five seconds from the last frame to the decision to reconnect
    assert DEPTH_PATIENCE.quiet_s + DEPTH_PATIENCE.answer_s <= 5.0


def test_a_quiet_market_that_answers_is_left_alone() -> None:
    patience = Patience(quiet_s=0.1, answer_s=0.3, silent_s=None)

    async def scene() -> tuple[int, int]:
        async with stream_server() as server:
            server.is_paused = True
            async with running(server, patience=patience) as (feed, _):
                await until(lambda: server.questions >= 4)
                return feed.counts.drops, feed.counts.connects

    assert asyncio.run(scene()) == (0, 1)


def test_a_depth_link_that_answers_but_carries_nothing_is_given_up_in_the_end() -> None:
    async def scene() -> int:
        async with stream_server() as server:
            server.is_paused = True
            async with running(server) as (feed, _):
                await until(lambda: feed.counts.drops >= 1)
                return server.questions

    assert asyncio.run(scene()) >= 2


def test_a_lost_subscription_is_noticed_while_other_data_flows() -> None:
    async def scene() -> int:
        async with stream_server() as server:
            server.lists = ["b"]
            async with running(server) as (feed, heard):
                await until(lambda: feed.counts.drops >= 1)
                return len(heard)

    assert asyncio.run(scene()) > 0


@pytest.mark.parametrize("status", [429, 403, 418, 503])
def test_ten_refused_handshakes_in_a_row_are_not_fatal(status: int) -> None:
    async def scene() -> tuple[int, int]:
        async with stream_server() as server:
            server.refusals = [status] * 10
            async with running(server) as (feed, heard):
                await until(lambda: bool(heard))
                return feed.counts.refusals, len(server.paths)

    assert asyncio.run(scene()) == (10, 11)


def test_a_rollover_overlaps_and_loses_no_frame() -> None:
    async def scene() -> tuple[list[int], int, int]:
        async with stream_server() as server, running(server, life_s=0.3) as (feed, heard):
            await until(lambda: feed.counts.rollovers >= 4)
            return heard, server.most_open, feed.counts.drops

    heard, most_open, drops = asyncio.run(scene())
    assert sorted(set(heard)) == list(range(min(heard), max(heard) + 1))
    assert most_open == 2
    assert drops == 0


def test_a_shutdown_notice_of_the_server_brings_the_next_socket_first() -> None:
    async def scene() -> tuple[list[int], int]:
        async with stream_server() as server, running(server) as (feed, heard):
            await until(lambda: len(heard) >= 3)
            for connection in server.open:
                await connection.send('{"stream":"a","data":{"e":"serverShutdown","E":1}}')
            await until(lambda: feed.counts.rollovers == 1)
            await until(lambda: heard[-1] == server.number)
            return heard, feed.counts.drops

    heard, drops = asyncio.run(scene())
    assert sorted(set(heard)) == list(range(min(heard), max(heard) + 1))
    assert drops == 0


def test_a_new_address_is_followed_without_a_gap() -> None:
    async def scene() -> tuple[list[int], list[str]]:
        async with stream_server() as server, running(server) as (feed, heard):
            await until(lambda: len(heard) >= 3)
            feed.retarget(combined_url(server.url, "public", ["a", "b"]), ["a", "b"])
            await until(lambda: feed.counts.rollovers == 1 and len(server.open) == 1)
            return heard, server.paths

    heard, paths = asyncio.run(scene())
    assert sorted(set(heard)) == list(range(min(heard), max(heard) + 1))
    assert paths[-1] == "/public/stream?streams=a/b"


def test_an_empty_address_rests_the_feed_and_closes_its_socket() -> None:
    async def scene() -> tuple[int, bool]:
        async with stream_server() as server, running(server) as (feed, heard):
            await until(lambda: bool(heard))
            feed.retarget("", ())
            await until(lambda: not server.open)
            return feed.counts.connects, feed.is_wanted

    assert asyncio.run(scene()) == (1, False)


def test_a_fault_of_our_own_ends_the_feed_instead_of_reconnecting() -> None:
    async def scene() -> None:
        async with stream_server() as server:
            feed = Feed("depth", lambda frame: [][1], patience=QUICK, backoff=quick_backoff())
            feed.retarget(combined_url(server.url, "public", ["a"]), ["a"])
            async with asyncio.timeout(10):
                await feed.run()

    with pytest.raises(IndexError):
        asyncio.run(scene())


# 0.25 s doubling to 5 s; a connection that carried data for a second starts anew.
def test_drops_wait_a_quarter_second_doubling_to_five() -> None:
    backoff = Backoff(chance=lambda: 1.0)
    waits = [backoff.after(lived_s=0.0) for _ in range(7)]
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert backoff.after(lived_s=1.0) == 0.25


# A link that is reset every second: one attempt a second, with a gap below a second.
@pytest.mark.parametrize(("lived_s", "wait_s"), [(0.1, 0.9), (0.6, 0.4), (0.9, 0.25), (5.0, 0.25)])
def test_an_eager_link_that_carried_data_is_knocked_at_again_once_a_second(
    lived_s: float, wait_s: float
) -> None:
    backoff = Backoff(chance=lambda: 1.0, is_eager=True)
    assert [round(backoff.after(lived_s=lived_s), 6) for _ in range(20)] == [wait_s] * 20


def test_an_eager_link_that_carries_nothing_or_is_refused_waits_like_any_other() -> None:
    eager, other = Backoff(chance=lambda: 1.0, is_eager=True), Backoff(chance=lambda: 1.0)
    for status in (None, None, 503, 429, 429, None):
        assert eager.after(lived_s=0.0, status=status) == other.after(lived_s=0.0, status=status)


@pytest.mark.parametrize("status", [429, 403, 418])
def test_refusals_wait_twelve_seconds_doubling_to_sixty(status: int) -> None:
    backoff = Backoff(chance=lambda: 0.0)
    waits = [backoff.after(lived_s=0.0, status=status) for _ in range(5)]
    assert waits == [12.0, 24.0, 48.0, 60.0, 60.0]  # so at most five attempts in any minute


def test_a_refusal_that_says_how_long_is_believed() -> None:
    assert Backoff().after(lived_s=0.0, status=429, retry_after_s=90.0) == 90.0


def test_an_overloaded_server_is_no_refusal() -> None:
    assert Backoff(chance=lambda: 1.0).after(lived_s=0.0, status=503) == 0.25


def test_jitter_only_shortens_so_that_five_seconds_stay_the_longest() -> None:
    for chance in (0.0, 0.5, 1.0):
        backoff = Backoff(chance=lambda chance=chance: chance)
        assert max(backoff.after(lived_s=0.0) for _ in range(20)) <= 5.0


def test_after_a_refusal_all_feeds_together_make_five_attempts_a_minute() -> None:
    now = 0.0
    gate = Gate(clock=lambda: now)
    assert [gate.wait_s() for _ in range(4)] == [0.0] * 4  # nothing to fear yet
    gate.refused()
    begun = []
    while now < 60.0:
        if gate.wait_s() == 0.0:
            begun.append(now)
        now += 0.5
    assert len(begun) <= 5
    now = 61.0
    assert [gate.wait_s() for _ in range(4)] == [0.0] * 4
