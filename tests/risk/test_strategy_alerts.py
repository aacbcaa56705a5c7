"""The alert about strategies: DOMAIN.md 7 and 8; above 0.7 or 50 %, over after two days below."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from risk import wording
from risk.limits import from_mapping
from tests.risk.builders import NOW, Desk

DAY_S = 86_400.0
MEAN, SHARE = "strategy_mean_correlation", "strategy_share/trend/"


def study(desk: Desk, after_s: float, **values: float) -> None:
    """One evaluation right after a study that found these values."""
    at = (desk.now + timedelta(seconds=after_s)).timestamp()
    names = {"mean": MEAN, "share": SHARE}
    facts = {names[name]: value for name, value in values.items()}
    desk.see(after_s=after_s, facts={**facts, **{f"{name}_at": at for name in facts}})


def told(desk: Desk) -> list[tuple[str, str]]:
    return [(scope, kind) for name, scope, _, kind in desk.told() if name == "strategy_correlation"]


@pytest.mark.parametrize(
    ("values", "scopes"),
    [
        ({"mean": 0.7001}, ["strategies"]),
        ({"mean": 0.7}, []),
        ({"share": 0.5001}, ["strategies/trend"]),
        ({"share": 0.5}, []),
        ({"mean": 0.9, "share": 0.8}, ["strategies", "strategies/trend"]),
        ({"mean": -0.2, "share": -0.1}, []),
        ({}, []),
    ],
)
def test_it_fires_above_seven_tenths_or_half_of_the_risk(values: dict[str, float], scopes: list[str]) -> None:
    desk = Desk()
    study(desk, 5, **values)
    study(desk, 5, **values)
    assert told(desk) == [(scope, "fired") for scope in scopes]
    severities = {severity for name, _, severity, _ in desk.told() if name == "strategy_correlation"}
    assert severities <= {"warning"}


def test_it_is_over_after_two_days_below() -> None:
    desk = Desk()
    study(desk, 5, mean=0.8)
    study(desk, DAY_S, mean=0.6)
    study(desk, DAY_S, mean=0.6)
    assert told(desk) == [("strategies", "fired")]
    study(desk, DAY_S + 1, mean=0.6)
    assert told(desk) == [("strategies", "fired"), ("strategies", "resolved")]


def test_an_old_study_neither_begins_nor_ends_it() -> None:
    desk = Desk()
    old = NOW.timestamp() - 49 * 3600  # the limits take 48 h
    desk.see(facts={MEAN: 0.9, f"{MEAN}_at": old, SHARE: 0.9, f"{SHARE}_at": old})
    assert told(desk) == []
    study(desk, 5, mean=0.9, share=0.9)
    at = desk.now.timestamp()
    for _ in range(6):
        desk.see(after_s=DAY_S, facts={MEAN: 0.1, f"{MEAN}_at": at - DAY_S, SHARE: 0.1, f"{SHARE}_at": at})
    assert {kind for _, kind in told(desk)} == {"fired"}


def test_the_share_of_a_strategy_that_is_gone_for_a_month_ends_its_alert() -> None:
    desk = Desk()
    study(desk, 5, share=0.9)
    at = desk.now.timestamp()
    desk.see(after_s=31 * DAY_S, facts={SHARE: 0.9, f"{SHARE}_at": at})
    desk.see(after_s=3 * DAY_S, facts={SHARE: 0.9, f"{SHARE}_at": at})
    assert told(desk)[-1] == ("strategies/trend", "resolved")


def test_its_limits_can_be_set() -> None:
    desk = Desk(from_mapping({"alerts": {"strategy_correlation": {"correlation": 0.9, "share": 0.95}}}))
    study(desk, 5, mean=0.85, share=0.9)
    assert told(desk) == []


@pytest.mark.parametrize(("language", "words"), [("en", "strategies move as one"), ("zh", "策略")])
def test_its_message_names_the_strategy_and_both_limits(language: str, words: str) -> None:
    desk = Desk()
    study(desk, 5, mean=0.9, share=0.8)
    items = [item for d in desk.decisions for m in d.messages for item in m.items]
    body = wording.message(items, language).body
    for needed in (words, "trend", "0.9", "0.7", "80", "50"):
        assert needed in body, (needed, body)


def test_a_share_that_is_not_a_number_is_unknown() -> None:
    desk = Desk()
    study(desk, 5, share=float(np.nan))
    assert told(desk) == []
