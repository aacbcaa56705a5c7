"""Heavy work in processes of its own: all of it comes back, and what is bad stops only itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import psycopg
import pytest
from prefect.task_runners import ProcessPoolTaskRunner

from flows import fan_out, fitting
from risk.adapters import settings, store
from risk.adapters.settings import FanOutSettings
from risk.errors import DataError
from risk.records import Kline
from tests.conftest_flows import forget
from tests.flows import fan_out_parts as parts

TWO = FanOutSettings(from_symbols=2, symbols_per_task=2, processes=2)
NAMES = ("a", "b", "c", "d", "e")
END = datetime(2026, 6, 1, tzinfo=UTC)


def nobody(subject: str, problem: str) -> None:
    raise AssertionError(f"{subject} was lost: {problem}")


def test_few_subjects_stay_in_this_process(flow_api: None) -> None:
    answers = fan_out.spread(parts.double, NAMES, FanOutSettings(from_symbols=6, processes=2), nobody)
    assert answers == [(name * 2, os.getpid()) for name in NAMES]
    one = fan_out.spread(parts.double, NAMES, FanOutSettings(from_symbols=1, processes=1), nobody)
    assert one == answers


def test_many_go_to_other_processes_and_come_back_in_order(flow_api: None) -> None:
    answers = fan_out.spread(parts.double, NAMES, TWO, nobody)
    assert [name for name, _ in answers] == [name * 2 for name in NAMES]
    assert os.getpid() not in {process for _, process in answers}
    assert len({process for _, process in answers}) <= 2


def test_a_part_that_is_refused_leaves_the_others(flow_api: None) -> None:
    assert fan_out.spread(parts.refuse_bad, ("a", "b", "bad", "c", "d"), TWO, nobody) == ["a", "b", "d"]
    with pytest.raises(DataError, match="bad cannot be true"):
        fan_out.spread(parts.refuse_bad, ("bad", "b"), TWO, nobody)


@pytest.mark.faults
def test_a_process_that_dies_takes_nothing_with_it_but_what_killed_it(flow_api: None) -> None:
    lost: list[str] = []
    answers = fan_out.spread(parts.die_of_bad, ("a", "b", "bad", "c", "d"), TWO, lambda s, _: lost.append(s))
    assert sorted(answers) == ["a", "b", "c", "d"]
    assert lost == ["bad"]


def test_processes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert fan_out.processes(FanOutSettings()) == fan_out.MOST_PROCESSES
    assert fan_out.processes(FanOutSettings(processes=7)) == 7
    assert isinstance(fan_out.runner(FanOutSettings()), ProcessPoolTaskRunner)


def test_dask_is_asked_where_an_address_is_set() -> None:
    pytest.importorskip("prefect_dask", reason="the extra `dask` is not installed")
    found = fan_out.runner(FanOutSettings(dask_address="tcp://127.0.0.1:8786"))
    assert found.name == "dask"


@pytest.mark.faults
def test_a_dask_cluster_does_the_same_and_outlives_what_kills_its_workers(
    monkeypatch: pytest.MonkeyPatch, flow_api: None
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    monkeypatch.setenv("PREFECT_LOGGING_TO_API_ENABLED", "false")
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    lost: list[str] = []
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        config = TWO.model_copy(update={"dask_address": cluster.scheduler_address})
        answers = fan_out.spread(parts.double, NAMES, config, nobody)
        assert [name for name, _ in answers] == [name * 2 for name in NAMES]
        assert os.getpid() not in {process for _, process in answers}
        found = fan_out.spread(
            parts.die_of_bad, ("a", "b", "bad", "c", "d"), config, lambda s, _: lost.append(s)
        )
    assert sorted(found) == ["a", "b", "c", "d"]
    assert lost == ["bad"]


def bars(symbol: str, interval: str, count: int, *, moves: bool = True) -> Iterator[Kline]:
    """A random walk, or a price that stands still."""
    step = timedelta(hours=1) if interval == "1h" else timedelta(days=1)
    rng = np.random.default_rng(sum(symbol.encode()) + count)
    price = 100.0 * np.exp(np.cumsum(rng.standard_t(5, count) * (0.005 if moves else 0.0)))
    for i, close in enumerate(price.tolist()):
        opened = END - (count - i) * step
        value = Decimal(f"{close:.6f}")
        yield Kline(
            symbol=symbol, venue="usdm", interval=interval, open_at=opened, open=value, high=value, low=value,
            close=value, volume=Decimal(1), quote_volume=value, trades=1, taker_buy_volume=None,
            event_at=opened + step, received_at=END, source="archive",
        )  # fmt: skip


@pytest.mark.slow
def test_bad_series_among_many_stop_none_of_the_others_and_memory_stays_in_its_bound(
    ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen symbols: one without history, one that stands still, fourteen to fit; in two processes."""
    good = tuple(f"S{n:02d}USDT" for n in range(14))
    symbols = (*good[:3], "NONEUSDT", *good[3:9], "STILLUSDT", *good[9:])
    with store.connect(ready) as db:
        for symbol in good:
            store.save(db, [*bars(symbol, "1h", 1_100), *bars(symbol, "1d", 300)])
        store.save(
            db, [*bars("STILLUSDT", "1h", 1_100, moves=False), *bars("STILLUSDT", "1d", 300, moves=False)]
        )
    monkeypatch.setenv("RISK_FAN_OUT__FROM_SYMBOLS", "2")
    monkeypatch.setenv("RISK_FAN_OUT__PROCESSES", "2")
    monkeypatch.setenv("RISK_FAN_OUT__SYMBOLS_PER_TASK", "4")
    forget()
    found = fan_out.spread(parts.fit_and_weigh, symbols, settings.load().fan_out, nobody)
    assert {(fit.symbol, fit.interval) for fit, _ in found} == {(s, i) for s in good for i in fitting.FITTED}
    assert max(peak for _, peak in found) <= 350  # MB: PERFORMANCE.md 2, refit worker
    with psycopg.connect(ready) as connection:
        stored = connection.execute("SELECT count(*) FROM risk.volatility_fit").fetchone()
        noted = connection.execute("SELECT DISTINCT symbol FROM risk.data_issue ORDER BY symbol").fetchall()
        measured = connection.execute("SELECT count(DISTINCT symbol) FROM risk.indicator").fetchone()
    assert stored == (28,)
    assert noted == [("NONEUSDT",), ("STILLUSDT",)]
    assert measured is not None and measured[0] >= 14
