"""Depth of the public archive, with the faults that it is known to have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from risk.adapters.archive_depth import depths
from risk.errors import PayloadError

NOW = datetime(2026, 11, 23, tzinfo=UTC)
START = datetime(2026, 9, 3, tzinfo=UTC)
SIDES = (-5, -1, -0.2, 0.2, 1, 5)


def lines(moments: int, *, frozen: Iterable[float] = (), first: float = 100.0) -> list[str]:
    """Snapshots every 30 s around a mid of 100: 10 coins per 0.1 % of distance, one coin more each time."""
    rows = ["timestamp,percentage,depth,notional"]
    for i in range(moments):
        at = START + timedelta(seconds=30 * i)
        for band in SIDES:
            coins = first * abs(band) + (0 if band in frozen else i)
            price = 100 * (1 + band / 200)
            rows.append(f"{at:%Y-%m-%d %H:%M:%S},{band:.2f},{coins:.8f},{coins * price:.8f}")
    return rows


def written(folder: Path, rows: list[str]) -> Path:
    path = folder / "SOLUSDT-bookDepth-2026-09-03.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_bands_read_as_usdt_per_side(tmp_path: Path) -> None:
    found = depths(written(tmp_path, lines(3)), received_at=NOW)
    assert found.issues == ()
    row = found.rows[1]
    assert (row.symbol, row.event_at) == ("SOLUSDT", START + timedelta(seconds=30))
    # 1 %: 100 coins and one more, at 100.5 and 99.5 USDT; 0.2 %: 20 + 1 coins at 100.1
    assert (row.ask_1pct_usdt, row.bid_1pct_usdt) == pytest.approx((101 * 100.5, 101 * 99.5))
    assert (row.ask_02pct_usdt, row.ask_mean_price) == pytest.approx((21 * 100.1, 100.1))


def test_a_file_of_older_bands_leaves_the_narrow_one_unknown(tmp_path: Path) -> None:
    rows = [line for line in lines(2) if "0.20," not in line]
    found = depths(written(tmp_path, rows), received_at=NOW).rows
    assert {(row.bid_02pct_usdt, row.ask_02pct_usdt) for row in found} == {(None, None)}
    assert all(row.bid_1pct_usdt for row in found)


# Since 2026-09-03 the asks next to mid stand still for whole days in the archive, checksum and all.
@pytest.mark.parametrize(("moments", "is_dead"), [(19, False), (20, True)])
def test_a_band_that_stands_still_while_others_move_is_unknown(
    tmp_path: Path, moments: int, is_dead: bool
) -> None:
    found = depths(written(tmp_path, lines(moments, frozen={0.2})), received_at=NOW)
    assert {row.ask_02pct_usdt is None for row in found.rows} == {is_dead}
    assert all(row.bid_02pct_usdt is not None for row in found.rows)
    assert [(issue.field, issue.value) for issue in found.issues] == ([("0.2 %", "20")] if is_dead else [])


def test_a_market_in_which_nothing_moves_is_no_dead_band(tmp_path: Path) -> None:
    found = depths(written(tmp_path, lines(30, frozen=SIDES)), received_at=NOW)
    assert found.issues == ()
    assert all(row.ask_02pct_usdt is not None for row in found.rows)


def test_a_band_that_holds_more_than_the_wider_one_is_refused(tmp_path: Path) -> None:
    rows = lines(2)
    rows[2] = rows[2].split(",-1.00,")[0] + ",-1.00,900.0,90000.0"  # the 5 % band holds 500 coins
    found = depths(written(tmp_path, rows), received_at=NOW)
    assert len(found.rows) == 1
    assert [issue.problem for issue in found.issues] == ["holds more than -5 %"]


def test_bids_at_or_above_asks_are_refused(tmp_path: Path) -> None:
    rows = ["timestamp,percentage,depth,notional"]
    rows += [f"2026-09-03 00:00:00,{band},10,{usdt}" for band, usdt in ((-1, 1010.0), (1, 1000.0))]
    with pytest.raises(PayloadError, match="bids stand at or above asks"):
        depths(written(tmp_path, rows), received_at=NOW)


@pytest.mark.parametrize("row", ["x,1,1,1", "2026-09-03 00:00:00,0,1,1", "2026-09-03 00:00:00,1,NaN,1",
                                 "2026-09-03 00:00:00,1,-1,1", "2026-09-03 00:00:00,1"])  # fmt: skip
def test_an_impossible_row_is_refused_and_the_rest_stays(tmp_path: Path, row: str) -> None:
    found = depths(written(tmp_path, [*lines(2), row]), received_at=NOW)
    assert (len(found.rows), len(found.issues)) == (2, 1)
