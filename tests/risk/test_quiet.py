"""Who is not told and why: silences, acknowledgements, quiet hours, the cap of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest

from risk import quiet_hours
from risk.errors import SettingsError
from risk.limits import Limits, from_mapping
from risk.silencing import duration, wish
from risk.state import Silence
from tests.risk.builders import NOW, Desk
from tests.risk.test_alerting import columns, held, stay, told

VOLATILE = columns(vol_ratio=2.0)


def silenced(kind: str, name: str, scope: str, at: datetime = NOW, hours: float = 1) -> Silence:
    return wish(kind, name, scope, timedelta(hours=hours), at, made_by="command")


def reasons(desk: Desk, name: str = "volatility") -> list[tuple[str, str]]:
    """(kind, reason) of each decision about one alert, in order."""
    ids = {a.alert_id for d in desk.decisions for a in d.alerts if a.name == name}
    return [(t.kind, t.reason) for d in desk.decisions for t in d.tellings if t.alert_id in ids]


@pytest.mark.parametrize(
    ("name", "scope", "is_told"),
    [
        ("volatility", "BTCUSDT", False),
        ("vol*", "*", False),
        ("*", "BTC*", False),
        ("volatility", "ETHUSDT", True),
        ("spread", "*", True),
    ],
)
def test_a_silence_keeps_back_what_its_patterns_name(name: str, scope: str, is_told: bool) -> None:
    desk = Desk()
    stay(desk, {**VOLATILE, "silences": (silenced("silence", name, scope),)}, 60)
    assert bool(told(desk, "volatility", "BTCUSDT")) is is_told
    assert reasons(desk)[0] == ("fired", "told" if is_told else "silenced")


def test_a_symbol_also_names_its_positions_and_critical_is_silenced_too() -> None:
    desk = Desk()
    stay(desk, {**held(liquidation=47_600), "silences": (silenced("silence", "*", "BTCUSDT"),)}, 60)
    assert desk.told() == []


def test_what_still_stands_when_its_silence_ends_is_told_then() -> None:
    desk = Desk()
    wishes = (silenced("silence", "volatility", "*", hours=0.5),)
    stay(desk, {**VOLATILE, "silences": wishes}, 1700, each=100)
    assert desk.told() == []
    stay(desk, {**VOLATILE, "silences": wishes}, 300, each=100)
    assert told(desk, "volatility", "BTCUSDT") == [("warning", "fired")]
    assert reasons(desk)[:2] == [("fired", "silenced"), ("fired", "told")]


def test_each_decision_is_noted_once_until_it_changes() -> None:
    desk = Desk()
    stay(desk, {**VOLATILE, "silences": (silenced("silence", "*", "*"),)}, 600)
    assert reasons(desk) == [("fired", "silenced")]


def test_what_is_acknowledged_is_not_repeated_but_worse_and_over_are_told() -> None:
    desk = Desk()
    desk.see(**held(liquidation=46_000))
    wishes = (silenced("acknowledge", "liquidation_distance", "*", at=desk.now, hours=9),)
    stay(desk, {**held(liquidation=46_000), "silences": wishes}, 5 * 3600, each=300)
    kinds = told(desk, "liquidation_distance", "BTCUSDT/LONG")
    assert kinds == [("warning", "fired")]
    assert ("reminder", "acknowledged") in reasons(desk, "liquidation_distance")
    stay(desk, {**held(liquidation=47_600), "silences": wishes}, 30)
    stay(desk, {**held(), "silences": wishes}, 300)
    kinds = told(desk, "liquidation_distance", "BTCUSDT/LONG")
    assert kinds == [("warning", "fired"), ("critical", "escalated"), ("critical", "resolved")]


def test_an_acknowledgement_does_not_speak_for_what_begins_after_it() -> None:
    desk = Desk()
    wishes = (silenced("acknowledge", "volatility", "*", at=NOW, hours=9),)
    stay(desk, {**VOLATILE, "silences": wishes}, 30)
    assert told(desk, "volatility", "BTCUSDT") == [("warning", "fired")]


def at_night(**telling: float) -> Limits:
    """Quiet for the half hour after the desk's first evaluation."""
    return from_mapping({"quiet_hours": "12:00-12:30", "telling": telling})


def test_in_quiet_hours_only_what_is_critical_is_told_and_the_rest_after_them() -> None:
    desk = Desk(at_night())
    stay(desk, {**held(liquidation=47_600), **VOLATILE}, 1700, each=100)
    assert {(name, severity) for name, _, severity, _ in desk.told()} >= {
        ("liquidation_distance", "critical")
    }
    assert not {severity for _, _, severity, _ in desk.told()} - {"critical"}
    assert reasons(desk) == [("fired", "quiet hours")]
    stay(desk, {**held(liquidation=47_600), **VOLATILE}, 300, each=100)
    assert told(desk, "volatility", "BTCUSDT") == [("warning", "fired")]


def test_what_came_and_went_in_quiet_hours_is_counted_in_the_next_message() -> None:
    desk = Desk()
    facts = {"exchange_answered_at": NOW.timestamp() + 5, "key_can_trade": 0.0, "missed_alerts": 3.0}
    decision = desk.see(**VOLATILE, facts=facts)
    (message,) = decision.messages
    assert [(item["name"], item["value"]) for item in message.items][-1] == ("overflow", 3.0)


# 60 messages without a critical item in 24 h; then one every 4 hours.
@pytest.mark.parametrize(
    ("messages", "since_s", "reason"),
    [(59, 100, "told"), (60, 100, "daily cap"), (60, 4 * 3600 - 10, "daily cap"), (60, 4 * 3600, "told")],
)
def test_after_the_days_fill_the_rest_is_gathered_for_four_hours(
    messages: int, since_s: float, reason: str
) -> None:
    desk = Desk()
    at = NOW.timestamp() + 5
    facts = {
        "exchange_answered_at": at, "key_can_trade": 0.0,
        "messages_24h": messages, "last_message_at": at - since_s,
    }  # fmt: skip
    desk.see(**VOLATILE, facts=facts)
    assert reasons(desk) == [("fired", reason)]


def test_the_cap_never_holds_back_what_is_critical() -> None:
    desk = Desk()
    at = NOW.timestamp() + 5
    facts = {
        "exchange_answered_at": at, "key_can_trade": 0.0,
        "messages_24h": 900, "last_message_at": at - 30,
    }  # fmt: skip
    desk.see(**held(liquidation=47_600), facts=facts)
    assert ("liquidation_distance", "BTCUSDT/LONG", "critical", "fired") in desk.told()


def test_the_telling_names_its_message_and_the_others_none() -> None:
    desk = Desk()
    decision = desk.see(**VOLATILE, silences=(silenced("silence", "level", "*"),))
    by_reason = {t.reason: t.message_id for t in decision.tellings}
    assert by_reason["told"] == decision.messages[0].message_id
    assert isinstance(by_reason["told"], UUID)
    assert all(message is None for reason, message in by_reason.items() if reason != "told")


# The clocks of Berlin: UTC+1 until 2026-03-29 01:00 UTC, UTC+2 after it.
@pytest.mark.parametrize(
    ("text", "at", "holds"),
    [
        ("23:00-07:00", "2026-03-01T22:59", False),
        ("23:00-07:00", "2026-03-01T23:00", True),
        ("23:00-07:00", "2026-03-02T06:59", True),
        ("23:00-07:00", "2026-03-02T07:00", False),
        ("12:00-13:30", "2026-03-02T13:29", True),
        ("12:00-13:30", "2026-03-02T13:30", False),
        ("23:00-07:00 Asia/Shanghai", "2026-03-01T15:00", True),  # 23:00 there
        ("23:00-07:00 Europe/Berlin", "2026-03-28T22:00", True),  # 23:00 there, winter
        ("23:00-07:00 Europe/Berlin", "2026-03-29T05:30", False),  # 07:30 there, summer
        ("23:00-07:00 Europe/Berlin", "2026-03-27T05:30", True),  # 06:30 there, winter
    ],
)
def test_quiet_hours_go_by_the_clock_of_their_zone(text: str, at: str, holds: bool) -> None:
    hours = quiet_hours.parse(text)
    assert hours is not None
    assert hours.holds(datetime.fromisoformat(at).replace(tzinfo=UTC)) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [("23-7", "must look like"), ("25:00-07:00", "hour"), ("08:00-08:00", "same minute"),
     ("23:00-07:00 Mars/Base", "no time zone"), ("23:00", "must look like")],
)  # fmt: skip
def test_quiet_hours_that_cannot_be_meant_are_refused_with_an_example(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        from_mapping({"quiet_hours": text})
    assert "limits.quiet_hours" in str(refused.value)
    assert "Asia/Shanghai" in str(refused.value)


@pytest.mark.parametrize("text", ["", "2", "h", "-1h", "0m", "31d", "1h x", "1.5h", "9999999h"])
def test_a_duration_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        duration(text)


def test_a_silence_for_an_unknown_alert_says_what_was_perhaps_meant() -> None:
    with pytest.raises(SettingsError, match="did you mean volatility"):
        wish("silence", "volatilty", "*", timedelta(hours=1), NOW, made_by="command")
    with pytest.raises(SettingsError, match="no scope"):
        wish("silence", "level", "BTC USDT'; --", timedelta(hours=1), NOW, made_by="command")


def test_a_thousand_alerts_on_two_hundred_symbols_in_a_minute_are_at_most_five_messages() -> None:
    """Five kinds on each symbol, spread over twelve evaluations; each is in the table with its reason."""
    symbols = [f"COIN{number}USDT" for number in range(200)]
    spoilt = {
        "vol_ratio": (2.0, 0.5), "bid_depth_1pct_usdt": (0.9e6, 9e7), "funding_rate": (0.0011, 0.00005),
        "liquidated_sell_usdt": (1.1e6, 0.0), "venue_max_8h": (0.0004, 0.0001),
    }  # fmt: skip
    desk = Desk(from_mapping({"alerts": {"thin_book": {"fire_hold_s": 0}}}))
    for step in range(1, 13):
        hit = np.arange(200) < 200 * step / 12
        numbers = {name: np.where(hit, worse, calm) for name, (worse, calm) in spoilt.items()}
        desk.see(symbols=symbols, columns=numbers)
    assert desk.messages() <= 5
    kinds = {"volatility", "thin_book", "funding_extreme", "liquidation_cascade", "funding_venue_gap"}
    fired = {a.alert_id for d in desk.decisions for a in d.alerts if a.name in kinds and a.phase == "firing"}
    assert len(fired) == 1000
    assert fired <= {t.alert_id for d in desk.decisions for t in d.tellings}
