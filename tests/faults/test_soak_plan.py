"""The plan of a soak: the same for the same seed, with every row of the catalogue that comes from outside."""

from __future__ import annotations

from risk.simulator.faults import fault
from tests.faults.soak_plan import LEFT_OUT, TROUBLES, plan

HALF_HOUR_S = 1800.0
# Rows of the catalogue that something outside the desk does to it while it runs.
OUTSIDE = {
    *(f"X{number}" for number in range(1, 9)), *(f"W{number}" for number in range(1, 6)),
    "D1", "D2", "D3", "P1", "P3", "N1", "N2", "N3", "N4", "M2", "M3",
}  # fmt: skip


def test_a_seed_makes_one_plan_and_another_seed_another() -> None:
    assert plan(7, HALF_HOUR_S) == plan(7, HALF_HOUR_S)
    assert plan(7, HALF_HOUR_S) != plan(8, HALF_HOUR_S)


def test_every_row_that_comes_from_outside_is_in_half_an_hour_or_left_out_with_a_reason() -> None:
    early, late = plan(7, HALF_HOUR_S)
    assert {step.trouble.row for step in (*early, *late)} == OUTSIDE - set(LEFT_OUT)
    assert set(LEFT_OUT) < OUTSIDE


def test_no_part_is_killed_in_the_second_half() -> None:
    early, late = plan(7, HALF_HOUR_S)
    assert any(step.trouble.way == "kill" for step in early)
    assert all(step.trouble.way != "kill" for step in late)


def test_the_plan_lasts_as_long_as_it_was_asked_to() -> None:
    for half in plan(7, HALF_HOUR_S):
        total_s = sum(step.rest_s + step.lasts_s for step in half)
        assert HALF_HOUR_S / 2 <= total_s <= HALF_HOUR_S / 2 + 20


def test_the_simulator_knows_every_fault_of_the_plan() -> None:
    for trouble in TROUBLES:
        if trouble.way == "exchange":
            assert fault(dict(trouble.wish)).kind == trouble.wish["kind"]
