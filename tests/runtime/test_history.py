"""`risk history`: archives over HTTP and from folders into the database, checked, once, resumable."""

from __future__ import annotations

import gzip
import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from risk import cli
from risk.adapters import settings, store

UM = "data/futures/um"
JULY = ("2022-07-01", "2022-08-01")


@dataclass
class Archive:
    """A public archive of our own on the loopback address."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refuses: dict[str, int] = field(default_factory=dict)  # path: how many times it answers 503 first

    def put(self, path: str, text: str, checksum: str | None = None) -> None:
        name = path.rsplit("/", 1)[-1]
        bundle = io.BytesIO()
        with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as target:
            target.writestr(name.replace(".zip", ".csv"), text)
        self.files[path] = bundle.getvalue()
        told = checksum or hashlib.sha256(bundle.getvalue()).hexdigest()
        self.files[f"{path}.CHECKSUM"] = f"{told}  {name}\n".encode()

    def asked_for(self, path: str) -> int:
        return self.asked.count(path)


@pytest.fixture
def archive() -> Iterator[Archive]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            held.asked.append(path)
            status = 200 if path in held.files else 404
            if held.refuses.get(path, 0) > 0:
                held.refuses[path] -= 1
                status = 503
            body = held.files.get(path, b"") if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held = Archive(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Iterator[str]:
    monkeypatch.setenv("RISK_DATABASE_URL", database_url)
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    settings.load.cache_clear()
    yield database_url
    settings.load.cache_clear()


@pytest.fixture
def fetch(archive: Archive) -> Callable[..., int]:
    def run(*arguments: str, source: str | None = None) -> int:
        return cli.main(["history", "fetch", *arguments, "--source", source or archive.url])

    return run


def months(*found: tuple[str, str]) -> tuple[str, ...]:
    return ("--since", found[0][0], "--until", found[-1][1])


def recorded(shared: Path, name: str, since: str, until: str) -> list[str]:
    """Rows of a recorded file as the public archive writes them: twelve columns, no header."""
    first, last = (
        int(datetime.fromisoformat(d).replace(tzinfo=UTC).timestamp() * 1000) for d in (since, until)
    )
    with gzip.open(shared / "data" / name, "rt") as text:
        cells = [line.strip().split(",") for line in text][1:]
    return [
        f"{','.join(row[:6])},{int(row[0]) + 299_999},1.5,7,1.5,1.5,0"
        for row in cells
        if first <= int(row[0]) < last
    ]


def question(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


BARS = (
    "SELECT count(*), min(open_at), max(open_at) FROM risk.kline WHERE symbol = 'BTCUSDT' AND interval = '5m'"
)
FIVE = f"{UM}/monthly/klines/BTCUSDT/5m/BTCUSDT-5m-2022-07.zip"


def test_a_month_is_stored_once_and_a_second_fetch_asks_for_nothing(
    archive: Archive, desk: str, fetch: Callable[..., int], shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.put(FIVE, "\n".join(recorded(shared, "kl_um_BTCUSDT_5m_20220601_20221015.csv.gz", *JULY)))
    assert fetch("BTCUSDT", "--series", "5m", *months(JULY)) == 0
    first, last = datetime(2022, 7, 1, tzinfo=UTC), datetime(2022, 7, 31, 23, 55, tzinfo=UTC)
    assert question(desk, BARS) == [(31 * 288, first, last)]
    assert "8928 rows, 8928 of them new, 0 refused" in capsys.readouterr().out
    archive.asked.clear()
    assert fetch("BTCUSDT", "--series", "5m", *months(JULY)) == 0
    assert archive.asked == []
    assert "1 files were stored before" in capsys.readouterr().out
    assert fetch("BTCUSDT", "--series", "5m", *months(JULY), "--again") == 0
    assert "8928 rows, 0 of them new" in capsys.readouterr().out
    sha = hashlib.sha256(archive.files[FIVE]).hexdigest()
    assert question(desk, "SELECT path, sha256, is_verified FROM risk.archive_file") == [(FIVE, sha, True)]


def test_a_month_that_is_not_there_is_taken_by_its_days(
    archive: Archive, desk: str, fetch: Callable[..., int], shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "kl_um_BTCUSDT_5m_20220601_20221015.csv.gz"
    header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,x,ignore"
    for day in ("2022-07-01", "2022-07-03"):
        following = f"2022-07-{int(day[-2:]) + 1:02}"
        rows = [header, *recorded(shared, name, day, following)]
        archive.put(f"{UM}/daily/klines/BTCUSDT/5m/BTCUSDT-5m-{day}.zip", "\n".join(rows))
    assert fetch("BTCUSDT", "--series", "5m", "--since", "2022-07-01", "--until", "2022-07-04") == 0
    last = datetime(2022, 7, 3, 23, 55, tzinfo=UTC)
    assert question(desk, BARS) == [(2 * 288, datetime(2022, 7, 1, tzinfo=UTC), last)]
    assert "1 files are not in the archive" in capsys.readouterr().out
    archive.asked.clear()
    fetch("BTCUSDT", "--series", "5m", "--since", "2022-07-01", "--until", "2022-07-04")
    assert archive.asked_for(f"{UM}/daily/klines/BTCUSDT/5m/BTCUSDT-5m-2022-07-01.zip") == 0
    assert archive.asked_for(f"{UM}/daily/klines/BTCUSDT/5m/BTCUSDT-5m-2022-07-02.zip") == 1


@pytest.mark.parametrize(
    ("checksum", "says"),
    [("0" * 64, "SHA-256 is"), ("nonsense", "its checksum is none of it"), (None, "has no checksum for it")],
)
def test_a_file_that_does_not_fit_its_checksum_leaves_nothing_behind(
    archive: Archive, desk: str, fetch: Callable[..., int], capsys: pytest.CaptureFixture[str],
    checksum: str | None, says: str,
) -> None:  # fmt: skip
    text = "1656633600000,1,2,1,2,5,1656633899999,1,1,1,1,0\n"
    archive.put(FIVE, text, checksum)
    if checksum is None:
        del archive.files[f"{FIVE}.CHECKSUM"]
    assert fetch("BTCUSDT", "--series", "5m", *months(JULY)) == 1
    said = capsys.readouterr().out
    assert f"failed: {FIVE}: " in said and says in said and "nothing of it was stored" in said
    assert question(desk, BARS)[0][0] == 0
    assert question(desk, "SELECT count(*) FROM risk.archive_file") == [(0,)]
    archive.put(FIVE, text)
    assert fetch("BTCUSDT", "--series", "5m", *months(JULY)) == 0
    assert question(desk, BARS)[0][0] == 1


def test_a_server_that_is_away_for_a_moment_is_asked_again(
    archive: Archive, desk: str, fetch: Callable[..., int]
) -> None:
    archive.put(FIVE, "1656633600000,1,2,1,2,5,1656633899999,1,1,1,1,0\n")
    archive.refuses[FIVE] = 2
    assert fetch("BTCUSDT", "--series", "5m", *months(JULY)) == 0
    assert question(desk, BARS)[0][0] == 1


def test_one_bad_file_does_not_stop_the_others_and_bad_rows_go_to_the_ledger(
    archive: Archive, desk: str, fetch: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    archive.put(FIVE, "not a kline\n")
    rows = [
        "1659312000000,1,2,1,2,5,1659312299999,1,1,1,1,0",
        "1659312000000,1,2,1,2,5,1659312299999,1,1,1,1,0",  # the same again
        "1659312300000,0,2,1,2,5,1659312599999,1,1,1,1,0",  # a price of 0
        "1659312600001,1,2,1,2,5,1659312899999,1,1,1,1,0",  # off the grid
        "1656633600000,1,2,1,2,5,1656633899999,1,1,1,1,0",  # of July
    ]
    archive.put(FIVE.replace("07.zip", "08.zip"), "\n".join(rows))
    assert fetch("BTCUSDT", "--series", "5m", "--since", "2022-07-01", "--until", "2022-09-01") == 1
    assert "1 files read, 1 rows, 1 of them new, 3 refused" in capsys.readouterr().out
    found = question(desk, "SELECT field FROM risk.data_issue ORDER BY field")
    assert [name for (name,) in found] == ["open", "open_time", "time"]


def test_every_series_of_the_archive_finds_its_table(
    archive: Archive, desk: str, fetch: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    archive.put(
        f"{UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2022-07.zip",
        "calc_time,funding_interval_hours,last_funding_rate\n1656662400005,8,0.0001\n",
    )
    archive.put(
        f"{UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-2022-07-01.zip",
        "create_time,symbol,sum_open_interest,sum_open_interest_value\n"
        "2022-07-01 00:05:00,BTCUSDT,100.5,2000000\n2022-07-02 00:00:00,BTCUSDT,101.5,2000001\n",
    )
    archive.put(
        f"{UM}/daily/bookDepth/BTCUSDT/BTCUSDT-bookDepth-2022-07-01.zip",
        "timestamp,percentage,depth,notional\n2022-07-01 00:00:05,-1,10,199\n2022-07-01 00:00:05,1,10,201\n",
    )
    series = "funding,open_interest,depth"
    assert fetch("btcusdt", "--series", series, "--since", "2022-07-01", "--until", "2022-07-02") == 0
    assert question(desk, "SELECT funding_rate, interval_hours FROM risk.funding") == [(0.0001, 8)]
    assert question(desk, "SELECT count(*) FROM risk.open_interest") == [(2,)]
    assert question(desk, "SELECT bid_1pct_usdt, ask_1pct_usdt FROM risk.archived_depth") == [(199.0, 201.0)]
    assert "retention.other_days" in capsys.readouterr().out


def test_spot_files_in_microseconds_are_stored_as_spot(
    archive: Archive, desk: str, fetch: Callable[..., int]
) -> None:
    path = "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2025-01.zip"
    archive.put(path, "1735689600000000,1,2,1,2,5,1735693199999999,1,1,1,1,0\n")
    dates = ("--since", "2025-01-01", "--until", "2025-02-01")
    assert fetch("BTCUSDT", "--series", "1h", "--venue", "spot", *dates) == 0
    found = question(desk, "SELECT venue, open_at FROM risk.kline")
    assert found == [("spot", datetime(2025, 1, 1, tzinfo=UTC))]


def test_a_folder_laid_out_like_the_archive_serves_as_well(
    archive: Archive, desk: str, fetch: Callable[..., int], tmp_path: Path
) -> None:
    archive.put(FIVE, "1656633600000,1,2,1,2,5,1656633899999,1,1,1,1,0\n")
    for path, body in archive.files.items():
        place = tmp_path / "copy" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    assert fetch("BTCUSDT", "--series", "5m", *months(JULY), source=str(tmp_path / "copy")) == 0
    assert archive.asked == []
    assert question(desk, BARS)[0][0] == 1
    (tmp_path / "copy" / f"{FIVE}.CHECKSUM").write_text("0" * 64)
    assert fetch("BTCUSDT", "--series", "5m", *months(JULY), "--again", source=str(tmp_path / "copy")) == 1


def test_a_folder_of_files_is_stored_whole_and_the_gaps_are_those_of_the_index(
    desk: str, fetch: Callable[..., int], shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "kl_spot_XRPUSDT_5m_20210415_20210615.csv.gz"
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / name).write_bytes((shared / "data" / name).read_bytes())
    assert fetch("--series", "5m", source=str(tmp_path / "files")) == 0
    assert "17770 rows, 17770 of them new" in capsys.readouterr().out
    assert fetch("--series", "5m", source=str(tmp_path / "files")) == 0
    assert "1 files were stored before" in capsys.readouterr().out
    assert cli.main(["history", "gaps", "--since", "2021-04-01", "--csv"]) == 0
    gaps = [line.split(",") for line in capsys.readouterr().out.strip().splitlines()][1:]
    # INDEX.md of the data: 2 gaps, 86 bars missing (exchange maintenance of 2021-04-20 and 2021-04-25)
    assert [(gap[0], gap[2], float(gap[5])) for gap in gaps] == [("XRPUSDT", "5m", 56), ("XRPUSDT", "5m", 30)]
    assert gaps[1][3].startswith("2021-04-20T02:00")


def test_parquet_reads_like_csv(desk: str, fetch: Callable[..., int], tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra [parquet]")
    from pyarrow import parquet

    columns = {
        "ts": [1656633600000, 1656637200000], "open": [19000.5, 19010.25], "high": [19050.0, 19020.0],
        "low": [18990.0, 19000.0], "close": [19010.25, 19005.0], "volume": [10.0, 12.5],
    }  # fmt: skip
    parquet.write_table(pyarrow.table(columns), tmp_path / "kl_um_BTCUSDT_1h_20220701_20220701.parquet")
    assert fetch("--series", "1h", source=str(tmp_path)) == 0
    found = question(desk, "SELECT open, close, volume FROM risk.kline ORDER BY open_at")
    assert [tuple(map(float, row)) for row in found] == [(19000.5, 19010.25, 10.0), (19010.25, 19005.0, 12.5)]


def test_a_symbol_that_became_another_coin_s_is_read_from_its_newest_series(
    archive: Archive, desk: str, fetch: Callable[..., int]
) -> None:
    # the old coin's last days near zero, a pause of 18 days, the new one
    days = [(1652227200000, 1.07, 0.0061), (1652313600000, 0.0061, 0.00005), (1653955200000, 9.5, 8.9)]
    rows = [f"{at},{o},{max(o, c)},{min(o, c)},{c},5,{at + 86_399_999},1,1,1,1,0" for at, o, c in days]
    archive.put("data/spot/monthly/klines/LUNAUSDT/1d/LUNAUSDT-1d-2022-05.zip", "\n".join(rows))
    dates = ("--since", "2022-05-01", "--until", "2022-06-01")
    assert fetch("LUNAUSDT", "--series", "1d", "--venue", "spot", *dates) == 0
    with store.connect(desk) as db:
        assert store.klines(db, "LUNAUSDT", "1d", 10, venue="spot").close.tolist() == [8.9]
        before = datetime(2022, 5, 20, tzinfo=UTC)
        old = store.klines(db, "LUNAUSDT", "1d", 10, venue="spot", before=before)
        assert old.close.tolist() == [0.0061, 0.00005]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("BTCUSDT", "--series", "5m"), "--since"),
        (("BTCUSDT", "--series", "5q", "--since", "2022-07-01"), "series '5q'"),
        (("BTCUSDT", "--series", "depth", "--venue", "spot", "--since", "2022-07-01"), "depth of spot"),
        (("BTCUSDT", "--since", "2022-07-01", "--until", "2022-06-01"), "nothing lies between"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(
    desk: str,
    fetch: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    says: str,
) -> None:
    assert fetch(*arguments) == 2
    assert says in capsys.readouterr().err


def test_a_source_that_is_none_is_refused(
    desk: str, fetch: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for source in ("http://example.com", str(tmp_path / "nowhere")):
        assert fetch("BTCUSDT", "--since", "2022-07-01", source=source) == 2
        assert "--source" in capsys.readouterr().err
    assert fetch("BTCUSDT", "--since", "2022-07-01", source=str(tmp_path)) == 2
    assert "no file whose name says" in capsys.readouterr().err
