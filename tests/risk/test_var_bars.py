"""VaR of single bars: what a row says is enough to compute it again, whenever the desk computed it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from risk.var_bars import LEVELS, bar_forecasts, bars_to_forecast, recomputed, refit_before
from risk.var_forecasts import METHODS, Interval, var_es

HOUR = 3_600.0
START = datetime(2024, 1, 1, tzinfo=UTC).timestamp()  # a Monday


def hours(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    moves = 0.01 * rng.standard_t(4.0, n)
    moves[rng.integers(0, n, n // 50)] = np.nan
    return START + HOUR * np.arange(n), moves


@pytest.mark.parametrize(
    ("at", "interval", "refit"),
    [
        ("2024-03-14T00:00", "1h", "2024-03-14"),
        ("2024-03-14T23:00", "1h", "2024-03-14"),
        ("2024-03-14", "1d", "2024-03-11"),  # Thursday rests on Monday
        ("2024-03-11", "1d", "2024-03-11"),
        ("2024-03-10", "1d", "2024-03-04"),
    ],
)
def test_hourly_models_are_fitted_at_midnight_and_daily_ones_on_mondays(
    at: str, interval: Interval, refit: str
) -> None:
    moment, date = (datetime.fromisoformat(x).replace(tzinfo=UTC).timestamp() for x in (at, refit))
    assert refit_before(moment, interval) == date


def test_a_forecast_does_not_depend_on_when_and_with_what_it_was_computed() -> None:
    times, moves = hours(1_300)
    bars = [START + HOUR * k for k in (1_205, 1_206, 1_240, 1_300)]
    together = bar_forecasts(times, moves, "1h", bars)
    assert len(together) == len(bars) * len(METHODS)
    alone = {
        (f.bar_at, f.method): f
        for at in bars
        for f in bar_forecasts(times[times < at], moves[times < at], "1h", [at])
    }
    for found in together:
        other = alone[found.bar_at, found.method]
        assert (found.fitted_from, found.fitted_through) == (other.fitted_from, other.fitted_through)
        assert [*found.var, *found.es] == pytest.approx([*other.var, *other.es], rel=1e-12)


def test_a_row_and_its_bars_give_its_numbers_again() -> None:
    times, moves = hours(1_250, seed=3)
    for found in bar_forecasts(times, moves, "1h", [START + HOUR * 1_230]):
        for level, var, es in zip(LEVELS, found.var, found.es, strict=True):
            again = recomputed(
                times, moves, interval="1h", method=found.method, level=level, bar_at=found.bar_at,
                fitted_from=found.fitted_from, fitted_through=found.fitted_through,
            )  # fmt: skip
            assert again == pytest.approx((var, es), rel=1e-12)


def test_the_book_is_fitted_anew_for_its_bar() -> None:
    times, moves = hours(400, seed=5)
    at = times[-1] + HOUR
    for found in bar_forecasts(times, moves, "1h", [at], fits_each_bar=True):
        assert found.fitted_returns == np.isfinite(moves).sum()
        said = [var_es(moves, level, found.method, interval="1h") for level in LEVELS]
        assert [found.var, found.es] == [pytest.approx(tuple(x[i] for x in said), rel=1e-12) for i in (0, 1)]


def test_too_short_a_history_says_that_ewma_stood_in_or_has_no_forecast() -> None:
    times, moves = hours(400)
    notes = {f.method: f.note for f in bar_forecasts(times, moves, "1h", [times[-1] + HOUR])}
    assert notes["gjr_garch_t"].endswith("1000 needed")
    assert notes["historical"] == ""
    assert bar_forecasts(times[:90], moves[:90], "1h", [times[89] + HOUR]) == []


def test_a_price_that_stands_still_has_rows_without_numbers() -> None:
    times = START + HOUR * np.arange(300)
    found = bar_forecasts(times, np.zeros(300), "1h", [times[-1] + HOUR])
    assert {f.method for f in found} == set(METHODS)
    assert all(np.isnan([*f.var, *f.es]).all() and f.note for f in found)


def test_bars_to_forecast_are_the_one_to_come_and_those_missed() -> None:
    # newest closed bar 10 h: to come is 11 h; of the three before it 9 h is known
    wanted = bars_to_forecast(10 * HOUR, [9 * HOUR], 3, "1h")
    assert wanted == [8 * HOUR, 10 * HOUR, 11 * HOUR]
