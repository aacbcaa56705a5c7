"""History files as they lie in the shared data and in the exchange's public archive."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from risk.adapters import archive
from risk.errors import PayloadError

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("file", "symbol", "venue", "interval"),
    [
        ("kl_um_ETHUSDT_1d_20200101_20240930.csv.gz", "ETHUSDT", "usdm", "1d"),
        ("kl_um_BTCUSDT_5m_20240801_20240810.csv.gz", "BTCUSDT", "usdm", "5m"),
        ("kl_um_BTCUSDT_1h_20190908_20220430.csv.gz", "BTCUSDT", "usdm", "1h"),
        ("kl_spot_BTCUSDT_1d_20170817_20240930.csv.gz", "BTCUSDT", "spot", "1d"),
    ],
)
def test_shared_kline_file_reads_without_a_refused_row(
    shared: Path, file: str, symbol: str, venue: str, interval: str
) -> None:
    bars = archive.klines(shared / "data" / file, received_at=NOW)
    assert bars.issues == ()
    assert {(bar.symbol, bar.venue, bar.interval) for bar in bars.rows} == {(symbol, venue, interval)}


# Rows and gaps as INDEX.md of the data states them.
@pytest.mark.parametrize(
    ("file", "rows", "gaps", "missing"),
    [
        ("kl_spot_BTCUSDT_5m_20210415_20210615.csv.gz", 17770, 2, 86),
        ("kl_spot_BTCUSDT_1m_20210518_20210520.csv.gz", 4111, 0, 0),
        ("kl_um_ADAUSDT_1h_20210101_20220430.csv.gz", 11640, 0, 0),
        ("mark_um_BTCUSDT_1h_20231202_20240930.csv.gz", 7296, 0, 0),
    ],
)
def test_rows_and_gaps_are_those_of_the_index(
    shared: Path, file: str, rows: int, gaps: int, missing: int
) -> None:
    bars = archive.klines(shared / "data" / file, received_at=NOW).rows
    found = archive.gaps([bar.open_at for bar in bars], archive.step(bars[0].interval))
    assert (len(bars), len(found), sum(gap.missing for gap in found)) == (rows, gaps, missing)


def test_bar_closes_a_millisecond_before_the_next_opens(shared: Path) -> None:
    path = shared / "data" / "kl_um_multi_1h_20260220_20260319.csv.gz"
    bars = [bar for bar in archive.klines(path, received_at=NOW).rows if bar.symbol == "BTCUSDT"]
    # first row of the file: 1771545600000,BTCUSDT,66973.9,67490,66912.4,67190.1,7309.963,491511049.9,176876
    assert bars[0].open_at == datetime(2026, 2, 20, tzinfo=UTC)
    assert bars[0].event_at == datetime(2026, 2, 20, 0, 59, 59, 999000, tzinfo=UTC)
    assert (bars[0].close, bars[0].quote_volume, bars[0].trades) == (
        Decimal("67190.1"), Decimal("491511049.9"), 176876,
    )  # fmt: skip
    assert bars[0].source == "archive"


def test_funding_files_read_with_their_interval(shared: Path) -> None:
    rows = archive.funding(shared / "data" / "fund_um_BTCUSDT_20220601_20221015.csv.gz", received_at=NOW).rows
    assert len(rows) == 411
    assert {(row.symbol, row.interval_hours) for row in rows} == {("BTCUSDT", 8)}
    assert rows[0].event_at == datetime(2022, 6, 1, tzinfo=UTC)


def test_funding_without_an_interval_column_takes_it_from_the_distance(shared: Path) -> None:
    parsed = archive.funding(shared / "data" / "fund_um_multi_20260220_20260320.csv.gz", received_at=NOW)
    assert len(parsed.rows) == 340
    assert {row.symbol for row in parsed.rows} == {"BTCUSDT", "DOGEUSDT", "ETHUSDT", "SOLUSDT"}
    assert {row.interval_hours for row in parsed.rows} == {8}


def test_open_interest_is_stamped_with_the_end_of_its_period(shared: Path) -> None:
    ends = archive.open_interest(shared / "data" / "oi_um_multi_4h_20260220_20260320.csv.gz", received_at=NOW)
    assert len(ends.rows) == 672
    assert ends.rows[0].event_at == datetime(2026, 2, 20, 4, tzinfo=UTC)
    assert ends.rows[0].value_usdt == 5419496040
    hours = archive.open_interest(
        shared / "data" / "oi_um_BTCUSDT_1h_20231128_20240630.csv.gz", received_at=NOW
    )
    # first row: hour bucket 1701144000000 = 2023-11-28 04:00, value of its end
    assert hours.rows[0].event_at == datetime(2023, 11, 28, 5, tzinfo=UTC)
    assert hours.rows[0].quantity == Decimal("79003.934")


def test_marks_come_with_index_and_running_funding(shared: Path) -> None:
    rows = archive.marks(shared / "data" / "oi_um_BTCUSDT_1h_20231128_20240630.csv.gz", received_at=NOW).rows
    assert (rows[0].mark_price, rows[0].index_price) == (Decimal("36975.25752"), Decimal("36990.6632"))
    assert rows[0].funding_rate == 0.0001


KLINE = (
    "1722816000000,58161.0,58305.5,57000.0,57100.1,1234.5,1722816899999,71000000.1,4321,600.2,34000000.3,0"
)
HEADER = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,x,ignore"


@pytest.mark.parametrize("text", [KLINE + "\n", f"{HEADER}\n{KLINE}\n"], ids=["older", "with header"])
def test_public_kline_archive_reads(tmp_path: Path, text: str) -> None:
    path = tmp_path / "BTCUSDT-15m-2024-08.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("BTCUSDT-15m-2024-08.csv", text)
    (bar,) = archive.klines(path, received_at=NOW).rows
    assert bar.open_at == datetime(2024, 8, 5, tzinfo=UTC)
    assert (bar.symbol, bar.interval, bar.trades, bar.taker_buy_volume) == (
        "BTCUSDT", "15m", 4321, Decimal("600.2"),
    )  # fmt: skip


def test_public_spot_archive_in_microseconds_reads(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-15m-2025-01.csv"
    path.write_text(KLINE.replace("1722816000000", "1735689600000000"))
    (bar,) = archive.klines(path, received_at=NOW, venue="spot").rows
    assert (bar.open_at, bar.venue) == (datetime(2025, 1, 1, tzinfo=UTC), "spot")


def test_public_funding_and_metrics_archives_read(tmp_path: Path) -> None:
    settled = tmp_path / "ETHUSDT-fundingRate-2024-08.csv"
    settled.write_text("calc_time,funding_interval_hours,last_funding_rate\n1722470400004,4,-0.00012\n")
    (row,) = archive.funding(settled, received_at=NOW).rows
    assert (row.symbol, row.interval_hours, row.funding_rate) == ("ETHUSDT", 4, -0.00012)
    metrics = tmp_path / "ETHUSDT-metrics-2024-08-05.csv"
    metrics.write_text(
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio\n"
        "2024-08-05 00:05:00,ETHUSDT,1500000.5,3900000000.25,1.5\n"
    )
    (interest,) = archive.open_interest(metrics, received_at=NOW).rows
    assert interest.event_at == datetime(2024, 8, 5, 0, 5, tzinfo=UTC)
    assert (interest.quantity, interest.value_usdt) == (Decimal("1500000.5"), Decimal("3900000000.25"))


@pytest.mark.parametrize(
    "row",
    [
        "x,1,2,1,2,5",
        "1722816000000,NaN,2,1,2,5",
        "1722816000000,0,2,1,2,5",
        "1722816000000,1,2,1,3,5",
        "1722816000000,1,2,1,2,-5",
        "1722816000000,1,1e400,1,2,5",
        "1722816000000,1,2",
        "99999999999999999999,1,2,1,2,5",
    ],
)
def test_impossible_row_is_left_out_and_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "kl_um_BTCUSDT_15m_20240801_20240810.csv"
    path.write_text(f"ts,open,high,low,close,volume\n1722815100000,1,2,1,2,5\n{row}\n")
    bars = archive.klines(path, received_at=NOW)
    assert len(bars.rows) == 1
    assert [issue.source for issue in bars.issues] == [path.name]


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(b"ts,open\n1,\xff\n"), gzip.compress(bytes(range(256)))[:-12]],
    ids=["not gzip", "not UTF-8", "cut short"],
)
def test_broken_file_is_a_payload_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kl_um_BTCUSDT_15m_20240801_20240810.csv.gz"
    path.write_bytes(content)
    with pytest.raises(PayloadError):
        archive.klines(path, received_at=NOW)
    with pytest.raises(PayloadError):
        archive.klines(tmp_path / "kl_um_ABSENT_15m_20240801_20240810.csv.gz", received_at=NOW)


def test_file_that_does_not_say_what_it_holds_must_be_told(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text("ts,open,high,low,close,volume\n1722815100000,1,2,1,2,5\n")
    with pytest.raises(ValueError, match="interval"):
        archive.klines(path, received_at=NOW)
    with pytest.raises(ValueError, match="symbol"):
        archive.klines(path, received_at=NOW, interval="15m")
    assert archive.klines(path, received_at=NOW, interval="15m", symbol="X").rows[0].symbol == "X"


def test_gaps_ignore_repetition_and_order() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(minutes=15 * n) for n in (3, 0, 1, 1, 7)]
    found = archive.gaps(moments, timedelta(minutes=15))
    assert [(gap.missing, gap.start - start) for gap in found] == [
        (1, timedelta(minutes=30)),
        (3, timedelta(minutes=60)),
    ]
    assert archive.gaps([], timedelta(hours=1)) == ()


@pytest.mark.parametrize("interval", ["", "15", "m", "0m", "1M", "1y"])
def test_interval_without_a_fixed_length_is_refused(interval: str) -> None:
    with pytest.raises(ValueError, match="not an interval"):
        archive.step(interval)
