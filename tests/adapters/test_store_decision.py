"""A decision is stored whole or not at all; its messages reach each channel's queue once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import Connection, text

from risk import limits
from risk.adapters import store
from risk.errors import StoreError
from risk.records import Alert, DeliveryAttempt, Message, Signal
from risk.state import COMPONENTS, Decision, Memory, Scores
from tests.adapters.rows import NOW

NAN = float("nan")
SECOND = timedelta(seconds=1)
CHANNELS = [("console", "info"), ("mail", "warning"), ("telegram", "critical")]
LIMITS = limits.default()


def scores(scopes: tuple[str, ...] = ("BTCUSDT", "account")) -> Scores:
    n, width = len(scopes), len(COMPONENTS)
    values = np.full((n, width), 0.0123)
    points = np.full((n, width), 33.333)
    values[:, -1] = points[:, -1] = NAN
    return Scores(
        scopes=scopes,
        dimensions=np.tile([61.5, 20.0, NAN, 0.0], (n, 1)),
        values=values,
        component_scores=points,
        input_at=np.where(np.isnan(values), NAN, NOW.timestamp() - 2.5),
        weighted=np.full(n, 33.1),
        composite=np.full(n, 61.0),
        raw_level=np.full(n, 2, np.int8),
        level=np.full(n, 1, np.int8),
        floors=np.full(n, 5, np.int16),
        missing=np.full(n, 1 << (width - 1), np.int32),
        memory={
            s: Memory(level=1, pending_level=2, rise_count=1, fall_count=0, scored_at=NOW) for s in scopes
        },
        counterfactual=np.full(n, NAN),
    )


ALERT = Alert(
    alert_id=UUID(int=1), name="volatility", scope="BTCUSDT", severity="warning", phase="firing", since=NOW,
    fired_at=NOW, updated_at=NOW, resolved_at=None, last_told_at=NOW, told_count=1, value=61.5,
    threshold=61.0,
    details={"market": 61.5, "text": "<b>&", "list": [1, 2.5]},
)  # fmt: skip
MESSAGE = Message(
    message_id=UUID(int=2),
    created_at=NOW,
    expires_at=NOW + timedelta(hours=6),
    severity="warning",
    items=({"alert_id": str(ALERT.alert_id), "name": "volatility", "value": 61.5},),
)
SIGNAL = Signal(
    decision_id=UUID(int=3), scope="BTCUSDT", scored_at=NOW, kind="reduce", symbol="BTCUSDT", side="LONG",
    fraction=0.5, quantity=D("0.125"), reason="extreme", details={"leverage": 90.25},
)  # fmt: skip
DECISION = Decision(
    decided_at=NOW,
    limits_version=LIMITS.version,
    scores=scores(),
    signals=(SIGNAL,),
    alerts=(ALERT,),
    messages=(MESSAGE,),
)
TABLES = ("score", "score_memory", "decision", "alert", "outbox", "delivery")


def amounts(db: Connection) -> dict[str, int]:
    return {t: db.execute(text(f"SELECT count(*) FROM risk.{t}")).scalar_one() for t in TABLES}


def test_a_decision_lands_in_all_its_tables_and_a_second_time_changes_nothing(db: Connection) -> None:
    assert store.save_decision(db, DECISION, channels=CHANNELS) == 2
    expected = {"score": 2, "score_memory": 2, "decision": 1, "alert": 1, "outbox": 1, "delivery": 2}
    assert amounts(db) == expected
    assert store.save_decision(db, DECISION, channels=CHANNELS) == 0
    assert amounts(db) == expected


def test_a_score_row_holds_each_number_of_the_evaluation(db: Connection) -> None:
    store.save_decision(db, DECISION)
    row = db.execute(text("SELECT * FROM risk.score WHERE scope = 'BTCUSDT'")).mappings().one()
    assert (row["level"], row["raw_level"], row["floors"], row["missing"]) == (1, 2, 5, 4096)
    assert row["scored_at"] == NOW
    assert row["limits_version"] == LIMITS.version
    assert [row[name] for name in ("market", "liquidity", "leverage", "sentiment")] == [61.5, 20.0, None, 0.0]
    assert (row["composite"], row["counterfactual"]) == (61.0, None)
    assert row["weighted"] == pytest.approx(33.1, rel=1e-6)
    assert row["component_values"] == [*[pytest.approx(0.0123, rel=1e-6)] * 12, None]
    assert row["component_scores"] == [*[3333] * 12, None]
    assert row["input_ages_s"] == [*[2.5] * 12, None]


def test_a_score_row_needs_about_three_hundred_bytes(db: Connection) -> None:
    store.save_decision(db, replace(DECISION, scores=scores(("BTCUSDT",))))
    assert db.execute(text("SELECT pg_column_size(s.*) FROM risk.score AS s")).scalar_one() <= 310


def test_a_scope_without_any_score_is_stored_as_such(db: Connection) -> None:
    blind = replace(
        scores(("BTCUSDT",)), composite=np.array([NAN]), weighted=np.array([NAN]),
        level=np.array([-1], np.int8), raw_level=np.array([-1], np.int8),
        dimensions=np.full((1, 4), NAN), memory={},
    )  # fmt: skip
    store.save_decision(db, replace(DECISION, scores=blind))
    row = db.execute(text("SELECT level, composite, market FROM risk.score")).one()
    assert tuple(row) == (-1, None, None)
    assert amounts(db)["score_memory"] == 0


def test_memory_and_open_alerts_come_back_in_the_next_state(db: Connection) -> None:
    store.save_decision(db, DECISION)
    ended = replace(ALERT, alert_id=UUID(int=9), name="spread", phase="resolved", resolved_at=NOW)
    store.save_decision(db, replace(DECISION, alerts=(ended,), decided_at=NOW + SECOND))
    state = store.latest_state(db, ["BTCUSDT"], account="default", watches_account=False, now=NOW)
    assert state.memory == DECISION.scores.memory
    assert state.alerts == {("volatility", "BTCUSDT"): ALERT}
    assert state.facts["last_score_at"] == NOW.timestamp()


def test_an_older_evaluation_that_comes_late_does_not_overwrite_memory_or_alerts(db: Connection) -> None:
    newer = {s: replace(m, level=3, scored_at=NOW + SECOND) for s, m in DECISION.scores.memory.items()}
    told = replace(ALERT, updated_at=NOW + SECOND, told_count=2)
    later = replace(
        DECISION, decided_at=NOW + SECOND, alerts=(told,), scores=replace(DECISION.scores, memory=newer)
    )
    store.save_decision(db, later)
    store.save_decision(db, DECISION)
    state = store.latest_state(db, ["BTCUSDT"], account="default", watches_account=False, now=NOW)
    assert state.memory == newer
    assert state.alerts[("volatility", "BTCUSDT")] == told


def test_an_alert_may_begin_anew_in_the_evaluation_that_ends_its_predecessor(db: Connection) -> None:
    store.save_decision(db, DECISION)
    end = replace(ALERT, phase="resolved", resolved_at=NOW + SECOND, updated_at=NOW + SECOND)
    anew = replace(ALERT, alert_id=UUID(int=7), since=NOW + SECOND, updated_at=NOW + SECOND)
    store.save_decision(db, replace(DECISION, decided_at=NOW + SECOND, alerts=(anew, end)))
    state = store.latest_state(db, ["BTCUSDT"], account="default", watches_account=False, now=NOW)
    assert list(state.alerts.values()) == [anew]


@pytest.mark.parametrize(
    "broken",
    [
        replace(DECISION, messages=(replace(MESSAGE, severity="loud"),)),
        replace(DECISION, messages=(replace(MESSAGE, items=({"value": NAN},)),)),
        replace(DECISION, alerts=(replace(ALERT, value=NAN),)),
        replace(DECISION, signals=(replace(SIGNAL, fraction=1.5),)),
        replace(DECISION, scores=replace(DECISION.scores, composite=np.array([61.0, 100.5]))),
        replace(DECISION, scores=replace(DECISION.scores, values=np.full((2, 13), np.inf))),
    ],
    ids=["severity", "nan in a message", "nan in an alert", "fraction", "composite", "infinite value"],
)
def test_a_failure_in_the_middle_leaves_nothing(database_url: str, broken: Decision) -> None:
    with pytest.raises(StoreError), store.connect(database_url) as db:
        store.save_decision(db, broken, channels=CHANNELS)
    with store.connect(database_url) as db:
        assert set(amounts(db).values()) == {0}
        assert store.save_decision(db, DECISION, channels=CHANNELS) == 2


def test_each_channel_gets_the_severities_it_wants(db: Connection) -> None:
    for number, severity in enumerate(("info", "warning", "critical")):
        message = replace(MESSAGE, message_id=UUID(int=20 + number), severity=severity)
        at = NOW + number * SECOND
        store.save_decision(db, replace(DECISION, decided_at=at, messages=(message,)), channels=CHANNELS)
    found = db.execute(
        text("SELECT channel, severity FROM risk.delivery ORDER BY channel, message_id")
    ).fetchall()
    assert [tuple(row) for row in found] == [
        ("console", "info"), ("console", "warning"), ("console", "critical"),
        ("mail", "warning"), ("mail", "critical"), ("telegram", "critical"),
    ]  # fmt: skip


def test_the_view_explains_each_component_from_the_row_and_its_limits(db: Connection) -> None:
    store.save_limits(db, LIMITS.version, LIMITS.body())
    store.save_limits(db, LIMITS.version, LIMITS.body())
    store.save_decision(db, DECISION)
    found = db.execute(text("SELECT * FROM risk.score_explained WHERE scope = 'BTCUSDT' ORDER BY ordinal"))
    rows = list(found.mappings())
    assert [row["component"] for row in rows] == list(COMPONENTS)
    # The seed's thresholds, where 61 begins by the table of curves.
    assert [row["threshold"] for row in rows] == pytest.approx(
        [0.03, 2, 0.07, 0.001, 1e6, 0.5, 0.002, 1.5, 0.05, 1.5, 0.001, 0.2, 0.03]
    )
    first, last = rows[0], rows[-1]
    assert first["sentence_en"] == (
        "Average true range of 15 minutes over the price: 1.23 %, score 33.33 (high from 3 %), 3 s old."
    )
    assert (
        first["sentence_zh"]
        == "15 分钟平均真实波幅与价格之比：1.23 %，得分 33.33（3 % 起为高风险），数据为 3 秒前。"
    )
    assert (first["is_missing"], last["is_missing"]) == (False, True)
    assert last["sentence_en"].endswith(": unknown, no input.")
    assert last["sentence_zh"].endswith("：未知，没有数据。")


def test_a_listener_wakes_when_the_transaction_commits_and_not_before(database_url: str) -> None:
    heard: list[str | None] = []
    ready, done = threading.Event(), threading.Event()

    def listen() -> None:
        for payload in store.listen(database_url, timeout_s=10):
            ready.set()
            if payload is not None:
                heard.append(payload)
                done.set()
                return

    thread = threading.Thread(target=listen)
    thread.start()
    assert ready.wait(10)
    with store.connect(database_url) as db:
        store.save_decision(db, DECISION, channels=CHANNELS)
        assert not heard
    assert done.wait(10)
    thread.join(10)
    assert heard == ["console,mail"]


@pytest.fixture
def queue(database_url: str) -> str:
    """A database with forty warnings waiting for mail, one second apart."""
    with store.connect(database_url) as db:
        for number in range(40):
            message = replace(MESSAGE, message_id=UUID(int=100 + number), created_at=NOW + number * SECOND)
            at = NOW + number * SECOND
            store.save_decision(
                db, replace(DECISION, decided_at=at, messages=(message,)), channels=[("mail", "info")]
            )
    return database_url


def test_two_couriers_at_once_never_get_the_same_delivery(queue: str) -> None:
    now = NOW + timedelta(minutes=5)
    with store.connect(queue) as one, store.connect(queue) as two:
        first = store.claim_deliveries(one, holder="one", now=now, limit=25)
        second = store.claim_deliveries(two, holder="two", now=now, limit=25)
    ids = [claim.message.message_id for claim in (*first, *second)]
    assert (len(first), len(second), len(set(ids))) == (25, 15, 40)


def test_a_claim_carries_its_message_and_counts_the_tries(queue: str) -> None:
    now = NOW + timedelta(minutes=5)
    with store.connect(queue) as db:
        (claim,) = store.claim_deliveries(db, holder="one", now=now, limit=1, channel="mail")
        assert (claim.channel, claim.attempt) == ("mail", 1)
        assert claim.message == replace(MESSAGE, message_id=UUID(int=100))
        assert store.claim_deliveries(db, holder="one", now=now, limit=1, channel="console") == []


def test_a_lease_keeps_others_away_until_it_ends(queue: str) -> None:
    now = NOW + timedelta(minutes=5)
    with store.connect(queue) as db:
        assert len(store.claim_deliveries(db, holder="dies", now=now, lease_s=10, limit=99)) == 40
        before, after = now + timedelta(seconds=9.9), now + timedelta(seconds=10)
        assert store.claim_deliveries(db, holder="next", now=before, limit=99) == []
        taken = store.claim_deliveries(db, holder="next", now=after, limit=99)
    assert (len(taken), {claim.attempt for claim in taken}) == (40, {2})


def tried(outcome: str, number: int = 1) -> DeliveryAttempt:
    return DeliveryAttempt(
        message_id=MESSAGE.message_id, channel="mail", attempt=number, tried_at=NOW + number * SECOND,
        outcome=outcome, reason="" if outcome == "accepted" else "unreachable", retry_after_s=None,
        duration_ms=12,
    )  # fmt: skip


def test_a_retry_waits_for_its_time_and_an_acceptance_ends_it(db: Connection) -> None:
    store.save_decision(db, DECISION, channels=[("mail", "info")])
    store.claim_deliveries(db, holder="me", now=NOW)
    assert store.record_attempt(db, tried("retry"), next_try_at=NOW + 7 * SECOND)
    assert store.claim_deliveries(db, holder="me", now=NOW + 6 * SECOND) == []
    (waiting,) = store.waiting_deliveries(db)
    assert (waiting.channel, waiting.deliveries, waiting.oldest_at, waiting.reason) == (
        "mail",
        1,
        NOW,
        "unreachable",
    )
    (claim,) = store.claim_deliveries(db, holder="me", now=NOW + 7 * SECOND)
    assert claim.attempt == 2
    assert store.record_attempt(db, tried("accepted", 2))
    assert not store.record_attempt(db, tried("accepted", 2))
    assert store.claim_deliveries(db, holder="me", now=NOW + timedelta(hours=1)) == []
    assert store.waiting_deliveries(db) == []
    assert store.delivery_states(db) == {"accepted": 1}
    outcomes = db.execute(
        text("SELECT attempt, outcome FROM risk.delivery_attempt ORDER BY attempt")
    ).fetchall()
    assert [tuple(row) for row in outcomes] == [(1, "retry"), (2, "accepted")]


def test_a_retry_without_a_time_is_refused(database_url: str) -> None:
    with pytest.raises(StoreError, match="next_try_at"), store.connect(database_url) as db:
        store.record_attempt(db, tried("retry"))


def test_what_is_too_old_is_given_up_and_seen_as_expired(db: Connection) -> None:
    store.save_decision(db, DECISION, channels=[("mail", "info")])
    assert store.expire_deliveries(db, MESSAGE.expires_at - SECOND) == 0
    assert store.claim_deliveries(db, holder="me", now=MESSAGE.expires_at) == []
    assert store.expire_deliveries(db, MESSAGE.expires_at) == 1
    assert store.delivery_states(db) == {"expired": 1}


def test_the_worst_is_claimed_first(db: Connection) -> None:
    for number, severity in enumerate(("info", "warning", "critical")):
        message = replace(MESSAGE, message_id=UUID(int=20 + number), severity=severity)
        at = NOW + number * SECOND
        store.save_decision(
            db, replace(DECISION, decided_at=at, messages=(message,)), channels=[("mail", "info")]
        )
    claims = store.claim_deliveries(db, holder="me", now=datetime(2026, 3, 10, 13, tzinfo=UTC))
    assert [claim.message.severity for claim in claims] == ["critical", "warning", "info"]
