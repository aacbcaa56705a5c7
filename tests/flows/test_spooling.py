"""Critical messages past a database that takes nothing: told once, and recorded when it is back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from flows import delivery, desk, scoring, spooling
from risk.adapters import courier as couriers
from risk.adapters import embedded, notify, settings, store
from risk.adapters.courier import Courier, Rendered
from risk.decision import decide
from risk.errors import StoreError
from risk.records import DeliveryAttempt, Message

AWAY = "postgresql://nobody@127.0.0.1:1/none"
REFUSALS: dict[str, LiteralString] = {
    # what PostgreSQL says on a full volume: disk_full, class 53 of its error codes
    "full": "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';",
    "gone": "PERFORM pg_terminate_backend(pg_backend_pid());",
}


@contextmanager
def refusing(url: str, how: str) -> Iterator[None]:
    """A database that still answers, and takes neither scores nor messages."""
    owner = url.replace(f"//{embedded.WRITER}@", f"//{embedded.SUPERUSER}@")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION risk.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            f" $$ BEGIN {REFUSALS[how]} RETURN NULL; END $$"
        )
        for table in ("score", "outbox"):
            connection.execute(
                f"CREATE TRIGGER refuse BEFORE INSERT ON risk.{table} EXECUTE FUNCTION risk.refuse()"
            )
        yield
        connection.execute("DROP FUNCTION risk.refuse() CASCADE")


@pytest.fixture
def phone(ready: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Courier]:
    """The courier of a channel that takes everything, on a desk whose exchange is silent for two minutes."""
    monkeypatch.setenv("RISK_CHANNELS", json.dumps([{"name": "phone", "url": "console://"}]))
    monkeypatch.setattr(couriers, "RECORD_WAITS_S", (0.0,))
    monkeypatch.setattr(spooling, "RETRY_AFTER_S", 0.0)
    settings.load.cache_clear()
    with store.connect(ready) as db:
        store.beat(db, "exchange", desk.now() - timedelta(minutes=2))
    channel = notify.open_channel("phone", "console://")

    def render(message: Message) -> Rendered:
        return couriers.Plain(title="told", body=" ".join(item["name"] for item in message.items))

    yield Courier(channel, delivery._outbox(), render)
    store.dispose(AWAY)


def ask(url: str, question: LiteralString) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchall()


def recorded(url: str) -> None:
    """Everything about the one message is in the tables, as if the database had never been away."""
    assert ask(url, "SELECT channel, state, attempts FROM risk.delivery") == [("phone", "accepted", 1)]
    assert ask(url, "SELECT channel, attempt, outcome FROM risk.delivery_attempt") == [
        ("phone", 1, "accepted")
    ]
    (alert,) = ask(url, "SELECT phase, told_count FROM risk.alert WHERE name = 'exchange_unreachable'")
    assert alert == ("firing", 1)
    told: LiteralString = """
        SELECT t.reason, t.message_id = o.message_id
        FROM risk.alert AS a JOIN risk.telling AS t USING (alert_id) CROSS JOIN risk.outbox AS o
        WHERE a.name = 'exchange_unreachable' AND t.kind = 'fired'
    """
    assert ask(url, told) == [("told", True)]


@pytest.mark.parametrize("how", REFUSALS)
def test_a_critical_alert_goes_out_once_although_nothing_is_stored_and_is_recorded_afterwards(
    phone: Courier, ready: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with refusing(ready, how):
        for _ in range(3):  # three evaluations of one silence
            with pytest.raises(StoreError):
                scoring.scoring.fn()
            phone.step()
            phone.step()
        assert ask(ready, "SELECT count(*) FROM risk.outbox") == [(0,)]
        assert capsys.readouterr().out.count("exchange_unreachable") == 1
    scoring.scoring.fn()
    phone.step()
    scoring.scoring.fn()
    phone.step()
    assert "exchange_unreachable" not in capsys.readouterr().out
    recorded(ready)
    assert spooling._spool().waiting() == []


def test_a_database_that_is_gone_altogether_is_told_past_and_the_next_process_knows_of_it(
    phone: Courier, ready: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with refusing(ready, "gone"), pytest.raises(StoreError):
        scoring.scoring.fn()
    monkeypatch.setenv("RISK_DATABASE_URL", AWAY)
    settings.load.cache_clear()
    phone.step()
    with pytest.raises(StoreError):
        phone.step()
    assert capsys.readouterr().out.count("exchange_unreachable") == 1
    monkeypatch.setenv("RISK_DATABASE_URL", ready)
    settings.load.cache_clear()
    spooling.forget()  # the judge is started anew: what it knows is what stands on the disk
    scoring.scoring.fn()
    phone.step()
    assert "exchange_unreachable" not in capsys.readouterr().out
    recorded(ready)


def test_a_message_that_was_stored_although_the_answer_was_lost_is_told_once(
    phone: Courier, ready: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commit came through and the connection broke before it said so."""
    with pytest.raises(StoreError), spooling.evaluation() as this:
        with desk.database() as db:
            config = settings.load()
            state = store.latest_state(
                db, config.symbols, account=config.account, watches_account=False, now=desk.now()
            )
            decision = this.made(decide(this.continued(state), config.limits, desk.now()))
            store.save_decision(db, decision, channels=desk.channels())
        raise StoreError("the server closed the connection")
    assert len(spooling._spool().waiting()) == 1
    phone.step()
    phone.step()
    assert capsys.readouterr().out.count("exchange_unreachable") == 1
    scoring.scoring.fn()
    phone.step()
    assert "exchange_unreachable" not in capsys.readouterr().out
    recorded(ready)


def test_a_channel_that_refuses_is_tried_again_and_the_one_that_stands_by_tells_it(
    phone: Courier, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels = [{"name": "phone", "url": "json://127.0.0.1:1"}, {"name": "pager", "url": "json://127.0.0.1:1",
                "stands_by": True}]  # fmt: skip
    monkeypatch.setenv("RISK_CHANNELS", json.dumps(channels))
    settings.load.cache_clear()
    with refusing(ready, "full"):
        with pytest.raises(StoreError):
            scoring.scoring.fn()
        now = desk.now()
        (first,) = spooling.claims("phone", 1, now)
        assert (first.attempt, first.channel) == (1, "phone")
        assert spooling.claims("pager", 1, now) == []
        assert spooling.note(_tried(first, "retry"), now + timedelta(seconds=60))
        assert spooling.claims("phone", 1, now) == []
        (again,) = spooling.claims("phone", 1, now + timedelta(seconds=61))
        assert again.attempt == 2
        (stands_by,) = spooling.claims("pager", 1, now + timedelta(seconds=11))
        assert spooling.note(_tried(stands_by, "accepted"), None)
        assert spooling.claims("pager", 1, now + timedelta(seconds=12)) == []
        assert spooling.claims("phone", 1, now + timedelta(hours=7)) == []  # its time is over
    spooling.put_back()
    assert sorted(ask(ready, "SELECT channel, state, attempts FROM risk.delivery")) == [
        ("pager", "accepted", 1), ("phone", "waiting", 1),
    ]  # fmt: skip
    assert len(ask(ready, "SELECT outcome FROM risk.delivery_attempt")) == 2


def _tried(claim: store.Claim, outcome: str) -> DeliveryAttempt:
    return DeliveryAttempt(
        message_id=claim.message.message_id, channel=claim.channel, attempt=claim.attempt,
        tried_at=desk.now(), outcome=outcome, reason="", retry_after_s=None, duration_ms=1,
    )  # fmt: skip


def test_what_delivery_leaves_lying_the_judge_records(
    phone: Courier, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refusing(ready, "full"), pytest.raises(StoreError):
        scoring.scoring.fn()
    scoring.scoring.fn()
    assert len(spooling._spool().waiting()) == 1
    monkeypatch.setattr(spooling, "LEFT_TO_DELIVERY", timedelta(0))
    scoring.scoring.fn()
    assert spooling._spool().waiting() == []
    assert ask(ready, "SELECT channel, state FROM risk.delivery") == [("phone", "waiting")]


def test_a_disk_that_takes_nothing_either_is_said_and_the_alert_decided_anew(
    phone: Courier, ready: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "spool").touch()
    with refusing(ready, "full"):
        for _ in range(2):
            with pytest.raises(StoreError):
                scoring.scoring.fn()
    assert caplog.text.count("it is decided anew") == 2
    scoring.scoring.fn()
    assert ask(ready, "SELECT channel, state FROM risk.delivery") == [("phone", "waiting")]
