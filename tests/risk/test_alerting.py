"""The table of alerts: when each fires, when it does not, when it resolves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from risk.limits import ALERTS, from_mapping
from risk.records import Divergence
from risk.state import FlowTrouble, VanishedPosition
from tests.risk.builders import NOW, Desk, instrument, ladder, position, snapshot, value_at_risk

Changes = dict[str, Any]


def columns(**values: Any) -> Changes:
    return {"columns": values}


def held(**changes: Any) -> Changes:
    return {"positions": [position(**changes)]}


def equity(wallet: float) -> Changes:
    return {"wallet": wallet, "facts": {"equity_peak_7d": 100_000.0}}


def fact(**values: float) -> Changes:
    return {"facts": values}


def away(seconds: float) -> Changes:
    """What two workers last told of Prefect; the one of pool "heavy" is gone and its word is old."""
    pools = {"cadence": (seconds, NOW + timedelta(days=1)), "heavy": (99.0, NOW - timedelta(minutes=2))}
    facts = {f"prefect_away_s/{pool}": away_s for pool, (away_s, _) in pools.items()}
    return fact(**facts, **{f"prefect_away_s/{pool}_at": at.timestamp() for pool, (_, at) in pools.items()})


def trouble(kind: str, since_s: float) -> Changes:
    """What a worker says of the flow "refit"."""
    since = NOW + timedelta(seconds=since_s)
    return {"troubles": (FlowTrouble(flow="refit", kind=kind, since=since, problem="DataError: 2 bars"),)}


def studied(mean: float, share: float) -> Changes:
    """What a study of strategies just found: correlation over 30 days, and the share of one of them."""
    facts = {"strategy_mean_correlation": mean, "strategy_share/trend/": share}
    return fact(**facts, **{f"{name}_at": NOW.timestamp() for name in facts})


def ending(after: timedelta | None, **changes: Any) -> Changes:
    """A coin held in a contract that ends so long after NOW, and is otherwise listed as usual."""
    rules = replace(
        instrument(now=NOW + timedelta(hours=2)),
        delivery_at=None if after is None else NOW + after,
        **changes,
    )
    return {**held(), "instruments": {"BTCUSDT": rules}}


def paying(rate: float) -> Changes:
    """One coin long at 50,000 USDT on an equity of 100,000: three settlements cost 1.5 rates a day."""
    return {"positions": [position(liquidation=None)], **columns(funding_rate=rate)}


def carrying(wallet: float, quantity: float = 1) -> Changes:
    """One coin at 50,000 on a cross wallet, maintenance 0.4 %: W − 50,000·s = 200·(1 − s) at the fall s."""
    held = position(quantity=quantity, liquidation=None)
    return {"positions": [held], "wallet": wallet, "brackets": {"BTCUSDT": ladder()}}


# name, scope, severity, what fires it, what is just short of firing, what resolves it
TABLE: list[tuple[str, str, str, Changes, Changes | None, Changes | None]] = [
    ("level", "BTCUSDT", "warning", columns(atr_ratio_15m=0.05), columns(atr_ratio_15m=0.0499), {}),
    ("level", "BTCUSDT", "critical", held(liquidation=48_900), None, held()),
    ("liquidation_distance", "BTCUSDT/LONG", "warning", held(liquidation=45_001), held(liquidation=45_000),
     held(liquidation=43_999)),
    ("liquidation_distance", "BTCUSDT/LONG", "critical", held(liquidation=47_501), held(liquidation=45_000),
     held(liquidation=43_999)),
    ("liquidation_distance", "BTCUSDT/SHORT", "warning", held(quantity=-1, liquidation=54_999),
     held(quantity=-1, liquidation=55_001), held(quantity=-1, liquidation=56_001)),
    # a fall of 10 % at 5,000 + 180, of 15 % at 7,500 + 170; a short: a rise of 10 % at 5,000 + 220
    ("account_shock", "account", "critical", carrying(5_179), carrying(5_181), carrying(7_671)),
    ("account_shock", "account", "critical", carrying(5_219, -1), carrying(5_221, -1), carrying(7_731, -1)),
    ("reduce", "BTCUSDT/LONG", "critical", held(liquidation=48_900), held(liquidation=48_000), held()),
    ("cannot_exit", "BTCUSDT/LONG", "critical", {**held(liquidation=49_000), "slippage": 0.011},
     {**held(liquidation=49_000), "slippage": 0.009}, {**held(liquidation=49_000), "slippage": 0.009}),
    ("funding_extreme", "BTCUSDT", "warning", columns(funding_rate=0.00101), columns(funding_rate=0.00099),
     columns(funding_rate=0.00079)),
    ("funding_extreme", "BTCUSDT", "warning", columns(funding_rate=-0.0003, interval_hours=2.0),
     columns(funding_rate=-0.0003, interval_hours=4.0), columns(funding_rate=0.0)),
    ("funding_cost", "account", "warning", paying(0.00067), paying(0.00066), paying(0.0005)),
    ("funding_interval_changed", "BTCUSDT", "warning", columns(interval_hours=4.0), {}, None),
    ("funding_venue_gap", "BTCUSDT", "info", columns(venue_max_8h=0.0004), columns(venue_max_8h=0.00037),
     columns(venue_max_8h=0.00028)),
    ("crowded", "BTCUSDT", "warning", columns(funding_rate=0.001, open_interest=96_001.0),
     columns(funding_rate=0.001, open_interest=95_900.0), {}),
    ("oi_flat_price", "BTCUSDT", "info", columns(open_interest=88_000.0, price_change_24h=-0.01),
     columns(open_interest=88_000.0, price_change_24h=0.0101), None),
    ("spread", "BTCUSDT", "warning", columns(best_ask=50_052.0), columns(best_ask=50_047.0), {}),
    ("thin_book", "BTCUSDT", "warning", columns(bid_depth_1pct_usdt=0.99e6),
     columns(bid_depth_1pct_usdt=1.01e6), {}),
    ("thin_book", "BTCUSDT", "warning", {"slippage": 0.002}, {"slippage": 0.0019}, {}),
    ("volatility", "BTCUSDT", "warning", columns(vol_ratio=2.0), columns(vol_ratio=1.99), {}),
    ("liquidation_cascade", "BTCUSDT/LONG", "warning", columns(liquidated_sell_usdt=1.01e6),
     columns(liquidated_sell_usdt=0.99e6), {}),
    ("liquidation_cascade", "BTCUSDT/SHORT", "warning", columns(liquidated_buy_usdt=1.01e6),
     columns(liquidated_buy_usdt=1.01e6, liquidated_buy_mean_usdt=1.02e5), {}),
    ("insurance_fund", "BTCUSDT", "warning", columns(insurance_usd=0.949e9), columns(insurance_usd=0.951e9),
     columns(insurance_usd=0.971e9)),
    ("adl_risk", "BTCUSDT/LONG", "warning", held(adl_rank=4), held(adl_rank=3), held(adl_rank=3)),
    ("adl_risk", "BTCUSDT/LONG", "warning", {**held(), **columns(adl_risk=2.0)},
     {**held(), **columns(adl_risk=1.0)}, held()),
    ("drawdown", "account", "warning", equity(94_900), equity(95_100), equity(97_500)),
    ("drawdown", "account", "critical", equity(89_900), equity(95_100), equity(95_100)),
    ("stale_data", "mark", "warning", columns(mark_at=NOW.timestamp() - 600), {}, {}),
    ("blind", "account", "critical", {"account": snapshot(now=NOW - timedelta(days=1))}, {}, {}),
    ("exchange_unreachable", "exchange", "critical", fact(exchange_answered_at=NOW.timestamp() - 120), {},
     {}),
    ("orchestrator_away", "prefect", "warning", away(15.1), away(14.9), away(0.0)),
    # looked at up to 90 s after NOW: 59 s, less than a minute, when it began 31 s after NOW
    ("flow_failing", "refit", "warning", trouble("failed", 0), trouble("failed", 31), {}),
    ("flow_late", "refit", "warning", trouble("late", 0), trouble("late", 31), {}),
    ("flow_late", "refit", "warning", trouble("hung", 0), trouble("failed", 0), {}),
    ("liq_price_mismatch", "BTCUSDT/LONG", "warning", held(liquidation=20_101, exchange=20_000),
     held(liquidation=20_099, exchange=20_000), held()),
    ("fit_failed", "BTCUSDT/1h", "warning", {"facts": {"fit_failed/BTCUSDT/1h": NOW.timestamp()}}, {}, {}),
    ("key_can_trade", "account", "warning", fact(key_can_trade=1.0), fact(key_can_trade=0.0),
     fact(key_can_trade=0.0)),
    ("key_rejected", "account", "critical", fact(key_rejected=1.0), fact(key_rejected=0.0),
     fact(key_rejected=0.0)),
    ("account_unsupported", "account", "critical", fact(account_unsupported=1.0),
     fact(account_unsupported=0.0), fact(account_unsupported=0.0)),
    ("clock_offset", "exchange", "warning", fact(clock_offset_s=-5.0), fact(clock_offset_s=4.9),
     fact(clock_offset_s=0.9)),
    ("strategy_correlation", "strategies", "warning", studied(0.701, 0.4), studied(0.7, 0.4), None),
    ("strategy_correlation", "strategies/trend", "warning", studied(0.2, 0.501), studied(0.2, 0.5), None),
    # a perpetual as soon as its end is announced, a quarterly one a day before; critical on the last day
    ("delisting", "BTCUSDT/LONG", "warning", ending(timedelta(days=5)), ending(None), ending(None)),
    ("delisting", "BTCUSDT/LONG", "critical", ending(timedelta(days=1)), ending(None), ending(None)),
    ("delisting", "BTCUSDT/LONG", "critical", ending(timedelta(days=1), contract_type="CURRENT_QUARTER"),
     ending(timedelta(days=1, seconds=91), contract_type="CURRENT_QUARTER"), ending(None)),
    ("delisting", "BTCUSDT/LONG", "critical", ending(None, status="SETTLING"), ending(None), ending(None)),
    ("missing_partitions", "desk", "warning", fact(missing_partitions=1.0), fact(missing_partitions=0.0),
     fact(missing_partitions=0.0)),
    ("var_breach", "account/1h", "warning", {"value_at_risk": [value_at_risk(loss=0.0301)]},
     {"value_at_risk": [value_at_risk(loss=0.03)]}, {}),
    ("var_method", "account/1h", "info", {"value_at_risk": [value_at_risk(method="ewma")]},
     {"value_at_risk": [value_at_risk()]}, {}),
    ("bracket_changed", "BTCUSDT/LONG", "warning",
     {**held(), "brackets": {"BTCUSDT": ladder(rate="0.01")}, "previous_brackets": {"BTCUSDT": ladder()}},
     {**held(), "brackets": {"BTCUSDT": ladder()}, "previous_brackets": {"BTCUSDT": ladder()}}, None),
]  # fmt: skip
IDS = [f"{row[0]}-{row[1]}-{row[2]}" for row in TABLE]
ENDING = [row for row in TABLE if row[5] is not None]  # the others are told once and have no end
ENDING_IDS = [f"{row[0]}-{row[1]}-{row[2]}" for row in ENDING]


def told(desk: Desk, name: str, scope: str) -> list[tuple[str, str]]:
    """(severity, kind) of everything told about one alert."""
    return [(severity, kind) for n, s, severity, kind in desk.told() if (n, s) == (name, scope)]


def stay(desk: Desk, changes: Changes, seconds: float, *, each: float = 5.0) -> None:
    """Evaluate the same changes for a while."""
    for _ in range(int(seconds / each)):
        desk.see(after_s=each, **changes)


@pytest.mark.parametrize(("name", "scope", "severity", "fires", "_short", "_over"), TABLE, ids=IDS)
def test_it_fires(
    name: str, scope: str, severity: str, fires: Changes, _short: Changes, _over: Changes
) -> None:
    desk = Desk()
    stay(desk, fires, 90, each=15)
    assert told(desk, name, scope) == [(severity, "fired")]
    for decision in desk.decisions:  # as the database takes it: no NaN, no type of numpy's
        details = [a.details for a in decision.alerts] + [s.details for s in decision.signals]
        assert json.dumps([details, [m.items for m in decision.messages]], allow_nan=False)


@pytest.mark.parametrize(("name", "scope", "severity", "_fires", "short", "_over"), TABLE, ids=IDS)
def test_it_does_not_fire_just_short_of_its_threshold(
    name: str, scope: str, severity: str, _fires: Changes, short: Changes | None, _over: Changes
) -> None:
    desk = Desk()
    stay(desk, {} if short is None else short, 90, each=15)
    assert told(desk, name, scope) == []


@pytest.mark.parametrize(("name", "scope", "severity", "fires", "_short", "over"), ENDING, ids=ENDING_IDS)
def test_its_end_is_told_once_and_the_next_one_is_another(
    name: str, scope: str, severity: str, fires: Changes, _short: Changes, over: Changes
) -> None:
    desk = Desk()
    stay(desk, fires, 90, each=15)
    stay(desk, over, 3600, each=120)
    assert told(desk, name, scope) == [(severity, "fired"), (severity, "resolved")]
    assert (name, scope) not in desk.carried["alerts"]
    first = next(i for d in desk.decisions for m in d.messages for i in m.items if i["name"] == name)
    stay(desk, fires, 90, each=15)
    assert told(desk, name, scope)[2:] == [(severity, "fired")]
    last = [i for d in desk.decisions[-6:] for m in d.messages for i in m.items if i["name"] == name]
    assert first["alert_id"] not in {i["alert_id"] for i in last}


def test_the_table_above_covers_every_alert_but_those_tested_by_name() -> None:
    assert set(ALERTS) - {row[0] for row in TABLE} == {"position_gone", "divergence"}


UNKNOWN: list[tuple[str, str, Changes, Changes]] = [
    ("funding_extreme", "BTCUSDT", columns(funding_rate=0.0012), columns(mark_at=0.0)),
    ("volatility", "BTCUSDT", columns(vol_ratio=2.0), columns(bar_15m_at=0.0, sigma_at=0.0)),
    ("spread", "BTCUSDT", columns(best_ask=50_052.0), columns(depth_at=0.0)),
    ("liquidation_distance", "BTCUSDT/LONG", held(liquidation=48_000),
     {"positions": [position(liquidation=48_000)], "account": snapshot(now=NOW - timedelta(hours=1))}),
    ("drawdown", "account", equity(94_000), {"wallet": 94_000}),
    ("cannot_exit", "BTCUSDT/LONG", {**held(liquidation=49_000), "slippage": 0.011},
     {**held(liquidation=49_000), **columns(depth_at=0.0)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "scope", "fires", "gap"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_a_missing_input_neither_ends_nor_begins_an_alert(
    name: str, scope: str, fires: Changes, gap: Changes
) -> None:
    desk = Desk()
    stay(desk, gap, 60, each=15)
    assert told(desk, name, scope) == []
    desk = Desk()
    stay(desk, fires, 90, each=15)
    stay(desk, gap, 300, each=30)
    assert [kind for _, kind in told(desk, name, scope)] == ["fired"]
    assert desk.carried["alerts"][name, scope].phase in ("firing", "clearing")


def test_the_spread_must_be_wide_for_30_seconds_and_narrow_for_60() -> None:
    desk, wide = Desk(), columns(best_ask=50_060.0)
    desk.see(**wide)
    stay(desk, wide, 25)
    assert told(desk, "spread", "BTCUSDT") == []
    desk.see(**wide)
    assert told(desk, "spread", "BTCUSDT") == [("warning", "fired")]
    desk.see()
    stay(desk, {}, 55)
    assert desk.carried["alerts"]["spread", "BTCUSDT"].phase == "clearing"
    desk.see()
    assert ("spread", "BTCUSDT") not in desk.carried["alerts"]


def test_a_spread_that_narrows_in_between_starts_again() -> None:
    desk, wide = Desk(), columns(best_ask=50_060.0)
    for _ in range(20):
        stay(desk, wide, 25)
        desk.see()
    assert told(desk, "spread", "BTCUSDT") == []


def test_a_position_that_vanishes_is_told_once_and_escalates_when_it_was_liquidated() -> None:
    desk = Desk()
    gone = VanishedPosition(
        symbol="BTCUSDT", side="LONG", quantity=Decimal(1), notional_usdt=Decimal(50_000), vanished_at=NOW,
        cause="unknown",
    )  # fmt: skip
    stay(desk, {"vanished": (gone,)}, 30)
    stay(desk, {"vanished": (replace(gone, cause="liquidated"),)}, 30)
    stay(desk, {}, 60)
    assert told(desk, "position_gone", "BTCUSDT/LONG") == [("warning", "fired"), ("critical", "escalated")]
    again = replace(gone, vanished_at=NOW + timedelta(minutes=3), cause="closed")
    stay(desk, {"vanished": (again,)}, 60)
    assert told(desk, "position_gone", "BTCUSDT/LONG")[2:] == [("info", "fired")]


def test_a_divergence_is_told_once_per_pivot_pair() -> None:
    def divergence(second: datetime) -> Mapping[str, Any]:
        found = Divergence(
            event_at=second, received_at=second, source="derived", symbol="BTCUSDT", interval="1h",
            indicator="rsi", kind="bearish", first_pivot_at=second - timedelta(hours=20),
            second_pivot_at=second,
        )  # fmt: skip
        return {"divergences": (found,)}

    desk = Desk()
    stay(desk, dict(divergence(NOW - timedelta(hours=5))), 3600, each=60)
    assert told(desk, "divergence", "BTCUSDT/1h/rsi") == [("info", "fired")]
    stay(desk, dict(divergence(NOW - timedelta(hours=1))), 600, each=60)
    assert told(desk, "divergence", "BTCUSDT/1h/rsi") == [("info", "fired")] * 2
    old = Desk()
    stay(old, dict(divergence(NOW - timedelta(hours=13))), 600, each=60)
    assert old.told() == []


def test_a_second_change_of_the_funding_interval_is_told_again() -> None:
    desk = Desk()
    stay(desk, columns(interval_hours=4.0, interval_hours_before=8.0), 600)
    stay(desk, columns(interval_hours=1.0, interval_hours_before=4.0), 600)
    assert told(desk, "funding_interval_changed", "BTCUSDT") == [("warning", "fired")] * 2


def test_a_bracket_change_that_brings_liquidation_below_a_threshold_is_critical() -> None:
    # 5,190 + P − 50,000 = rate·P: 44,810/0.996 is 10.02 % away, 44,810/0.99 only 9.48 %. The position was
    # last polled by the old table.
    crossed = position(liquidation=44_990, maintenance=200)
    desk = Desk()
    desk.see(
        positions=[crossed], account=snapshot([crossed], wallet=5_190),
        brackets={"BTCUSDT": ladder(rate="0.01")}, previous_brackets={"BTCUSDT": ladder(rate="0.004")},
    )  # fmt: skip
    assert told(desk, "bracket_changed", "BTCUSDT/LONG") == [("critical", "fired")]
    (alert,) = [a for d in desk.decisions for a in d.alerts if a.name == "bracket_changed"]
    assert alert.details["distance"] == pytest.approx(1 - 44_810 / 0.99 / 50_000)
    assert alert.details["distance_before"] == pytest.approx(1 - 44_810 / 0.996 / 50_000)


@pytest.mark.parametrize(("isolated", "severity"), [(False, "critical"), (True, "warning")])
def test_a_bracket_change_weighs_on_what_shares_the_wallet(isolated: bool, severity: str) -> None:
    # 100 SOL at 200 ask for 500 more (rate 0.004 → 0.03, 20,000 USDT): BTC's 44,890/0.996 at 5,190 becomes
    # 45,410/0.996, 9.86 % → 8.82 %, across its own threshold of 9 %; SOL itself is nowhere near liquidation.
    limits = from_mapping({"symbols": {"BTCUSDT": {"distance_warning": 0.09, "distance_critical": 0.05}}})
    btc = position(liquidation=45_000, maintenance=200)
    sol = position("SOLUSDT", 100, mark=200, liquidation=150, maintenance=80)
    if isolated:
        sol = replace(sol, is_isolated=True, isolated_wallet_usdt=Decimal(20_000), liquidation_price=1.0)
    desk = Desk(limits)
    desk.see(
        symbols=("BTCUSDT", "SOLUSDT"), positions=[btc, sol], account=snapshot([btc, sol], wallet=5_190),
        brackets={"BTCUSDT": ladder(), "SOLUSDT": ladder("SOLUSDT", rate="0.03")},
        previous_brackets={"BTCUSDT": ladder(), "SOLUSDT": ladder("SOLUSDT")},
    )  # fmt: skip
    assert told(desk, "bracket_changed", "SOLUSDT/LONG") == [(severity, "fired")]
    assert told(desk, "bracket_changed", "BTCUSDT/LONG") == []


@pytest.mark.parametrize(
    ("ours", "theirs", "fires"),
    [(None, 251, True), (None, 249, False), (20_000, None, True), (249, None, False), (None, None, False)],
)
def test_a_price_that_only_one_of_the_two_shows_is_a_difference(
    ours: float | None, theirs: float | None, fires: bool
) -> None:
    # the exchange prints 0 for "none": half a percent of the mark of 50,000 is 250
    desk = Desk()
    stay(desk, held(liquidation=ours, exchange=theirs), 60)
    assert bool(told(desk, "liq_price_mismatch", "BTCUSDT/LONG")) is fires


def test_unknown_funding_of_one_position_hides_no_cost_and_ends_no_alert() -> None:
    # 1 BTC at 50,000 pays 3·0.1 % a day, 150 USDT of 100,000; the XRP is not watched
    xrp = position("XRPUSDT", 100, mark=1, liquidation=None, maintenance=1)
    both = {"positions": [position(liquidation=None), xrp]}
    desk = Desk()
    desk.see(**both, **columns(funding_rate=0.001))
    assert told(desk, "funding_cost", "account") == [("warning", "fired")]
    stay(desk, {**both, **columns(funding_rate=0.0)}, 120)
    assert told(desk, "funding_cost", "account") == [("warning", "fired")]
    stay(desk, {"positions": [position(liquidation=None)], **columns(funding_rate=0.0)}, 120)
    assert [k for _, k in told(desk, "funding_cost", "account")] == ["fired", "resolved"]


def test_a_price_that_could_not_be_computed_is_no_difference() -> None:
    desk = Desk()
    unknown = replace(position(liquidation=None, exchange=20_000), liquidation_reason="no_brackets: ETHUSDT")
    stay(desk, {"positions": [unknown]}, 60)
    assert told(desk, "liq_price_mismatch", "BTCUSDT/LONG") == []


def test_an_account_whose_positions_are_gone_begins_no_level_alert() -> None:
    near = position(liquidation=49_500)  # 1 % away: extreme
    desk = Desk()
    desk.see(positions=[near], account=snapshot([near]))
    assert desk.decisions[-1].scores.level[-1] == 3
    for _ in range(4):  # flat: hysteresis holds the account's level for a minute, its score is 0
        desk.see()
    assert desk.decisions[-1].scores.level[-1] == 3
    assert told(desk, "level", "account") == []


def test_a_shared_insurance_fund_is_told_once() -> None:
    desk = Desk()
    desk.see(symbols=("AAAUSDT", "BBBUSDT", "CCCUSDT"), columns={"insurance_usd": [9e8, 9e8, 5e8]})
    found = [(n, s) for n, s, *_ in desk.told()]
    assert found == [("insurance_fund", "AAAUSDT"), ("insurance_fund", "CCCUSDT")]


def test_half_a_drawdown_must_come_back_before_it_is_over() -> None:
    desk = Desk()
    stay(desk, equity(92_000), 30)
    stay(desk, equity(95_900), 60)  # 4.1 % below the peak: more than half of 8 %
    assert [k for _, k in told(desk, "drawdown", "account")] == ["fired"]
    stay(desk, equity(96_100), 60)
    assert [k for _, k in told(desk, "drawdown", "account")] == ["fired", "resolved"]


def test_a_reduction_that_was_carried_out_ends_its_alert() -> None:
    desk = Desk()
    first = desk.see(**held(liquidation=48_900))
    asked = next(s for s in first.signals if s.kind == "reduce")
    left = Decimal(1) - (asked.quantity or Decimal(0))
    stay(desk, held(quantity=left, liquidation=40_000, maintenance=200 * left), 30)
    assert [k for _, k in told(desk, "reduce", "BTCUSDT/LONG")] == ["fired", "resolved"]


def test_a_position_that_is_closed_ends_its_alerts() -> None:
    desk = Desk()
    stay(desk, held(liquidation=47_600), 30)
    stay(desk, {}, 30)
    assert [k for _, k in told(desk, "liquidation_distance", "BTCUSDT/LONG")] == ["fired", "resolved"]


def test_never_seen_inputs_alert_after_two_minutes() -> None:
    desk, unseen = Desk(), columns(open_interest_at=np.nan)
    stay(desk, unseen, 115)
    assert told(desk, "stale_data", "open_interest") == []
    stay(desk, unseen, 15)
    assert told(desk, "stale_data", "open_interest") == [("warning", "fired")]


def test_feeds_that_are_not_configured_do_not_alert() -> None:
    desk = Desk()
    stay(desk, columns(venue_at=np.nan, insurance_at=np.nan, adl_at=np.nan, terms_at=np.nan), 300)
    assert [row for row in desk.told() if row[0] == "stale_data"] == []


def test_without_an_account_no_alert_speaks_of_one() -> None:
    desk = Desk()
    stay(desk, {"watches_account": False}, 300)
    assert desk.told() == []


def test_times_are_aware_and_phases_are_known() -> None:
    desk = Desk()
    stay(desk, {**held(liquidation=48_900), **columns(best_ask=50_060.0)}, 60)
    stay(desk, {}, 120)
    alerts = [a for d in desk.decisions for a in d.alerts]
    assert {a.phase for a in alerts} == {"pending", "firing", "clearing", "resolved"}
    assert {a.since.tzinfo for a in alerts} == {UTC}
    assert all((a.resolved_at is not None) == (a.phase == "resolved") for a in alerts)
