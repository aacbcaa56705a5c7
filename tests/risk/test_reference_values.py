"""The remaining values of the reference files: past crashes bar by bar, and what other programs fitted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from risk.backtests import Zone, traffic_light
from risk.garch import fit_garch
from risk.indicators import Bars
from risk.tracks import resampled
from risk.volatility import atr

EPISODES = (
    "kl_spot_BTCUSDT_1m_20210518_20210520",
    "kl_spot_BTCUSDT_5m_20210415_20210615",
    "kl_spot_ETHUSDT_5m_20210415_20210615",
    "kl_spot_SOLUSDT_5m_20210415_20210615",
    "kl_spot_XRPUSDT_5m_20210415_20210615",
    "kl_um_BTCUSDT_15m_20231101_20240930",
    "kl_um_BTCUSDT_5m_20220601_20221015",
    "kl_um_BTCUSDT_5m_20240801_20240810",
    "kl_um_ETHUSDT_15m_20231101_20240930",
    "kl_um_ETHUSDT_5m_20220601_20221015",
    "kl_um_SOLUSDT_15m_20231101_20240930",
    "kl_um_SOLUSDT_5m_20240801_20240810",
)
MINUTES = {"1m": 60, "5m": 300, "15m": 900}


def table(path: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.loadtxt(path, delimiter=",", skiprows=1)


@pytest.fixture(scope="module")
def episodes(shared: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((shared / "data/ref_episode_stats.json").read_text())
    return {Path(name).name.removesuffix(".csv.gz"): told for name, told in found.items() if name != "note"}


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "data/ref_expected_values.json").read_text())
    return found


def test_every_episode_of_the_reference_is_looked_at(episodes: dict[str, Any]) -> None:
    assert set(episodes) == set(EPISODES)


@pytest.mark.parametrize("name", EPISODES)
def test_a_crash_bar_by_bar_is_what_the_reference_counted(
    name: str, episodes: dict[str, dict[str, Any]], shared: Path
) -> None:
    told, length = episodes[name], MINUTES[name.split("_")[3]]
    rows = table(shared / f"data/{name}.csv.gz")
    names = ("open", "high", "low", "close", "volume")
    columns = {field: rows[:, i].copy() for i, field in enumerate(names, 1)}
    given = Bars(open_at=rows[:, 0] / 1000.0, **columns)
    bars = resampled(given, length, 900)
    # the reference keeps a quarter of an hour that lacks a part, ours leaves it out: at most one a gap
    assert told["bars15m"] - len(bars) in (0, 1, 2)
    assert (bars.low.min(), bars.high.max()) == (told["low"], told["high"])
    moves = np.diff(np.log(bars.close))
    worst = int(np.argmin(moves))
    assert moves[worst] == pytest.approx(told["worst_15m_logret"], rel=1e-9)
    assert moment(bars.open_at[worst + 1]) == told["worst_at"]
    ratio = 100.0 * atr(bars.high, bars.low, bars.close) / bars.close
    assert np.nanmax(ratio) == pytest.approx(told["max_atr14_wilder_pct"], rel=1e-6)
    assert moment(bars.open_at[int(np.nanargmax(ratio))]) == told["max_atr_at"]
    assert int((ratio > 3.0).sum()) == told["bars_wilder_above_3pct"]


def moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}+00:00"


def test_archs_own_numbers_of_the_benchmark_are_met(shared: Path, published: dict[str, Any]) -> None:
    expected = published["garch_dmbp"]["arch_8_0_0"]["backcast_sample_variance"]
    returns = table(shared / "data/ref_dmbp_returns.csv.gz") / 100.0
    fit = fit_garch(returns, is_asymmetric=False, errors="normal")
    for name in ("mu", "omega", "alpha", "beta"):
        assert getattr(fit, name) == pytest.approx(expected[name], rel=1e-3)
    assert fit.log_likelihood == pytest.approx(expected["loglik"], abs=1e-4)


def test_eth_daily_with_normal_errors_is_what_two_programs_find(
    shared: Path, published: dict[str, Any]
) -> None:
    arch, fgarch = (published["garch_eth_um_1d"][k] for k in ("arch_8_0_0_normal_default", "fGarch_normal"))
    close = table(shared / "data/kl_um_ETHUSDT_1d_20200101_20240930.csv.gz")[:, 4]
    fit = fit_garch(np.diff(np.log(close)), is_asymmetric=False, errors="normal")
    for name, other in (("mu", "mu"), ("omega", "omega"), ("alpha", "alpha1"), ("beta", "beta1")):
        # both start the variance elsewhere, and differ from one another by up to 0.1 %
        assert getattr(fit, name) == pytest.approx(arch[name], rel=2e-3)
        assert getattr(fit, name) == pytest.approx(fgarch[other], rel=2e-3)
    assert fit.log_likelihood == pytest.approx(arch["loglik"], abs=0.02)
    assert fit.log_likelihood == pytest.approx(fgarch["ll.LogLikelihood"], abs=0.02)
    assert 100.0 * fit.sigma_next == pytest.approx(arch["sigma_f1"], rel=2e-4)
    assert 100.0 * fit.sigma_next == pytest.approx(fgarch["f1"], rel=2e-4)


@pytest.mark.parametrize(
    ("key", "name", "scale"),
    [
        ("garch_dmbp", "ref_dmbp_returns", 0.01),
        ("garch_btc_um_1d", "kl_um_BTCUSDT_1d_20190908_20240930", 1.0),
    ],
)
def test_where_fgarch_s_variance_grows_without_bound_no_t_fit_is_used(
    key: str, name: str, scale: float, shared: Path, published: dict[str, Any]
) -> None:
    # fGarch, unconstrained, finds alpha + beta of 1.009 and 1.019 with t errors: no stationary variance
    found = published[key]["fGarch_t"]
    assert found["alpha1"] + found["beta1"] > 1.0
    rows = table(shared / f"data/{name}.csv.gz")
    returns = scale * rows if rows.ndim == 1 else np.diff(np.log(rows[:, 4]))
    assert fit_garch(returns, is_asymmetric=False).method == "ewma"


def test_basles_cumulative_probabilities_divide_the_zones(published: dict[str, Any]) -> None:
    for text, percent in published["basel_traffic_light"]["cum_prob_pct"].items():
        expected = Zone.GREEN if percent < 95.0 else Zone.YELLOW if percent < 99.99 else Zone.RED
        assert traffic_light(int(text)) is expected
