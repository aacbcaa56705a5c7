"""A whole backtest: pieces that end in the same digits, judged as the tests of the papers say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from risk.backtests import backtest
from risk.errors import DataError
from risk.var_forecasts import forecasts
from risk.var_study import PLANS, agreement, joined, piece, spans, study

PLAN = replace(PLANS["1d"], window=120, refit_every=7, methods=("historical", "normal", "ewma", "student_t"))


def days(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    moves = 0.02 * rng.standard_t(5.0, n)
    moves[[50, 200, 201]] = np.nan
    return 86_400.0 * np.arange(n), moves


def test_the_pieces_give_what_one_run_over_everything_gives() -> None:
    times, moves = days(700)
    found = study(times, moves, PLAN)
    assert len(spans(moves, PLAN)) > 1
    whole = forecasts(moves, PLAN.levels, PLAN.methods, PLAN.window, PLAN.refit_every)
    for key, path in whole.paths.items():
        # a t fit started elsewhere ends within its tolerance
        rel = 1e-6 if key[0] == "student_t" else 1e-3 if key[0] == "ewma" else 1e-9
        known = np.isfinite(moves)  # a bar without a return is not judged and has no forecast here
        np.testing.assert_allclose(np.array(found.paths[key])[:, known], np.array(path)[:, known], rtol=rel)
        assert found.tests[key] == backtest(moves, *found.paths[key], key[1])


def test_the_same_pieces_give_the_same_digits_in_any_order() -> None:
    times, moves = days(700)
    parts = [piece(moves, PLAN, span) for span in reversed(spans(moves, PLAN))]
    again = joined(times, moves, PLAN, parts[::-1])
    for key, path in study(times, moves, PLAN).paths.items():
        np.testing.assert_array_equal(again.paths[key], path)


def test_pieces_that_do_not_follow_one_another_are_refused() -> None:
    times, moves = days(700)
    parts = [piece(moves, PLAN, span) for span in spans(moves, PLAN)]
    with pytest.raises(ValueError, match="pieces that end at"):
        joined(times, moves, PLAN, parts[1:])


def test_too_short_a_history_is_refused_with_the_remedy() -> None:
    with pytest.raises(DataError, match="take more history or a shorter window"):
        spans(days(219)[1], PLAN)


# 320 returns, windows of 300, a refit every 7: ⌈20 / 7⌉ = 3
@pytest.mark.parametrize(("asked", "windows"), [(2, 2), (None, 3), (0, 0)])
def test_fits_of_a_sample_of_windows_or_of_all_are_archs_to_its_last_digits(
    asked: int | None, windows: int
) -> None:
    rng = np.random.default_rng(4)
    told: list[int] = []
    moves = 0.02 * rng.standard_t(5.0, 320)
    found = agreement(moves, replace(PLANS["1d"], window=300), asked, lambda done, _: told.append(done))
    assert told == list(range(windows))
    assert found.checked == windows
    assert found.holds
    assert found.worst >= -1e-5 or found.on_bound == windows
