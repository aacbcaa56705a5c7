"""Nothing that happens later changes what was said before: the future is perturbed, the past must stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from risk import limits
from risk.adapters import pasts
from risk.calibration import hourly, hourly_samples
from risk.indicators import Bars
from risk.replay import replay, walk
from risk.tracks import Past, Readings, Track, part_of, tracks

DEFAULT = limits.default()
CUT = datetime(2024, 3, 20, 12, tzinfo=UTC).timestamp()
BAR_FIELDS = ("open", "high", "low", "close", "volume")


@pytest.fixture(scope="module")
def past(shared: Path) -> Past:
    """BTCUSDT, February to April 2024: bars of 15 minutes, hours, settled funding and open interest."""
    whole = pasts.pasts(shared / "data", "BTCUSDT")
    own = next(p for p in whole if p.bar_s == 900 and p.bars.open_at[0] < CUT < p.bars.open_at[-1])
    begin, end = (datetime(2024, month, 1, tzinfo=UTC).timestamp() for month in (2, 4))

    def within(bars: Bars) -> Bars:
        return part_of(bars, (bars.open_at >= begin) & (bars.open_at < end))

    return replace(own, bars=within(own.bars), hours=within(own.hours))


def perturbed(past: Past) -> Past:
    """The same until CUT; everything that becomes known after it is another number."""

    def bars(given: Bars, length_s: int) -> Bars:
        later = given.open_at + length_s > CUT
        other = np.where(later, 3.7 + np.sin(given.open_at), 1.0)
        moved = {name: getattr(given, name) * other for name in BAR_FIELDS}
        return Bars(open_at=given.open_at, **moved)

    def readings(given: Readings | None) -> Readings | None:
        return given and replace(given, value=np.where(given.at > CUT, -5 * given.value, given.value))

    return replace(
        past, bars=bars(past.bars, past.bar_s), hours=bars(past.hours, 3600),
        funding=readings(past.funding), open_interest=readings(past.open_interest),
    )  # fmt: skip


@pytest.fixture(scope="module")
def both(past: Past) -> tuple[Track, Track]:
    """The track of what happened, and that of another future."""
    (one,), (other,) = tracks(past), tracks(perturbed(past))
    return one, other


def until(track: Track) -> int:
    """How many evaluations stand at CUT or before."""
    return int(np.searchsorted(track.at, CUT, side="right"))


def test_every_input_before_the_cut_is_the_same_to_the_last_bit(both: tuple[Track, Track]) -> None:
    one, other = both
    n = until(one)
    assert n > 3_000 and n == until(other) and len(one) > n + 500
    assert {"funding_rate", "open_interest_72h", "kline_risk", "sigma_24h", "vol_ratio"} <= set(one.columns)
    assert set(one.columns) == set(other.columns)
    for given in ("columns", "baselines"):
        for name, values in getattr(one, given).items():
            others = getattr(other, given)[name]
            assert np.array_equal(values[:n], others[:n], equal_nan=True), name
    for name in ("at", "high", "low", "close"):
        assert np.array_equal(getattr(one, name)[:n], getattr(other, name)[:n]), name


@pytest.mark.parametrize(
    "name", ["sigma_24h", "atr_ratio_15m", "funding_rate", "open_interest", "kline_risk"]
)
def test_the_other_future_does_reach_every_input_after_the_cut(both: tuple[Track, Track], name: str) -> None:
    one, other = both
    n = until(one)
    assert not np.array_equal(one.columns[name][n:], other.columns[name][n:], equal_nan=True)


@pytest.mark.parametrize("by", [limits.default(), limits.seed()], ids=["default", "seed"])
def test_no_score_or_level_before_the_cut_knows_the_future(
    both: tuple[Track, Track], by: limits.Limits
) -> None:
    one, other = (replay(track, by) for track in both)
    n = until(both[0])
    for name in ("composite", "weighted", "raw_level", "level", "dimensions", "missing"):
        assert np.array_equal(getattr(one, name)[:n], getattr(other, name)[:n], equal_nan=True), name
    assert not np.array_equal(one.composite[n:], other.composite[n:], equal_nan=True)


def test_no_decision_row_by_row_before_the_cut_knows_the_future(both: tuple[Track, Track]) -> None:
    def told(track: Track) -> list[object]:
        n = until(track)
        return [
            (d.scores.composite[0], d.scores.level[0], [(a.name, a.phase, a.severity) for a in d.alerts])
            for _, d in walk(track, DEFAULT, start=n - 60, stop=n)
        ]

    assert told(both[0]) == told(both[1])


def test_what_a_calibration_is_fitted_on_ends_at_its_cut(both: tuple[Track, Track]) -> None:
    one, other = (hourly_samples([track], DEFAULT, -np.inf, CUT)[0] for track in both)
    assert np.array_equal(one.fall, other.fall, equal_nan=True)
    assert np.array_equal(one.is_calm, other.is_calm)
    assert np.array_equal(one.track.low, other.track.low)


def test_an_hourly_sample_keeps_the_lowest_price_of_every_bar_of_its_hour(both: tuple[Track, Track]) -> None:
    track = both[0]
    kept = hourly(track, slice(0, 400))
    assert kept.bar_s == 3600
    lows = [track.low[(track.at > at - 3600) & (track.at <= at)].min() for at in kept.at.tolist()]
    assert np.array_equal(kept.low, lows)
