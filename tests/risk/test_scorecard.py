"""Curves, dimensions, floors, unknown inputs and the recomputation of a stored row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk import exposure, limits
from risk.decision import decide
from risk.explanation import explain
from risk.scorecard import Card, Curve, Inputs, floor_names, score, score_columns
from risk.state import Decision, State
from tests.risk.builders import CALM, NOW, position, snapshot, state

DEFAULT = limits.default()

# The table of the documentation, value → score, as it stands there.
TABLE = {
    "atr_15m": "0→0, 0.005→15, 0.015→40, 0.03→61, 0.05→86, 0.08→100",
    "vol_ratio": "0.5→0, 1→20, 1.5→40, 2→61, 3→86, 4→100",
    "sigma_24h": "0.015→0, 0.03→25, 0.05→45, 0.07→61, 0.12→86, 0.2→100",
    "spread": "0→0, 0.0002→10, 0.0005→35, 0.001→61, 0.003→86, 0.01→100",
    "depth_1pct": "10e6→0, 3e6→30, 1e6→61, 0.3e6→86, 0.1e6→100",
    "coverage": "5→0, 1→40, 0.5→61, 0.2→86, 0.05→100",
    "slippage": "0.0003→0, 0.001→40, 0.002→61, 0.005→86, 0.02→100",
    "cover": "10→0, 3→30, 1.5→61, 1.2→86, 1→100",
    "distance": "0.5→0, 0.2→20, 0.1→45, 0.05→61, 0.025→86, 0.01→100",
    "distance_sigmas": "10→0, 5→20, 3→40, 1.5→61, 0.75→86, 0.3→100",
    "funding_8h": "0→0, 0.0003→25, 0.001→61, 0.002→86, 0.004→100",
    "oi_change_3d": "0→0, 0.1→30, 0.2→61, 0.4→86, 0.8→100",
    "kline_liquidity": "0.002→0, 0.006→20, 0.015→40, 0.03→61, 0.05→86, 0.1→100",
}
POINTS = [
    (name, float(point.split("→")[0]), float(point.split("→")[1]))
    for name, row in TABLE.items()
    for point in row.split(", ")
]


@pytest.mark.parametrize(("component", "value", "expected"), POINTS)
def test_a_curve_passes_through_each_documented_point(component: str, value: float, expected: float) -> None:
    assert Curve(DEFAULT.curves[component])(value) == pytest.approx(expected)


@pytest.mark.parametrize(("component", "value", "expected"), POINTS)
def test_a_curve_is_worse_on_one_side_of_each_point_and_better_on_the_other(
    component: str, value: float, expected: float
) -> None:
    curve = Curve(DEFAULT.curves[component])
    step = 1e-4 * abs(value) or 1e-7
    around = (curve(value - step), curve(value + step))
    assert min(around) <= expected <= max(around)
    assert (expected in (0.0, 100.0)) or min(around) < expected < max(around)


def test_a_curve_is_flat_outside_its_points() -> None:
    curve = Curve(((1, 10), (2, 90)))
    assert (curve(-5), curve(1), curve(1.5), curve(2), curve(99)) == (10, 10, 50, 90, 90)


# Each threshold of the seed, by the documentation: exactly there "high" begins.
SEED_THRESHOLDS = {
    "atr_15m": 0.03, "spread": 0.001, "depth_1pct": 1e6, "coverage": 0.5, "cover": 1.5, "distance": 0.05,
    "funding_8h": 0.001, "oi_change_3d": 0.2,
}  # fmt: skip


@pytest.mark.parametrize(("component", "threshold"), SEED_THRESHOLDS.items())
def test_each_threshold_of_the_seed_scores_61(component: str, threshold: float) -> None:
    assert Curve(limits.seed().curves[component])(threshold) == pytest.approx(61)


def card(now_after_s: float = 0.0, profile: limits.Limits = DEFAULT, **changes: Any) -> Card:
    calm = {
        "atr_15m": 0.0, "vol_ratio": 0.5, "sigma_24h": 0.015, "spread": 0.0, "depth_1pct": 1e7,
        "coverage": 5.0, "slippage": 0.0003, "funding_8h": 0.0, "oi_change_3d": 0.0,
    }  # fmt: skip
    return score(Inputs(at=NOW, **{**calm, **changes}), profile, NOW + timedelta(seconds=now_after_s))


def test_all_inputs_at_their_best_score_zero() -> None:
    calm = card()
    assert calm.dimensions == {"market": 0, "liquidity": 0, "leverage": 0, "sentiment": 0}
    assert (calm.composite, calm.score, calm.level, calm.degraded) == (0, 0, "low", False)


def test_the_worst_component_speaks_for_market_liquidity_and_leverage() -> None:
    spoilt = card(
        atr_15m=0.015, vol_ratio=2.0, spread=0.0005, slippage=0.002,
        has_position=True, cover=3.0, distance=0.1, distance_sigmas=10.0,
    )  # fmt: skip
    assert spoilt.dimensions["market"] == pytest.approx(61)
    assert spoilt.dimensions["liquidity"] == pytest.approx(61)
    assert spoilt.dimensions["leverage"] == pytest.approx(45)


@pytest.mark.parametrize(
    ("funding", "rise", "expected"),
    [
        (0.004, 0.0, 60.0),  # one sign alone: 0.6 · 100
        (0.0, 0.8, 60.0),
        (0.001, 0.2, 61.0),  # both at high: max(0.6 · 61, 61)
        (0.002, 0.1, 51.6),  # max(0.6 · 86, 30)
        (0.004, 0.4, 86.0),  # max(0.6 · 100, 86)
        (-0.004, 0.4, 86.0),  # shorts may pay as well
        (0.0, -0.5, 0.0),  # a fall of open interest is no crowd
    ],
)
def test_sentiment_is_a_conjunction(funding: float, rise: float, expected: float) -> None:
    assert card(funding_8h=funding, oi_change_3d=rise).dimensions["sentiment"] == pytest.approx(expected)


def test_the_composite_is_the_weighted_mean_where_no_floor_binds() -> None:
    # 0.30·40 + 0.25·35 + 0.30·0 + 0.15·(0.6·25)
    spoilt = card(atr_15m=0.015, spread=0.0005, funding_8h=0.0003)
    assert spoilt.weighted == pytest.approx(0.30 * 40 + 0.25 * 35 + 0.15 * 15)
    assert spoilt.composite == spoilt.weighted


LEVERED = {"has_position": True, "cover": 10.0, "distance": 0.5, "distance_sigmas": 10.0}


@pytest.mark.parametrize(
    ("changes", "floors", "composite"),
    [
        ({"atr_15m": 0.0499}, (), None),
        ({"atr_15m": 0.05}, ("dimension_extreme",), 61),
        ({"atr_15m": 0.08}, ("dimension_extreme",), 61),
        ({**LEVERED, "cover": 1.51}, (), None),
        ({**LEVERED, "cover": 1.5}, ("leverage_high",), 61),
        ({**LEVERED, "cover": 1.201}, ("leverage_high",), 61),
        ({**LEVERED, "cover": 1.2}, ("dimension_extreme", "leverage_extreme", "leverage_high"), 86),
        ({**LEVERED, "distance": 0.05}, ("leverage_high",), 61),
        ({**LEVERED, "distance": 0.025}, ("dimension_extreme", "leverage_extreme", "leverage_high"), 86),
        ({**LEVERED, "cover": -3.0}, ("dimension_extreme", "leverage_extreme", "leverage_high"), 86),
    ],
)
def test_floors_hold_what_a_mean_would_hide(
    changes: dict[str, Any], floors: tuple[str, ...], composite: float | None
) -> None:
    spoilt = card(**changes)
    assert spoilt.floors == floors
    assert spoilt.composite == (composite if composite is not None else spoilt.weighted)
    assert all(f"floor:{name}" in spoilt.reasons for name in floors)


@pytest.mark.parametrize(
    ("weighted", "whole", "level"),
    [
        (30.49, 30, "low"), (30.5, 31, "medium"), (60.49, 60, "medium"), (60.5, 61, "high"),
        (85.49, 85, "high"), (85.5, 86, "extreme"),
    ],
)  # fmt: skip
def test_levels_begin_at_31_61_and_86_rounded_half_up(weighted: float, whole: int, level: str) -> None:
    # All weight on the market, whose curve is made the identity.
    plain = limits.from_mapping({
        "weights": {"market": 1, "liquidity": 0, "leverage": 0, "sentiment": 0},
        "curves": {"atr_15m": [[0, 0], [100, 100]]},
        "floors": {"dimension_from": 100},
    })  # fmt: skip
    judged = card(profile=plain, atr_15m=weighted)
    assert (judged.score, judged.level) == (whole, level)


@pytest.mark.parametrize(
    ("component", "age_s"),
    [
        ("atr_15m", 1800), ("vol_ratio", 1800), ("sigma_24h", 7200), ("spread", 5), ("depth_1pct", 5),
        ("coverage", 5), ("slippage", 5), ("funding_8h", 15), ("oi_change_3d", 90),
    ],
)  # fmt: skip
def test_an_input_is_good_to_its_age_and_missing_after(component: str, age_s: float) -> None:
    fresh = card(input_at={component: NOW - timedelta(seconds=age_s)})
    stale = card(input_at={component: NOW - timedelta(seconds=age_s + 0.1)})
    assert not fresh.degraded
    assert f"missing:{component}" in stale.reasons
    assert stale.composite == 31


@pytest.mark.parametrize("component", ["cover", "distance", "distance_sigmas"])
def test_leverage_inputs_are_good_for_15_seconds(component: str) -> None:
    good = card(**LEVERED, input_at={component: NOW - timedelta(seconds=15)})
    old = card(**LEVERED, input_at={component: NOW - timedelta(seconds=15.1)})
    assert not good.degraded
    assert f"missing:{component}" in old.reasons


def test_a_stamp_from_the_future_is_no_stamp() -> None:
    assert not card(input_at={"spread": NOW + timedelta(seconds=59)}).degraded
    assert card(input_at={"spread": NOW + timedelta(seconds=61)}).degraded


def test_an_open_position_with_unknown_margin_is_at_least_high() -> None:
    blind = card(has_position=True)
    assert blind.dimensions["leverage"] is None
    assert "leverage_unknown" in blind.floors
    assert blind.composite == 61


def test_a_known_cover_does_not_excuse_an_unknown_distance() -> None:
    half = card(has_position=True, cover=10.0)
    assert half.dimensions["leverage"] == 0
    assert (half.composite, half.level) == (61, "high")


def test_a_missing_sigma_makes_the_market_at_least_medium_and_not_more() -> None:
    gap = card(sigma_24h=None, **{**LEVERED, "distance_sigmas": None})
    assert gap.floors == ("other_unknown",)
    assert gap.composite == 31


def test_any_other_gap_is_at_least_medium_and_names_itself() -> None:
    gap = card(oi_change_3d=None)
    assert (gap.composite, gap.level, gap.degraded) == (31, "medium", True)
    assert gap.reasons == ("floor:other_unknown", "missing:oi_change_3d")


def test_a_lone_sentiment_sign_counts_as_if_the_other_confirmed_it() -> None:
    assert card(funding_8h=0.002, oi_change_3d=None).dimensions["sentiment"] == pytest.approx(86)


def test_weights_are_renormalised_over_the_known_dimensions() -> None:
    # Market 40 and liquidity 0 known, sentiment unknown, no account expected: 0.30·40 / (0.30 + 0.25)
    part = card(atr_15m=0.015, funding_8h=None, oi_change_3d=None, watches_account=False)
    assert part.weighted == pytest.approx(0.30 * 40 / 0.55)


def test_without_an_account_leverage_is_not_judged_and_not_missing() -> None:
    market_only = card(watches_account=False)
    assert market_only.dimensions["leverage"] is None
    assert not market_only.degraded
    assert market_only.composite == 0


def test_bars_stand_in_for_a_missing_book_and_say_so() -> None:
    book_less = {"spread": None, "depth_1pct": None, "coverage": None, "slippage": None}
    approximated = card(**book_less, kline_liquidity=0.015)
    assert approximated.dimensions["liquidity"] == pytest.approx(40)
    assert approximated.composite == 31  # the missing book still keeps the card from reading low
    history = card(**book_less, kline_liquidity=0.015, expects_book=False)
    assert history.composite == pytest.approx(0.25 * 40)
    assert not history.degraded


def test_bars_do_not_speak_where_there_is_a_book() -> None:
    assert card(kline_liquidity=0.1).dimensions["liquidity"] == 0


def test_when_nothing_is_known_there_is_no_score() -> None:
    nothing = score(Inputs(at=NOW - timedelta(days=9), watches_account=False), DEFAULT, NOW)
    assert (nothing.composite, nothing.score, nothing.level) == (None, None, None)
    assert nothing.degraded


def row_of(decision: Decision, i: int) -> dict[str, Any]:
    scores = decision.scores
    names = ("values", "component_scores", "dimensions", "floors", "missing", "weighted", "composite")
    return {name: np.asarray(getattr(scores, name))[i].tolist() for name in names}


MANY = [
    state(),
    state(positions=[position(liquidation=48_000)]),
    state(positions=[position(liquidation=None)], columns={"sigma_at": 0.0}),
    state(watches_account=False, columns={"depth_at": 0.0, "kline_risk": 0.02}),
    state(columns={"atr_ratio_15m": 0.06, "funding_rate": 0.002, "open_interest": 1e5}),
    state(account=snapshot(wallet=-1)),
    state(positions=[position()], columns=dict.fromkeys([n for n in CALM if n != "interval_hours"], np.nan)),
]


@pytest.mark.parametrize("given_state", MANY)
@pytest.mark.parametrize("profile", [limits.default(), limits.seed()])
def test_a_composite_can_be_recomputed_from_its_row_and_limits_alone(
    given_state: State, profile: limits.Limits
) -> None:
    decision = decide(given_state, profile, NOW)
    for i in range(len(decision.scores.scopes)):
        row = row_of(decision, i)
        again = explain(row, profile.body())
        assert again.composite == pytest.approx(row["composite"])
        assert again.weighted == pytest.approx(row["weighted"])
        assert [name for name, _ in again.floors] == list(floor_names(row["floors"]))


def test_one_symbol_and_many_are_the_same_arithmetic() -> None:
    n = 40
    random = np.random.default_rng(7)
    columns = {name: np.full(n, v) for name, v in state().columns.items() for v in [state().columns[name][0]]}
    for name in ("atr_ratio_15m", "vol_ratio", "funding_rate", "kline_risk"):
        columns[name] = random.uniform(0.0, 0.05, n)
    rungs = np.sort(random.uniform(0, 0.01, (n, 10)), axis=1)
    held = exposure.flat(n, is_watched=True, at=NOW.timestamp())
    together = score_columns(columns, rungs, rungs, held, DEFAULT, NOW.timestamp())
    over_time = score_columns(columns, rungs, rungs, held, DEFAULT, np.full(n, NOW.timestamp()))
    assert together.composite.tolist() == over_time.composite.tolist()
    for i in range(n):
        alone = score_columns(
            {name: column[i : i + 1] for name, column in columns.items()}, rungs[i : i + 1], rungs[i : i + 1],
            exposure.flat(1, is_watched=True, at=NOW.timestamp()), DEFAULT, NOW.timestamp(),
        )  # fmt: skip
        assert alone.composite[0] == together.composite[i]


WORSE = {
    "atr_15m": (0, 0.1), "vol_ratio": (0, 5), "sigma_24h": (0.001, 0.3), "spread": (0, 0.02),
    "depth_1pct": (2e7, 0), "coverage": (9, 0), "slippage": (0, 0.05), "cover": (12, -1),
    "distance": (0.8, -0.1), "distance_sigmas": (12, -1), "funding_8h": (0, 0.006), "oi_change_3d": (-0.5, 1),
    "kline_liquidity": (0, 0.2),
}  # fmt: skip
"""Each input from its best to its worst."""


def between(shares: dict[str, float | None]) -> dict[str, Any]:
    """Each input at its share of the way from best to worst."""
    return {
        name: None if share is None else WORSE[name][0] + share * (WORSE[name][1] - WORSE[name][0])
        for name, share in shares.items()
    }


shares = st.one_of(st.none(), st.floats(0, 1))


@settings(max_examples=1500, deadline=None)
@given(
    given_shares=st.fixed_dictionaries(dict.fromkeys(WORSE, shares)),
    component=st.sampled_from(sorted(WORSE)),
    worse_by=st.floats(0, 1),
    has_position=st.booleans(),
    watches=st.booleans(),
)
def test_a_worse_input_never_lowers_the_score(
    given_shares: dict[str, float | None], component: str, worse_by: float, has_position: bool, watches: bool
) -> None:
    def judged(where: dict[str, float | None]) -> Card:
        values = {
            name: None if share is None else WORSE[name][0] + share * (WORSE[name][1] - WORSE[name][0])
            for name, share in where.items()
        }
        return score(
            Inputs(at=NOW, has_position=has_position and watches, watches_account=watches, **values),
            DEFAULT,
            NOW,
        )

    before = judged(given_shares)
    share = given_shares[component]
    if before.composite is not None:
        assert 0 <= before.composite <= 100
    if share is None or before.composite is None:
        return
    after = judged({**given_shares, component: share + (1 - share) * worse_by})
    assert after.composite is not None
    assert after.composite >= before.composite - 1e-9


@settings(max_examples=500, deadline=None)
@given(
    given_shares=st.fixed_dictionaries(dict.fromkeys(WORSE, st.floats(0, 1))),
    component=st.sampled_from(sorted(set(WORSE) - {"kline_liquidity"})),
)
def test_a_missing_input_scores_no_lower_than_its_best_value(
    given_shares: dict[str, float], component: str
) -> None:
    values = {
        name: WORSE[name][0] + share * (WORSE[name][1] - WORSE[name][0])
        for name, share in given_shares.items()
    }
    best = score(
        Inputs(at=NOW, has_position=True, **{**values, component: WORSE[component][0]}), DEFAULT, NOW
    )
    gone = score(Inputs(at=NOW, has_position=True, **{**values, component: None}), DEFAULT, NOW)
    assert best.composite is not None
    assert gone.composite is not None
    assert gone.composite >= best.composite - 1e-9
    assert gone.level != "low"
