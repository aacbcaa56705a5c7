"""Rows of a file that count: whole bars, on their grid, of the file's days, each time once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from risk.adapters.archive_sift import sifted
from risk.adapters.wire_checks import Parsed
from risk.records import Kline
from tests.adapters.rows import KLINE

NOW = datetime(2024, 9, 3, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def bar(opened: datetime, close: str = "64050") -> Kline:
    return replace(
        KLINE, open_at=opened, event_at=opened + QUARTER - timedelta(milliseconds=1), close=Decimal(close)
    )


def test_a_bar_that_is_not_over_is_left_out_without_a_word() -> None:
    rows = (bar(NOW - QUARTER), bar(NOW))
    found = sifted(Parsed(rows, ()), source="x", now=NOW)
    assert (found.rows, found.issues) == (rows[:1], ())
    assert sifted(Parsed(rows, ()), source="x", now=NOW + QUARTER).rows == rows


def test_the_same_row_again_counts_once_and_another_of_the_time_is_refused() -> None:
    first, other = bar(NOW - QUARTER), bar(NOW - QUARTER, "64060")
    later = replace(first, received_at=NOW)
    found = sifted(Parsed((first, later, other), ()), source="BTCUSDT-15m-2024-09.zip", now=NOW)
    assert found.rows == (first,)
    (issue,) = found.issues
    assert (issue.source, issue.field, issue.value) == ("BTCUSDT-15m-2024-09.zip", "close", "64060")
    assert "came before with 64050" in issue.problem


def test_a_bar_off_its_grid_is_refused_and_the_others_come_in_time_order() -> None:
    early, late, off = (
        bar(NOW - 2 * QUARTER),
        bar(NOW - QUARTER),
        bar(NOW - 3 * QUARTER + timedelta(minutes=1)),
    )
    found = sifted(Parsed((late, off, early), ()), source="x", now=NOW)
    assert found.rows == (early, late)
    assert [issue.problem for issue in found.issues] == ["not on the grid of 15m"]


def test_a_row_of_other_days_than_the_file_s_is_refused_on_both_sides() -> None:
    begin, end = datetime(2024, 9, 1, tzinfo=UTC), datetime(2024, 9, 2, tzinfo=UTC)
    rows = tuple(bar(at) for at in (begin - QUARTER, begin, end - QUARTER, end))
    found = sifted(Parsed(rows, ()), source="x", now=NOW, begin=begin, end=end)
    assert found.rows == rows[1:3]
    assert len(found.issues) == 2
