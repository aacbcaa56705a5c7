"""A position in a contract that ends: the level is at least high, whatever else is calm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from risk import delisting, explanation
from risk.decision import decide
from risk.limits import default
from risk.records import Instrument
from risk.state import LEVELS, State
from tests.risk.builders import NOW, Desk, instrument, position, state


def holding(rules: Instrument, *, symbol: str = "BTCUSDT") -> State:
    return state(
        ("BTCUSDT", "ETHUSDT"), positions=[position(symbol)], instruments={rules.symbol: rules}, now=NOW
    )


@pytest.mark.parametrize(
    ("rules", "is_over"),
    [
        (instrument(), False),
        (replace(instrument(), status="SETTLING"), True),
        (replace(instrument(), status="CLOSE"), True),
        (replace(instrument(), delivery_at=NOW), True),
        (replace(instrument(), delivery_at=NOW + timedelta(seconds=1)), False),
        # the rules of ETHUSDT were read a second before NOW: an hour later than these
        (instrument(now=NOW - timedelta(seconds=3600)), False),
        (instrument(now=NOW - timedelta(seconds=3601)), True),
    ],
)
def test_a_contract_is_over_by_status_by_time_or_when_it_is_listed_no_more(
    rules: Instrument, is_over: bool
) -> None:
    assert bool(delisting.over(holding(rules), NOW)) is is_over


# FAULTS.md, M2: "open position in it → HIGH + message"; "others untouched".
def test_a_position_in_it_is_at_least_high_and_other_symbols_are_as_they_were() -> None:
    closed = replace(instrument(), status="SETTLING")
    scores = decide(holding(closed), default(), NOW).scores
    calm = decide(holding(instrument()), default(), NOW).scores
    assert scores.composite[0] == 61.0
    assert scores.raw_level[0] == LEVELS.index("high")
    assert scores.composite[1] == calm.composite[1]
    assert calm.raw_level[0] == LEVELS.index("low")


def test_who_holds_nothing_in_it_is_not_concerned() -> None:
    scores = decide(
        holding(replace(instrument(), status="SETTLING"), symbol="ETHUSDT"), default(), NOW
    ).scores
    assert scores.raw_level[0] == LEVELS.index("low")


def test_its_floor_can_be_recomputed_from_the_row() -> None:
    scores = decide(holding(replace(instrument(), status="SETTLING")), default(), NOW).scores
    row = {
        "values": scores.values[0], "component_scores": scores.component_scores[0],
        "dimensions": scores.dimensions[0], "floors": scores.floors[0], "missing": scores.missing[0],
    }  # fmt: skip
    found = explanation.explain(row, default().body())
    assert ("contract_over", 61) in found.floors
    assert found.composite == 61.0


def test_the_end_comes_nearer_and_the_alert_gets_worse() -> None:
    desk = Desk()
    ends = replace(instrument(now=NOW + timedelta(days=2)), delivery_at=NOW + timedelta(days=1, minutes=1))
    wanted = {"positions": [position()], "instruments": {"BTCUSDT": ends}}
    desk.see(**wanted)
    desk.see(after_s=60, **wanted)
    told = [(severity, kind) for name, _, severity, kind in desk.told() if name == "delisting"]
    assert told == [("warning", "fired"), ("critical", "escalated")]
