"""PostgreSQL killed in the middle of a commit: the critical alert goes out, and is recorded later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from flows import desk, scoring, spooling
from risk.adapters import embedded, migrate, store
from risk.adapters.spool import Spool
from risk.errors import StoreError
from tests.adapters.sink_process import SinkProcess
from tests.conftest_flows import forget
from tests.faults.test_chain_kills import Driver, driver, environment_of

KILLER = """
    CREATE FUNCTION risk.kill_server() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 {pid}');
        PERFORM pg_sleep(30);
        RETURN NULL;
    END $$;
    CREATE TRIGGER kill_server BEFORE INSERT ON risk.outbox EXECUTE FUNCTION risk.kill_server();
"""


@pytest.fixture
def away(
    folder: Path, sinks: SinkProcess, flow_api: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Environment of a desk whose database was killed as it took a critical message."""
    url = embedded.start(folder)
    migrate.upgrade(url)
    environment = environment_of(url, folder, sinks)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    forget()
    with store.connect(url) as db:
        store.beat(db, "exchange", desk.now() - timedelta(minutes=2))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(KILLER.format(pid=embedded.pid(folder)))  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        scoring.scoring.fn()
    assert embedded.pid(folder) is None
    yield environment
    forget()
    store.dispose(url)


def told(sinks: SinkProcess) -> tuple[int, int]:
    """Messages that Telegram and mail have taken."""
    return len(sinks.accepted("telegram")), len(sinks.accepted("mail"))


def back(folder: Path, telling: Driver) -> str:
    """URL of the database once it is there again, and delivery has come to rest."""
    url = embedded.start(folder)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP FUNCTION risk.kill_server() CASCADE")
    assert telling.run("settle", after_s=60) == 0
    telling.run("term", after_s=4)  # what was kept is recorded, and nothing more is told
    return url


# Killed between sending and noting, it is told once more: at most one a kill and channel.
@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("crash_at", ["", "before_send", "after_send", "after_mark"])
def test_what_a_killed_database_did_not_take_is_told_and_recorded_once(
    folder: Path, sinks: SinkProcess, away: dict[str, str], crash_at: str
) -> None:
    with driver(away) as telling:
        if crash_at:
            assert telling.run("crash", at=crash_at) == -9
        telling.run("term", after_s=10)
        assert all(1 <= copies <= 1 + bool(crash_at) for copies in told(sinks))  # and no database yet
        before = told(sinks)
        url = back(folder, telling)
        scoring.scoring.fn()
        telling.run("term", after_s=3)
    assert told(sinks) == before
    assert spooling._spool().waiting() == []
    with psycopg.connect(url) as connection:
        states = connection.execute("SELECT channel, state FROM risk.delivery ORDER BY channel").fetchall()
        accepted = connection.execute(
            "SELECT channel FROM risk.delivery_attempt WHERE outcome = 'accepted' ORDER BY channel"
        ).fetchall()
        alert = connection.execute(
            "SELECT a.told_count, t.reason, t.message_id = (SELECT o.message_id FROM risk.outbox AS o)"
            " FROM risk.alert AS a JOIN risk.telling AS t USING (alert_id)"
            " WHERE a.name = 'exchange_unreachable' AND t.kind = 'fired'"
        ).fetchall()
    assert states == [("mail", "accepted"), ("phone", "accepted")]
    assert accepted == [("mail",), ("phone",)]
    assert alert == [(1, "told", True)]


@pytest.mark.slow
@pytest.mark.faults
def test_a_channel_that_fails_meanwhile_is_tried_until_it_takes_it(
    folder: Path, sinks: SinkProcess, away: dict[str, str]
) -> None:
    sinks.fault("telegram", "502", times=2)
    with driver(away) as telling:
        telling.run("term", after_s=15)
        assert told(sinks) == (1, 1)
        (kept,) = Spool(Path(away["RISK_DATA_DIR"]) / spooling.FOLDER).waiting()
        outcomes = [one.attempt.outcome for one in kept.tries_of("phone")]
        assert outcomes == ["retry", "retry", "accepted"]
        url = back(folder, telling)
    with psycopg.connect(url) as connection:
        tries = connection.execute(
            "SELECT attempt, outcome FROM risk.delivery_attempt WHERE channel = 'phone' ORDER BY attempt"
        ).fetchall()
    assert tries == [(1, "retry"), (2, "retry"), (3, "accepted")]
    assert told(sinks) == (1, 1)
