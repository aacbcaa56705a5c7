"""The fast path of the replay agrees with `decide` row by row, on real archives and with a position."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from risk import limits
from risk.adapters import pasts
from risk.hypothetical import Hypothetical
from risk.indicators import Bars
from risk.limits import Limits
from risk.replay import forward_fall, replay, walk
from risk.tracks import Past, Track, resampled, tracks

DEFAULT = limits.default()


def bars(close: list[float], *, step_s: int = 900, width: float = 0.0) -> Bars:
    """Bars from the given closes, opened one after another since 2024-01-01."""
    at = datetime(2024, 1, 1, tzinfo=UTC).timestamp() + step_s * np.arange(len(close), dtype=np.float64)
    price = np.array(close, dtype=np.float64)
    return Bars(
        open_at=at, open=price, high=price + width, low=price - width, close=price, volume=np.ones(len(price))
    )


def slice_of(track: Track, first: str, rows: int) -> Track:
    """Some evaluations of a track, from a date on."""
    start = int(np.searchsorted(track.at, datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()))
    part = slice(start, start + rows)
    return Track(
        symbol=track.symbol, bar_s=track.bar_s, at=track.at[part],
        columns={name: column[part] for name, column in track.columns.items()}, absent=track.absent,
        high=track.high[part], low=track.low[part], close=track.close[part],
        baselines={name: column[part] for name, column in track.baselines.items()},
        is_garch=track.is_garch, sources=track.sources,
    )  # fmt: skip


@pytest.fixture(scope="module")
def crash(shared_data: Path) -> Track:
    """BTCUSDT around 2024-08-05, bars of 15 minutes, with funding; no open interest any more."""
    past = pasts.pasts(shared_data, "BTCUSDT")[0]
    since = datetime(2024, 6, 20, tzinfo=UTC).timestamp()
    kept = past.bars.open_at >= since
    near = {name: getattr(past.bars, name)[kept] for name in Bars.__dataclass_fields__}
    recent = past.hours.open_at >= since - 86_400
    hours = {name: getattr(past.hours, name)[recent] for name in Bars.__dataclass_fields__}
    found = tracks(
        Past(symbol="BTCUSDT", bar_s=900, bars=Bars(**near), hours=Bars(**hours), funding=past.funding)
    )
    return found[-1]


@pytest.fixture(scope="module")
def shared_data(shared: Path) -> Path:
    return shared / "data"


@pytest.mark.parametrize("judged_by", [limits.default(), limits.seed()], ids=["default", "seed"])
def test_both_paths_agree_to_the_last_bit_on_the_crash_of_august_2024(
    crash: Track, judged_by: Limits
) -> None:
    part = slice_of(crash, "2024-08-03", 300)
    fast = replay(part, judged_by)
    rows = [decision.scores for _, decision in walk(part, judged_by)]
    assert np.array_equal([s.composite[0] for s in rows], fast.composite, equal_nan=True)
    assert np.array_equal([s.weighted[0] for s in rows], fast.weighted, equal_nan=True)
    assert [int(s.level[0]) for s in rows] == fast.level.tolist()
    assert [int(s.raw_level[0]) for s in rows] == fast.raw_level.tolist()
    assert [int(s.missing[0]) for s in rows] == fast.missing.tolist()
    assert len({*fast.level.tolist()}) > 1, "the slice tells nothing where the level never moves"


@pytest.mark.parametrize("side", [1, -1])
def test_both_paths_agree_with_a_position_until_and_after_its_liquidation(
    crash: Track, side: int, shared_data: Path
) -> None:
    part = slice_of(crash, "2024-08-04", 200)
    held = Hypothetical(
        symbol="BTCUSDT", side=side, leverage=10, entry_price=float(part.close[0]), notional_usdt=100_000,
        ladder=pasts.ladder(shared_data, "BTCUSDT"),
    )  # fmt: skip
    fast = replay(part, DEFAULT, held)
    pairs = list(walk(part, DEFAULT, held))
    rows = [decision.scores for _, decision in pairs]
    # money is Decimal there and float here: the last digits may differ, the levels may not
    np.testing.assert_allclose([s.composite[0] for s in rows], fast.composite, rtol=1e-9)
    assert [int(s.level[0]) for s in rows] == fast.level.tolist()
    is_open = [bool(state.positions) for state, _ in pairs]
    assert is_open[0]
    # 2024-08-05: BTC fell from 60,700 at the start to 48,888, which 10x long does not survive
    assert all(is_open) == (side < 0)


def test_a_long_of_ten_times_is_liquidated_where_its_margin_meets_maintenance(shared_data: Path) -> None:
    held = Hypothetical(
        symbol="BTCUSDT", side=1, leverage=10, entry_price=50_000, notional_usdt=100_000,
        ladder=pasts.ladder(shared_data, "BTCUSDT"),
    )  # fmt: skip
    # 2 BTC, 10,000 USDT. The bracket from 50,000 USDT has rate 0.005, cum 50:
    # 10,000 + 2(P − 50,000) = 2P · 0.005 − 50, so P = (90,000 − 50)/(2 − 0.01) = 45,201.005
    assert held.liquidation.price == pytest.approx(89_950 / 1.99, rel=1e-9)
    assert held.gone_at(np.array([51e3, 51e3]), np.array([46e3, 45.2e3])) == 1
    assert held.gone_at(np.array([99e3]), np.array([46e3])) == 1, "never: the number of bars"


def test_a_fall_ahead_is_to_the_lowest_low_and_unknown_at_the_end_or_over_a_gap() -> None:
    # closes 10, 9, 8, 12 with lows one below: from 10 within 2 bars the lowest low is 7, 7/10 − 1 = −0.3
    track = plain([10, 9, 8, 12], gap_after=None)
    assert forward_fall(track, 1800.0)[:2] == pytest.approx([-0.3, 7 / 9 - 1])
    assert np.isnan(forward_fall(track, 1800.0)[2:]).all()
    # three bars: from 10 to 7 too; odd widths are made of overlapping halves
    assert forward_fall(track, 2700.0)[0] == pytest.approx(-0.3)
    broken = plain([10, 9, 8, 12, 12], gap_after=2)
    assert np.isnan(forward_fall(broken, 1800.0)).tolist() == [True, True, False, True, True]


def plain(close: list[float], *, gap_after: int | None) -> Track:
    """A track of these closes, lows one below, without any input."""
    made = bars(close, width=1.0)
    at = made.open_at + 900
    if gap_after is not None:
        at[:gap_after] -= 900.0
    return Track(
        symbol="X", bar_s=900, at=at, columns={}, absent=frozenset(), high=made.high, low=made.low,
        close=made.close, baselines={}, is_garch=0.0, sources=(),
    )  # fmt: skip


def test_bars_are_made_of_whole_sets_of_shorter_ones_only() -> None:
    five = bars([1, 2, 3, 4, 5, 6, 7, 8], step_s=300, width=0.5)
    quarter = resampled(five, 300, 900)
    assert quarter.close.tolist() == [3, 6], "the third lacks a part"
    assert (quarter.open.tolist(), quarter.high.tolist(), quarter.low.tolist()) == (
        [1, 4], [3.5, 6.5], [0.5, 3.5],
    )  # fmt: skip
    assert quarter.volume.tolist() == [3, 3]
    with pytest.raises(ValueError, match="do not make"):
        resampled(five, 3600, 900)


def test_a_gap_of_more_than_a_day_begins_a_new_track_and_a_shorter_one_is_left_empty() -> None:
    price = [100.0 + (i % 7) for i in range(600)]
    whole = bars(price, width=0.5)
    at = whole.open_at.copy()
    at[200:] += 3_600.0
    at[400:] += 2 * 86_400.0
    broken = Bars(**{n: at if n == "open_at" else getattr(whole, n) for n in Bars.__dataclass_fields__})
    found = tracks(Past(symbol="X", bar_s=900, bars=broken, hours=resampled(broken, 900, 3600)))
    assert len(found) == 2
    assert not np.isin(found[0].at, whole.open_at[200] + 900 + np.arange(3) * 900).any(), "nothing is filled"


def test_hours_alone_cannot_have_what_needs_quarters_of_an_hour() -> None:
    price = [100.0 + (i % 7) for i in range(200)]
    hours = bars(price, step_s=3600, width=0.5)
    (track,) = tracks(Past(symbol="X", bar_s=3600, bars=hours, hours=hours))
    assert {"atr_15m", "vol_ratio", "kline_liquidity", "funding_8h", "oi_change_3d"} <= track.absent
    assert "sigma_24h" not in track.absent
    assert not (replay(track, DEFAULT).missing != 0).any(), "what cannot be there is no gap"
