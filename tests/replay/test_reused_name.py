"""A coin that fell to nothing and a name that was used again, replayed from a folder of files."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from risk import limits
from risk.adapters import pasts
from risk.score_study import Judgement, judged
from risk.score_tally import Tally, level_rows
from risk.tracks import tracks

HALT = datetime(2022, 5, 13, tzinfo=UTC).timestamp()
AGAIN = datetime(2022, 5, 28, tzinfo=UTC).timestamp()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten days of LUNA: a fall from 80 USDT to 0.00001, a pause of two weeks, another coin at 9 USDT."""
    chance = np.random.default_rng(11)
    n = 960
    fall = np.where(np.arange(n) < 640, 0.0, np.log(1e-5 / 80) / 320)
    coins = ((HALT - 900 * n, 80.0, fall), (AGAIN, 9.0, np.zeros(n)))
    lines = ["ts,open,high,low,close,volume"]
    for begin, price, drift in coins:
        close = price * np.exp(np.cumsum(drift + chance.normal(0, 0.003, n)))
        opened = np.concatenate(([price], close[:-1]))
        high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
        for i in range(n):
            prices = ",".join(f"{p:.12f}" for p in (opened[i], high[i], low[i], close[i]))
            lines.append(f"{(begin + 900 * i) * 1000:.0f},{prices},{1e6 * chance.random():.3f}")
    (tmp_path / "kl_um_LUNAUSDT_15m_20220503_20220607.csv.gz").write_bytes(
        gzip.compress("\n".join(lines).encode() + b"\n")
    )
    return tmp_path


@pytest.fixture
def found(folder: Path) -> list[Judgement]:
    lived = pasts.pasts(folder, "LUNAUSDT")
    assert [p.bars.open_at[0] for p in lived] == [HALT - 900 * 960, AGAIN], "a past of its own for each coin"
    return [judged(track, limits.default()) for past in lived for track in tracks(past)]


def test_no_measure_of_the_new_coin_has_seen_the_old_one(found: list[Judgement]) -> None:
    old, new = found
    assert old.track.at[-1] <= HALT < AGAIN < new.track.at[0]
    # a name that is read as one coin would have a move of ln(9 / 0.00001) = 13.7 in its sigma and its ATR
    assert new.track.columns["sigma_24h"].max() < 0.1
    assert new.track.columns["atr_ratio_15m"].max() < 0.05
    assert np.isnan(old.fall_24h[-96:]).all(), "no day ahead reaches over the pause"


def test_a_price_near_zero_is_scored_like_any_other(found: list[Judgement]) -> None:
    old = found[0]
    assert old.track.close[-1] < 1e-4
    assert np.isfinite(old.said.composite).all()
    # the fall of 12 bars in a hundred a day goes on to the last known day: extreme throughout
    assert (old.said.level[-200:] == 3).all()
    assert (old.fall_24h[np.isfinite(old.fall_24h)][-1:] < -0.9).all()


def test_both_coins_count_and_a_loss_of_all_is_a_fall_of_a_hundred_percent(found: list[Judgement]) -> None:
    tally = Tally()
    for one in found:
        tally.add(one)
    extreme = level_rows(tally)[-1]
    assert -1.0 <= extreme.worst_5pct_24h < -0.98
    assert extreme.event_share == pytest.approx(1.0, abs=0.2)
