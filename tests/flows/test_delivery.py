"""The delivery flow on a real database: nothing lost and at most one duplicate, whenever it is killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import text

from risk.adapters import courier, store, stream_writer, streams
from risk.adapters.courier import short_id
from tests.adapters.sink_process import SinkProcess, running_sinks
from tests.risk.builders import Desk

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sink_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkProcess]:
    with running_sinks(tmp_path_factory.mktemp("sinks")) as sinks:
        yield sinks


@pytest.fixture
def sinks(sink_process: SinkProcess) -> SinkProcess:
    sink_process.forget()
    return sink_process


class Deliveries:
    """The outbox of one test database, and a driver that runs the flow in children."""

    def __init__(self, url: str, driver: subprocess.Popen[str], environment: dict[str, str]) -> None:
        self.url, self.driver, self.environment = url, driver, environment

    def put(self, channels: list[str], *, severity: str = "critical", age_s: float = 0.0) -> UUID:
        """One message in the outbox for these channels."""
        message_id, at = uuid4(), datetime.now(UTC) - timedelta(seconds=age_s)
        item = {
            "alert_id": str(uuid4()), "name": "liquidation_distance", "scope": "BTCUSDT/BOTH",
            "severity": severity, "kind": "fired", "value": 0.04, "threshold": 0.05,
            "since": at.isoformat(), "at": at.isoformat(), "details": {},
        }  # fmt: skip
        with store.connect(self.url) as db:
            db.execute(
                text(
                    "INSERT INTO risk.outbox (message_id, created_at, expires_at, severity, items)"
                    " VALUES (:id, :at, :until, :severity, CAST(:items AS jsonb))"
                ),
                {
                    "id": message_id, "at": at, "until": at + timedelta(hours=6),
                    "severity": severity, "items": json.dumps([item]),
                },
            )  # fmt: skip
            for channel in channels:
                db.execute(
                    text(
                        "INSERT INTO risk.delivery (message_id, channel, severity, state, attempts,"
                        " next_try_at, expires_at, reason)"
                        " VALUES (:id, :channel, :severity, 'waiting', 0, :at, :until, '')"
                    ),
                    {
                        "id": message_id, "channel": channel, "severity": severity, "at": at,
                        "until": at + timedelta(hours=6),
                    },
                )  # fmt: skip
            db.execute(text("SELECT pg_notify('risk_outbox', '')"))
        return message_id

    def states(self) -> dict[tuple[UUID, str], str]:
        with store.connect(self.url) as db:
            found = db.execute(text("SELECT message_id, channel, state FROM risk.delivery"))
            return {(row.message_id, row.channel): row.state for row in found}

    def attempts(self) -> Counter[tuple[str, str]]:
        with store.connect(self.url) as db:
            found = db.execute(text("SELECT channel, outcome FROM risk.delivery_attempt"))
            return Counter((row.channel, row.outcome) for row in found)

    def begin(self, do: str, **wish: object) -> None:
        """Have a child run the flow as `tests.flows.delivery_process` says."""
        assert self.driver.stdin is not None
        command = {"do": do, "environment": self.environment, **wish}
        self.driver.stdin.write(json.dumps(command) + "\n")
        self.driver.stdin.flush()

    def ended(self) -> int:
        """Exit status of that child."""
        assert self.driver.stdout is not None
        return int(self.driver.stdout.readline())

    def run(self, do: str, **wish: object) -> int:
        self.begin(do, **wish)
        return self.ended()

    def settle(self, within_s: float = 30) -> None:
        """Let the flow run until nothing waits."""
        assert self.run("settle", after_s=within_s) == 0
        assert "waiting" not in self.states().values()


@pytest.fixture(scope="module")
def driver() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.delivery_process"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    yield process
    process.stdin.close()
    process.wait(timeout=15)
    process.stdout.close()


@pytest.fixture
def deliveries(
    database_url: str, sinks: SinkProcess, driver: subprocess.Popen[str], tmp_path: Path
) -> Deliveries:
    channels = [
        {"name": "phone", "url": sinks.telegram_url},
        {"name": "mail", "url": sinks.mail_url, "language": "zh"},
    ]
    environment = {
        "RISK_DATABASE_URL": database_url,
        "RISK_DATA_DIR": str(tmp_path / "desk"),
        "RISK_CHANNELS": json.dumps(channels),
        "RISK_TELEGRAM_API_BASE": sinks.bot_base,
    }
    return Deliveries(database_url, driver, environment)


def copies(sinks: SinkProcess, channel: str, message_id: UUID) -> int:
    """How many accepted messages of a channel carry this id."""
    field = "text" if channel == "telegram" else "html"
    return sum(short_id(message_id) in sent[field] for sent in sinks.accepted(channel))


def test_every_channel_gets_each_message_once(deliveries: Deliveries, sinks: SinkProcess) -> None:
    ids = [deliveries.put(["phone", "mail"]) for _ in range(3)]
    deliveries.settle()
    assert [copies(sinks, "telegram", one) for one in ids] == [1, 1, 1]
    assert [copies(sinks, "mail", one) for one in ids] == [1, 1, 1]
    assert deliveries.attempts() == {("phone", "accepted"): 3, ("mail", "accepted"): 3}
    assert "close to liquidation" in sinks.accepted("telegram")[0]["text"].lower()
    assert "接近强平" in sinks.accepted("mail")[0]["html"]  # each channel in its own language


# before_send: nobody has it yet; after_send: accepted but not marked; after_mark: all done.
@pytest.mark.parametrize(
    ("label", "copies_in_the_end"), [("before_send", 1), ("after_send", 2), ("after_mark", 1)]
)
def test_a_kill_at_a_labelled_point_loses_nothing(
    deliveries: Deliveries, sinks: SinkProcess, label: str, copies_in_the_end: int
) -> None:
    message_id = deliveries.put(["phone"])
    assert deliveries.run("crash", at=label) == -9
    deliveries.settle()
    assert copies(sinks, "telegram", message_id) == copies_in_the_end
    assert deliveries.states() == {(message_id, "phone"): "accepted"}


@pytest.mark.parametrize(("kills", "messages"), [(20, 60), pytest.param(200, 900, marks=pytest.mark.faults)])
def test_kills_at_random_lose_nothing_and_double_at_most_one_each(
    deliveries: Deliveries, sinks: SinkProcess, kills: int, messages: int
) -> None:
    chance = random.Random(kills)
    ids = [deliveries.put(["phone", "mail"], severity="warning") for _ in range(messages)]
    for _ in range(kills):
        deliveries.run("kill", after_s=chance.uniform(0.05, 0.4))
    deliveries.settle(within_s=30 + messages / 3)
    assert set(deliveries.states().values()) == {"accepted"}
    for channel in ("telegram", "mail"):
        counts = [copies(sinks, channel, one) for one in ids]
        assert min(counts) == 1
        assert sum(counts) - len(ids) <= kills


def test_a_thousand_events_of_a_minute_arrive_as_five_messages_and_each_is_told(
    deliveries: Deliveries, sinks: SinkProcess
) -> None:
    desk = Desk(now=datetime.now(UTC) - timedelta(seconds=65))
    names = [f"S{i:03d}USDT" for i in range(200)]
    for step in range(12):  # one minute of evaluations; five alerts for each of 200 symbols come up in it
        rows = np.arange(200) < (step + 1) * 17
        decision = desk.see(symbols=names, columns={
            "vol_ratio": np.where(rows, 2.0, 0.5), "funding_rate": np.where(rows, 0.0015, 0.0),
            "venue_max_8h": np.where(rows, 0.001, 0.0001), "open_interest": np.where(rows, 1e5, 8e4),
            "liquidated_sell_usdt": np.where(rows, 2e6, 0.0),
        })  # fmt: skip
        with store.connect(deliveries.url) as db:
            store.save_decision(db, decision, channels=[("phone", "info")])
    deliveries.settle()
    assert 1 <= len(sinks.accepted("telegram")) <= 5
    with store.connect(deliveries.url) as db:
        standing = db.execute(text("SELECT count(*) FROM risk.alert WHERE phase <> 'resolved'")).scalar_one()
        judged = db.execute(text("SELECT count(DISTINCT alert_id) FROM risk.telling")).scalar_one()
    assert standing >= 1000
    assert judged == standing  # each was told, or has its reason for waiting


def test_a_channel_that_is_down_does_not_delay_the_other(deliveries: Deliveries, sinks: SinkProcess) -> None:
    sinks.fault("telegram", "502")
    ids = [deliveries.put(["phone", "mail"]) for _ in range(5)]
    deliveries.run("term", after_s=6)
    assert [copies(sinks, "mail", one) for one in ids] == [1] * 5
    states = deliveries.states()
    assert {states[(one, "mail")] for one in ids} == {"accepted"}
    assert {states[(one, "phone")] for one in ids} == {"waiting"}
    sinks.fault("telegram", "")
    deliveries.settle()
    assert [copies(sinks, "telegram", one) for one in ids] == [1] * 5


def test_a_refusal_for_good_fails_on_that_channel_only(deliveries: Deliveries, sinks: SinkProcess) -> None:
    sinks.fault("telegram", "401")
    message_id = deliveries.put(["phone", "mail"])
    deliveries.run("term", after_s=5)
    assert deliveries.states() == {(message_id, "phone"): "failed", (message_id, "mail"): "accepted"}


def test_what_nobody_took_in_time_is_marked_expired(deliveries: Deliveries) -> None:
    message_id = deliveries.put(["phone"], age_s=6 * 3600 + 1)
    deliveries.run("term", after_s=1)
    assert deliveries.states() == {(message_id, "phone"): "expired"}


def test_an_orderly_end_leaves_itself_less_than_five_seconds() -> None:
    assert courier.END_WITHIN_S < 5.0
    assert streams.CLOSE_TIMEOUT_S + stream_writer.LAST_FLUSH_S <= 5.0


def test_a_message_put_while_the_flow_waits_goes_out_by_itself(
    deliveries: Deliveries, sinks: SinkProcess
) -> None:
    deliveries.begin("term", after_s=4)
    time.sleep(1.5)
    message_id = deliveries.put(["phone"])
    assert deliveries.ended() == 0
    assert copies(sinks, "telegram", message_id) == 1


def test_when_the_first_channel_refuses_for_good_the_one_that_stands_by_tells_it(
    database_url: str, sinks: SinkProcess, driver: subprocess.Popen[str], tmp_path: Path
) -> None:
    channels = [
        {"name": "phone", "url": sinks.telegram_url},
        {"name": "mail", "url": sinks.mail_url, "stands_by": True},
    ]
    environment = {
        "RISK_DATABASE_URL": database_url,
        "RISK_DATA_DIR": str(tmp_path / "desk"),
        "RISK_CHANNELS": json.dumps(channels),
        "RISK_TELEGRAM_API_BASE": sinks.bot_base,
    }
    deliveries = Deliveries(database_url, driver, environment)
    sinks.fault("telegram", "403")
    refused = deliveries.put(["phone"])
    assert deliveries.run("term", after_s=7) == 0  # it looks every five seconds
    assert deliveries.states() == {(refused, "phone"): "failed", (refused, "mail"): "accepted"}
    assert copies(sinks, "mail", refused) == 1
