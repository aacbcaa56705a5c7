"""Archives: shifted to end now, exact where they exist, declared where they do not."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from risk.errors import DataError, SettingsError
from risk.simulator.archives import shift_of
from risk.simulator.market import Market, MarketConfig

START = int(datetime(2026, 3, 5, 10, 7, 12, tzinfo=UTC).timestamp() * 1000)
JUNE_2022 = datetime(2022, 6, 13, tzinfo=UTC)
AUGUST_2024 = datetime(2024, 8, 5, tzinfo=UTC)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
Row = tuple[float, ...]


def rows_of(path: Path) -> dict[int, Row]:
    with gzip.open(path, "rt") as lines:
        return {int(r["ts"]): tuple(map(float, list(r.values())[1:])) for r in csv.DictReader(lines)}


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@pytest.fixture(scope="module")
def june(shared: Path) -> Market:
    return Market(
        MarketConfig(start_ms=START, archive_dir=shared / "data", archive_from=JUNE_2022, speed=300)
    )


@pytest.fixture(scope="module")
def august(shared: Path) -> Market:
    return Market(
        MarketConfig(start_ms=START, archive_dir=shared / "data", archive_from=AUGUST_2024, speed=120)
    )


def test_the_shift_is_whole_hours_and_brings_the_instant_to_now() -> None:
    # 10:07:12 is 7 min 12 s past a whole hour: archive time at the start is 52 min 48 s before the instant
    shift = shift_of(ms(JUNE_2022), START)
    assert shift % HOUR == 0
    assert ms(JUNE_2022) - (START - shift) == 52 * MINUTE + 48_000
    assert shift_of(ms(JUNE_2022), START // HOUR * HOUR) == START // HOUR * HOUR - ms(JUNE_2022)


@pytest.mark.parametrize("speed", [1, 60])
def test_shifted_5m_rows_are_the_files_rows(shared: Path, speed: float) -> None:
    config = MarketConfig(
        start_ms=START, archive_dir=shared / "data", archive_from=JUNE_2022, speed=speed, symbols=("ETHUSDT",)
    )
    shift = shift_of(ms(JUNE_2022), START)
    file = rows_of(shared / "data" / "kl_um_ETHUSDT_5m_20220601_20221015.csv.gz")
    served = Market(config).klines("ETHUSDT", "5m", limit=2_000)[:-1]
    assert served[-1][6] < START
    for row in served:
        assert row[1:5] == file[row[0] - shift][:4]
        assert row[5] == pytest.approx(file[row[0] - shift][4], rel=1e-9)


@pytest.mark.parametrize(
    ("symbol", "name", "interval"),
    [
        ("BTCUSDT", "kl_um_BTCUSDT_1h_20190908_20220430.csv.gz", "1h"),
        ("SOLUSDT", "kl_um_SOLUSDT_1h_20210101_20220430.csv.gz", "1h"),
        ("ETHUSDT", "kl_um_ETHUSDT_1h_20200101_20220430.csv.gz", "1h"),
    ],
)
def test_hours_of_june_2022_stand_on_the_wall_clocks_hours(
    june: Market, shared: Path, symbol: str, name: str, interval: str
) -> None:
    shift, file = shift_of(ms(JUNE_2022), START), rows_of(shared / "data" / name)
    last = max(file)
    rows = june.klines(symbol, interval, last - 2_000 * HOUR + shift, last + shift, 2_001)
    assert len(rows) == 2_001
    for row in rows:
        assert row[1:5] == file[row[0] - shift][:4]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT", "SOLUSDT"])
def test_15m_rows_of_august_2024_are_the_files_rows(august: Market, shared: Path, symbol: str) -> None:
    shift = shift_of(ms(AUGUST_2024), START)
    file = rows_of(shared / "data" / f"kl_um_{symbol}_15m_20231101_20240930.csv.gz")
    served = [row for row in august.klines(symbol, "15m", limit=5_760) if row[6] < START]
    assert len(served) >= 5_759
    for row in served:
        assert row[1:5] == file[row[0] - shift][:4]
        assert row[5] == pytest.approx(file[row[0] - shift][4], rel=1e-9)


def test_days_are_built_from_the_hours_of_the_wall_clocks_day(august: Market, shared: Path) -> None:
    shift = shift_of(ms(AUGUST_2024), START)
    file = rows_of(shared / "data" / "kl_um_BTCUSDT_15m_20231101_20240930.csv.gz")
    day = august.klines("BTCUSDT", "1d", limit=30)[10]
    inside = [file[t - shift] for t in range(day[0], day[0] + DAY, 15 * MINUTE)]
    assert day[1:5] == (
        inside[0][0],
        max(row[1] for row in inside),
        min(row[2] for row in inside),
        inside[-1][3],
    )


def test_a_replay_at_speed_one_serves_live_bars_as_the_file_has_them(shared: Path) -> None:
    config = MarketConfig(
        start_ms=START, archive_dir=shared / "data", archive_from=JUNE_2022, symbols=("BTCUSDT",)
    )
    market, shift = Market(config), shift_of(ms(JUNE_2022), START)
    file = rows_of(shared / "data" / "kl_um_BTCUSDT_5m_20220601_20221015.csv.gz")
    market.advance(START + 20 * MINUTE)
    rows = market.klines("BTCUSDT", "5m", START - 5 * MINUTE, None, 10)[:-1]
    assert len(rows) == 4
    for row in rows:
        assert row[1:5] == file[row[0] - shift][:4]
        assert row[5] == pytest.approx(file[row[0] - shift][4], rel=1e-9)


def test_a_faster_replay_touches_every_bars_open_high_low_and_close(shared: Path) -> None:
    # 300 times faster: an archived five minutes last one second
    config = MarketConfig(
        start_ms=START, archive_dir=shared / "data", archive_from=JUNE_2022, symbols=("BTCUSDT",), speed=300
    )
    market, shift = Market(config), shift_of(ms(JUNE_2022), START)
    file = rows_of(shared / "data" / "kl_um_BTCUSDT_5m_20220601_20221015.csv.gz")
    base = START // (5 * MINUTE) * 5 * MINUTE - shift
    left_s = (base + 5 * MINUTE - (START - shift)) / 300 / 1000  # of the bar that the start stands in
    seen: list[tuple[float, float]] = []
    for step in range(1, 4_001):
        market.advance(START + step * 10)
        seen.append((step * 0.01, market.last("BTCUSDT")))
    for k in range(1, 30):
        inside = [p for at, p in seen if left_s + k - 1 + 0.02 < at < left_s + k - 0.005]
        opened, high, low, closed, _ = file[base + k * 5 * MINUTE]
        assert (inside[0], max(inside), min(inside), inside[-1]) == (opened, high, low, closed)


def test_missing_spans_are_declared_synthetic(june: Market) -> None:
    shift = shift_of(ms(JUNE_2022), START)

    def source(symbol: str, series: str, at: datetime) -> object:
        found = [
            row["source"]
            for row in june.coverage()
            if row["symbol"] == symbol
            and row["series"] == series
            and int(str(row["start_ms"])) <= ms(at) + shift < int(str(row["end_ms"] or 2**60))
        ]
        assert len(found) == 1, (symbol, series, at, found)
        return found[0]

    may, early_june, march = (datetime(2022, m, 10, 1, tzinfo=UTC) for m in (5, 6, 3))
    assert source("BTCUSDT", "klines 1h", march) == "archive"
    assert source("BTCUSDT", "klines 1h", may) == "synthetic"  # no hours of May 2022 in the folder
    assert source("BTCUSDT", "klines 15m", early_june) == "archive"
    assert source("SOLUSDT", "klines 1h", march) == "archive"
    assert source("SOLUSDT", "klines 1h", early_june) == "synthetic"  # SOL ends on 2022-04-30
    assert source("SOLUSDT", "klines 15m", early_june) == "synthetic"
    assert source("SOLUSDT", "klines 1d", early_june) == "synthetic"
    assert {r["source"] for r in june.coverage() if r["series"] == "open interest"} == {"synthetic"}


def test_coverage_has_no_hole_in_any_series(june: Market) -> None:
    series: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in june.coverage():
        if str(row["series"]).startswith("klines"):
            key = (str(row["symbol"]), str(row["series"]))
            series.setdefault(key, []).append((int(str(row["start_ms"])), int(str(row["end_ms"]))))
    assert len(series) == 12  # three contracts, 5m 15m 1h 1d
    for spans in series.values():
        assert all(a[1] == b[0] for a, b in pairwise(spans))
        assert spans[-1][1] == START // (5 * MINUTE) * 5 * MINUTE


def test_a_day_of_may_2022_keeps_its_archived_extremes(june: Market, shared: Path) -> None:
    shift = shift_of(ms(JUNE_2022), START)
    file = rows_of(shared / "data" / "kl_um_BTCUSDT_1d_20190908_20240930.csv.gz")
    for day in (3, 12, 30):
        at = ms(datetime(2022, 5, day, tzinfo=UTC))
        hours = june.klines("BTCUSDT", "1h", at + shift, at + shift + 23 * HOUR, 24)
        assert hours[0][1] == file[at][0]
        assert max(h[2] for h in hours) == file[at][1]
        assert min(h[3] for h in hours) == file[at][2]
        assert hours[-1][4] == file[at][3]


def test_archived_funding_keeps_its_rates_in_order(june: Market, shared: Path) -> None:
    file = rows_of(shared / "data" / "fund_um_BTCUSDT_20220601_20221015.csv.gz")
    then = [rate for at, (rate, _) in sorted(file.items()) if at <= START - shift_of(ms(JUNE_2022), START)]
    served = june.funding_history("BTCUSDT", limit=100)
    assert [row[1] for row in served][-len(then) :] == pytest.approx(then[-100:])
    assert all(row[0] % (8 * HOUR) < 1_000 for row in served)


def test_archived_mark_hours_are_served(august: Market, shared: Path) -> None:
    shift = shift_of(ms(AUGUST_2024), START)
    file = rows_of(shared / "data" / "mark_um_BTCUSDT_1h_20231202_20240930.csv.gz")
    rows = august.klines("BTCUSDT", "1h", limit=100, kind="mark")[:90]
    assert [row[1:5] for row in rows] == [file[row[0] - shift] for row in rows]


def test_archived_open_interest_is_served(shared: Path) -> None:
    # rows are named by the hour's start and hold its end: 2024-03-05 10:00 stands at 11:00
    at = datetime(2024, 3, 6, tzinfo=UTC)
    config = MarketConfig(
        start_ms=START, archive_dir=shared / "data", archive_from=at, symbols=("BTCUSDT",), speed=60
    )
    market, shift = Market(config), shift_of(ms(at), START)
    file = rows_of(shared / "data" / "oi_um_BTCUSDT_1h_20231128_20240630.csv.gz")
    rows = market.open_interest_history("BTCUSDT", "1h", limit=200)
    assert len(rows) > 190
    for end, coins, _ in rows:
        assert coins == pytest.approx(file[end - shift - HOUR][0], abs=0.001)


def test_the_market_goes_on_when_the_archive_has_ended(shared: Path) -> None:
    # the 15m files end with 2024-09-30: two hours of archive, 3,600 times faster, last two seconds
    config = MarketConfig(
        start_ms=START // HOUR * HOUR,
        archive_dir=shared / "data",
        archive_from=datetime(2024, 9, 30, 22, tzinfo=UTC),
        speed=3_600,
        symbols=("BTCUSDT", "ETHUSDT"),
    )
    market = Market(config)
    file = rows_of(shared / "data" / "kl_um_BTCUSDT_15m_20231101_20240930.csv.gz")
    market.advance(config.start_ms + 1_000)
    assert market.archive_time() == datetime(2024, 9, 30, 23, tzinfo=UTC)
    market.advance(config.start_ms + 1_999)
    last = market.last("BTCUSDT")
    assert last == pytest.approx(file[max(file)][3], rel=1e-3)
    market.advance(config.start_ms + 60_000)
    assert market.archive_time() is None
    assert market.last("BTCUSDT") == pytest.approx(last, rel=0.02)
    ends = [row for row in market.coverage() if row["series"] == "live" and row["end_ms"] is None]
    assert {row["source"] for row in ends} == {"synthetic"}
    assert {row["start_ms"] for row in ends} == {config.start_ms + 2_000}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"archive_from": datetime(2016, 1, 1, tzinfo=UTC)}, "archive_from.*BTCUSDT"),
        ({"archive_from": None}, "archive_from"),
        ({"archive_from": datetime(2022, 6, 13)}, "time zone"),  # noqa: DTZ001
        ({"archive_from": JUNE_2022, "speed": 1e9}, "speed"),
        ({"archive_from": JUNE_2022, "archive_dir": Path("nowhere")}, "nowhere"),
    ],
)
def test_an_archive_that_cannot_be_used_is_refused_by_name(
    shared: Path, settings: dict[str, object], named: str
) -> None:
    given = {"archive_dir": shared / "data", "symbols": ("BTCUSDT",), **settings}
    with pytest.raises(SettingsError, match=named):
        Market(MarketConfig(start_ms=START, **given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "row",
    ["1654041600000,100,99,98,100,1", "1654041600000,100,101,0,100,1", "1654041600000,1,nan,1,1,1", "x"],
)
def test_an_impossible_row_is_refused_with_its_file(tmp_path: Path, row: str) -> None:
    name = "kl_um_BTCUSDT_5m_20220601_20220601.csv"
    (tmp_path / name).write_text(f"ts,open,high,low,close,volume\n{row}\n")
    with pytest.raises(DataError, match=name):
        Market(MarketConfig(start_ms=START, archive_dir=tmp_path, archive_from=JUNE_2022))


def test_a_folder_without_prices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="kl_"):
        Market(MarketConfig(start_ms=START, archive_dir=tmp_path, archive_from=JUNE_2022))
