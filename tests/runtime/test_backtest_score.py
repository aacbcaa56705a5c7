"""`risk backtest score`: a few weeks of archives in, the words, the page, the rows and the reports out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import psycopg
import pytest

from risk import cli
from risk.adapters import embedded, pages, settings

FIRST, END = (datetime(2024, month, day, tzinfo=UTC).timestamp() * 1000 for month, day in ((7, 10), (8, 8)))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Iterator[str]:
    for name in settings.PLACES | {f"RISK_{field.upper()}" for field in settings.Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setenv(
        "RISK_DATABASE_URL", database_url.replace(f"//{embedded.SUPERUSER}@", f"//{embedded.WRITER}@")
    )
    settings.load.cache_clear()
    yield database_url
    settings.load.cache_clear()


def cut(source: Path, target: Path) -> None:
    """The rows of four weeks, under a name that tells what they are."""
    with gzip.open(source, "rt") as whole, gzip.open(target, "wt") as part:
        part.write(next(whole))
        part.writelines(line for line in whole if FIRST <= float(line.split(",", 1)[0]) < END)


@pytest.fixture
def archive(shared: Path, tmp_path: Path) -> Path:
    """BTCUSDT and ETHUSDT from July 10 to August 7, 2024, with funding and brackets."""
    folder = tmp_path / "archives"
    folder.mkdir()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        for kind, span in (
            (f"kl_um_{symbol}_15m", "20231101_20240930"),
            (f"fund_um_{symbol}", "20231101_20240930"),
        ):
            cut(shared / f"data/{kind}_{span}.csv.gz", folder / f"{kind}_20240710_20240807.csv.gz")
    name = "um_leverage_brackets_20241017.csv.gz"
    (folder / name).symlink_to(shared / "data" / name)
    return folder


class Words(HTMLParser):
    """All text of a page."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(document)

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def backtest(archive: Path, *arguments: str) -> int:
    return cli.main(["backtest", "score", "--archive", str(archive), "--leverage", "20", *arguments])


def test_a_run_is_told_written_stored_and_reported(
    desk: str, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(archive, "--html", "page.html", "--json", "found.json", "--store") == 0
    said = capsys.readouterr().out
    assert "95 % interval by weeks" in said
    assert "extreme" in said and "August 2024" in said and "hypothetical longs of 100,000 USDT" in said
    document = Path("page.html").read_text()
    assert len(document.encode()) < pages.MOST_BYTES
    words = " ".join(Words(document).said)
    for asked in ("share of time", "median 24 h", "GARCH sigma alone", "95 %", "first high", "first extreme",
                  "largest fall at", "lead", "false a week", "exit at first high", "liquidated",
                  "distance warning"):  # fmt: skip
        assert asked in words, asked
    found = json.loads(Path("found.json").read_text())
    assert {row["symbol"] for row in found["crashes"]} == {"BTCUSDT", "ETHUSDT"}
    assert [p["liquidated_at"] is not None for p in found["positions"]] == [True, True], "20x into 2024-08-05"
    with psycopg.connect(desk) as db:
        (count,) = db.execute("SELECT count(*) FROM risk.backtest_score_bin").fetchone() or (0,)
        assert count == len(found["bins"]) > 3
    for report, rows in (
        ("levels", 8),
        ("reliability", count),
        ("crashes", 2),
        ("positions", 2),
        ("alarms", 2),
    ):
        assert cli.main(["report", f"score_backtest_{report}", "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)) == rows, report


def test_chinese_is_spoken_throughout_and_again_gives_the_same_bytes(
    desk: str, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one.html", "two.html"):
        assert backtest(archive, "ethusdt", "--html", name, "--language", "zh") == 0
    said = capsys.readouterr().out
    assert "每合约每周误报" in said and "2024 年 8 月" in said and "evaluations" not in said
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()
    assert "BTCUSDT" not in Path("one.html").read_text()


def test_a_symbol_that_the_folder_lacks_is_refused_with_those_it_has(
    desk: str, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(archive, "LUNAUSDT") == 2
    assert "LUNAUSDT: no bars of an hour or less" in (said := capsys.readouterr().err)
    assert "there are BTCUSDT, ETHUSDT" in said


def test_a_file_that_cannot_be_read_ends_with_one_and_its_name(
    desk: str, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = archive / "kl_um_SOLUSDT_15m_20240710_20240807.csv.gz"
    broken.write_bytes(gzip.compress(b"ts,open,high,low,close,volume\n1720569600000,1,1\n"))
    assert backtest(archive, "SOLUSDT") == 1
    assert broken.name in capsys.readouterr().err
