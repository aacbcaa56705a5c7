"""What the desk keeps of value at risk: whom it forecasts, what it holds against whom, what is in force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from risk.panel import Panel
from risk.var_choice import CHAIN
from risk.var_desk import (
    Open,
    Subject,
    book,
    book_past,
    forecast_rows,
    in_force,
    judgements,
    outcome_rows,
    share_rows,
    subjects,
    switch,
    verdict_rows,
    without_panel,
)
from risk.var_forecasts import METHODS

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
LONG = Subject(scope="BTCUSDT", symbols=("BTCUSDT",), weights=(1.0,))
NOW = START + 400 * HOUR


def panel(*moves: np.ndarray, names: tuple[str, ...] = ("BTCUSDT",)) -> Panel:
    table = np.column_stack(moves)
    return Panel(
        interval="1h", symbols=names, open_at=START.timestamp() + 3_600.0 * np.arange(len(table)),
        close=100.0 * np.cumprod(1.0 + table, axis=0),
    )  # fmt: skip


def calm(n: int = 400, seed: int = 1) -> np.ndarray:
    return 0.005 * np.random.default_rng(seed).standard_t(5.0, n)


def test_watched_symbols_are_forecast_long_and_held_ones_as_they_are_held() -> None:
    held = {"ETHUSDT": [-500.0], "DOGEUSDT": [-100.0], "XRPUSDT": [50.0], "ADAUSDT": [20.0, -30.0]}
    found = subjects(["BTCUSDT", "ETHUSDT"], held)
    assert [(s.scope, s.weights) for s in found] == [
        ("BTCUSDT", (1.0,)), ("ETHUSDT", (1.0,)), ("ADAUSDT", (1.0,)), ("XRPUSDT", (1.0,)),
        ("ADAUSDT/SHORT", (-1.0,)), ("DOGEUSDT/SHORT", (-1.0,)), ("ETHUSDT/SHORT", (-1.0,)),
    ]  # fmt: skip


def test_the_book_nets_long_and_short_of_a_symbol() -> None:
    found = book({"ETHUSDT": [-500.0], "BTCUSDT": [900.0, -300.0], "SOLUSDT": [50.0, -50.0]})
    assert (found.symbols, found.weights) == (("BTCUSDT", "ETHUSDT"), (600.0, -500.0))
    assert found.gross_usdt == 1_100.0


def test_a_book_of_nothing_has_none_at_risk_and_an_unknown_one_no_answer() -> None:
    flat = without_panel(book({}), "1h", "", {}, None, NOW)
    assert (flat.var_99, flat.es_95, flat.gross_usdt, flat.note) == (0.0, 0.0, 0.0, "nothing is held")
    dark = without_panel(
        book({}, "the account is not known"), "1h", "the account is not known", {}, None, NOW
    )
    assert (dark.var_99, dark.gross_usdt, dark.note) == (None, None, "the account is not known")


def test_a_short_loses_what_the_price_gains() -> None:
    bars = panel(np.array([0.0, 0.02, -0.01]))
    waiting = [
        Open(bar_at=START + k * HOUR, made_at=START, symbols=("BTCUSDT",), weights=(-1.0,)) for k in (1, 2, 3)
    ]
    rows = outcome_rows("BTCUSDT/SHORT", waiting, {("BTCUSDT",): bars}, NOW)
    assert [row.bar_at for row in rows] == [START + HOUR, START + 2 * HOUR]  # the third is not in yet
    assert [row.loss for row in rows] == pytest.approx([0.02, -0.01])


@pytest.mark.parametrize(("late", "counts"), [(timedelta(minutes=6), 1), (timedelta(minutes=7), 0)])
def test_a_forecast_of_the_book_that_came_late_is_not_held_against_its_bar(
    late: timedelta, counts: int
) -> None:
    bars = panel(np.array([0.0, -0.02]))
    at = START + HOUR
    waiting = [Open(bar_at=at, made_at=at + late, symbols=("BTCUSDT",), weights=(1_000.0,))]
    assert len(outcome_rows("account", waiting, {("BTCUSDT",): bars}, NOW)) == counts


def test_a_missing_bar_is_no_outcome() -> None:
    bars = panel(np.array([0.0, 0.01, 0.01, 0.01]))
    bars.close[2, 0] = np.nan  # the moves into and out of it are unknown
    waiting = [
        Open(bar_at=START + k * HOUR, made_at=START, symbols=("BTCUSDT",), weights=(1.0,)) for k in (1, 2, 3)
    ]
    rows = outcome_rows("BTCUSDT", waiting, {("BTCUSDT",): bars}, NOW)
    assert [row.bar_at for row in rows] == [START + HOUR]


def stored(bars: Panel, method: str, exceptions: int, count: int = 300) -> np.ndarray:
    """The last bars' VaR of 1 % with that many losses of 2 %, evenly spread."""
    loss = np.zeros(count)
    loss[np.linspace(0, count - 1, exceptions).round().astype(int)] = 0.02
    return np.array([bars.open_at[-count:], np.full(count, 0.01), loss, np.full(count, np.nan)])


def test_a_refuted_method_is_replaced_with_the_reason_and_comes_back_when_it_has_recovered() -> None:
    bars = panel(calm())
    ahead = [row for row in forecast_rows(LONG, bars, [], NOW) if row.bar_at == NOW]
    assert {row.method for row in ahead} == set(METHODS)
    good = {method: stored(bars, method, 3) for method in METHODS}  # 3 of 300 at 1 %
    first = in_force(LONG, bars, ahead, judgements(good, bars, ()), good, None, NOW)
    assert (first.method, first.reason) == ("gjr_garch_t", "")
    assert switch(None, first) is None

    # 12 of 300: Kupiec's statistic 15.9, p 0.0001
    bad = {**good, "gjr_garch_t": stored(bars, "gjr_garch_t", 12)}
    found = judgements(bad, bars, ())
    second = in_force(LONG, bars, ahead, found, bad, first, NOW + HOUR)
    assert second.method == "filtered_historical"
    assert second.reason == "gjr_garch_t=kupiec:0.0001:12:300"
    change = switch(first, second)
    assert change is not None
    assert (change.method_before, change.method) == ("gjr_garch_t", "filtered_historical")
    failed = [row.method for row in verdict_rows(LONG, bad, bars, found, NOW) if row.has_failed]
    assert failed == ["gjr_garch_t"]

    third = in_force(LONG, bars, ahead, judgements(good, bars, failed), good, second, NOW + 2 * HOUR)
    back = switch(second, third)
    assert back is not None
    assert (back.method_before, back.method, back.reason) == ("filtered_historical", "gjr_garch_t", "")
    assert third.method_since == NOW + 2 * HOUR


def test_the_newest_bar_is_held_against_the_method_that_was_in_use_for_it() -> None:
    bars = panel(calm())
    ahead = [row for row in forecast_rows(LONG, bars, [], NOW) if row.bar_at == NOW]
    past = {method: stored(bars, method, 3) for method in METHODS}
    past["ewma"][1, -1] = 0.03  # its VaR covers the last loss, the others' does not
    found = judgements(past, bars, ())
    last_at = datetime.fromtimestamp(float(bars.open_at[-1]), UTC)
    alone = in_force(LONG, bars, ahead, found, past, None, NOW)
    assert (alone.closed_method, alone.closed_at, alone.is_breached) == ("gjr_garch_t", last_at, True)
    values = {name: getattr(alone, name) for name in alone.__dataclass_fields__}
    before = type(alone)(**values | {"method": "ewma", "bar_at": last_at})
    after = in_force(LONG, bars, ahead, found, past, before, NOW)
    assert (after.closed_method, after.closed_var_99, after.is_breached) == ("ewma", 0.03, False)


def test_the_book_is_judged_by_the_weights_held_now_and_its_shares_sum_to_the_whole() -> None:
    bars = panel(calm(), calm(seed=2), names=("BTCUSDT", "ETHUSDT"))
    held = book({"BTCUSDT": [1_000.0], "ETHUSDT": [-400.0]})
    made = forecast_rows(held, bars, [], NOW)
    assert {row.bar_at for row in made} == {NOW}
    past = book_past(held, bars)
    found = judgements(past, bars, ())
    assert all(found[method].observations > 250 for method in CHAIN)
    latest = in_force(held, bars, made, found, {}, None, NOW)
    assert latest.closed_at is None
    rows = [row for row in share_rows(held, bars, latest) if row.level == 0.99]
    assert latest.var_99 is not None
    assert sum(row.component_usdt for row in rows) == pytest.approx(1_400.0 * latest.var_99, rel=1e-9)
    assert [row.notional_usdt for row in rows] == [1_000.0, -400.0]


def test_too_short_a_history_has_no_answer_and_says_why() -> None:
    bars = panel(calm(60))
    assert forecast_rows(LONG, bars, [], NOW) == []
    latest = in_force(LONG, bars, [], judgements({}, bars, ()), {}, None, NOW)
    assert (latest.var_99, latest.note) == (None, "59 returns are too few")
