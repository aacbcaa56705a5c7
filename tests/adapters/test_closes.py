"""Closes brought together from files of several lengths of bars."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from risk.adapters import closes


def test_months_of_short_bars_do_not_cut_the_years_of_long_ones(shared: Path) -> None:
    # INDEX.md: daily bars of BTCUSDT from 2019-09-08 to 2024-09-30 have no gap, while those of five minutes
    # end at 19,000 in October 2022 and go on at 65,000 in August 2024
    panel, names = closes.of_folder(shared / "data", ("BTCUSDT",), "1d")
    assert panel.open_at[0] == datetime(2019, 9, 8, tzinfo=UTC).timestamp()
    assert "kl_um_BTCUSDT_5m_20220601_20221015.csv.gz" in names
