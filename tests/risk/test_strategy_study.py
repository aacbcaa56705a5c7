"""A study of strategies: pandas and the published estimator on recorded logs; degenerate ones by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from risk import trade_logs
from risk.errors import DataError
from risk.records import StrategyReturn
from risk.strategy_study import FEW, SILENT, Study, aligned, lines, study
from risk.trade_logs import Trade
from tests.risk.test_correlation import plain_ledoit_wolf

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def returns(name: str, values: Iterable[float], first: int = 0, period: str = "1d") -> list[StrategyReturn]:
    """One return a day from the day `first` on; NaN: none."""
    step = DAY if period == "1d" else timedelta(hours=1)
    return [
        StrategyReturn(strategy=name, period=period, value=float(v), event_at=START + (first + i) * step,
                       received_at=START, source="import")
        for i, v in enumerate(values) if math.isfinite(v)
    ]  # fmt: skip


def found(*series: list[StrategyReturn], capital: dict[str, float] | None = None) -> Study:
    return study(aligned([row for own in series for row in own], "1d"), capital)


@pytest.fixture
def spot(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "data/strat_trades_spot_7strategies_20220106_20220416.csv.gz")


def logged(frame: pd.DataFrame, notional: str, profit: str) -> list[StrategyReturn]:
    trades = [
        Trade(strategy=str(name), opened_s=a / 1000, closed_s=b / 1000, notional_usdt=float(n),
              pnl_usdt=float(p))
        for name, a, b, n, p in zip(
            frame.strategy, frame.ts, frame.close_ts, frame[notional], frame[profit], strict=True)
    ]  # fmt: skip
    return [
        StrategyReturn(strategy=name, period="1d", value=value, event_at=datetime.fromtimestamp(end, UTC),
                       received_at=START, source="import")
        for (name, end), value in trade_logs.returns(trades).items()
    ]  # fmt: skip


def test_a_recorded_log_has_the_correlations_of_pandas(spot: pd.DataFrame) -> None:
    answer = study(aligned(logged(spot, "stake", "profit_abs"), "1d"))
    spot["end"] = np.ceil(spot.close_ts / 86_400_000)
    daily = spot.pivot_table(index="end", columns="strategy", values="profit_abs", aggfunc="sum")
    assert list(answer.names) == list(daily.columns)
    # correlations do not depend on the capital that the profit is divided by
    assert answer.sample == pytest.approx(daily.corr(min_periods=30).to_numpy(), abs=1e-9, nan_ok=True)
    assert (answer.days == daily.notna().sum().to_numpy()).all()


def test_two_versions_of_one_strategy_are_one_cluster_and_a_sparse_one_says_so(spot: pd.DataFrame) -> None:
    # INDEX.md of the recorded data: Slow and its _v2 are versions of one strategy; Low_BB has 38 trades
    answer = study(aligned(logged(spot, "stake", "profit_abs"), "1d"))
    twins = [i for i, name in enumerate(answer.names) if name.startswith("RSIDirectional")]
    sparse = answer.names.index("Low_BB")
    assert answer.clusters[twins[0]] == answer.clusters[twins[1]]
    assert answer.clusters.count(answer.clusters[twins[0]]) == 2
    assert abs(answer.order.index(twins[0]) - answer.order.index(twins[1])) == 1
    assert answer.reasons[sparse] == FEW
    assert math.isnan(answer.contributions[sparse]) and answer.weights[sparse] == 0.0
    assert np.isnan(np.delete(answer.sample[sparse], sparse)).all()


def test_sparse_strategies_of_the_delta_neutral_log_are_insufficient_and_not_uncorrelated(
    shared: Path,
) -> None:
    # INDEX.md of the recorded data: "four have under 50 trades: correlation must say insufficient overlap"
    frame = pd.read_csv(shared / "data/strat_trades_btc_deltaneutral7_20210101_20260407.csv.gz")
    counts = frame.groupby("strategy").size()
    rows = logged(frame, "notional_usd", "net_pnl_usd")
    answer = study(aligned(rows, "1d"))
    reasons = dict(zip(answer.names, answer.reasons, strict=True))
    sparse = set(counts[counts < 50].index)
    assert len(sparse) == 4
    assert {name for name, reason in reasons.items() if reason == FEW} >= sparse
    assert not [
        share for line in lines(answer) if (share := line["contribution"]) is None and not line["reason"]
    ]


def test_contributions_are_those_of_the_published_shrinkage(spot: pd.DataFrame) -> None:
    rows = logged(spot, "stake", "profit_abs")
    answer = study(aligned(rows, "1d"))
    held = [i for i, reason in enumerate(answer.reasons) if not reason]
    frame = pd.DataFrame([(r.event_at, r.strategy, r.value) for r in rows], columns=["at", "name", "value"])
    daily = frame.pivot_table(index="at", columns="name", values="value").iloc[:, held].dropna()
    covariance, _ = plain_ledoit_wolf(daily.to_numpy())
    weights = np.full(len(held), 1.0 / len(held))
    risk = weights @ covariance @ weights
    assert answer.basis == "ledoit-wolf"
    assert answer.contributions[held] == pytest.approx(weights * (covariance @ weights) / risk, rel=1e-9)
    assert answer.contributions[held].sum() == pytest.approx(1.0, abs=1e-9)
    sigmas = np.sqrt(np.diag(covariance))
    assert answer.diversification_ratio == pytest.approx(weights @ sigmas / np.sqrt(risk), rel=1e-9)
    assert answer.shrunk[np.ix_(held, held)] == pytest.approx(covariance / np.outer(sigmas, sigmas), abs=1e-9)


def test_the_mean_of_the_last_thirty_days_is_of_these_days_alone() -> None:
    rng = np.random.default_rng(8)
    before, after, other = rng.normal(0.0, 0.01, (3, 100))
    second = np.where(np.arange(100) < 70, -before, after)  # opposite for 70 days, then the same
    first = np.where(np.arange(100) < 70, before, after)
    answer = found(returns("a", first), returns("b", second), returns("c", other))
    frame = pd.DataFrame({"a": first, "b": second, "c": other}).tail(30)
    matrix = frame.corr().to_numpy()
    assert matrix[0, 1] == pytest.approx(1.0)
    expected = (matrix[0, 1] + matrix[0, 2] + matrix[1, 2]) / 3
    assert answer.mean_recent == pytest.approx(expected, abs=1e-12)
    assert answer.recent_pairs == 3


def test_days_are_aligned_by_their_time_and_not_by_their_place() -> None:
    values = np.random.default_rng(4).normal(0.0, 0.01, 80)
    answer = found(returns("a", values), returns("b", values[10:], first=10))
    assert answer.overlap[0, 1] == 70
    assert answer.sample[0, 1] == pytest.approx(1.0)


def test_a_missing_day_is_missing_and_not_a_quiet_one() -> None:
    values = np.random.default_rng(4).normal(0.0, 0.01, 80)
    gaps = values.copy()
    gaps[::2] = np.nan
    answer = found(returns("a", values), returns("b", gaps))
    assert answer.days.tolist() == [80, 40]
    assert answer.overlap[0, 1] == 40
    assert answer.sample[0, 1] == pytest.approx(1.0)


def test_hours_are_studied_by_themselves() -> None:
    values = np.random.default_rng(4).normal(0.0, 0.01, 900)
    rows = [*returns("a", values, period="1h"), *returns("b", -values, period="1h"), *returns("c", values)]
    answer = study(aligned(rows, "1h"))
    assert answer.names == ("a", "b")
    assert answer.sample[0, 1] == pytest.approx(-1.0)
    assert answer.mean_recent == pytest.approx(-1.0)


@pytest.mark.parametrize(("common", "known"), [(29, False), (30, True)])
def test_a_pair_needs_thirty_common_periods(common: int, known: bool) -> None:
    values = np.random.default_rng(1).normal(0.0, 0.01, 60)
    answer = found(returns("a", values), returns("b", values[:common], first=60 - common))
    assert np.isfinite(answer.sample[0, 1]) == known
    assert answer.reasons == (("", "") if known else ("", FEW))


def test_one_strategy_carries_all_of_the_risk() -> None:
    answer = found(returns("a", np.random.default_rng(1).normal(0.0, 0.01, 60)))
    assert answer.contributions.tolist() == [pytest.approx(1.0)]
    assert (answer.diversification_ratio, answer.effective_bets) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (answer.mean_recent, answer.recent_pairs, answer.order, answer.clusters) == (None, 0, (0,), (0,))


def test_strategies_that_never_met_have_no_correlation() -> None:
    rng = np.random.default_rng(1)
    answer = found(
        returns("a", rng.normal(0.0, 0.01, 60)), returns("b", rng.normal(0.0, 0.01, 60), first=100)
    )
    assert answer.overlap[0, 1] == 0
    assert math.isnan(answer.sample[0, 1]) and math.isnan(answer.ewma[0, 1])
    assert set(answer.clusters) == {0, 1}
    assert answer.mean_recent is None
    assert "" in answer.reasons and len(set(answer.reasons)) == 2


def test_a_strategy_that_stands_still_is_neither_safe_nor_alike() -> None:
    answer = found(
        returns("still", np.full(60, 0.001)), returns("a", np.random.default_rng(1).normal(0, 0.01, 60))
    )
    still = answer.names.index("still")
    assert np.isnan(answer.sample[still]).all()
    assert answer.sigma[still] == 0.0
    assert answer.mean_recent is None


def test_nothing_that_moves_has_no_shares() -> None:
    answer = found(returns("a", np.zeros(60)), returns("b", np.full(60, 0.01)))
    assert np.isnan(answer.contributions).all()
    assert (answer.basis, answer.diversification_ratio, answer.effective_bets) == ("", None, None)


def test_a_strategy_without_a_return_for_thirty_days_is_no_part_of_the_book() -> None:
    rng = np.random.default_rng(1)
    answer = found(
        returns("a", rng.normal(0.0, 0.01, 200)), returns("b", rng.normal(0.0, 0.01, 200)),
        returns("old", rng.normal(0.0, 0.01, 170)),
    )  # fmt: skip
    assert dict(zip(answer.names, answer.reasons, strict=True)) == {"a": "", "b": "", "old": SILENT}
    assert answer.weights.tolist() == [0.5, 0.5, 0.0]
    assert np.isfinite(answer.sample).all()  # what it was like is known


def test_capital_moves_the_shares() -> None:
    # independent, equal sigma: shares go with the squares of the weights, 3² : 1² = 90 % to 10 %
    angle = 2.0 * np.pi * np.arange(64) / 64
    own = found(returns("a", np.sin(angle)), returns("b", np.cos(angle)), capital={"a": 3.0, "b": 1.0})
    assert own.contributions == pytest.approx([0.9, 0.1], abs=1e-9)
    none = found(returns("a", np.sin(angle)), returns("b", np.cos(angle)), capital={"a": 0.0})
    assert none.contributions == pytest.approx([0.0, 1.0], abs=1e-9)
    with pytest.raises(ValueError, match="capital"):
        found(returns("a", np.sin(angle)), capital={"a": -1.0})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "risk strategies import"),
        ([*returns("a", [0.1]), *returns("a", [0.2])], "two returns"),
        ([*returns("a", [0.1]), *returns("a", [0.1], first=60_000)], "periods between"),
    ],
)
def test_what_cannot_be_aligned_says_why(rows: list[StrategyReturn], words: str) -> None:
    with pytest.raises(DataError, match=words):
        aligned(rows, "1d")


def trade(opened: float, closed: float, notional: float = 100.0, pnl: float = 1.0) -> Trade:
    return Trade(strategy="a", opened_s=opened, closed_s=closed, notional_usdt=notional, pnl_usdt=pnl)


def test_a_trade_counts_in_the_period_in_which_it_was_closed() -> None:
    # at most 100 + 100 open at once: 1 / 200 on the first day, (1 + 1) / 200 on the third, none on the second
    day = 86_400.0
    trades = [trade(0, day), trade(1, 2 * day + 1), trade(day, 2.5 * day)]
    assert dict(trade_logs.returns(trades)) == {("a", day): 0.005, ("a", 3 * day): 0.01}
    assert dict(trade_logs.returns(trades, capital_usdt=1000.0)) == {("a", day): 0.001, ("a", 3 * day): 0.002}


@pytest.mark.parametrize(
    "wrong",
    [trade(2, 1), trade(0, 1, notional=0.0), trade(0, 1, notional=math.nan), trade(0, 1, pnl=math.inf)],
)
def test_a_trade_that_cannot_be_is_refused(wrong: Any) -> None:
    with pytest.raises(DataError, match="a: "):
        trade_logs.returns([wrong])
