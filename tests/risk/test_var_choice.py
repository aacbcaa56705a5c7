"""Which method is in use: out when refuted, back when recovered, never none."""

from __future__ import annotations

import re

import numpy as np
import pytest

from risk.var_choice import CHAIN, Judgement, choose, judge
from risk.var_forecasts import Method


def hits(exceptions: int, observations: int) -> np.ndarray:
    """Exceptions spread evenly, so that they never come in runs."""
    found = np.zeros(observations)
    found[np.linspace(0, observations - 1, exceptions).round().astype(int)] = 1.0
    return found


# Kupiec at 1 % over 250 bars, chi-squared with one degree: 7 exceptions give 5.497 (p 0.019), 8 give
# 7.734 (p 0.0054); over 1,000 bars 17 give 4.091 (p 0.043), 16 give 3.077 (p 0.079).
@pytest.mark.parametrize(
    ("exceptions", "bars", "had_failed", "has_failed"),
    [(7, 250, False, False), (8, 250, False, True), (7, 250, True, True), (17, 1000, True, True),
     (17, 1000, False, False), (10, 1000, True, False)],
)  # fmt: skip
def test_a_method_fails_below_one_percent_and_recovers_from_five(
    exceptions: int, bars: int, had_failed: bool, has_failed: bool
) -> None:
    found = judge("ewma", hits(exceptions, bars), had_failed=had_failed)
    assert found.has_failed is has_failed
    assert (found.observations, found.exceptions) == (bars, exceptions)


def test_runs_of_exceptions_fail_a_method_whose_rate_is_right() -> None:
    # 10 of 1,000 at 1 %: the rate is exactly the promised one, but all ten come in a row
    found = np.zeros(1000)
    found[500:510] = 1.0
    judged = judge("historical", found, had_failed=False)
    assert judged.kupiec_p == pytest.approx(1.0)
    assert judged.has_failed
    assert judged.reason == "independence:0.0000:10:1000"


@pytest.mark.parametrize("had_failed", [True, False])
@pytest.mark.parametrize("found", [np.zeros(99), np.full(500, np.nan), np.zeros(0)])
def test_too_few_forecasts_leave_a_method_as_it_stood(found: np.ndarray, had_failed: bool) -> None:
    judged = judge("ewma", found, had_failed=had_failed)
    assert judged.has_failed is had_failed
    assert judged.worst_p is None
    assert judged.reason == f"not_judged:{np.isfinite(found).sum()}:100"


def test_missing_bars_are_no_good_bars() -> None:
    # 8 exceptions among 250 judged bars fail, whatever number of bars without forecast lies between
    spread = np.full(500, np.nan)
    spread[:250] = hits(8, 250)
    assert judge("ewma", spread, had_failed=False).has_failed


def verdicts(*failed: Method) -> dict[Method, Judgement]:
    return {m: judge(m, hits(20 if m in failed else 10, 1000), had_failed=False) for m in CHAIN}


def test_the_first_of_the_chain_that_has_not_failed_is_in_use_with_the_reason() -> None:
    answers: dict[Method, bool] = dict.fromkeys(CHAIN, True)
    assert choose(verdicts(), answers) == ("gjr_garch_t", "")
    method, reason = choose(verdicts("gjr_garch_t"), answers)
    assert method == "filtered_historical"
    assert re.fullmatch(r"gjr_garch_t=kupiec:0\.00\d\d:20:1000", reason)
    method, _ = choose(verdicts("gjr_garch_t", "filtered_historical", "ewma"), answers)
    assert method == "historical"


def test_where_all_have_failed_the_last_one_is_kept_and_it_says_so() -> None:
    method, reason = choose(verdicts(*CHAIN), dict.fromkeys(CHAIN, True))
    assert method == "historical"
    assert reason.endswith(";historical=kept")


def test_a_method_without_a_forecast_is_passed_over() -> None:
    answers: dict[Method, bool] = {m: m in ("ewma", "historical") for m in CHAIN}
    method, reason = choose({}, answers)
    assert method == "ewma"
    assert reason == "gjr_garch_t=no_forecast;filtered_historical=no_forecast"
