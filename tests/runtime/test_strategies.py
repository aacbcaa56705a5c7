"""`risk strategies`: logs and tables in, the matrix, the shares and the clusters out; all or nothing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest

from risk import cli
from risk.adapters import embedded, settings, store
from risk.errors import StoreError
from risk.runtime.database import reachable

SPOT = "strat_trades_spot_7strategies_20220106_20220416.csv.gz"
NEUTRAL = "strat_trades_btc_deltaneutral7_20210101_20260407.csv.gz"
DAYS = [f"2026-0{1 + i // 28}-{1 + i % 28:02}" for i in range(56)]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> Any:
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.chdir(tmp_path)
    settings.load.cache_clear()
    yield database_url
    settings.load.cache_clear()
    store.dispose(database_url)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    capsys.readouterr()
    assert cli.main(["strategies", *arguments]) == status, capsys.readouterr()
    found = capsys.readouterr()
    return found.out or found.err


def table(path: Path, *series: str) -> Path:
    """Daily returns of 56 days, one column each."""
    rows = [",".join(["date", *series])]
    for i, day in enumerate(DAYS):
        values = [((i * (k + 3) ** 2) % 17 - 8) / 1000 for k in range(len(series))]
        rows.append(",".join([day, *map(str, values)]))
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_recorded_log_comes_out_as_matrix_shares_and_clusters(
    own: str, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = answer(capsys, "import", str(shared / "data" / SPOT))
    assert "of 7 strategies, 2022-01-07 to 2022-04-17" in said
    shown = answer(capsys)
    assert "not in the book: Low_BB" in shown and "insufficient overlap" in shown
    found = json.loads(answer(capsys, "--json"))
    frame = pd.read_csv(shared / "data" / SPOT)
    frame["end"] = -(-frame.close_ts // 86_400_000)
    daily = frame.pivot_table(index="end", columns="strategy", values="profit_abs", aggfunc="sum")
    theirs = daily.corr(min_periods=30).loc[found["names"], found["names"]].to_numpy()
    ours = pd.DataFrame(found["correlation"]["sample"], dtype=float).to_numpy()
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    shares = [line["contribution"] for line in found["strategies"] if not line["reason"]]
    assert len(shares) == 6 and sum(shares) == pytest.approx(1.0, abs=1e-9)
    clusters = {line["strategy"]: line["cluster"] for line in found["strategies"]}
    assert clusters["RSIDirectionalWithTrendSlow"] == clusters["RSIDirectionalWithTrendSlow_v2"]
    rows = list(csv.DictReader(io.StringIO(answer(capsys, "--csv"))))
    assert [row["strategy"] for row in rows] == found["names"]
    slow = next(row for row in rows if row["strategy"] == "RSIDirectionalWithTrendSlow")
    assert slow["correlation with RSIDirectionalWithTrendSlow"] == "1.0"
    with psycopg.connect(own) as connection:  # studied and stored at once; too old to begin an alert
        assert connection.execute("SELECT strategies, members FROM risk.strategy_study").fetchall() == [
            (7, 6)
        ]
        assert connection.execute("SELECT count(*) FROM risk.fact").fetchone() == (0,)
    assert "RSIDirectionalWithTrendSlow" in answer_of_report(capsys, "strategies")
    assert "RSIDirectionalWithTrendSlow_v2" in answer_of_report(capsys, "strategy_pairs")


def answer_of_report(capsys: pytest.CaptureFixture[str], name: str) -> str:
    assert cli.main(["report", name, "--csv"]) == 0
    return capsys.readouterr().out


def test_four_sparse_strategies_of_a_log_have_insufficient_overlap(
    own: str, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(capsys, "import", str(shared / "data" / NEUTRAL))
    found = json.loads(answer(capsys, "--json"))
    by_name = {line["strategy"]: line for line in found["strategies"]}
    few = {name for name, line in by_name.items() if line["reason"] == "insufficient overlap"}
    counts = pd.read_csv(shared / "data" / NEUTRAL).groupby("strategy").size()
    assert set(counts[counts < 50].index) & set(by_name) <= few
    assert all(by_name[name]["contribution"] is None for name in few)


def test_strategies_that_ended_before_what_is_studied_are_named(
    own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.csv"
    old.write_text("date,buried\n" + "".join(f"2020-01-{1 + i:02},0.0{i % 7}\n" for i in range(31)))
    answer(capsys, "import", str(old))
    answer(capsys, "import", str(table(tmp_path / "mine.csv", "a", "b")))
    shown = answer(capsys)
    assert "left out, without a return in these 1,000 days: buried" in shown


def test_a_fresh_folder_has_no_returns_and_is_left_without_a_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RISK_DATABASE_URL", raising=False)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    settings.load.cache_clear()
    assert "no return of any strategy is stored: `risk strategies import FILE`" in answer(capsys, status=1)
    assert not embedded.is_running(tmp_path / "data")
    # no migration has made the reader yet
    with (
        pytest.raises(StoreError, match="risk_reader"),
        reachable(settings.load(), starts=True, role=embedded.READER),
    ):
        pass
    assert not embedded.is_running(tmp_path / "data")
    settings.load.cache_clear()


def test_the_same_again_changes_nothing_and_another_value_is_refused(
    own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = table(tmp_path / "mine.csv", "a", "b", "c")
    assert "168 returns of 3 strategies, 2026-01-02 to 2026-03-01; 168 of them new" in answer(
        capsys, "import", str(file)
    )
    assert "0 of them new" in answer(capsys, "import", str(file))
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:5], "2026-01-05,0.09,0.001,0.002", *lines[6:]]) + "\n")
    refused = answer(capsys, "import", str(file), status=1)
    assert "stored with another value" in refused and "--replace" in refused
    with psycopg.connect(own) as connection:
        kept = connection.execute("SELECT count(*) FROM risk.strategy_return WHERE value > 0.05").fetchone()
        assert kept == (0,)
        assert "replaced" in answer(capsys, "import", str(file), "--replace")
        kept = connection.execute("SELECT count(*) FROM risk.strategy_return WHERE value > 0.05").fetchone()
        assert kept == (1,)
        assert connection.execute("SELECT count(*) FROM risk.strategy_return").fetchone() == (168,)


def test_one_bad_row_stores_nothing(own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = table(tmp_path / "good.csv", "a"), tmp_path / "bad.csv"
    bad.write_text("date,b\n2026-01-01,0.01\n2026-01-02,lots\n")
    said = answer(capsys, "import", str(good), str(bad), status=1)
    assert "bad.csv row 3" in said and "'lots'" in said
    with psycopg.connect(own) as connection:
        assert connection.execute("SELECT count(*) FROM risk.strategy_return").fetchone() == (0,)


def test_returns_come_by_query_too(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    query = (
        "SELECT 'sinus' AS strategy, CAST('2026-01-01' AS date) + n AS date, sin(n) / 100 AS return"
        " FROM generate_series(0, 49) AS n"
    )
    assert "50 returns of 1 strategies" in answer(capsys, "import", "--query", query, "--database", own)
    assert "100.0 %" in answer(capsys)


def test_percent_by_mistake_is_asked_about(
    own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.csv").write_text(
        "date,a\n" + "".join(f"{day},{(-1) ** i}\n" for i, day in enumerate(DAYS))
    )
    assert "a: a sigma of 100% a period" in answer(capsys, "import", "p.csv")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 1, "no return of any strategy is stored"),
        (("--csv", "--json"), 2, "take one of them"),
        (("import",), 2, "name one file or more"),
        (("import", "none.csv"), 2, "none.csv"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    own: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, words: str
) -> None:
    assert words in answer(capsys, *arguments, status=status)


def test_many_strategies_show_their_closest_pairs(
    own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(capsys, "import", str(table(tmp_path / "many.csv", *(f"s{i}" for i in range(14)))))
    shown = answer(capsys)
    assert "The closest pairs of 91" in shown  # 14 · 13 / 2
