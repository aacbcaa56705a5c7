"""Who is told what and when: escalation, reminders, grouping, mutes, and that nothing flaps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from risk.limits import from_mapping
from risk.state import FlowTrouble
from tests.risk.builders import NOW, Desk, position, snapshot
from tests.risk.test_alerting import Changes, columns, held, stay, told


def test_an_escalation_is_told_at_once_and_only_once() -> None:
    desk = Desk()
    desk.see(**held(liquidation=46_000))
    desk.see(**held(liquidation=47_600))
    stay(desk, held(liquidation=47_600), 60)
    assert told(desk, "liquidation_distance", "BTCUSDT/LONG") == [
        ("warning", "fired"), ("critical", "escalated"),
    ]  # fmt: skip


def test_around_the_critical_distance_the_severity_does_not_flap() -> None:
    desk = Desk()
    for _ in range(60):
        desk.see(**held(liquidation=47_550))
        desk.see(**held(liquidation=47_450))
    assert told(desk, "liquidation_distance", "BTCUSDT/LONG") == [("critical", "fired")]


def test_reminders_come_every_15_minutes_when_critical_and_every_4_hours_when_not() -> None:
    desk = Desk()
    stay(desk, held(liquidation=47_600), 3600, each=60)
    kinds = told(desk, "liquidation_distance", "BTCUSDT/LONG")
    assert kinds == [("critical", "fired")] + [("critical", "reminder")] * 3
    desk = Desk()
    stay(desk, columns(vol_ratio=2.0), 9 * 3600, each=300)
    assert told(desk, "volatility", "BTCUSDT") == [("warning", "fired")] + [("warning", "reminder")] * 2
    desk = Desk()
    stay(desk, columns(venue_max_8h=0.0004), 9 * 3600, each=300)
    assert told(desk, "funding_venue_gap", "BTCUSDT") == [("info", "fired")]


LEVERAGE_ALONE = {
    "weights": {"market": 0, "liquidity": 0, "leverage": 1, "sentiment": 0},
    "floors": {"leverage_extreme_from": 100, "dimension_from": 100},
}


def around_85(points: float) -> Changes:
    """A position whose cover scores 85 plus `points`, by the curve between 61, 86 and 100."""
    cover = np.interp(85 + points, [61, 86, 100], [1.5, 1.2, 1.0])
    crossed = position(liquidation=None, maintenance=10_000)
    return {"positions": [crossed], "wallet": float(cover) * 10_000}


@pytest.mark.parametrize(("period_s", "each_s"), [(60, 30), (300, 5), (1800, 30)])
def test_two_points_around_85_for_an_hour_are_at_most_two_messages(period_s: float, each_s: float) -> None:
    desk = Desk(from_mapping(LEVERAGE_ALONE))
    for i in range(int(3600 / each_s)):
        swing = 2.0 * np.sin(2 * np.pi * each_s * i / period_s + 0.3)
        desk.see(after_s=each_s, **around_85(float(swing)))
    levels = {int(d.scores.raw_level[0]) for d in desk.decisions}
    assert levels == {2, 3}
    assert 1 <= desk.messages() <= 2


@pytest.mark.parametrize("each_s", [5.0, 30.0])
def test_funding_that_swings_across_both_thresholds_does_not_spam(each_s: float) -> None:
    desk = Desk()
    for i in range(int(3600 / each_s)):
        desk.see(after_s=each_s, **columns(funding_rate=0.0011 if i % 2 else 0.0007))
    assert desk.messages() == 1


def test_all_alerts_of_one_evaluation_are_one_message() -> None:
    desk = Desk()
    spoilt = desk.see(
        symbols=("AAAUSDT", "BBBUSDT"),
        columns={"vol_ratio": 2.0, "funding_rate": 0.0015, "interval_hours": 4.0},
    )
    assert len(spoilt.messages) == 1
    items = [(i["name"], i["scope"]) for i in spoilt.messages[0].items]
    assert ("volatility", "AAAUSDT") in items
    assert ("funding_extreme", "BBBUSDT") in items
    assert len(items) == len(set(items)) == 6


def test_a_message_lives_six_hours_and_has_the_worst_severity_first() -> None:
    desk = Desk()
    message = desk.see(**{**held(liquidation=47_600), **columns(vol_ratio=2.0)}).messages[0]
    assert message.expires_at - message.created_at == timedelta(hours=6)
    assert message.severity == "critical"
    assert [i["severity"] for i in message.items] == ["critical", "warning", "warning"]


def test_warnings_that_come_one_by_one_are_gathered() -> None:
    desk, names = Desk(), [f"S{i:03d}USDT" for i in range(200)]
    for step in range(16):  # all are in within the first minute, twelve evaluations
        rows = np.arange(200) < (step + 1) * 17
        if step == 12:
            assert desk.messages() <= 5
        desk.see(symbols=names, columns={
            "vol_ratio": np.where(rows, 2.0, 0.5), "funding_rate": np.where(rows, 0.0015, 0.0),
            "venue_max_8h": np.where(rows, 0.001, 0.0001), "open_interest": np.where(rows, 1e5, 8e4),
            "liquidated_sell_usdt": np.where(rows, 2e6, 0.0),
        })  # fmt: skip
    once = [(n, s) for n, s, _, kind in desk.told() if kind == "fired"]
    assert len(once) == len(set(once)) >= 1000


def test_a_positions_danger_does_not_wait_for_the_group() -> None:
    desk = Desk()
    desk.see(**columns(vol_ratio=2.0))
    urgent = desk.see(**{**held(liquidation=47_600), **columns(vol_ratio=2.0)})
    assert [i["name"] for m in urgent.messages for i in m.items] == ["liquidation_distance"]


def test_an_extreme_level_mutes_the_lesser_alerts_of_its_symbol_only() -> None:
    desk = Desk()
    desk.see(symbols=("AAAUSDT", "BBBUSDT"), positions=[position("AAAUSDT", liquidation=49_800)])
    spoilt = {
        "symbols": ("AAAUSDT", "BBBUSDT"), "positions": [position("AAAUSDT", liquidation=49_800)],
        "columns": {"vol_ratio": 2.0},
    }  # fmt: skip
    stay(desk, spoilt, 60)
    assert told(desk, "volatility", "AAAUSDT") == []
    assert told(desk, "volatility", "BBBUSDT") == [("warning", "fired")]
    calm = {**spoilt, "positions": [position("AAAUSDT")]}
    stay(desk, calm, 120)
    assert told(desk, "volatility", "AAAUSDT") == [("warning", "fired")]


def test_a_silent_exchange_speaks_for_all_that_follows_from_it() -> None:
    desk = Desk()
    answered = NOW.timestamp()
    market = ("depth_at", "mark_at", "ticker_at", "open_interest_at", "bar_15m_at", "sigma_at")
    for _ in range(60):
        desk.see(
            facts={"exchange_answered_at": answered}, account=snapshot(now=NOW),
            columns=dict.fromkeys(market, answered),
        )  # fmt: skip
    names = {name for name, *_ in desk.told()}
    before_silence = {"stale_data"}  # inputs pass twice their age before the minute of silence is over
    assert "exchange_unreachable" in names
    assert names <= {"exchange_unreachable"} | before_silence
    late = [i["name"] for d in desk.decisions[14:] for m in d.messages for i in m.items]
    assert set(late) <= {"exchange_unreachable"}


def test_a_silent_exchange_mutes_nothing_that_does_not_follow_from_it() -> None:
    """Streams go on while no call is answered: what they and other venues tell of is told."""
    desk = Desk()
    silent = {"facts": {"exchange_answered_at": NOW.timestamp()}}
    for _ in range(20):
        desk.see(**silent)
    spoilt = {**silent, "columns": {"vol_ratio": 2.0, "venue_at": NOW.timestamp() - 86_400}}
    near = [position(liquidation=48_900)]
    for _ in range(10):
        desk.see(**spoilt, positions=near)
    found = {(name, scope) for name, scope, *_ in desk.told()}
    assert {
        ("exchange_unreachable", "exchange"), ("liquidation_distance", "BTCUSDT/LONG"), ("level", "BTCUSDT"),
        ("stale_data", "venue"),
    } <= found  # fmt: skip


def test_what_grew_old_in_a_silence_is_not_told_when_the_silence_ends() -> None:
    desk = Desk()
    old = {"columns": {"open_interest_at": NOW.timestamp() - 30}}
    for _ in range(40):
        desk.see(facts={"exchange_answered_at": NOW.timestamp() - 60}, **old)
    desk.see()  # one answer, one feed still old
    desk.see(**old)
    assert [scope for name, scope, *_ in desk.told() if name == "stale_data"] == []


@pytest.mark.parametrize(
    ("facts", "told_of"),
    [
        ({"exchange_answered_at": NOW.timestamp() - 120}, {"venues"}),  # silent: other venues are not
        ({"key_rejected": 1.0}, {"venues"}),  # only what asks for the account fails for that
        ({}, {"account", "venues"}),
    ],
)
def test_failing_flows_are_told_unless_their_cause_is(facts: dict[str, float], told_of: set[str]) -> None:
    desk = Desk()
    failing = [
        FlowTrouble(flow=name, kind="failed", since=NOW, problem="refused") for name in ("account", "venues")
    ]
    known = {"exchange_answered_at": (NOW + timedelta(days=1)).timestamp(), **facts}
    stay(desk, {"troubles": tuple(failing), "facts": known}, 120)
    assert {scope for name, scope, *_ in desk.told() if name == "flow_failing"} == told_of


def test_a_switched_off_alert_says_nothing() -> None:
    desk = Desk(from_mapping({"alerts": {"volatility": {"enabled": False}}}))
    stay(desk, columns(vol_ratio=2.0), 60)
    assert told(desk, "volatility", "BTCUSDT") == []


def test_unchanged_alerts_are_not_written_each_time() -> None:
    desk = Desk()
    for i in range(120):  # ten minutes of a value that moves all the time
        desk.see(**columns(funding_rate=0.0012 + i * 1e-7))
    written = [a for d in desk.decisions for a in d.alerts if a.name == "funding_extreme"]
    assert len(written) <= 11


def test_the_same_state_gives_the_same_alerts_and_message() -> None:
    def run() -> list[Any]:
        desk = Desk()
        stay(desk, {**held(liquidation=48_900), **columns(vol_ratio=2.0)}, 30)
        stay(desk, {}, 300)
        return [(d.alerts, d.messages, d.signals) for d in desk.decisions]

    assert run() == run()
