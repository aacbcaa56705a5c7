"""The blocked recursion against the plain loop it stands for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.recurrence import BLOCK, ROWS, SHORT, finite_runs, recur, seeded_average


def loop(inputs: list[float], decay: float, start: float, weight: float) -> list[float]:
    """The definition, written out."""
    answer, last = [], start
    for x in inputs:
        last = decay * last + weight * x
        answer.append(last)
    return answer


@pytest.mark.parametrize(
    "length", [0, 1, SHORT, SHORT + 1, SHORT + BLOCK, BLOCK * SHORT + 7, BLOCK * ROWS * 2 + 5]
)
@pytest.mark.parametrize("decay", [0.0, 0.5, 13.0 / 14.0, 0.97, 1.0])
def test_blocks_give_what_the_loop_gives(length: int, decay: float) -> None:
    inputs = np.random.default_rng(7).lognormal(0.0, 2.0, length)
    expected = loop(inputs.tolist(), decay, 3.0, 0.25)
    assert recur(inputs, decay, 3.0, 0.25) == pytest.approx(expected, rel=1e-12)


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0, 1e12), max_size=SHORT + 3 * BLOCK),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1e12),
    st.floats(1e-3, 1.0),
)
def test_any_series_gives_what_the_loop_gives(
    x: list[float], decay: float, start: float, weight: float
) -> None:
    expected = loop(x, decay, start, weight)
    assert recur(np.array(x), decay, start, weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_it_may_write_over_its_own_inputs() -> None:
    inputs = np.random.default_rng(1).normal(size=BLOCK * ROWS + 3)
    apart = recur(inputs, 0.9, 1.0)
    assert recur(inputs, 0.9, 1.0, out=inputs) is inputs
    assert inputs.tolist() == apart.tolist()


@pytest.mark.parametrize(("decay", "weight"), [(-0.1, 1.0), (1.1, 1.0), (float("nan"), 1.0), (0.5, 0.0)])
def test_a_decay_or_weight_that_makes_no_sense_is_refused(decay: float, weight: float) -> None:
    with pytest.raises(ValueError, match="decay"):
        recur(np.ones(3), decay, 0.0, weight)


def test_the_average_begins_with_the_mean_of_the_first_values() -> None:
    # mean(1, 2, 3) = 2; then 2 + (7 − 2)/3 = 11/3
    average = seeded_average(np.array([1.0, 2.0, 3.0, 7.0]), 3, 1.0 / 3.0)
    assert average == pytest.approx([np.nan, np.nan, 2.0, 11.0 / 3.0], nan_ok=True)
    assert np.isnan(seeded_average(np.array([1.0, 2.0]), 3, 1.0 / 3.0)).all()


def test_runs_are_the_stretches_between_gaps() -> None:
    values = np.array([np.nan, 1.0, 2.0, np.inf, np.nan, 3.0])
    assert list(finite_runs(values)) == [slice(1, 3), slice(5, 6)]
    assert list(finite_runs(np.empty(0))) == []
    assert list(finite_runs(np.ones(2))) == [slice(0, 2)]
