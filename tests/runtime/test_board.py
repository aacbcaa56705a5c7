"""The live table fits its terminal, and whoever is most endangered is never the one left out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from risk.adapters import store
from risk.decision import decide
from risk.limits import default
from risk.runtime import board
from tests.risk.builders import position, state

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WHY = {
    "en": "Liquidation is 1.9 % away, 0.8 sigmas of a day; at 100 % of the position the way out costs 0.4 %.",
    "zh": "距强平 1.9%，即日波动的 0.8 倍标准差；全部平仓的成本为 0.4%，高于止损距离的一半。",
}
FOOTER = "12:00:00 UTC · 0 deliveries wait · Ctrl-C ends this table only"


def line(scope: str, level: int = 2) -> dict[str, Any]:
    return {
        "scope": scope, "scored_at": NOW - timedelta(seconds=3), "level": level, "composite": 71.0,
        "market": 40.0, "liquidity": 55.0, "leverage": 71.0, "sentiment": 20.0, "mark_price": 61234.5,
        "sentence_en": WHY["en"], "sentence_zh": WHY["zh"],
    }  # fmt: skip


def drawn(lines: Sequence[dict[str, Any]], language: str, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO())
    seen = board.Board(NOW, lines, {}, 0)
    console.print(board.render(seen, language, FOOTER, width=width, height=height))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("symbols", [0, 1, 5, 18, 19, 200])
def test_the_table_fits_a_terminal_of_80_by_24_with_its_footer(symbols: int, language: str) -> None:
    lines = [line("account"), *(line(f"COIN{number:03}USDT") for number in range(symbols))]
    shown = drawn(lines, language, 80, 24)
    assert len(shown) <= 24
    assert shown[-1].startswith("12:00:00 UTC")


@pytest.mark.parametrize(
    ("symbols", "left_out"), [(18, 0), (19, 2)]
)  # 24 lines less frame 4 and footer 1: 19
def test_symbols_that_have_no_room_are_counted(symbols: int, left_out: int) -> None:
    lines = [line("account"), *(line(f"COIN{number:03}USDT") for number in range(symbols))]
    text = "\n".join(drawn(lines, "en", 80, 24))
    assert sum(f"COIN{number:03}USDT" in text for number in range(symbols)) == symbols - left_out
    assert (f"… and {left_out} more" in text) is bool(left_out)


def test_a_chinese_reason_is_broken_anywhere_and_loses_nothing() -> None:
    sentence = "每 8 小时资金费率：0.0709 %，得分 46.05（0.1 % 起为高风险），数据为 2047 秒前。"
    shown = "".join(drawn([line("A") | {"sentence_zh": sentence}], "zh", 80, 24))
    assert "…" not in shown
    assert "".join(shown.split()).count("秒前。") == 1 and "2047" in shown


def test_a_reason_is_shown_whole_where_there_is_room() -> None:
    roomy, cramped = (" ".join(drawn([line("A")] * count, "en", 80, 24)) for count in (2, 15))
    assert "0.4 %." in roomy and "0.4 %." not in cramped


def test_the_account_comes_first_and_then_the_most_endangered_symbol(database_url: str) -> None:
    now = datetime.now(UTC)
    near = position(symbol="SOLUSDT", liquidation=47_600, now=now)
    symbols = ("ADAUSDT", "SOLUSDT", "XRPUSDT")
    with store.connect(database_url) as db:
        found = decide(state(now=now, symbols=symbols, positions=[near]), default(), now)
        store.save_decision(db, found, channels=[])
    lines = board.read(database_url).lines
    assert [each["scope"] for each in lines[:2]] == ["account", "SOLUSDT"]
    assert sorted(each["scope"] for each in lines) == sorted((*symbols, "account"))
