"""Funding, open interest and venues: by shown arithmetic and the exchange's recorded numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from risk.sentiment import (
    annualised,
    crowding,
    funding_8h,
    liquidation_surge,
    oi_change,
    oi_flat_price,
    venue_gap,
)

NAN = math.nan


@pytest.mark.parametrize(("hours", "expected"), [(1, 0.0032), (2, 0.0016), (4, 0.0008), (8, 0.0004)])
def test_funding_is_brought_to_eight_hours(hours: int, expected: float) -> None:
    assert funding_8h(0.0004, hours) == pytest.approx(expected)
    assert isinstance(funding_8h(0.0004, hours), float)


def test_funding_of_an_impossible_interval_is_missing() -> None:
    answer = funding_8h(np.array([0.0004, 0.0004, NAN, -0.0001]), np.array([0.0, NAN, 8.0, 4.0]))
    assert answer == pytest.approx([NAN, NAN, NAN, -0.0002], nan_ok=True)


def test_a_year_has_1095_settlements() -> None:
    assert annualised(0.0001) == pytest.approx(0.1095)


def test_open_interest_of_zero_is_missing_not_a_fall() -> None:
    assert oi_change(120.0, 100.0) == pytest.approx(0.2)
    assert oi_change(np.array([0.0, 1.0, NAN, 50.0]), np.array([1.0, 0.0, 1.0, 100.0])) == pytest.approx(
        [NAN, NAN, NAN, -0.5], nan_ok=True
    )


def test_open_interest_change_counts_contracts_not_money(shared: Path) -> None:
    rows = json.loads((shared / "payloads/fdata_openInterestHist.json").read_text())
    first = float(rows[0]["sumOpenInterest"])
    assert oi_change(1.1 * first, first) == pytest.approx(0.1)


# The high-risk rule: |funding| above 0.1 % and open interest up more than 20 % in three days, both.
@pytest.mark.parametrize(
    ("funding", "change", "is_crowded"),
    [
        (0.001, 0.2, True),
        (-0.001, 0.2, True),
        (0.00099, 0.2, False),
        (0.001, 0.199, False),
        (0.004, -0.5, False),
        (NAN, 0.5, False),
        (0.004, NAN, False),
    ],
)
def test_a_crowd_needs_both_extremes(funding: float, change: float, is_crowded: bool) -> None:
    assert crowding(funding, change).is_crowded is is_crowded


def test_crowding_gives_what_the_two_curves_read() -> None:
    answer = crowding(np.array([0.002, -0.002, 0.0, NAN]), np.array([0.3, -0.3, NAN, 0.1]))
    assert answer.funding == pytest.approx([0.002, 0.002, 0.0, NAN], nan_ok=True)
    assert answer.oi_rise == pytest.approx([0.3, 0.0, NAN, 0.1], nan_ok=True)
    assert answer.side == pytest.approx([1.0, -1.0, 0.0, NAN], nan_ok=True)
    assert answer.is_crowded.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("oi", "price", "expected"),
    [
        (0.10, 0.01, True),
        (0.10, -0.01, True),
        (0.0999, 0.0, False),
        (0.5, 0.0101, False),
        (NAN, 0.0, False),
        (0.5, NAN, False),
    ],
)
def test_open_interest_that_rises_on_a_flat_price(oi: float, price: float, expected: bool) -> None:
    assert oi_flat_price(oi, price) is expected
    assert oi_flat_price(np.array([oi]), np.array([price])).tolist() == [expected]


def test_the_gap_between_venues() -> None:
    gap = venue_gap({"okx": 0.0001, "bybit": 0.0003, "gate": -0.0001, "deribit": NAN}, own=0.0004)
    assert (gap.median, gap.highest, gap.lowest) == (0.0001, 0.0003, -0.0001)
    assert gap.gap == pytest.approx(0.0004) and gap.gap_annual == pytest.approx(0.438)
    assert gap.own_distance == pytest.approx(0.0003) and gap.venues == 3


def test_one_venue_has_no_gap_and_none_is_unknown() -> None:
    assert venue_gap([0.0002]).gap == 0.0
    for nobody in ([], [NAN]):
        gap = venue_gap(nobody, own=0.1)
        assert gap.venues == 0 and all(math.isnan(x) for x in gap[:6])
    assert math.isnan(venue_gap([0.0002]).own_distance)


def test_a_liquidation_surge_is_a_multiple_of_the_days_mean() -> None:
    answer = liquidation_surge(np.array([100.0, 0.0, 5.0, NAN, 1.0]), np.array([10.0, 0.0, 0.0, 1.0, NAN]))
    assert answer == pytest.approx([10.0, 0.0, math.inf, NAN, NAN], nan_ok=True)
