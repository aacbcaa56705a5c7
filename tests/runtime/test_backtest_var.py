"""`risk backtest var`: archives or the database in, words, tables and one page out; resumable."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from risk import cli, var_study
from risk.adapters import archive as archives
from risk.adapters import embedded, pages, settings, store
from risk.runtime import backtest_var

DAY_MS = 86_400_000
WINDOW = ("--interval", "1d", "--window", "120")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in settings.PLACES | {f"RISK_{field.upper()}" for field in settings.Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "250")
    settings.load.cache_clear()
    return tmp_path


@pytest.fixture
def archive(shared: Path, desk: Path) -> Path:
    """BTCUSDT and ETHUSDT of one year."""
    folder = desk / "archives"
    folder.mkdir()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        source = sorted((shared / "data").glob(f"kl_um_{symbol}_1d_*.csv.gz"))[0]
        with gzip.open(source, "rt") as whole:
            head, *rows = whole.readlines()
        with gzip.open(folder / f"kl_um_{symbol}_1d_20230101_20231231.csv.gz", "wt") as part:
            part.writelines([head, *rows[:420]])
    return folder


def backtest(archive: Path, *arguments: str) -> int:
    return cli.main(["backtest", "var", *arguments, "--archive", str(archive), *WINDOW])


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Verdict", "GJR-GARCH was not fitted")), ("zh", ("结论", "未拟合 GJR-GARCH"))],
)
def test_a_book_is_judged_on_one_page_that_opens_offline(
    archive: Path, desk: Path, language: str, words: tuple[str, ...]
) -> None:
    arguments = ("BTCUSDT=0.6", "ETHUSDT=-0.4", "--html", "page.html", "--json", "found.json")
    assert backtest(archive, *arguments, "--language", language) == 0
    page = (desk / "page.html").read_text()
    assert len(page.encode()) < pages.MOST_BYTES
    assert all(word in page for word in words)
    assert "http" not in page.replace("http-equiv", "")
    rows = json.loads((desk / "found.json").read_text())["tests"]
    assert page.count("<svg") == 6
    assert page.count("<circle") == sum(row["exceptions"] for row in rows if row["level"] == 0.99)


@pytest.mark.parametrize(
    ("check", "compared", "words"),
    [("3", 3, "3 of the windows were fitted by arch as well"), ("0", 0, "No window was compared with arch")],
)
def test_the_table_says_whether_arch_makes_the_same_fits(
    archive: Path, desk: Path, capsys: pytest.CaptureFixture[str], check: str, compared: int, words: str
) -> None:
    arguments = ("BTCUSDT", "--archive", str(archive), "--interval", "1d", "--window", "300")
    assert cli.main(["backtest", "var", *arguments, "--check", check, "--json", "found.json"]) == 0
    assert words in capsys.readouterr().out
    fits = json.loads((desk / "found.json").read_text())["fits"]
    assert (fits["compared_with_arch"], fits["agree"]) == (compared, True)
    assert fits["made"] >= 17  # ⌈119 / 7⌉ refits


def test_an_interrupted_run_goes_on_where_it_stopped_and_ends_in_the_same_digits(
    archive: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(var_study, "REFITS_A_PIECE", 10)  # five pieces
    assert backtest(archive, "BTCUSDT", "--json", "whole.json") == 0
    done: list[tuple[int, int]] = []
    honest = var_study.piece

    def counted(returns: object, plan: object, span: tuple[int, int], **options: object) -> object:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(span)
        return honest(returns, plan, span, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(backtest_var, "piece", counted)
    with pytest.raises(SystemExit):
        backtest(archive, "BTCUSDT", "--json", "again.json")
    left: list[tuple[int, int]] = []

    def remaining(returns: object, plan: object, span: tuple[int, int], **options: object) -> object:
        left.append(span)
        return honest(returns, plan, span, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(backtest_var, "piece", remaining)
    assert backtest(archive, "BTCUSDT", "--json", "again.json") == 0
    assert left
    assert not set(left) & set(done)
    assert (desk / "again.json").read_text() == (desk / "whole.json").read_text()
    assert not list((desk / "data" / "backtests").iterdir())  # what is done leaves nothing behind


def test_the_database_gives_what_the_archive_gave(
    archive: Path, desk: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backtest(archive, "ETHUSDT", "--json", "archive.json") == 0
    url = database_url.replace(f"//{embedded.SUPERUSER}@", f"//{embedded.WRITER}@")
    bars = archives.klines(next(archive.glob("*ETHUSDT*")), received_at=datetime.now(UTC)).rows
    with store.connect(url) as db:
        store.save(db, bars)
    monkeypatch.setenv("RISK_DATABASE_URL", url)
    settings.load.cache_clear()
    assert cli.main(["backtest", "var", "ETHUSDT", "--json", "database.json", *WINDOW]) == 0
    settings.load.cache_clear()
    store.dispose(url)
    found = [json.loads((desk / name).read_text()) for name in ("archive.json", "database.json")]
    assert found[0]["tests"] == found[1]["tests"]
    assert found[1]["source"] == ["database"]
