"""Whatever zone the machine or the database lives in: the same instants, the same grid, the same words."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from sqlalchemy import text

from risk import wording
from risk.adapters import store, wire
from risk.commands.arguments import begin
from risk.errors import SettingsError
from risk.runtime import plan
from risk.runtime.report import moment
from tests.adapters import rows as x
from tests.risk.builders import Desk

ZONES = ["UTC", "America/New_York", "Asia/Shanghai", "Pacific/Kiritimati"]  # the last is UTC+14
# 2026: New York leaves summer time on 1 November and takes it up on 8 March (25- and 23-hour days).
EDGES = [
    datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC), datetime(2028, 2, 28, tzinfo=UTC),
    datetime(2026, 12, 31, tzinfo=UTC),
]  # fmt: skip


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_a_decision_and_its_words_are_the_same_in_every_zone(zone: str) -> None:
    desk = Desk(now=datetime(2026, 11, 1, 5, 59, 55, tzinfo=UTC))  # New York: 01:59:55, twice that night
    decision = desk.see(columns={"vol_ratio": 2.0, "funding_rate": 0.002})
    told = [wording.message(message.items, "en").body for message in decision.messages]
    assert decision.decided_at == datetime(2026, 11, 1, 6, tzinfo=UTC)
    os.environ["TZ"] = "UTC"
    time.tzset()
    again = Desk(now=datetime(2026, 11, 1, 5, 59, 55, tzinfo=UTC))
    same = again.see(columns={"vol_ratio": 2.0, "funding_rate": 0.002})
    assert told == [wording.message(message.items, "en").body for message in same.messages]
    assert told
    assert (decision.scores.composite == same.scores.composite).all()


@pytest.mark.parametrize("edge", EDGES)
def test_instants_come_back_from_the_database_as_they_went_in(
    zone: str, database_url: str, edge: datetime
) -> None:
    name = database_url.split("/")[3].split("?")[0]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET timezone = '{zone}'")
    hours = [edge + timedelta(hours=hour) for hour in range(26)]
    with store.connect(database_url) as db:
        store.save(db, [replace(x.MARK, event_at=at, received_at=at) for at in hours])
        found = list(db.execute(text("SELECT event_at FROM risk.mark ORDER BY event_at")).scalars())
    assert found == hours
    assert {at.utcoffset() for at in found} == {timedelta(0)}


@pytest.mark.parametrize("edge", EDGES)
def test_daily_entries_are_due_once_on_days_of_23_and_25_hours(zone: str, edge: datetime) -> None:
    daily = [
        entry.cadence for entry in plan.load().entries
        if entry.cadence is not None and entry.cadence.interval == timedelta(days=1)
    ]  # fmt: skip
    assert len(daily) >= 3
    for cadence in daily:
        slots = [edge - timedelta(days=2) + timedelta(minutes=10 * step) for step in range(6 * 24 * 5)]
        due = {cadence.slot_at_or_after(at) for at in slots}
        assert {later - sooner for sooner, later in pairwise(sorted(due))} == {timedelta(days=1)}
        assert len({at.date() for at in due}) == len(due)


def test_bars_keep_the_grid_of_eight_hours_over_the_change_of_the_clocks(zone: str) -> None:
    opened_ms = [int(EDGES[0].timestamp() * 1000) + 8 * 3_600_000 * step for step in range(6)]
    rows = [
        [at, "1", "2", "0.5", "1.5", "10", at + 8 * 3_600_000 - 1, "15", 3, "5", "7", "0"] for at in opened_ms
    ]
    bars = wire.parse_klines(
        json.dumps(rows).encode(), symbol="BTCUSDT", interval="8h", received_at=x.NOW,
        closed_before_ms=opened_ms[-1] + 9 * 3_600_000,
    ).rows  # fmt: skip
    assert [bar.open_at.hour for bar in bars] == [0, 8, 16, 0, 8, 16]
    assert {bar.open_at.utcoffset() for bar in bars} == {timedelta(0)}


# 31 December 2016 ended with 23:59:60; Python's clock has no such second, and neither has the exchange's.
@pytest.mark.parametrize("words", ["2016-12-31T23:59:60", "2016-12-31T23:59:60Z", "2026-02-29", "2026-13-01"])
def test_an_instant_that_no_clock_shows_is_refused_in_words(words: str) -> None:
    for read in (lambda: begin(words), lambda: moment("--since", words, x.NOW)):
        with pytest.raises(SettingsError, match=words):
            read()


def test_the_leap_day_is_a_day() -> None:
    assert begin("2028-02-29") == datetime(2028, 2, 29, tzinfo=UTC)
    assert moment("--since", "1d", datetime(2028, 3, 1, tzinfo=UTC)) == datetime(2028, 2, 29, tzinfo=UTC)
