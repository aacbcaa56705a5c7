"""`risk report`: every report on a filled database, in every form, as the reader and nobody more."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import time_machine

from risk import cli
from risk.adapters import embedded, report_files, settings, store
from risk.errors import SettingsError
from risk.runtime import report
from tests.adapters import rows as x

NOW = x.NOW
HOSTILE = '<img src=x onerror="alert(1)">'
FORMULA = "=1+1"


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Iterator[str]:
    """URL by which a test fills the database; the command meets it as its reader."""
    for name in settings.PLACES | {f"RISK_{field.upper()}" for field in settings.Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    reader = database_url.replace(f"//{embedded.SUPERUSER}@", f"//{embedded.READER}@")
    assert reader != database_url
    monkeypatch.setenv("RISK_DATABASE_URL", reader)
    settings.load.cache_clear()
    yield database_url
    settings.load.cache_clear()


def risk(*arguments: str) -> int:
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        return cli.main(["report", *arguments])


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    """Rows of a report, as JSON gives them."""
    assert risk(*arguments, "--json") == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def insert(url: str, table: str, *lines: dict[str, object]) -> None:
    with psycopg.connect(url) as connection:
        for line in lines:
            marks = ", ".join(f"%({name})s" for name in line)
            connection.execute(f"INSERT INTO risk.{table} ({', '.join(line)}) VALUES ({marks})", line)  # type: ignore[arg-type]


def funding(symbol: str, rate: float, hours_ago: int) -> dict[str, object]:
    at = NOW - timedelta(hours=hours_ago)
    return {
        "symbol": symbol, "funding_rate": rate, "interval_hours": 4, "rate_type": "Regular", "event_at": at,
        "received_at": at, "source": "rest",
    }  # fmt: skip


def score(at: datetime, level: int) -> dict[str, object]:
    return {
        "scope": "BTCUSDT", "scored_at": at, "level": level, "raw_level": level, "floors": 0, "missing": 0,
        "composite": 50, "weighted": 50, "limits_version": "0" * 12, "component_values": [None] * 12,
        "component_scores": [None] * 12, "input_ages_s": [None] * 12,
    }  # fmt: skip


def test_funding_is_told_per_eight_hours_and_year(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    insert(desk, "funding", funding("BTCUSDT", 0.0006, 8), funding("BTCUSDT", -0.0001, 4))
    (row,) = answered(capsys, "funding_extremes")
    # 4 h rates twice as often: 0.0012 and -0.0002; mean 0.0005, three times a day for 365 days 0.5475
    assert row["settlements"] == 2
    assert row["mean_8h"] == pytest.approx(0.0005)
    assert row["mean_a_year"] == pytest.approx(0.5475)
    assert (row["highest_8h"], row["lowest_8h"]) == (pytest.approx(0.0012), pytest.approx(-0.0002))
    assert row["beyond_a_thousandth"] == 1


def test_since_and_until_bound_a_report(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    insert(desk, "funding", funding("BTCUSDT", 0.0006, 8), funding("BTCUSDT", -0.0001, 4))
    (row,) = answered(capsys, "funding_extremes", "--since", "5h")
    assert row["settlements"] == 1
    (row,) = answered(capsys, "funding_extremes", "--since", "2026-03-01", "--until", "5h")
    assert row["highest_8h"] == pytest.approx(0.0012)


def test_time_in_level_leaves_out_what_nobody_scored(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    start = NOW - timedelta(hours=1)
    seconds = {0: 0, 30: 0, 60: 2, 90: 2, 690: 0, 720: 0}  # second -> level; ten minutes without a score
    insert(desk, "score", *(score(start + timedelta(seconds=s), level) for s, level in seconds.items()))
    found = {row["level"]: row for row in answered(capsys, "time_in_level")}
    # low 0-60 and 690-720: 90 s; high 60-90: 30 s; 90-690 is nobody's
    assert found["low"]["hours"] == pytest.approx(90 / 3600)
    assert found["high"]["hours"] == pytest.approx(30 / 3600)
    assert found["high"]["share"] == pytest.approx(0.25)


def test_a_gap_is_named_with_the_bars_that_are_missing(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    for minutes in (120, 105, 60, 45):
        at = NOW - timedelta(minutes=minutes)
        line = {
            "symbol": "BTCUSDT", "venue": "usdm", "interval": "15m", "open_at": at, "open": 1, "high": 1,
            "low": 1, "close": 1, "volume": 1, "event_at": at + timedelta(minutes=15), "received_at": NOW,
            "source": "rest",
        }  # fmt: skip
        insert(desk, "kline", line)
    (row,) = answered(capsys, "data_gaps")
    assert row["missing_from"] == (NOW - timedelta(minutes=90)).isoformat()
    assert row["there_again_at"] == (NOW - timedelta(minutes=60)).isoformat()
    assert row["bars_missing"] == 2


def test_forced_orders_add_up_by_side(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    for hours, side, usdt, orders in ((1, "SELL", 500, 2), (2, "SELL", 700, 1), (2, "BUY", 100, 1)):
        at = NOW - timedelta(hours=hours)
        line = {"symbol": "BTCUSDT", "hour_at": at, "side": side, "notional_usdt": usdt, "orders": orders}
        insert(desk, "liquidation_hour", line)
    sells, buys = answered(capsys, "liquidations")
    assert (sells["side"], sells["at_least_usdt"], sells["orders"]) == ("SELL", "1200", 3)
    assert sells["worst_hour_at"] == (NOW - timedelta(hours=2)).isoformat()
    assert buys["at_least_usdt"] == "100"


def test_positions_are_told_with_their_way_out(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    with store.connect(desk) as db:
        store.save(db, [x.MARK])
        store.replace_positions(db, x.ACCOUNT, [x.POSITION])
    (row,) = answered(capsys, "positions")
    assert row["symbol"] == x.POSITION.symbol
    assert row["direction"] == ("long" if x.POSITION.quantity > 0 else "short")
    assert row["mark_price"] == str(x.POSITION.mark_price)
    (difference,) = answered(capsys, "liquidation_differences")
    assert difference["liquidation_price"] == row["liquidation_price"]
    (cost,) = answered(capsys, "funding_cost")
    paid = float(x.POSITION.quantity) * float(x.MARK.mark_price) * float(x.MARK.funding_rate)
    assert cost["next_payment_usdt"] == pytest.approx(paid)


@pytest.mark.parametrize("name", report_files.reports())
def test_every_report_can_be_read_by_the_reader_in_every_form(
    desk: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    insert(desk, "funding", funding(HOSTILE, 0.0006, 8))
    for form in ("--html", "--csv", "--json"):
        assert risk(name, form, "--out", str(tmp_path / "answer"), "--symbol", HOSTILE) == 0
        assert "answer: " in capsys.readouterr().out
    assert risk(name) == 0
    assert report_files.report(name).notes.split()[-1] in capsys.readouterr().out.split()


def test_a_hostile_name_stays_a_name_on_the_page_and_in_a_sheet(
    desk: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    insert(desk, "funding", funding(HOSTILE, 0.0006, 8), funding(FORMULA, 0.0001, 8))
    assert risk("funding_extremes", "--html") == 0
    page = (tmp_path / "funding_extremes.html").read_text()
    assert "<img" not in page
    assert "&lt;img src=x" in page
    capsys.readouterr()
    assert risk("funding_extremes", "--csv") == 0
    sheet = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["symbol"] for row in sheet] == [HOSTILE, f"'{FORMULA}"]
    assert risk("funding_extremes") == 0
    assert "onerror" in capsys.readouterr().out.replace("\n", "")


def test_without_a_name_it_lists_what_can_be_asked(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert risk() == 0
    said = capsys.readouterr().out
    for name in ("stress", "latest_risk", "why_told"):
        assert name in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonsense",), "latest_risk"),
        (("funding",), "funding_cost, funding_extremes"),
        (("stress", "--html", "--csv"), "take one of them"),
        (("income", "--since", "yesterday"), "--since yesterday: write 24h, 7d or"),
        (("income", "--until", "4000d"), "at most 3650 days"),
        (("score_history", "--minutes", "0"), "minutes"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_in_one_line(
    desk: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert risk(*arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_a_moment_is_a_span_before_now_or_a_date() -> None:
    assert report.moment("--since", "1d", NOW) == NOW - timedelta(days=1)
    assert report.moment("--since", "400d", NOW) == NOW - timedelta(days=400)  # for gaps
    assert report.moment("--since", "2026-03-01T08:00+08:00", NOW) == datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(SettingsError, match="--since 3 weeks"):
        report.moment("--since", "3 weeks", NOW)
