"""What is missing, stale or stamped wrongly never makes a position look safe, and never ends an alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from risk import exposure
from risk.decision import decide
from risk.limits import default
from risk.records import SLIPPAGE_LADDER_USDT
from risk.scorecard import floor_names, missing_names
from tests.risk.builders import NOW, Desk, position, snapshot, state

DEFAULT = default()


@pytest.mark.parametrize("reason", ["", "no_brackets: BTCUSDT", "other_margin_asset"])
def test_a_position_that_nobody_could_price_is_not_far_from_liquidation(reason: str) -> None:
    unpriced = position(liquidation=None, exchange=None, liquidation_reason=reason)
    assert np.isnan(exposure.distance(None, unpriced))
    card = decide(state(positions=[unpriced]), DEFAULT, NOW)
    assert "distance" in missing_names(int(card.scores.missing[0]))
    assert "leverage_unknown" in floor_names(int(card.scores.floors[0]))
    assert card.scores.composite[0] >= 61


def test_the_exchanges_own_price_speaks_where_ours_could_not_be_computed() -> None:
    unpriced = position(liquidation=None, exchange=45_000, liquidation_reason="no_brackets: BTCUSDT")
    assert exposure.distance(None, unpriced) == pytest.approx(0.1)


def test_a_wallet_that_the_totals_do_not_tell_covers_nothing() -> None:
    other = position("BTCUSDC", liquidation=None, exchange=20_000, liquidation_reason="other_margin_asset")
    assert np.isnan(exposure.cover(snapshot([], wallet=100_000), other))
    card = decide(state(("BTCUSDC",), positions=[other]), DEFAULT, NOW)
    assert "cover" in missing_names(int(card.scores.missing[0]))
    assert card.scores.composite[0] >= 61


def test_an_isolated_margin_is_its_own_cover_in_any_asset() -> None:
    alone = replace(
        position("BTCUSDC", maintenance=500), is_isolated=True, isolated_wallet_usdt=position().mark_price
    )
    assert exposure.cover(snapshot([alone]), alone) == pytest.approx(100.0)  # 50,000 / 500


OLD = snapshot([position()], now=NOW - timedelta(hours=1))


@pytest.mark.parametrize(
    ("fires", "gap"),
    [
        ({"positions": [position(adl_rank=4)]}, {"positions": [position()], "account": OLD}),
        ({"positions": [position()], "columns": {"adl_risk": 2.0}},
         {"positions": [position()], "columns": {"adl_risk": 2.0, "adl_at": 0.0}}),
    ],
    ids=["the account is silent", "the exchange's word is old"],
)  # fmt: skip
def test_a_place_in_the_queue_is_not_left_by_losing_sight_of_it(
    fires: dict[str, Any], gap: dict[str, Any]
) -> None:
    desk = Desk()
    for _ in range(6):
        desk.see(after_s=30, **fires)
    assert ("adl_risk", "BTCUSDT/LONG", "warning", "fired") in desk.told()
    for _ in range(40):
        desk.see(after_s=30, **gap)
    assert desk.carried["alerts"]["adl_risk", "BTCUSDT/LONG"].phase == "firing"


def columns(**values: Any) -> dict[str, Any]:
    return {"columns": values}


ENDS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("volatility", "BTCUSDT", columns(vol_ratio=2.0), columns(bar_15m_at=0.0)),
    ("thin_book", "BTCUSDT", {"slippage": 0.003}, {"slippage": np.nan}),
    ("liquidation_cascade", "BTCUSDT/LONG", columns(liquidated_sell_usdt=1.01e6),
     columns(liquidated_sell_usdt=np.nan, liquidated_sell_mean_usdt=np.nan)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "scope", "fires", "gap"), ENDS, ids=[row[0] for row in ENDS])
def test_an_alert_does_not_end_because_the_input_that_fired_it_went_missing(
    name: str, scope: str, fires: dict[str, Any], gap: dict[str, Any]
) -> None:
    desk = Desk()
    for _ in range(10):
        desk.see(after_s=10, **fires)
    assert desk.carried["alerts"][name, scope].told_count == 1
    for _ in range(40):
        desk.see(after_s=30, **gap)
    assert desk.carried["alerts"][name, scope].phase == "firing"
    assert (name, scope, "warning", "resolved") not in desk.told()


def test_a_stamp_from_the_future_is_as_stale_as_none_at_all() -> None:
    ahead = NOW.timestamp() + 86_400
    desk = Desk()
    for _ in range(30):
        desk.see(**columns(depth_at=ahead))
    assert ("stale_data", "depth", "warning", "fired") in desk.told()
    for _ in range(30):
        desk.see()
    assert ("stale_data", "depth", "warning", "resolved") in desk.told()


def test_of_a_hedged_symbol_only_the_side_without_a_way_out_is_told_so() -> None:
    long = position(quantity=1, liquidation=49_500, side="LONG")
    short = position(quantity=-1, liquidation=90_000, side="SHORT")
    thin = np.full((1, len(SLIPPAGE_LADDER_USDT)), 0.006)  # more than half of 1 %, little of 80 %
    seen = state(positions=[long, short], slippage=0.0002)
    told = decide(replace(seen, sell_slippage=thin), DEFAULT, NOW).alerts
    assert [a.scope for a in told if a.name == "cannot_exit"] == ["BTCUSDT/LONG"]
    told = decide(replace(seen, buy_slippage=thin), DEFAULT, NOW).alerts
    assert [a.scope for a in told if a.name == "cannot_exit"] == []
