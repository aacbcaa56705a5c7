"""The flow strategies: returns in, a study with its shares and pairs out, and the facts of its alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from flows import strategies
from risk.adapters import store
from risk.records import StrategyReturn

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def returns(name: str, values: Any, *, until: datetime = TODAY) -> list[StrategyReturn]:
    """Daily returns that end at `until`; NaN: no return that day."""
    ends = [until - timedelta(days=len(values) - 1 - i) for i in range(len(values))]
    return [
        StrategyReturn(strategy=name, period="1d", value=float(value), event_at=end, received_at=end,
                       source="import")
        for value, end in zip(values, ends, strict=True)
        if np.isfinite(value)
    ]  # fmt: skip


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def facts(url: str) -> dict[str, float]:
    return dict(ask(url, "SELECT name, value FROM risk.fact WHERE name LIKE 'strategy%'"))  # type: ignore[arg-type]


@pytest.fixture
def three(ready: str) -> str:
    """Two that are the same but for their size, and one of its own; 60 days, the last one with a gap."""
    rng = np.random.default_rng(11)
    first, own = rng.normal(0.0, 0.01, (2, 60))
    own[5] = np.nan
    with store.connect(ready) as db:
        store.save(db, [*returns("trend", first), *returns("twin", 3.0 * first), *returns("carry", own)])
    return ready


def test_without_returns_there_is_nothing_to_study(ready: str) -> None:
    strategies.strategies()
    assert ask(ready, "SELECT * FROM risk.strategy_study") == []
    assert facts(ready) == {}


def test_a_study_is_stored_whole_and_its_facts_with_it(three: str) -> None:
    strategies.strategies()
    ((period, count, members, pairs),) = ask(
        three, "SELECT period, strategies, members, recent_pairs FROM risk.strategy_study"
    )
    assert (period, count, members, pairs) == ("1d", 3, 3, 3)
    shares = dict(ask(three, "SELECT strategy, contribution FROM risk.strategy_share"))
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-9)
    assert shares["twin"] > 0.5 > shares["trend"] > shares["carry"]
    pair = ask(three, "SELECT overlap, sample FROM risk.strategy_pair WHERE first = 'trend'")
    assert pair == [(60, pytest.approx(1.0, abs=1e-12))]
    clusters = dict(ask(three, "SELECT strategy, cluster FROM risk.strategy_share"))
    assert clusters["trend"] == clusters["twin"] != clusters["carry"]
    found = facts(three)
    assert found["strategy_returns_at"] == TODAY.timestamp()
    assert found["strategy_share/twin/"] == shares["twin"]
    assert -1.0 < found["strategy_mean_correlation"] < 1.0
    strategies.strategies()  # once more: another study, the same figures
    assert facts(three) == found


def test_a_backtest_of_long_ago_is_studied_and_begins_no_alert(ready: str) -> None:
    rng, then = np.random.default_rng(3), TODAY - timedelta(days=900)
    values = rng.normal(0.0, 0.01, 200)
    with store.connect(ready) as db:
        store.save(db, [*returns("a", values, until=then), *returns("b", values, until=then)])
    strategies.strategies()
    assert ask(ready, "SELECT strategies, members FROM risk.strategy_study") == [(2, 2)]
    assert facts(ready) == {}


def test_one_strategy_alone_has_all_of_the_risk_and_no_alert(ready: str) -> None:
    with store.connect(ready) as db:
        store.save(db, returns("lone", np.random.default_rng(1).normal(0.0, 0.01, 50)))
    strategies.strategies()
    assert ask(ready, "SELECT contribution, weight, reason FROM risk.strategy_share") == [(1.0, 1.0, "")]
    assert ask(ready, "SELECT mean_recent, recent_pairs FROM risk.strategy_study") == [(None, 0)]
    assert set(facts(ready)) == {"strategy_returns_at"}


def test_what_says_nothing_is_stored_as_unknown(ready: str) -> None:
    rng = np.random.default_rng(5)
    with store.connect(ready) as db:
        store.save(db, returns("still", np.zeros(200)))
        store.save(db, returns("few", rng.normal(0.0, 0.01, 5)))
        store.save(db, returns("before", rng.normal(0.0, 0.01, 60), until=TODAY - timedelta(days=100)))
    strategies.strategies()
    reasons = dict(ask(ready, "SELECT strategy, reason FROM risk.strategy_share"))
    assert reasons == {
        "still": "", "few": "insufficient overlap", "before": "no return for 30 days"
    }  # fmt: skip
    assert ask(ready, "SELECT DISTINCT sample, shrunk, ewma, stressed FROM risk.strategy_pair") == [
        (None,) * 4
    ]
    assert ask(ready, "SELECT basis, effective_bets FROM risk.strategy_study") == [("", None)]
    with store.connect(ready) as db:
        shares, pairs = store.newest_study(db)
    assert len(shares) == len(pairs) == 3


def test_returns_that_are_stored_give_way_only_when_asked(ready: str) -> None:
    values = np.random.default_rng(2).normal(0.0, 0.01, 40)
    with store.connect(ready) as db:
        assert store.replace_returns(db, returns("a", values), replaces=False) == (40, ())
        assert store.replace_returns(db, returns("a", values), replaces=False) == (0, ())
        changed = np.append(values[1:] * 2.0, 0.5)
        stored, differ = store.replace_returns(db, returns("a", changed), replaces=False)
        assert stored == 0 and len(differ) == 40 and {name for name, _ in differ} == {"a"}
        stored, _ = store.replace_returns(db, returns("a", changed), replaces=True)
        assert stored == 40
        assert [row.value for row in store.strategy_returns(db)] == pytest.approx(changed.tolist())
