"""`risk watchdog` on a real database: silent while fine, loud when blind, mute or unscheduled."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from risk import wording
from risk.adapters import settings, store, store_silence
from risk.adapters.settings import Settings
from risk.adapters.store_pulse import pulse
from risk.decision import decide
from risk.errors import SettingsError, StoreError
from risk.limits import default
from risk.pulse import Pulse
from risk.runtime.alerts import trial
from risk.runtime.heartbeat import Beside, Heartbeat, blind_from_the_start, channels_of
from risk.runtime.spool import Spool
from risk.runtime.watchdog import LOOK_EVERY_S
from tests.risk.builders import snapshot, state

GIB = 2**30
FINE = Pulse(score_s=5, account_s=5, waiting_s=None, critical_s=None, offered_s=3, worker_s=5, delivery_s=5)


@pytest.fixture
def config(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    monkeypatch.setenv("RISK_API_KEY", "key")
    monkeypatch.setenv("RISK_API_SECRET", "secret")
    monkeypatch.setenv("RISK_WATCHDOG__PING_URL", "https://pings.example.org/abcdef")
    settings.load.cache_clear()
    yield settings.load()
    settings.load.cache_clear()
    store.dispose(database_url)


class Watch:
    """A heartbeat with what it sent and pinged."""

    def __init__(self, config: Settings) -> None:
        self.sent: list[str] = []
        self.pings: list[str] = []
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        url = str(config.database_url)
        self.place = Beside(config, url, free=lambda _folder: (100 * GIB, 50 * GIB))
        self.heart = Heartbeat(config, self.place, lambda title, body: self.sent.append(body), client=client)
        self.clock = 0.0

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.pings.append(str(request.url))
        return httpx.Response(200)

    def look(self, *, after_s: float = LOOK_EVERY_S, hour: int = 12) -> str:
        self.clock += after_s
        return self.heart.beat(datetime(2026, 3, 2, hour, tzinfo=UTC), self.clock)


def desk_writes(url: str, *, account_age_s: float = 2, offered_age_s: float = 2) -> None:
    """One evaluation, one account, and the sign of life of a worker, as the live desk writes them."""
    now = datetime.now(UTC)
    held = state(now=now)
    with store.connect(url) as db:
        store.save_decision(db, replace(decide(held, default(), now), messages=()))
        at = now - timedelta(seconds=account_age_s)
        store.replace_positions(db, replace(snapshot(now=now), event_at=at, received_at=at), ())
        offered = (now - timedelta(seconds=offered_age_s)).isoformat()
        store.beat(db, "worker/cadence", now, {"offered_at": offered})


def test_a_fine_desk_is_pinged_for_and_nothing_is_said(config: Settings) -> None:
    desk_writes(str(config.database_url))
    watch = Watch(config)
    assert [watch.look() for _ in range(4)] == [""] * 4
    assert watch.sent == []
    assert watch.pings == ["https://pings.example.org/abcdef"]  # 20 s: one ping a minute


def test_no_ping_goes_out_for_an_account_that_is_16_seconds_old(config: Settings) -> None:
    desk_writes(str(config.database_url), account_age_s=16)
    watch = Watch(config)
    assert watch.look() == ""
    assert watch.pings == []


# FAULTS.md 1: account snapshot age at most 15 s, outbox lag at most 10 s.
@pytest.mark.parametrize(
    ("changes", "watches", "is_fine"),
    [
        ({}, True, True),
        ({"account_s": 15.0}, True, True),
        ({"account_s": 15.1}, True, False),
        ({"account_s": None}, True, False),
        ({"account_s": None}, False, True),
        ({"score_s": 15.1}, True, False),
        ({"score_s": None}, True, False),
        ({"waiting_s": 10.0}, True, True),
        ({"waiting_s": 10.1}, True, False),
    ],
)
def test_a_ping_needs_account_scores_and_outbox_fresh(
    changes: dict[str, float | None], watches: bool, is_fine: bool
) -> None:
    assert replace(FINE, **changes).is_fine(watches_account=watches) is is_fine


def test_a_scheduler_that_schedules_nothing_is_found_although_scores_are_made(config: Settings) -> None:
    desk_writes(str(config.database_url), offered_age_s=51)
    watch = Watch(config)
    assert "Prefect has scheduled nothing for 51 s" in watch.look()
    assert len(watch.sent) == 1
    desk_writes(str(config.database_url))
    assert watch.look() == ""
    assert len(watch.sent) == 2  # that it is over


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"offered_s": 50.0}, ""),
        ({"offered_s": 50.1}, "scheduled nothing"),
        ({"offered_s": None}, ""),
        ({"worker_s": 60.0}, ""),
        ({"worker_s": 61.0}, "gave no sign"),
        ({"delivery_s": 61.0}, "Delivery gave no sign"),
    ],
)
def test_what_is_wrong_beside_scores_and_outbox(changes: dict[str, float | None], says: str) -> None:
    trouble = replace(FINE, **changes).trouble()
    assert (says in trouble) if says else trouble == ""


def test_a_message_that_waits_for_two_minutes_is_told_past_the_outbox(config: Settings) -> None:
    url = str(config.database_url)
    desk_writes(url)
    old = trial(datetime.now(UTC) - timedelta(seconds=125))
    with store.connect(url) as db:
        store_silence.put_message(db, old, [("phone", "info")])
    watch = Watch(config)
    assert "could not be delivered for 125 s" in watch.look()
    assert watch.pings == []


def test_a_database_that_is_away_is_told_after_a_minute(config: Settings) -> None:
    """The address of a server that is not there."""
    away = config.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    watch = Watch(away)
    watch.clock = time.monotonic()
    assert watch.look() == ""
    assert "No score is known of for" in watch.look(after_s=61)
    assert len(watch.sent) == 1


def test_the_day_is_told_in_one_line_once_even_by_the_next_process(config: Settings) -> None:
    desk_writes(str(config.database_url))
    first = Watch(config)
    first.look(hour=7)
    assert first.sent == []
    first.look(hour=8)
    first.look(hour=8)
    assert len(first.sent) == 1
    assert "\n" not in first.sent[0]
    second = Watch(config)
    second.look(hour=8)
    assert second.sent == []


def test_the_pulse_of_an_empty_database_is_unknown_not_fine(database_url: str) -> None:
    with store.connect(database_url) as db:
        seen = pulse(db, datetime.now(UTC))
    store.dispose(database_url)
    assert seen.score_s is None
    assert not seen.is_fine(watches_account=False)


def test_it_speaks_by_the_channels_that_are_named_for_it(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [{"name": "phone", "url": "console://"}, {"name": "pager", "url": "console://"}]
    monkeypatch.setenv("RISK_CHANNELS", json.dumps(both))
    monkeypatch.setenv("RISK_WATCHDOG__CHANNELS", '["pager"]')
    settings.load.cache_clear()
    assert [one.name for one in channels_of(settings.load())] == ["pager"]
    monkeypatch.setenv("RISK_WATCHDOG__CHANNELS", '["pgaer"]')
    settings.load.cache_clear()
    with pytest.raises(SettingsError, match="no channel is called pgaer"):
        settings.load()


def test_a_refused_ping_address_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_WATCHDOG__PING_URL", "http://pings.example.org/hidden-token")
    settings.load.cache_clear()
    with pytest.raises(SettingsError, match="https") as refused:
        settings.load()
    settings.load.cache_clear()
    assert "hidden-token" not in str(refused.value)


def test_the_line_of_the_day_counts_what_the_tables_hold(config: Settings) -> None:
    url = str(config.database_url)
    now = datetime.now(UTC)
    with store.connect(url) as db:
        store_silence.put_message(db, trial(now - timedelta(seconds=30)), [("phone", "info")])
        db.execute(text("UPDATE risk.delivery SET state = 'accepted', settled_at = now()"))
    day = Watch(config).place.day(datetime.now(UTC))
    assert day.startswith("0 evaluations, 0 alerts (0 critical), 1 of 1 messages accepted")


# Less than 10 % or less than 2 GiB.
@pytest.mark.parametrize(
    ("total_gib", "free_gib", "is_trouble"),
    [(100, 10.0, False), (100, 9.9, True), (10, 2.0, False), (10, 1.9, True), (4, 1.9, True)],
)
def test_the_disk_is_told_of_before_it_is_full(
    config: Settings, total_gib: float, free_gib: float, is_trouble: bool
) -> None:
    desk_writes(str(config.database_url))
    sent: list[str] = []
    place = Beside(
        config, str(config.database_url), free=lambda _folder: (int(total_gib * GIB), int(free_gib * GIB))
    )
    heart = Heartbeat(config, place, lambda title, body: sent.append(body))
    trouble = heart.beat(datetime(2026, 3, 2, 12, tzinfo=UTC), LOOK_EVERY_S)
    heart.close()
    assert bool(trouble) is is_trouble
    assert ["GiB free" in body for body in sent] == [True] * is_trouble


def test_what_was_told_without_a_database_is_recorded_once_when_it_is_back(
    config: Settings, tmp_path: Path
) -> None:
    url = str(config.database_url)
    spool = Spool(tmp_path)
    at = datetime.now(UTC)
    spool.note("phone", "heartbeat: the risk desk is blind", "No score was made for 61 s", at)
    with pytest.raises(StoreError):
        spool.replay("postgresql://nobody@127.0.0.1:1/none")
    assert spool.replay(url) == 1
    assert spool.replay(url) == 0
    spool.note("phone", "heartbeat: the risk desk is blind", "No score was made for 61 s", at)
    spool.replay(url)  # as after a crash between the commit and the file's end
    with store.connect(url) as db:
        found = db.execute(text("SELECT d.channel, d.state, d.attempts, o.items FROM risk.delivery AS d"
                                " JOIN risk.outbox AS o USING (message_id)")).fetchall()  # fmt: skip
    assert [(row.channel, row.state) for row in found] == [("phone", "accepted")]
    assert "No score was made for 61 s" in wording.message(found[0].items, "en").body


def test_a_line_that_a_full_disk_tore_does_not_hold_the_others_back(
    config: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool, at = Spool(tmp_path), datetime.now(UTC)
    spool.note("phone", "first", "whole", at)
    with (tmp_path / "spool.jsonl").open("a") as file:
        file.write('{"channel": "phone", "title": "to')
    spool.note("phone", "third", "whole", at)
    assert spool.replay(str(config.database_url)) == 2
    assert spool.replay(str(config.database_url)) == 0
    assert '"title": "to' in caplog.text


def test_a_disk_that_is_full_does_not_stop_the_telling(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "no such folder")
    spool.note("phone", "title", "body", datetime.now(UTC))
    assert not (tmp_path / "no such folder").exists()


def test_a_database_that_is_not_there_is_said_before_the_first_look(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert blind_from_the_start(config) == ""
    away = config.model_copy(update={"database_url": None, "data_dir": tmp_path / "none"})
    said = blind_from_the_start(away)
    assert "none runs in" in said and "`risk up`" in said and "RISK_DATABASE_URL" in said
    assert said.endswith("by this terminal alone: no channel is set")
    by_page = away.watchdog.model_copy(update={"url": "https://desk.example.org"})
    assert blind_from_the_start(away.model_copy(update={"watchdog": by_page})) == ""
