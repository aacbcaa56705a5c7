"""Messages in both languages: complete, short enough, harmless, and with what a person needs to act."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import risk
from risk import limits, wording
from risk.catalogue import LANGUAGES, clean, figure, say, sentences
from risk.decision import decide
from risk.explanation import explain
from risk.feed_alerts import FEEDS
from risk.limits import ALERTS
from risk.state import COMPONENTS
from tests.risk.builders import NOW, Desk, position, state
from tests.risk.test_alerting import TABLE, stay

DEFAULT = limits.default()


def test_both_catalogues_hold_exactly_what_the_code_can_say() -> None:
    for language in LANGUAGES:
        assert set(sentences(language)) == wording.msgids()


def placeholders(text: str) -> set[tuple[str, str]]:
    return {(name, unit or "") for _, name, unit, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("identifier", sorted(wording.msgids()))
def test_both_languages_fill_in_the_same_figures(identifier: str) -> None:
    english, chinese = (sentences(language)[identifier] for language in LANGUAGES)
    assert placeholders(english) == placeholders(chinese)
    assert bool(english) == bool(chinese)


def literal_identifiers() -> Iterator[str]:
    """Every identifier that stands as a plain text in a call of `say` or `has`."""
    for name in ("wording", "catalogue"):
        tree = ast.parse((Path(risk.__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                yield from (a.value for a in node.args if isinstance(a, ast.Constant) and "." in str(a.value))


def test_every_sentence_asked_for_by_name_exists() -> None:
    found = set(literal_identifiers())
    assert len(found) >= 10
    assert found <= wording.msgids()


def test_chinese_is_chinese() -> None:
    bare = {
        i: [re.sub(r"\{[^}]*\}", "", sentences(language)[i]) for language in LANGUAGES]
        for i in wording.msgids()
    }
    wordy = {i: zh for i, (en, zh) in bare.items() if re.search("[A-Za-z]{3}", en)}
    assert len(wordy) > 180
    assert [i for i, zh in wordy.items() if not re.search(r"[\u4e00-\u9fff]", zh)] == []


def test_catalogues_are_gettext_files_without_doubles() -> None:
    for language in LANGUAGES:
        text = (
            files("risk").joinpath("locale", language, "LC_MESSAGES", "risk.po").read_text(encoding="utf-8")
        )
        identifiers = re.findall(r'^msgid "(.+)"$', text, flags=re.MULTILINE)
        assert len(identifiers) == len(set(identifiers)) == len(sentences(language))
        assert "charset=UTF-8" in text


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(KeyError, match="en, zh"):
        sentences("de")


def test_every_feed_has_a_name() -> None:
    assert {name for name, *_ in FEEDS} | {"account", "income", "strategies"} == set(wording.FEEDS)


FIGURES = [
    (0.0423, "percent", "4.2 %", "4.2 %"),
    (0.0042, "percent", "0.42 %", "0.42 %"),
    (0.00123, "rate", "0.123 %", "0.123 %"),
    (-0.05, "change", "-5.0 %", "-5.0 %"),
    (1_250_000, "usd", "1.25 M USDT", "125 万 USDT"),
    (-2.5e9, "usd", "-2.5 bn USDT", "-25 亿 USDT"),
    (950, "usd", "950 USDT", "950 USDT"),
    (60.5, "score", "61", "61"),
    (1.5, "times", "1.50×", "1.50×"),
    (64_123.456, "price", "64,123.46", "64,123.46"),
    (0.00001234, "price", "1.234e-05", "1.234e-05"),
    (45, "duration", "45 s", "45 秒"),
    (3_900, "duration", "1 h 5 min", "1 小时 5 分钟"),
    (90_000, "duration", "1 d 1 h", "1 天 1 小时"),
    ("2026-03-02T12:00:00+00:00", "time", "2026-03-02 12:00 UTC", "2026-03-02 12:00 UTC"),
    (NOW.timestamp(), "time", "2026-03-02 12:00 UTC", "2026-03-02 12:00 UTC"),
    (None, "percent", "unknown", "未知"),
    (float("nan"), "usd", "unknown", "未知"),
    ([], "list", "none", "无"),
    (["A", "B"], "list", "A, B", "A、B"),
    ("extreme", "level", "extreme", "极高"),
]


@pytest.mark.parametrize(("value", "unit", "english", "chinese"), FIGURES)
def test_figures_are_written_as_a_trader_reads_them(
    value: Any, unit: str, english: str, chinese: str
) -> None:
    assert (figure("en", value, unit), figure("zh", value, unit)) == (english, chinese)


def messages(name: str, changes: dict[str, Any]) -> list[Any]:
    desk = Desk()
    stay(desk, changes, 90, each=15)
    stay(desk, {}, 300, each=60)
    return [m for d in desk.decisions for m in d.messages if any(i["name"] == name for i in m.items)]


CASES = {(row[0], row[2]): row[3] for row in TABLE}


@pytest.mark.parametrize(("name", "severity"), CASES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_alert_says_what_why_what_to_do_and_since_when(name: str, severity: str, language: str) -> None:
    told = messages(name, CASES[name, severity])
    item = next(i for m in told for i in m.items if i["name"] == name)
    lines = wording.item_lines(item, language)
    text = "\n".join(lines)
    unknown = sentences(language)["figure.unknown"]
    assert len(lines) >= 5
    assert lines[0] == wording.headline(item, language)
    for part in ("line.why", "line.do"):
        start = sentences(language)[part].split("{")[0]
        assert any(line.startswith(start) and len(line) > len(start) for line in lines)
    assert "2026-03-02 12:0" in text
    assert str(item["alert_id"])[:8] in text
    assert "{" not in text
    assert "None" not in text
    assert not re.search(r"\bnan\b", text.lower())
    # A figure may be unknown only where nothing can be known of it.
    assert unknown not in text or name in {
        "stale_data", "adl_risk", "level", "funding_venue_gap", "delisting",
    }  # fmt: skip


def test_every_alert_of_the_table_was_worded_above() -> None:
    assert set(ALERTS) - {name for name, _ in CASES} == {"position_gone", "divergence"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_two_told_by_name_are_worded_too(language: str) -> None:
    base = {"alert_id": "a1b2c3d4-0", "severity": "info", "kind": "fired", "value": None, "threshold": None,
            "since": NOW.isoformat(), "at": NOW.isoformat()}  # fmt: skip
    gone = {"cause": "liquidated", "quantity": -2.0, "notional_usdt": -1e5, "vanished_at": NOW.isoformat()}
    pair = {"kind": "bearish", "interval": "1h", "indicator": "rsi", "pivots": "x y"}
    for name, scope, details in (
        ("position_gone", "BTCUSDT/SHORT", gone),
        ("divergence", "BTCUSDT/1h/rsi", pair),
    ):
        text = "\n".join(
            wording.item_lines({**base, "name": name, "scope": scope, "details": details}, language)
        )
        assert "{" not in text
        assert sentences(language)["figure.unknown"] not in text


def test_an_end_says_how_long_it_lasted() -> None:
    told = messages("volatility", {"columns": {"vol_ratio": 2.0}})
    end = next(i for m in told for i in m.items if i["kind"] == "resolved")
    assert wording.item_lines(end, "en")[0] == "over: BTCUSDT: volatile market"
    # Fired 15 s after the start; calm from 150 s on, and a minute later it is over: 210 − 15 s.
    assert "It lasted 3 min" in wording.item_lines(end, "en")[1]


def test_a_liquidation_message_reads_like_this() -> None:
    item = {
        "alert_id": "90be3351-aaaa", "name": "liquidation_distance", "scope": "BTCUSDT/LONG",
        "severity": "critical", "kind": "escalated", "value": 0.03, "threshold": 0.05,
        "since": (NOW - timedelta(minutes=4)).isoformat(), "at": NOW.isoformat(),
        "details": {
            "mark_price": 50_000.0, "distance": 0.03, "distance_sigmas": 2.0, "notional_usdt": 150_000.0,
            "liquidation_price": 48_500.0, "exchange_liquidation_price": 48_490.0, "counterfactual": 0.18,
        },
    }  # fmt: skip
    text = wording.message([item], "en")
    assert text.title == "CRITICAL worse: BTCUSDT long: close to liquidation"
    assert text.body.split("\n") == [
        "worse: BTCUSDT long: close to liquidation",
        "The mark 50,000.00 must move 3.0 % to liquidation (2 usual daily moves); position 150 k USDT.",
        "Why: Liquidation at 48,500.00 by our reckoning, 48,490.00 by the exchange; alarm below 5.0 %.",
        "Do: Reduce the position or add margin.",
        "The level comes down a step if the position's notional falls by 18.0 %.",
        "Since 2026-03-02 11:56 UTC (4 min). ref 90be3351",
    ]


HOSTILE = "<img src=x onerror=alert(1)>\r\n\u202eTDSU*_`[x](http://evil)&amp;" + "A" * 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_symbol_name_is_shown_and_does_no_harm(language: str) -> None:
    desk = Desk()
    message = desk.see(
        symbols=(HOSTILE,), positions=[position(HOSTILE, liquidation=47_600)], columns={"insurance_usd": 9e8}
    ).messages[0]
    text = wording.message(message.items, language)
    assert set(re.findall(r"<[^>]*>", text.html)) <= {"<b>", "</b>", "<br>"}
    assert "&lt;img" in text.html
    for shown in (text.title, text.body, text.html):
        assert "\r" not in shown
        assert "\u202e" not in shown
        assert "A" * 100 not in shown
    assert "\n" not in text.title


def test_names_lose_controls_and_direction_marks_and_are_cut() -> None:
    assert clean("BTC\r\nUSDT\u202e") == "BTC\ufffd\ufffdUSDT\ufffd"
    assert clean("1000PEPEUSDT") == "1000PEPEUSDT"
    assert len(clean("x" * 500)) == 60


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [1, 6, 7, 40, 400])
def test_a_storm_fits_and_counts_what_it_leaves_out(language: str, count: int) -> None:
    desk, names = Desk(), [f"S{i:03d}USDT" for i in range(count)]
    positions = [position(name, liquidation=47_600) for name in names[: count // 4]]
    message = desk.see(symbols=names, positions=positions, columns={"vol_ratio": 2.0}).messages[0]
    text = wording.message(message.items, language)
    assert len(text.body) <= 3500
    assert len(text.html) <= 3500
    shown = sum(wording.headline(item, language) in text.body for item in message.items)
    hidden = len(message.items) - shown
    more = re.search(r"…\D*(\d+)", text.body)
    if hidden:
        assert more is not None
        assert int(more[1]) >= hidden
    else:
        assert more is None
    assert count < 100 or hidden


def test_a_message_from_an_older_version_is_still_told() -> None:
    item = {
        "alert_id": "x", "name": "level", "scope": "BTCUSDT", "severity": "warning", "kind": "fired",
        "value": None, "threshold": None, "since": NOW.isoformat(), "at": NOW.isoformat(), "details": {},
    }  # fmt: skip
    assert "unknown" in wording.message([item], "en").body


@pytest.mark.parametrize("language", LANGUAGES)
def test_signals_are_sentences_with_a_reason(language: str) -> None:
    held = position(liquidation=48_900)
    signals = decide(state(positions=[held]), DEFAULT, NOW).signals
    texts = {s.kind: wording.signal(s, language) for s in signals if s.scope == "BTCUSDT"}
    assert set(texts) == {"close_only", "reduce"}
    asked = next(s for s in signals if s.kind == "reduce")
    assert str(asked.quantity) in texts["reduce"]
    assert sentences(language)["floor.leverage_extreme"] in texts["reduce"]
    assert sentences(language)["side.LONG"] in texts["reduce"]
    warn = replace(asked, kind="warn", reason="dimension:market", details={"level": "medium"}, quantity=None)
    assert sentences(language)["because.market"] in wording.signal(warn, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("component", COMPONENTS)
def test_each_component_has_a_sentence_with_value_and_threshold(component: str, language: str) -> None:
    body = DEFAULT.body()
    high = wording.value_at(body["curves"][component], 61)
    assert high is not None
    text = wording.component_sentence(component, high, body, language, is_missing=False)
    assert text.count(wording.component_figure(component, high, language)) == 2
    gone = wording.component_sentence(component, None, body, language, is_missing=True)
    assert say(language, f"component.{component}") in gone


def test_a_stored_row_can_be_told_in_sentences() -> None:
    scores = decide(state(columns={"sigma_at": 0.0}), DEFAULT, NOW).scores
    row = {name: np.asarray(getattr(scores, name))[0] for name in
           ("values", "component_scores", "dimensions", "floors", "missing")}  # fmt: skip
    told = [
        wording.component_sentence(p.component, p.value, DEFAULT.body(), "en", is_missing=p.is_missing)
        for p in explain(row, DEFAULT.body()).parts
    ]
    assert told[COMPONENTS.index("sigma_24h")].startswith("forecast move of 24 hours is missing")
    assert told[COMPONENTS.index("cover")] == "margin cover: nothing is at stake."
    assert told[COMPONENTS.index("spread")] == "Best bid and ask lie 0.002 % apart; high begins at 0.100 %."


def test_a_reduction_that_is_not_enough_says_so() -> None:
    held = position(liquidation=48_900)
    message = Desk().see(positions=[held], wallet=-10).messages[0]
    item = next(i for i in message.items if i["name"] == "reduce")
    assert item["details"]["left"] == str(Decimal("0.0"))
    assert "Close all of it" in "\n".join(wording.item_lines(item, "en"))
