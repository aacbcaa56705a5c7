"""`risk size` on a real database: the size, what bound it, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path

import psycopg
import pytest
import time_machine

from risk import cli
from risk.adapters import settings, store
from tests.adapters import rows as x

SOON = x.NOW + timedelta(seconds=1)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Iterator[str]:
    for name in settings.PLACES | {f"RISK_{field.upper()}" for field in settings.Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    monkeypatch.setenv("RISK_SYMBOLS", '["BTCUSDT"]')
    settings.load.cache_clear()
    yield database_url
    settings.load.cache_clear()


def risk(*arguments: str) -> int:
    with time_machine.travel(SOON, tick=False):
        return cli.main(["size", *arguments])


def fill(url: str) -> None:
    """ATR of 1h 640 at a mark of 64,051.2; volatility 0.4·0.004 + 0.35·0.01 + 0.25·0.04 = 0.0151."""
    day = replace(x.INDICATOR, interval="1d", atr_ratio=0.04, event_at=x.NOW - timedelta(hours=12))
    hour = replace(x.INDICATOR, interval="1h", close=D(64_000), atr_ratio=0.01)
    deep = replace(x.DEPTH, buy_slippage=(0.0001,) * 10, sell_slippage=(0.0001,) * 10)
    with store.connect(url) as db:
        store.save(db, [x.INDICATOR, hour, day, deep, x.TICKER, x.MARK, x.INSTRUMENT, *x.BRACKETS])
        store.replace_positions(db, replace(x.ACCOUNT, margin_balance_usdt=D(100_000)), [])


def level(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO risk.score_memory VALUES ('BTCUSDT', %s, %s, 0, 0, %s)", [number, number, x.NOW]
        )


def test_it_prints_the_size_and_what_bound_it(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill(desk)
    level(desk, 0)
    assert risk("BTCUSDT", "--side", "long", "--entry", "50000", "--stop", "49000", "--equity", "100000") == 0
    said = capsys.readouterr().out
    # funds: 0.3·100 000/50 000 = 0.6 coins; targets 1.5 and 3 times the 1 000 to the stop
    assert "0.6 coins" in said
    assert "30,000.00 USDT" in said
    assert "51500 · 53000" in said
    assert "bound by funds" in said.splitlines()[-1]
    assert "low, multiplier 1" in said


def test_a_high_level_opens_nothing(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill(desk)
    level(desk, 2)
    assert risk("btcusdt", "--side", "short") == 0
    assert "bound by level" in capsys.readouterr().out.splitlines()[-1]


def test_closing_what_is_held_is_never_limited(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill(desk)
    level(desk, 2)
    one_way = replace(x.ACCOUNT, is_hedge_mode=False, event_at=x.NOW + timedelta(milliseconds=1))
    short = replace(x.POSITION, side="BOTH", quantity=D("-0.25"), event_at=one_way.event_at)
    with store.connect(desk) as db:
        store.replace_positions(db, one_way, [short])
    assert risk("BTCUSDT", "--side", "long") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "bound by level" in said
    assert "up to 0.25 coins close what is held on the other side, and no rule limits that" in said


def test_what_is_missing_is_said_with_status_one(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill(desk)
    assert risk("BTCUSDT", "--side", "long") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "no size: level missing or too old"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("XRPUSDT", "--side", "long"), "not watched"),
        (("BTCUSDT", "--side", "long", "--stop", "99999"), "stop"),
    ],
)
def test_a_wish_that_cannot_be_true_ends_with_two(
    desk: str, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(desk)
    level(desk, 0)
    assert risk(*arguments) == 2
    assert words in capsys.readouterr().err
