"""Rows of returns and of trades, told apart by their columns; what cannot be true is named and refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest

from risk.adapters import foreign_rows
from risk.adapters.archive_rows import Row, rows_of
from risk.adapters.strategy_files import Found, Reading, returns
from risk.errors import DataError, PayloadError, StoreError

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def read(rows: list[Row], **how: Any) -> Found:
    return returns(rows, Reading(source="mine.csv", received_at=NOW, **how))


def told(found: Found) -> list[tuple[str, str, float]]:
    return [(row.strategy, f"{row.event_at:%m-%d %H:%M}", row.value) for row in found.returns]


LONG = [
    {"strategy": "b", "date": "2026-05-02", "return": "-0.01"},
    {"strategy": "a", "date": "2026-05-01", "return": "0.02"},
    {"strategy": "a", "date": "2026-05-02", "return": ""},
    {"strategy": "a", "date": "2026-05-03", "return": "1e-3"},
]


def test_a_row_a_return_names_the_day_that_it_is_of() -> None:
    found = read(LONG)
    assert told(found) == [
        ("a", "05-02 00:00", 0.02),
        ("a", "05-04 00:00", 0.001),
        ("b", "05-03 00:00", -0.01),
    ]
    assert {(row.period, row.source, row.received_at) for row in found.returns} == {("1d", "import", NOW)}


def test_a_column_a_strategy_leaves_an_empty_cell_out() -> None:
    rows = [{"date": "2026-05-01", "x": "0.01", "y": ""}, {"date": "2026-05-02", "x": "nan", "y": "0.02"}]
    assert told(read(rows)) == [("x", "05-02 00:00", 0.01), ("y", "05-03 00:00", 0.02)]


@pytest.mark.parametrize(
    ("column", "text", "end"),
    [
        ("ts", "1777593600000", "05-02 00:00"),  # 2026-05-01 00:00, the begin, in ms
        ("ts", "1.7775936e+12", "05-02 00:00"),
        ("time", "1777593600", "05-02 00:00"),
        ("event_at", "2026-05-01T00:00:00Z", "05-01 00:00"),  # the end
        ("event_at", "2026-05-01", "05-01 00:00"),
        ("ended_at", "2026-05-01 08:00:00+08:00", "05-01 00:00"),
        ("event_at", "2026-05-01T23:59:59Z", "05-02 00:00"),
        ("date", "2026-05-01T10:00:00", "05-02 00:00"),
    ],
)
def test_a_period_is_known_by_its_begin_or_by_its_end(column: str, text: str, end: str) -> None:
    assert told(read([{"strategy": "a", column: text, "value": "0.5"}])) == [("a", end, 0.5)]


def test_hours_are_known_by_their_distance() -> None:
    rows = [{"ts": f"2026-05-01T{hour:02}:00", "a": "0.01"} for hour in (1, 2, 5)]
    found = read(rows)
    assert {row.period for row in found.returns} == {"1h"}
    assert [at for _, at, _ in told(found)] == ["05-01 02:00", "05-01 03:00", "05-01 06:00"]


def test_percent_is_taken_as_percent() -> None:
    rows = [{"date": "2026-05-01", "a": "1.5"}, {"date": "2026-05-02", "a": "-2%"}]
    assert [value for *_, value in told(read(rows, is_percent=True))] == [0.015, -0.02]
    assert [value for *_, value in told(read(rows[1:]))] == [-0.02]


def test_a_name_may_come_from_outside_the_file() -> None:
    rows = [{"date": "2026-05-01", "return": "0.01"}]
    assert told(read(rows, strategy="mine")) == [("mine", "05-02 00:00", 0.01)]


def test_a_period_that_has_not_ended_is_left_out_and_counted() -> None:
    found = read([{"date": "2026-05-31", "a": "0.01"}, {"date": "2026-06-01", "a": "0.02"}])
    assert [at for _, at, _ in told(found)] == ["06-01 00:00"]
    assert found.unfinished == 1


TRADES = [
    {"strategy": "a", "ts": "1777593600000", "close_ts": "1777597200000", "stake": "100", "leverage": "2",
     "profit_abs": "4"},
    {"strategy": "a", "ts": "1777597200000", "close_ts": "1777600800000", "stake": "100", "leverage": "1",
     "profit_abs": "-1"},
]  # fmt: skip


def test_trades_become_what_they_earned_a_day_over_the_most_that_was_open() -> None:
    # 200 USDT were open until 01:00, 100 from then on: the most is 200; (4 − 1) / 200
    assert told(read(TRADES)) == [("a", "05-02 00:00", 0.015)]
    assert told(read(TRADES, capital_usdt=1000.0)) == [("a", "05-02 00:00", 0.003)]
    assert told(read(TRADES, period="1h")) == [("a", "05-01 01:00", 0.02), ("a", "05-01 02:00", -0.005)]


@pytest.mark.parametrize(
    ("name", "profit", "strategies"),
    [
        ("strat_trades_spot_7strategies_20220106_20220416.csv.gz", "profit_abs", 7),
        ("strat_trades_btc_deltaneutral7_20210101_20260407.csv.gz", "net_pnl_usd", 7),
    ],
)
def test_a_recorded_log_loses_no_profit(shared: Path, name: str, profit: str, strategies: int) -> None:
    found = read(list(rows_of(shared / "data" / name)), capital_usdt=1.0)
    frame = pd.read_csv(shared / "data" / name)
    own = pd.DataFrame([(row.strategy, row.value) for row in found.returns], columns=["strategy", "value"])
    assert own.groupby("strategy").value.sum().to_dict() == pytest.approx(
        frame.groupby("strategy")[profit].sum().to_dict(), rel=1e-9
    )
    assert own.strategy.nunique() == strategies


WRONG: list[tuple[list[Row], str]] = [
    ([], "no row"),
    ([{"strategy": "a", "return": "0.1"}], "no column ts or date"),
    ([{"date": "2026-05-01"}], "no column of returns"),
    ([{"date": "2026-05-01", "return": "0.1"}], "row 2: strategy = '': no name: add --strategy"),
    ([{"date": "yesterday", "a": "0.1"}], "row 2: date = 'yesterday': no time"),
    ([{"date": "20260501", "a": "0.1"}], "row 2: date = '20260501': no time of this century"),
    ([{"date": "2026-05-01", "a": "0.1"}, {"date": "2026-05-02", "a": "0,1"}], "row 3: a = '0,1': not a"),
    ([{"date": "2026-05-01", "a": "inf"}], "row 2: a = 'inf': not a finite number"),
    ([{"date": "2026-05-01", "a": "12.5"}], "row 2: a = '12.5': a fraction is needed.*--percent"),
    ([{"date": "2026-05-01", "a": ""}], "no return in any row"),
    ([{"date": "2026-05-01T01:00", "a": "1"}, {"date": "2026-05-01T01:30", "a": "1"}], "1800 s apart"),
    ([{"date": "2027-01-01", "a": "0.1"}], "begins in the future"),
    ([{"date": "2026-05-01", "strategy": "x\x00y", "return": "0.1"}], "printable characters"),
    ([{"date": "2026-05-01", "strategy": "x" * 61, "return": "0.1"}], "printable characters"),
    ([{"date": "2026-05-01", **{f"s{i}": "0.1" for i in range(301)}}], "at most 300"),
    ([{**TRADES[0], "stake": "0"}], "notional 0"),
    ([{**TRADES[0], "close_ts": "1777593500000"}], "before it is opened"),
    ([{**TRADES[0], "profit_abs": "x"}], "row 2: profit_abs = 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_cannot_be_true_is_refused_by_row_column_and_value(rows: list[Row], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(rows)


def test_one_period_has_one_return() -> None:
    rows = [{"strategy": "a", "event_at": f"2026-05-01T{hour}:00", "value": "0.1"} for hour in (10, 20)]
    assert len(read(rows, period="1d").returns) == 1  # the same value twice says one thing
    rows[1]["value"] = "0.2"  # type: ignore[index]
    with pytest.raises(PayloadError, match=r"another return, 0\.1, stands in the same period"):
        read(rows, period="1d")


def test_a_query_answers_rows_and_can_only_read(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.pnl (who text, day date, share numeric)")
        connection.execute(
            "INSERT INTO public.pnl VALUES ('a', '2026-05-01', 0.01), ('a', '2026-05-02', NULL)"
        )
    query = "SELECT who AS strategy, day AS date, share AS return FROM public.pnl WHERE who LIKE '%a%';"
    assert told(read(list(foreign_rows.rows(database_url, query)))) == [("a", "05-02 00:00", 0.01)]
    for refused, words in (
        ("DELETE FROM public.pnl", "read-only"),
        ("SELECT nothing", "nothing"),
        ("SET datestyle = 'ISO'", "no rows"),
    ):
        with pytest.raises(StoreError, match=words):
            list(foreign_rows.rows(database_url, refused))
    with pytest.raises(StoreError):
        list(foreign_rows.rows("postgresql://nobody@127.0.0.1:1/none", "SELECT 1"))


def test_a_moment_without_a_zone_is_utc(database_url: str) -> None:
    query = "SELECT 'a' AS strategy, timestamp '2026-05-01 00:00' AS event_at, 0.1::float8 AS value"
    (row,) = read(list(foreign_rows.rows(database_url, query))).returns
    assert row.event_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert row.received_at - row.event_at < timedelta(days=40)
