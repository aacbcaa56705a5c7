"""All that the programs do, they can do as risk_writer; risk_reader only reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from risk.adapters import embedded, migrate, store
from risk.errors import StoreError
from risk.records import FlowProgress
from tests.adapters import rows as x
from tests.adapters.test_store_decision import CHANNELS, DECISION, tried


def test_the_writer_can_do_everything_that_the_programs_do(database_url: str, pg_data_dir: Path) -> None:
    migrate.upgrade(database_url)  # rights on a database are not copied from its template
    name = database_url.split("/")[3].split("?")[0]
    url = embedded.url(pg_data_dir, database=name, role="risk_writer")
    later = replace(x.ACCOUNT, event_at=x.NOW + timedelta(seconds=5))
    with store.connect(url) as db:
        assert store.save(db, x.ALL) == store.save(db, x.ALL) + len(x.ALL)
        assert store.replace_positions(db, later, []) == (x.POSITION,)
        (gone,) = store.unclassified_positions(db, "default", x.NOW, x.NOW, timedelta(seconds=10))
        store.classify_position(db, gone, "closed", x.NOW)
        store.save_limits(db, DECISION.limits_version, {})
        assert store.save_decision(db, DECISION, channels=CHANNELS) == 2
        assert len(store.claim_deliveries(db, holder="me", now=x.NOW)) == 2
        assert store.record_attempt(db, tried("accepted"))
        assert store.expire_deliveries(db, x.NOW + timedelta(days=1)) == 1
        store.save_progress(db, FlowProgress(
            flow="f", scope="s", cursor_at=None, done=0, total=1, updated_at=x.NOW
        ))  # fmt: skip
        store.beat(db, "scoring", x.NOW)
        store.save_fact(db, "key_can_trade", 0, x.NOW)
        store.save_ban(db, "host", x.NOW)
        assert store.lease_symbols(db, "me", ["BTCUSDT"], 15, x.NOW) == ("BTCUSDT",)
        store.release_symbols(db, "me")
        assert store.ensure_partitions(db, today=x.NOW.date()) == 7 * 8
        assert store.roll_up_depth(db, since=x.NOW, until=x.NOW + timedelta(hours=1)) == (1, 1)
        assert store.drop_partitions(db, {"depth": 1}, x.NOW.date() + timedelta(days=3)) == 0
        assert store.table_sizes(db)
        assert store.latest_state(db, ["BTCUSDT"], account="default", watches_account=True, now=x.NOW).account
    store.dispose(url)


def test_the_reader_sees_the_reports_and_the_state(database_url: str, pg_data_dir: Path) -> None:
    migrate.upgrade(database_url)
    name = database_url.split("/")[3].split("?")[0]
    url = embedded.url(pg_data_dir, database=name, role="risk_reader")
    with store.connect(url) as db:
        state = store.latest_state(db, ["BTCUSDT"], account="default", watches_account=False, now=x.NOW)
        assert state.symbols == ("BTCUSDT",)
        assert store.waiting_deliveries(db) == []
    store.dispose(url)


@pytest.mark.parametrize(
    "attempt",
    [
        "INSERT INTO risk.heartbeat (part, beat_at) VALUES ('scoring', now())",
        "UPDATE risk.heartbeat SET beat_at = now()",
        "DELETE FROM risk.score",
        "TRUNCATE risk.score",
        "CREATE TABLE risk.mine (n int)",
        "CREATE TEMP TABLE mine (n int)",
        "SELECT risk.forget_before('score', CURRENT_DATE)",
    ],
)
def test_the_reader_cannot_write_even_without_its_read_only_setting(
    database_url: str, pg_data_dir: Path, attempt: str
) -> None:
    migrate.upgrade(database_url)
    with (
        psycopg.connect(as_role(database_url, embedded.READER), autocommit=True) as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)),
    ):
        connection.execute(attempt)
    with psycopg.connect(as_role(database_url, embedded.READER), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(attempt)


@pytest.mark.parametrize(
    "attempt", ["DROP TABLE risk.score", "DELETE FROM risk.score", "UPDATE risk.score SET level = 0"]
)
def test_the_writer_cannot_undo_what_was_judged(database_url: str, attempt: str) -> None:
    with (
        psycopg.connect(as_role(database_url, embedded.WRITER)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attempt)


def test_the_writer_starts_a_desk_whose_schema_the_owner_has_brought_up(database_url: str) -> None:
    migrate.upgrade(database_url)
    assert migrate.upgrade(as_role(database_url, embedded.WRITER)) == migrate.head()


def test_the_writer_is_told_who_can_bring_the_schema_up(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE risk.schema_version SET version_num = '0001'")
    with pytest.raises(StoreError, match="owner's address"):
        migrate.upgrade(as_role(database_url, embedded.WRITER))


def as_role(url: str, role: str) -> str:
    return url.replace(f"//{embedded.SUPERUSER}@", f"//{role}@")
