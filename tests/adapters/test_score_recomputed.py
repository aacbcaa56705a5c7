"""A composite follows from its stored row and the limits of its version, as the database keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, text

from risk import limits
from risk.adapters import store
from risk.decision import decide
from risk.explanation import explain
from risk.state import COMPONENTS, DIMENSIONS
from tests.risk.builders import CALM, NOW, position, snapshot, state

LIMITS = limits.default()
STATES = 200
SPOILT = (
    "atr_ratio_15m", "vol_ratio", "sigma_24h", "best_ask", "bid_depth_01pct_usdt", "bid_depth_1pct_usdt",
    "funding_rate", "open_interest", "kline_risk",
)  # fmt: skip
CLOCKS = ("bar_15m_at", "sigma_at", "depth_at", "mark_at", "open_interest_at", "terms_at")


def any_state(chance: np.random.Generator, now: Any) -> Any:
    """A market from calm to wild, with gaps and old stamps; an account that is held, flat, old or broke."""
    columns: dict[str, float] = {
        name: CALM[name] * float(10 ** chance.uniform(-1.5, 1.5)) for name in SPOILT if chance.random() < 0.5
    }
    if "best_ask" in columns:
        columns["best_ask"] = 50_000.5 + float(chance.exponential(100))
    columns |= {name: float("nan") for name in SPOILT if chance.random() < 0.1}
    columns |= {name: now.timestamp() - 1e6 for name in CLOCKS if chance.random() < 0.1}
    far = [None, 49_500.0, 47_000.0, 30_000.0][int(chance.integers(4))]
    held = [position(liquidation=far, maintenance=float(chance.uniform(1, 3_000)), now=now)]
    account = snapshot(held, wallet=float(chance.uniform(-200, 9_000)), now=now)
    if chance.random() < 0.2:
        account = snapshot(held, now=now - timedelta(hours=1))
    return state(
        now=now, positions=held if chance.random() < 0.7 else [], account=account, columns=columns,
        watches_account=bool(chance.random() < 0.9), slippage=float(10 ** chance.uniform(-4, -1.5)),
    )  # fmt: skip


def test_the_composite_of_each_stored_row_follows_from_the_row_and_its_limits(db: Connection) -> None:
    chance = np.random.default_rng(20260302)
    store.save_limits(db, LIMITS.version, LIMITS.body())
    for i in range(STATES):
        now = NOW + timedelta(seconds=5 * i)
        decision = decide(any_state(chance, now), LIMITS, now)
        rows_only = replace(decision, alerts=(), messages=(), signals=(), tellings=())
        store.save_decision(db, rows_only, channels=[])
    body = db.execute(
        text("SELECT body FROM risk.limits WHERE version = :v"), {"v": LIMITS.version}
    ).scalar_one()
    rows = list(db.execute(text("SELECT * FROM risk.score ORDER BY scored_at, scope")).mappings())
    parts: dict[Any, list[Any]] = {}
    for part in db.execute(text("SELECT * FROM risk.score_explained ORDER BY ordinal")).mappings():
        parts.setdefault((part["scope"], part["scored_at"]), []).append(part)
    assert len(rows) >= STATES
    levels = set()
    for row in rows:
        found = parts[row["scope"], row["scored_at"]]
        assert [part["component"] for part in found] == list(COMPONENTS)
        again = explain(
            {
                "values": [part["value"] for part in found],
                "component_scores": [None if p["score"] is None else float(p["score"]) for p in found],
                "dimensions": [None if row[name] is None else float(row[name]) for name in DIMENSIONS],
                "floors": row["floors"],
                "missing": row["missing"],
            },
            body,
        )
        levels.add(row["raw_level"])
        if row["composite"] is None:
            assert again.composite is None
            continue
        # the row keeps values to 7 digits and scores to a hundredth
        assert again.composite == pytest.approx(float(row["composite"]), abs=0.011)
        assert again.weighted == pytest.approx(float(row["weighted"]), abs=0.011)
    assert levels >= {0, 1, 2, 3}
