"""What a user may change, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from risk import limits
from risk.errors import SettingsError
from risk.state import COMPONENTS, DIMENSIONS


def test_the_default_weights_are_those_of_the_documented_table() -> None:
    assert limits.default().weights == {
        "market": 0.30, "liquidity": 0.25, "leverage": 0.30, "sentiment": 0.15,
    }  # fmt: skip
    assert tuple(limits.default().weights) == DIMENSIONS


def test_every_component_has_a_curve() -> None:
    assert set(limits.default().curves) == set(COMPONENTS)


def test_the_seed_has_no_relative_components_and_keeps_five_levels() -> None:
    seed = limits.seed()
    assert not {"vol_ratio", "sigma_24h", "distance_sigmas", "slippage"} & set(seed.curves)
    assert (seed.depth_band, seed.coverage_band) == ("5_levels", "5_levels")


def test_the_version_follows_the_numbers_and_nothing_else() -> None:
    same = limits.from_mapping({})
    other = limits.from_mapping({"expected_order_notional_usdt": 50_000})
    assert same.version == limits.default().version
    assert len(same.version) == 12
    assert int(same.version, 16) >= 0
    assert other.version != same.version
    assert limits.seed().version != same.version


def test_an_integer_and_the_same_float_are_one_version() -> None:
    assert (
        limits.from_mapping({"expected_order_notional_usdt": 50_000}).version
        == limits.from_mapping({"expected_order_notional_usdt": 50_000.0}).version
    )


def test_the_body_survives_json_and_builds_the_same_limits() -> None:
    own = limits.from_mapping(
        {"weights": {"market": 0.2, "sentiment": 0.25}, "symbols": {"X": {"distance_warning": 0.2}}}
    )
    again = limits.from_mapping(json.loads(json.dumps(own.body())))
    assert again == own
    assert again.version == own.version


def test_a_table_changes_a_curve_point_by_point() -> None:
    own = limits.from_mapping({"curves": {"spread": {"0.001": 70, "0.002": 80}}})
    assert own.curves["spread"] == (
        (0.0, 0.0), (0.0002, 10.0), (0.0005, 35.0), (0.001, 70.0), (0.002, 80.0), (0.003, 86.0),
        (0.01, 100.0),
    )  # fmt: skip


def test_a_list_replaces_a_curve_in_any_order() -> None:
    own = limits.from_mapping({"curves": {"spread": [[0.01, 100], [0, 0]]}})
    assert own.curves["spread"] == ((0.0, 0.0), (0.01, 100.0))


def test_a_symbol_has_its_own_distances_and_resolves_in_proportion() -> None:
    own = limits.from_mapping({"symbols": {"DOGEUSDT": {"distance_warning": 0.2, "distance_critical": 0.1}}})
    # The general rule resolves at 0.12 for a warning at 0.10: 1.2 times.
    assert own.distance_thresholds("DOGEUSDT") == pytest.approx((0.2, 0.1, 0.24))
    assert own.distance_thresholds("BTCUSDT") == pytest.approx((0.10, 0.05, 0.12))


def test_an_alert_can_be_switched_off_with_true_or_false() -> None:
    assert (
        limits.from_mapping({"alerts": {"divergence": {"enabled": False}}}).alerts["divergence"]["enabled"]
        == 0
    )


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"weights": {"market": 0.5}}, "limits.weights", "sum to 1.2, must sum to 1"),
    ({"weights": {"market": -0.1, "leverage": 0.7}}, "limits.weights.market", "between 0 and 1"),
    ({"weights": {"markt": 0.3}}, "limits.weights.markt", "did you mean 'market'"),
    ({"curves": {"spread": {"0.001": 5}}}, "limits.curves.spread", "reversed"),
    ({"curves": {"cover": [[1, 0], [10, 100]]}}, "limits.curves.cover", "scores must fall"),
    ({"curves": {"spread": [[0, 0], [0.01, 101]]}}, "limits.curves.spread", "between 0 and 100"),
    ({"curves": {"spread": [[0, 0]]}}, "limits.curves.spread", "at least two points"),
    ({"curves": {"spread": [[0, 0], [0, 61]]}}, "limits.curves.spread", "two scores"),
    ({"curves": {"spread": {"wide": 61}}}, "limits.curves.spread", "number in quotes"),
    ({"curves": {"sprad": []}}, "limits.curves.sprad", "did you mean 'spread'"),
    ({"level_starts": [61, 31, 86]}, "limits.level_starts", "must rise"),
    ({"level_starts": [31, 61]}, "limits.level_starts", "list of 3 numbers"),
    ({"multipliers": [1, 2, 0, 0]}, "limits.multipliers", "nor rise"),
    ({"sizing": {"risk_percent": -0.01}}, "limits.sizing.risk_percent", "must not be negative"),
    ({"sizing": {"risk_percent": 1.5}}, "limits.sizing.risk_percent", "fraction"),
    ({"sizing": {"risk_percent": "1 %"}}, "limits.sizing.risk_percent", "without a unit"),
    ({"sizing": {"adjust_least": 3}}, "limits.sizing.adjust_least", "above adjust_most"),
    ({"alerts": {"funding_extreme": {"resolves": 0.002}}}, "limits.alerts.funding_extreme", "reversed"),
    ({"alerts": {"liquidation_distance": {"critical": 0.2}}}, "limits.alerts.liquidation", "reversed"),
    ({"alerts": {"drawdown": {"warning": 0.2}}}, "limits.alerts.drawdown", "reversed"),
    ({"alerts": {"fundng": {}}}, "limits.alerts.fundng", "not a known key"),
    ({"symbols": {"BTCUSDT": {"distance_critical": 0.2}}}, "limits.symbols.BTCUSDT", "reversed"),
    ({"symbols": {"BTCUSDT": {"warn": 0.2}}}, "limits.symbols.BTCUSDT.warn", "not a known key"),
    ({"ages_s": {"depth": 0}}, "limits.ages_s.depth", "above zero"),
    ({"ages_s": {"depth": float("nan")}}, "limits.ages_s.depth", "finite"),
    ({"hysteresis": {"falls": 2.5}}, "limits.hysteresis.falls", "whole"),
    ({"floors": {"dimension_floor": 120}}, "limits.floors.dimension_floor", "between 0 and 100"),
    ({"depth_band": "2pct"}, "limits.depth_band", "must be one of"),
    ({"alarms": {}}, "limits.alarms", "not a known key"),
    ({"profile": "careful"}, "limits.profile", "no such profile"),
    ({"weights": 1}, "limits.weights", "is a table"),
]  # fmt: skip


@pytest.mark.parametrize(("overrides", "field", "problem"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_field_value_and_example(
    overrides: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        limits.from_mapping(overrides)
    text = str(refused.value)
    assert text.startswith(field)
    assert problem in text
    assert "example" in text
