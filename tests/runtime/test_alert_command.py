"""`risk alert …` on a real database: one line of reason each, and an exit status."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from risk.adapters import settings, store, store_silence
from risk.cli import main
from risk.decision import decide
from risk.limits import default
from risk.records import DeliveryAttempt
from tests.risk.builders import position, state

CHANNELS = [{"name": "phone", "url": "console://"}, {"name": "mail", "url": "console://"}]


@pytest.fixture
def desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of a database that the command finds in its settings."""
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RISK_CHANNELS", json.dumps(CHANNELS))
    settings.load.cache_clear()
    yield database_url
    settings.load.cache_clear()
    store.dispose(database_url)


def evaluated(url: str) -> None:
    """One evaluation of a position near its liquidation, as the live flow stores it."""
    now = datetime.now(UTC)
    with store.connect(url) as db:
        wishes = store.latest_state(
            db, ["BTCUSDT"], account="default", watches_account=True, now=now
        ).silences
        near = state(now=now, positions=[position(liquidation=47_600, now=now)], silences=wishes)
        store.save_decision(db, decide(near, default(), now), channels=[("phone", "info")])


def told(url: str) -> list[tuple[str, str, str]]:
    with store.connect(url) as db:
        found = db.execute(
            text(
                "SELECT a.name, t.kind, t.reason FROM risk.telling AS t JOIN risk.alert AS a USING (alert_id)"
                " WHERE a.name = 'liquidation_distance'"
            )
        )
        return [tuple(row) for row in found]


def test_what_is_silenced_by_the_command_is_not_told_and_the_table_says_why(
    desk: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alert", "silence", "*", "BTC*", "--for", "2h", "--reason", "deploying"]) == 0
    assert "BTC* is silenced until" in capsys.readouterr().out
    evaluated(desk)
    assert told(desk) == [("liquidation_distance", "fired", "silenced")]
    assert main(["alert", "list"]) == 0
    shown = capsys.readouterr().out
    assert "fired: silenced" in shown
    assert "deploying" in shown
    with store.connect(desk) as db:
        assert db.execute(text("SELECT count(*) FROM risk.outbox")).scalar() == 0


def test_without_a_silence_the_same_is_told_with_its_message(desk: str) -> None:
    evaluated(desk)
    assert told(desk) == [("liquidation_distance", "fired", "told")]
    report = (Path(__file__).parents[2] / "sql" / "reports" / "why_told.sql").read_text()
    with store.connect(desk) as db:
        span = {"name": "liq*", "since": "2020-01-01T00:00Z", "until": "2100-01-01T00:00Z"}
        (row,) = db.execute(text(report), span).mappings()
    assert (row["reason"], row["channel"], row["delivery"]) == ("told", "phone", "waiting")


def test_a_lifted_silence_is_told_again(desk: str) -> None:
    assert main(["alert", "silence", "level", "BTCUSDT"]) == 0
    assert main(["alert", "lift", "level", "BTCUSDT"]) == 0
    with store.connect(desk) as db:
        assert store_silence.silences(db, datetime.now(UTC)) == []
    assert main(["alert", "lift", "level", "BTCUSDT"]) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["silence", "levle"], "did you mean level"),
        (["ack", "level", "--for", "soon"], "no duration"),
        (["test", "nobody"], "there are phone, mail"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    desk: str, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alert", *arguments]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert len(said.strip().splitlines()) == 1


def test_a_test_reports_each_channel_by_its_own_answer(
    desk: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A courier that accepts for the phone and is refused for good by mail."""
    stop = threading.Event()

    def courier() -> None:
        while not stop.wait(0.05):
            with store.connect(desk) as db:
                for claim in store.claim_deliveries(db, holder="test", now=datetime.now(UTC)):
                    is_phone = claim.channel == "phone"
                    attempt = DeliveryAttempt(
                        message_id=claim.message.message_id, channel=claim.channel, attempt=claim.attempt,
                        tried_at=datetime.now(UTC), outcome="accepted" if is_phone else "failed",
                        reason="" if is_phone else "misconfigured", retry_after_s=None, duration_ms=1,
                    )  # fmt: skip
                    store.record_attempt(db, attempt)

    thread = threading.Thread(target=courier)
    thread.start()
    try:
        assert main(["alert", "test", "phone"]) == 0
        assert "phone accepted it" in capsys.readouterr().out
        assert main(["alert", "test"]) == 1
        assert "mail is failed, misconfigured" in capsys.readouterr().err
    finally:
        stop.set()
        thread.join()
