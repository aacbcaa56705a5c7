"""A book of which a part has no returns: it is named, and never makes the number smaller."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from risk.panel import Panel
from risk.var_desk import book
from risk.var_records import LatestVar, VarForecast, VarShare
from risk.var_stand_in import completed, known_part, lacking, shares, stand_ins

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHY = {"PEPEUSDT": "no 1h bars stored"}


def latest(gross: float, var_99: float | None) -> LatestVar:
    return LatestVar(
        scope="account", interval="1h", computed_at=AT, bar_at=AT, method="gjr_garch_t", method_since=AT,
        reason="", note="", gross_usdt=gross, var_95=var_99, es_95=var_99, var_99=var_99, es_99=var_99,
        closed_at=None, closed_method=None, closed_var_99=None, closed_loss=None, closed_gross_usdt=None,
    )  # fmt: skip


def forecast(scope: str, method: str, var_99: float | None) -> VarForecast:
    return VarForecast(
        scope=scope, interval="1h", bar_at=AT, method=method, made_at=AT, fitted_from=AT, fitted_through=AT,
        fitted_returns=2_000, note="", symbols=("BTCUSDT",), weights=(1.0,), gross_usdt=None, var_95=var_99,
        es_95=var_99, var_99=var_99, es_99=var_99,
    )  # fmt: skip


MARKET = {
    "BTCUSDT": [forecast("BTCUSDT", "gjr_garch_t", 0.03), forecast("BTCUSDT", "historical", 0.04)],
    "BTCUSDT/SHORT": [forecast("BTCUSDT/SHORT", "historical", 0.05)],
}


def test_what_has_no_returns_counts_three_times_the_most_that_any_method_says_of_the_market() -> None:
    held = book({"BTCUSDT": [1_000.0], "PEPEUSDT": [500.0]})
    part = known_part(held, WHY)
    assert (part.symbols, part.weights, part.gross_usdt) == (("BTCUSDT",), (1_000.0,), 1_000.0)
    whole = completed(held, WHY, latest(1_000.0, 0.02), MARKET)
    # 1,000 · 0.02 + 500 · 3 · 0.04 = 80 USDT of 1,500
    assert whole.var_99 == pytest.approx(80.0 / 1_500.0, rel=1e-12)
    assert whole.gross_usdt == 1_500.0
    assert whole.without_returns == ("PEPEUSDT",)
    assert whole.note == "PEPEUSDT: no 1h bars stored; counted in full at 3 times BTCUSDT"


def test_a_short_is_measured_by_the_markets_rise_and_offsets_nothing() -> None:
    held = book({"BTCUSDT": [1_000.0], "PEPEUSDT": [-500.0]})
    assert [(s.scope, s.weights) for s in stand_ins(held, WHY)] == [("BTCUSDT/SHORT", (-1.0,))]
    whole = completed(held, WHY, latest(1_000.0, 0.02), MARKET)
    # 20 + 500 · 3 · 0.05 = 95 USDT: more than the long alone, although the book is closer to neutral
    assert whole.var_99 is not None
    assert whole.var_99 * 1_500.0 == pytest.approx(95.0, rel=1e-12)


@pytest.mark.parametrize("known", [None, 0.02])
@pytest.mark.parametrize("stand_in", [{}, {"BTCUSDT": [forecast("BTCUSDT", "historical", None)]}])
def test_without_a_stand_in_or_the_rest_there_is_no_number_but_a_name(
    known: float | None, stand_in: dict[str, list[VarForecast]]
) -> None:
    held = book({"BTCUSDT": [1_000.0], "PEPEUSDT": [500.0]})
    whole = completed(held, WHY, latest(1_000.0, known), stand_in)
    assert (whole.var_95, whole.es_99) == (None, None)
    assert whole.note == "PEPEUSDT: no 1h bars stored; no BTCUSDT to stand in"
    rest_unknown = completed(held, WHY, latest(1_000.0, None), MARKET)
    assert rest_unknown.var_99 is None
    assert rest_unknown.note.startswith("PEPEUSDT")


def test_a_book_of_nothing_but_unknown_coins_has_its_stand_in_alone() -> None:
    held = book({"PEPEUSDT": [500.0]})
    nothing = replace(latest(0.0, 0.0), note="nothing is held")
    whole = completed(held, WHY, nothing, MARKET)
    assert whole.var_99 == pytest.approx(3 * 0.04)
    assert "nothing is held" not in whole.note


def test_the_shares_of_the_whole_book_sum_to_its_value_at_risk() -> None:
    held = book({"BTCUSDT": [1_000.0], "PEPEUSDT": [-500.0]})
    own = [
        VarShare(
            interval="1h", bar_at=AT, level=level, symbol="BTCUSDT", made_at=AT, method="gjr_garch_t",
            notional_usdt=1_000.0, total_usdt=20.0, marginal=0.02, component_usdt=20.0, incremental_usdt=20.0,
        )
        for level in (0.95, 0.99)
    ]  # fmt: skip
    whole = completed(held, WHY, latest(1_000.0, 0.02), MARKET)
    rows = [row for row in shares(held, WHY, whole, MARKET, own) if row.level == 0.99]
    assert {row.symbol: row.component_usdt for row in rows} == pytest.approx(
        {"BTCUSDT": 20.0, "PEPEUSDT": 75.0}
    )
    assert [row.total_usdt for row in rows] == pytest.approx([95.0, 95.0])
    assert next(row.marginal for row in rows if row.symbol == "PEPEUSDT") == pytest.approx(-0.15)
    assert shares(held, WHY, whole, MARKET, []) == []  # the rest could not be split


# 100 returns are the fewest for one loss in a hundred; bars may be two intervals old
@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (0, 300, ""), (199, 300, ""), (200, 300, "99 returns of 1h, 100 needed"), (0, 298, ""),
        (0, 297, "no 1h bar since 2026-03-13 20:00"),
    ],
)  # fmt: skip
def test_too_few_and_too_old_bars_carry_no_forecast(first: int, last: int, why: str) -> None:
    close = np.full((300, 2), 100.0)
    close[:first, 1] = close[last:, 1] = np.nan
    at = AT.timestamp() + 3_600.0 * np.arange(300)  # from 1 March 12:00; bar 296 opens 13 March 20:00
    found = lacking(Panel(interval="1h", symbols=("BTCUSDT", "PEPEUSDT"), open_at=at, close=close))
    assert found == ({"PEPEUSDT": why} if why else {})
