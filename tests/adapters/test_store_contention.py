"""Other clients of the same server: locks, idle transactions, a storm of connections, deadlocks."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from risk.adapters import embedded, store
from risk.errors import StoreError
from tests.adapters import rows as x
from tests.adapters.test_store_decision import CHANNELS, DECISION


def test_a_table_that_somebody_locks_costs_one_evaluation_and_nothing_else(database_url: str) -> None:
    with psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE risk.score IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="LockNotAvailable"), store.connect(database_url) as db:
            store.save_decision(db, DECISION, channels=CHANNELS)
        with store.connect(database_url) as db:  # the account is written meanwhile
            store.replace_positions(db, x.ACCOUNT, [x.POSITION])
        other.rollback()
    with store.connect(database_url) as db:
        assert store.save_decision(db, DECISION, channels=CHANNELS) > 0


def test_a_message_that_an_idle_transaction_holds_does_not_hold_the_others(database_url: str) -> None:
    with store.connect(database_url) as db:
        store.save_decision(db, DECISION, channels=CHANNELS)
    with psycopg.connect(database_url) as other:
        held = other.execute("SELECT channel FROM risk.delivery LIMIT 1 FOR UPDATE").fetchone()
        with store.connect(database_url) as db:
            claimed = store.claim_deliveries(db, holder="me", now=x.NOW)
        assert held is not None
        assert len(claimed) == 1
        assert claimed[0].channel != held[0]


def test_a_storm_of_connections_is_an_error_with_a_name_and_over_when_the_storm_is(
    database_url: str,
) -> None:
    store.dispose(database_url)
    url = database_url.replace(f"//{embedded.SUPERUSER}@", f"//{embedded.WRITER}@")
    with ExitStack() as storm:
        with pytest.raises(psycopg.OperationalError, match=r"connection slots|too many clients"):
            for _ in range(int(embedded.SERVER_SETTINGS["max_connections"]) + 1):
                storm.enter_context(psycopg.connect(url))
        with pytest.raises(StoreError, match=r"connection slots|too many clients"), store.connect(url):
            pass
    with store.connect(url) as db:
        store.beat(db, "scoring", x.NOW)
    store.dispose(url)


def test_readers_cannot_take_the_connections_of_the_programs(database_url: str) -> None:
    url = database_url.replace(f"//{embedded.SUPERUSER}@", f"//{embedded.READER}@")
    with ExitStack() as storm:
        with pytest.raises(psycopg.OperationalError, match='too many connections for role "risk_reader"'):
            for _ in range(21):  # sql/roles.sql: at most 20
                storm.enter_context(psycopg.connect(url))
        with store.connect(database_url) as db:
            store.beat(db, "scoring", x.NOW)


def test_of_a_deadlock_one_side_is_undone_whole_and_the_other_stored(database_url: str) -> None:
    with store.connect(database_url) as db:
        for part in ("a", "b"):
            store.beat(db, part, x.NOW)
    both_hold, ends = threading.Barrier(2), {}

    def writes(first: str, second: str, later: timedelta) -> None:
        try:
            with store.connect(database_url) as db:
                store.beat(db, first, x.NOW + later)
                both_hold.wait(timeout=10)
                store.beat(db, second, x.NOW + later)
            ends[later] = ""
        except StoreError as error:
            ends[later] = str(error)

    sides = [("a", "b", timedelta(seconds=1)), ("b", "a", timedelta(seconds=2))]
    threads = [threading.Thread(target=writes, args=side) for side in sides]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    (won,) = [later for later, error in ends.items() if not error]
    (lost,) = [error for error in ends.values() if error]
    assert lost.startswith("DeadlockDetected")
    with store.connect(database_url) as db:
        assert {beat.beat_at for beat in store.beats(db).values()} == {x.NOW + won}


def test_statements_see_what_is_committed_so_that_none_fails_to_serialize(database_url: str) -> None:
    with store.connect(database_url) as db, store.connect(database_url) as other:
        assert db.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
        assert db.execute(text("SELECT count(*) FROM risk.fact")).scalar() == 0
        store.save_fact(other, "key_can_trade", 0.0, x.NOW)
        other.commit()
        store.save_fact(db, "key_can_trade", 1.0, x.NOW + timedelta(seconds=1))
        found = db.execute(text("SELECT value FROM risk.fact")).scalar_one()
    assert found == 1.0


def test_the_limits_of_waiting_hold_on_every_connection(database_url: str) -> None:
    with store.connect(database_url) as db:
        shown = [db.execute(text(f"SHOW {name}")).scalar() for name in ("statement_timeout", "lock_timeout")]
    assert shown == ["5s", "2s"]
