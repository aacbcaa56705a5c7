"""One evaluation as a whole: signals, reductions, memory, and that it depends on nothing else."""

from __future__ import annotations

import ast
import doctest
import importlib
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

import risk
from risk import exposure, limits
from risk.decision import decide
from risk.exposure import after_reduction
from risk.records import AccountSnapshot, LeverageBracket, PositionSnapshot, Signal
from risk.reduction import SCORED
from risk.scorecard import Curve, score_columns
from risk.state import ACCOUNT_SCOPE, State
from tests.risk.builders import NOW, Desk, instrument, ladder, position, snapshot, state

DEFAULT = limits.default()


def test_the_same_state_gives_the_same_decision_to_the_last_id() -> None:
    spoilt = state(
        ("AAAUSDT", "BBBUSDT"),
        positions=[position("BBBUSDT", liquidation=48_900)],
        columns={"vol_ratio": 2.0},
    )
    first, second = decide(spoilt, DEFAULT, NOW), decide(spoilt, DEFAULT, NOW)
    assert first.messages == second.messages
    assert first.alerts == second.alerts
    assert first.signals == second.signals
    assert first.scores.memory == second.scores.memory
    assert all(isinstance(s.decision_id, UUID) for s in first.signals)


def test_a_second_later_the_ids_are_others() -> None:
    spoilt = state(positions=[position(liquidation=48_900)])
    ids = [
        {s.decision_id for s in decide(spoilt, DEFAULT, NOW + timedelta(seconds=s)).signals} for s in (0, 1)
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_decision_names_its_limits_and_scores_every_scope() -> None:
    decision = decide(state(("AAAUSDT", "BBBUSDT")), limits.seed(), NOW)
    assert decision.limits_version == limits.seed().version
    assert decision.scores.scopes == ("AAAUSDT", "BBBUSDT", ACCOUNT_SCOPE)
    assert decision.scores.dimensions.shape == (3, 4)
    assert set(decision.scores.memory) == {"AAAUSDT", "BBBUSDT", ACCOUNT_SCOPE}
    assert decide(state(watches_account=False), DEFAULT, NOW).scores.scopes == ("BTCUSDT",)


@pytest.mark.parametrize(
    ("columns", "kind", "reason", "multiplier"),
    [
        ({"atr_ratio_15m": 0.02}, None, None, None),
        ({"atr_ratio_15m": 0.0499, "bid_depth_1pct_usdt": 5e5}, "warn", "dimension:market", 0.5),
        ({"atr_ratio_15m": 0.05}, "close_only", "floor:dimension_extreme", 0),
        ({"mark_at": 0.0}, "warn", "floor:other_unknown", 0.5),
    ],
)
def test_a_level_has_its_signal(
    columns: dict[str, float], kind: str | None, reason: str | None, multiplier: float | None
) -> None:
    signals = [s for s in decide(state(columns=columns), DEFAULT, NOW).signals if s.scope == "BTCUSDT"]
    assert [s.kind for s in signals] == ([kind] if kind else [])
    if signals:
        assert (signals[0].reason, signals[0].details["multiplier"]) == (reason, multiplier)


def test_a_signal_is_given_when_the_level_changes_and_not_again() -> None:
    desk = Desk()
    for _ in range(10):
        desk.see(columns={"atr_ratio_15m": 0.06})
    for _ in range(15):
        desk.see()
    kinds = [(s.kind, s.scope) for d in desk.decisions for s in d.signals]
    assert kinds == [("close_only", "BTCUSDT")]


def reductions_of(given: State) -> list[Signal]:
    return [s for s in decide(given, DEFAULT, NOW).signals if s.kind == "reduce"]


def cross(
    quantity: float, liquidation: float, wallet: float, maintenance: float
) -> tuple[PositionSnapshot, AccountSnapshot]:
    held = position(quantity=quantity, liquidation=liquidation, maintenance=maintenance)
    return held, snapshot([held], wallet=wallet)


def test_extreme_asks_for_the_smallest_fraction_of_at_least_half() -> None:
    # Surplus 1,400 − 200 = 1,200 on 50,000: 2.2 % from liquidation, leverage 89. With `left` of it kept:
    # 2.2 % · (1,400 − 200·left) / 1,200 / left > 5 % at left < 30.8 / 64.4 = 0.478.
    held, account = cross(1, 48_900, 1_400, 200)
    decision = decide(
        state(
            positions=[held], account=account, brackets={"BTCUSDT": ladder()},
            instruments={"BTCUSDT": instrument(step="0.01")},
        ),
        DEFAULT, NOW,
    )  # fmt: skip
    asked = [s for s in decision.signals if s.kind == "reduce"]
    assert len(asked) == 1
    assert asked[0].fraction == pytest.approx(0.53)
    assert asked[0].quantity == Decimal("0.53")
    assert asked[0].details["is_enough"]
    assert asked[0].symbol == "BTCUSDT"


def test_the_quantity_is_rounded_up_to_the_step_and_never_above_the_position() -> None:
    held, account = cross(1, 48_900, 1_400, 200)
    coarse = state(positions=[held], account=account, instruments={"BTCUSDT": instrument(step="0.4")})
    assert [s.quantity for s in decide(coarse, DEFAULT, NOW).signals if s.kind == "reduce"] == [
        Decimal("0.8")
    ]
    whole = state(positions=[held], account=account, instruments={"BTCUSDT": instrument(step="1")})
    assert [s.quantity for s in decide(whole, DEFAULT, NOW).signals if s.kind == "reduce"] == [Decimal("1")]


def test_half_is_asked_for_where_half_is_enough() -> None:
    # By the surplus 2.4 % becomes 2.4 · (6,000 − 2,000) / (6,000 − 4,000)/ 0.5 = 9.6 %: half is plenty.
    held, account = cross(1, 48_800, 6_000, 4_000)
    asked = [
        s
        for s in decide(state(positions=[held], account=account), DEFAULT, NOW).signals
        if s.kind == "reduce"
    ]
    assert [s.fraction for s in asked] == [0.5]


def test_all_of_it_goes_when_no_part_is_enough() -> None:
    # The balance is below zero: no smaller position has a cover above 1.
    held, account = cross(1, 48_900, -10, 200)
    decision = decide(state(positions=[held], account=account), DEFAULT, NOW)
    asked = next(s for s in decision.signals if s.kind == "reduce")
    assert (asked.fraction, asked.quantity, asked.details["is_enough"]) == (1.0, Decimal(1), False)


def test_the_largest_share_of_maintenance_goes_first_and_spares_the_rest() -> None:
    # Balance 7,000 over 6,000 asked: cover 1.17 is extreme for both. Half of the larger frees 2,500, and
    # 7,000 / 3,500 = 2 is not high any more.
    large = position("AAAUSDT", quantity=1, liquidation=None, maintenance=5_000)
    small = position("BBBUSDT", quantity=1, liquidation=None, maintenance=1_000)
    both = state(
        ("AAAUSDT", "BBBUSDT"), positions=[small, large], account=snapshot([small, large], wallet=7_000)
    )
    decision = decide(both, DEFAULT, NOW)
    assert decision.scores.level.tolist() == [3, 3, 3]
    asked = [(s.symbol, s.fraction) for s in decision.signals if s.kind == "reduce"]
    assert asked == [("AAAUSDT", 0.5)]


def test_where_the_largest_is_not_enough_the_next_one_goes_too() -> None:
    # 7,000 over 9,000: without the larger 7,000 / 4,500 = 1.56 is not high, a little of it may stay; the
    # first gives what it takes and the second is left alone. Over 12,000 even all of it is not enough.
    large = position("AAAUSDT", quantity=1, liquidation=None, maintenance=7_000)
    small = position("BBBUSDT", quantity=1, liquidation=None, maintenance=5_000)
    both = state(
        ("AAAUSDT", "BBBUSDT"), positions=[small, large], account=snapshot([small, large], wallet=7_000)
    )
    asked = {s.symbol: s for s in decide(both, DEFAULT, NOW).signals if s.kind == "reduce"}
    assert asked["AAAUSDT"].fraction == 1.0
    assert not asked["AAAUSDT"].details["is_enough"]
    # 7,000 / (5,000 · left) > 1.5 at left < 0.933: the least that is ever asked is half.
    assert asked["BBBUSDT"].fraction == 0.5


def test_an_isolated_position_takes_its_margin_along() -> None:
    # Wallet and maintenance shrink together, so the cover does not change until a lower tier is reached.
    alone = position(
        liquidation=48_900, maintenance=200, is_isolated=True, isolated_wallet_usdt=Decimal(1_400)
    )
    cover, away = after_reduction(snapshot([alone]), alone, ladder(), np.array([0.0, 0.5, 0.9]))
    assert cover.tolist() == pytest.approx([7.0, 7.0, 7.0])
    assert away.tolist() == pytest.approx([0.022, 0.022, 0.022])


def test_maintenance_after_a_reduction_follows_the_tiers() -> None:
    # Tiers 0.4 % to 50,000 and 0.5 % above (cum 50): 100,000 asks 450, 50,000 asks 200, 20,000 asks 80.
    upper = replace(ladder()[0], tier=2, maintenance_rate=Decimal("0.005"), cum_usdt=Decimal(50))
    tiers: tuple[LeverageBracket, ...] = (*ladder(), upper)
    held = position(quantity=2, maintenance=450)
    asked = exposure.maintenance_after(held, tiers, np.array([0.0, 0.5, 0.8]))
    assert asked.tolist() == pytest.approx([450, 200, 80])
    assert exposure.maintenance_after(held, (), np.array([0.5])).tolist() == [225]


def test_leverage_after_the_reduction_is_indeed_below_high() -> None:
    held, account = cross(1, 48_900, 1_400, 200)
    decision = decide(state(positions=[held], account=account), DEFAULT, NOW)
    asked = next(s for s in decision.signals if s.kind == "reduce")
    for fraction, is_high in ((asked.fraction, False), ((asked.fraction or 0) - 0.01, True)):
        cover, away = after_reduction(account, held, (), np.array([fraction]))
        worst = max(
            Curve(DEFAULT.curves["cover"])(cover[0]),
            Curve(DEFAULT.curves["distance"])(away[0]),
            Curve(DEFAULT.curves["distance_sigmas"])(away[0] / 0.015),
        )
        assert (worst >= 61) is is_high


def test_an_unknown_account_asks_for_no_reduction() -> None:
    held = position(liquidation=49_900)
    blind = state(positions=[held], account=snapshot([held], now=NOW - timedelta(hours=1)))
    decision = decide(blind, DEFAULT, NOW)
    assert decision.scores.level[0] == 2
    assert [s for s in decision.signals if s.kind == "reduce"] == []


def test_a_position_of_zero_coins_is_none() -> None:
    closed = decide(state(positions=[position(quantity=0, liquidation=49_900)]), DEFAULT, NOW)
    assert closed.scores.dimensions[:, 2].tolist() == [0, 0]


def test_a_hedged_symbol_is_judged_by_its_worse_side() -> None:
    long = position(quantity=1, liquidation=30_000, side="LONG")
    short = position(quantity=-1, liquidation=51_000, side="SHORT")
    decision = decide(state(positions=[long, short]), DEFAULT, NOW)
    assert decision.scores.level[0] == 3
    assert {s.side for s in decision.signals if s.kind == "reduce"} <= {"LONG", "SHORT"}


def test_the_counterfactual_reads_every_column_that_a_score_reads() -> None:
    full = state(columns={"kline_risk": 0.03, "vol_ratio": 1.7, "funding_rate": 0.0009})
    held = exposure.exposure(full.symbols, full.account, (), is_watched=True)
    some = {name: column for name, column in full.columns.items() if name in SCORED}
    rungs = (full.sell_slippage, full.buy_slippage)
    for gone in ({}, {"best_bid"}):
        kept = [{n: c for n, c in columns.items() if n not in gone} for columns in (full.columns, some)]
        scores = [score_columns(c, *rungs, held, DEFAULT, NOW.timestamp()) for c in kept]
        assert scores[0].composite.tolist() == scores[1].composite.tolist()
        assert scores[0].missing.tolist() == scores[1].missing.tolist()


def test_many_symbols_are_decided_like_one() -> None:
    names = [f"S{i:03d}USDT" for i in range(50)]
    spoilt = np.linspace(0.0, 0.09, 50)
    together = decide(state(names, columns={"atr_ratio_15m": spoilt}), DEFAULT, NOW).scores
    for i in (0, 17, 33, 49):
        alone = decide(state([names[i]], columns={"atr_ratio_15m": spoilt[i]}), DEFAULT, NOW).scores
        assert alone.composite[0] == together.composite[i]
        assert alone.level[0] == together.level[i]


JUDGEMENT = (
    "limits", "overrides", "exposure", "hysteresis", "components", "scorecard", "explanation", "reduction",
    "view", "market_alerts", "position_alerts", "feed_alerts", "telling", "alerting", "decision",
)  # fmt: skip


@pytest.mark.parametrize("name", JUDGEMENT)
def test_the_judgement_asks_no_clock_no_chance_and_no_network(name: str) -> None:
    tree = ast.parse((Path(risk.__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
    called = {
        n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not called & {"now", "utcnow", "today", "uuid4", "random", "time", "monotonic", "perf_counter"} - {
        "now"
    }
    assert not imported & {"time", "random", "secrets", "socket", "httpx", "prefect", "sqlalchemy", "os"}


@pytest.mark.parametrize("name", (*JUDGEMENT, "catalogue", "wording"))
def test_the_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"risk.{name}")).failed == 0


def test_judging_and_wording_need_no_heavy_library() -> None:
    program = "import sys, risk.decision, risk.wording; print([m for m in %r if m in sys.modules])"
    heavy = ["pandas", "arch", "scipy.signal", "statsmodels", "matplotlib", "prefect", "sqlalchemy", "httpx"]
    shown = subprocess.run(
        [sys.executable, "-c", program % heavy], capture_output=True, text=True, check=True,
        cwd=Path(risk.__file__).parents[1],
    )  # fmt: skip
    assert shown.stdout.strip() == "[]"


def test_a_demand_is_made_once_even_where_its_alert_is_switched_off() -> None:
    desk = Desk(limits.from_mapping({"alerts": {"reduce": {"enabled": 0}}}))
    demands = [
        signal
        for _ in range(20)
        for signal in desk.see(positions=[position(liquidation=48_900)]).signals
        if signal.kind == "reduce"
    ]
    assert len(demands) == 1
