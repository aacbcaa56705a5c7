"""A local book against the exchange's own, through lost, doubled, late and reordered events."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.adapters.book_sync import BookSync, SnapshotPlan
from risk.adapters.wire_stream import DepthDiff
from tests.adapters.depth_exchange import DepthExchange


def shown(sync: BookSync) -> tuple[dict[float, float], dict[float, float]]:
    assert sync.book is not None
    bids, asks = sync.book.arrays("bid"), sync.book.arrays("ask")
    return dict(zip(*map(list, bids), strict=True)), dict(zip(*map(list, asks), strict=True))


def started(exchange: DepthExchange) -> BookSync:
    sync = BookSync(exchange.symbol)
    sync.feed(exchange.diff())
    assert sync.load(exchange.snapshot())
    return sync


def test_events_before_the_snapshot_are_buffered_and_applied_from_the_straddling_one() -> None:
    exchange, sync = DepthExchange("AAAUSDT", 1), BookSync("AAAUSDT")
    diffs = [exchange.diff() for _ in range(5)]
    for diff in diffs:
        assert not sync.feed(diff)
    assert sync.wants_snapshot
    assert sync.load(exchange.snapshot(diffs[2].final_update_id))
    assert sync.last_id == diffs[4].final_update_id
    assert shown(sync) == exchange.states[sync.last_id]


def test_nothing_is_fetched_before_the_first_event() -> None:
    assert not BookSync("AAAUSDT").wants_snapshot


def test_a_snapshot_older_than_the_buffer_is_refused() -> None:
    exchange, sync = DepthExchange("AAAUSDT", 2), BookSync("AAAUSDT")
    old = exchange.snapshot()
    exchange.diff()
    sync.feed(exchange.diff())
    assert not sync.load(old)
    assert sync.wants_snapshot


def test_a_snapshot_newer_than_the_buffer_waits_for_the_event_that_straddles_it() -> None:
    exchange, sync = DepthExchange("AAAUSDT", 3), BookSync("AAAUSDT")
    sync.feed(exchange.diff())
    exchange.diff()  # lost on the way, but inside the snapshot
    snapshot = exchange.snapshot()
    assert sync.load(snapshot)
    assert sync.last_id == snapshot.last_update_id
    sync.feed(exchange.diff())
    assert shown(sync) == exchange.states[exchange.last_id]


def test_ids_of_other_symbols_between_snapshot_and_event_are_no_gap() -> None:
    exchange, sync = DepthExchange("AAAUSDT", 4), BookSync("AAAUSDT")
    sync.feed(exchange.diff())
    assert sync.load(exchange.snapshot(later_by=1))  # pu ≤ id < U is possible: ids count all symbols
    while sync.last_id != exchange.last_id:
        sync.feed(exchange.diff())
    assert shown(sync) == exchange.states[exchange.last_id]
    assert sync.gaps == 0


def test_an_event_seen_twice_changes_nothing() -> None:
    exchange = DepthExchange("AAAUSDT", 5)
    sync = started(exchange)
    diff = exchange.diff()
    assert sync.feed(diff)
    assert not sync.feed(diff)
    assert shown(sync) == exchange.states[sync.last_id]


def test_two_events_in_the_wrong_order_cost_no_book() -> None:
    exchange = DepthExchange("AAAUSDT", 6)
    sync = started(exchange)
    first, second = exchange.diff(), exchange.diff()
    assert not sync.feed(second)
    assert sync.feed(first)
    assert sync.last_id == second.final_update_id
    assert shown(sync) == exchange.states[sync.last_id]


def test_a_lost_event_empties_the_book_and_asks_for_a_snapshot() -> None:
    exchange = DepthExchange("AAAUSDT", 7)
    sync = started(exchange)
    exchange.diff()
    for _ in range(10):
        sync.feed(exchange.diff())
    assert sync.book is None
    assert (sync.gaps, sync.wants_snapshot) == (1, True)


def test_on_a_quiet_symbol_the_loss_is_noticed_at_the_second_look() -> None:
    exchange = DepthExchange("AAAUSDT", 8)
    sync = started(exchange)
    exchange.diff()
    sync.feed(exchange.diff())
    sync.settle()
    assert sync.book is not None  # the missing one may still come
    sync.settle()
    assert sync.book is None


def schedule(exchange: DepthExchange, chance: random.Random, count: int) -> list[DepthDiff | str]:
    """What reaches us: 20 % doubled, 3 % lost, reordered within five, and stretches lost by reconnects."""
    sent: list[DepthDiff | str] = []
    for _ in range(count):
        event = chance.random()
        if event < 0.02:
            for _ in range(chance.randrange(1, 8)):
                exchange.diff()
            sent.append("reconnected")
        diff = exchange.diff()
        if event > 0.97:
            continue
        sent.append(diff)
        if chance.random() < 0.2:
            sent.append(diff)
    for start in range(0, len(sent) - 5, 5):
        if chance.random() < 0.3:
            window = sent[start : start + 5]
            chance.shuffle(window)
            sent[start : start + 5] = window
    return sent


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_the_book_equals_the_exchanges_at_every_step_of_any_schedule(seed: int) -> None:
    chance, exchange = random.Random(seed), DepthExchange("AAAUSDT", seed)
    sync = BookSync("AAAUSDT")
    for number, event in enumerate(schedule(exchange, chance, 120)):
        if isinstance(event, DepthDiff):
            sync.feed(event)
        if number % 10 == 9:
            sync.settle()
        if sync.wants_snapshot and chance.random() < 0.3:
            at_id = chance.choice(list(exchange.states)) if chance.random() < 0.5 else None
            sync.load(exchange.snapshot(at_id))
        if sync.book is not None:
            assert shown(sync) == exchange.states[sync.last_id]
    for _ in range(12):  # a calm stretch brings it back, whatever went before
        sync.feed(exchange.diff())
        if sync.wants_snapshot:
            sync.load(exchange.snapshot())
    assert sync.last_id == exchange.last_id
    assert shown(sync) == exchange.states[exchange.last_id]


# --- who may fetch a snapshot ----------------------------------------------------------------------


def taken(
    plan: SnapshotPlan, waiting: list[str], seconds: float, start: float = 0.0
) -> list[tuple[float, str]]:
    """Every grant when all of `waiting` ask 20 times a second."""
    grants, now = [], start
    while now < start + seconds:
        symbol = plan.choose(waiting, now)
        if symbol is not None:
            grants.append((now, symbol))
        now += 0.05
    return grants


def test_twenty_symbols_get_their_first_snapshot_within_two_seconds() -> None:
    symbols = [f"S{number}" for number in range(20)]
    grants = taken(SnapshotPlan(), symbols, 2.0)
    assert sorted(symbol for _, symbol in grants) == sorted(symbols)


def test_afterwards_ten_a_minute_in_total_and_one_per_symbol_in_ten_seconds() -> None:
    symbols = [f"S{number}" for number in range(20)]
    plan = SnapshotPlan()
    taken(plan, symbols, 2.0)
    grants = taken(plan, symbols, 300.0, start=100.0)
    for at, _ in grants:
        assert sum(at <= other < at + 60.0 for other, _ in grants) <= 10
    assert len(grants) == 50


@pytest.mark.parametrize(("wait_s", "is_granted"), [(9.9, False), (10.1, True)])
def test_one_symbol_waits_ten_seconds_for_its_next_snapshot(wait_s: float, is_granted: bool) -> None:
    plan = SnapshotPlan()
    assert plan.choose(["S"], 0.0) == "S"
    assert (plan.choose(["S"], wait_s) == "S") is is_granted


@pytest.mark.parametrize(("now", "is_granted"), [(69.9, False), (70.0, True)])
def test_after_a_refusal_nobody_asks_before_its_time(now: float, is_granted: bool) -> None:
    plan = SnapshotPlan()
    plan.close(70.0)
    assert (plan.choose(["S"], now) == "S") is is_granted
