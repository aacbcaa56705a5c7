"""What to do when it gets worse: reductions demanded, sizes allowed, what past crashes would leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from risk.adapters.settings import Settings
from risk.adapters.store_engine import rows
from risk.state import LEVELS
from risk.web.reading import reading

DAY = timedelta(days=1)
MOST_DECISIONS = 200
SHOWN_DECISIONS = 40

Row = Mapping[str, Any]


def plan(config: Settings, now: datetime) -> dict[str, Any]:
    """The reductions that stand, the advice of a day, sizes of both sides, and the stress table.

    Raises:
        StoreError: the database does not answer.
    """
    with reading(str(config.database_url)) as db:
        decided = rows(db, "web_decisions", since=now - 7 * DAY, most=MOST_DECISIONS)
        sizes = rows(db, "web_sizes", account=config.account)
        stress = rows(db, "web_stress", account=config.account)
    return {
        "at": now,
        "watches_account": config.watches_account,
        "steps": standing(decided),
        "advice": [_advice(row) for row in decided if row["scored_at"] >= now - DAY][:SHOWN_DECISIONS],
        "sizes": _sizes(sizes),
        "sizes_at": max((row["computed_at"] for row in sizes), default=None),
        "stress": worst_directions(stress),
        "stress_at": max((row["computed_at"] for row in stress), default=None),
    }


def trailing(db: Connection, account: str, oldest: datetime) -> dict[tuple[str, str], float]:
    """Trailing stop by symbol and side, USDT per coin; what was computed before `oldest` is absent."""
    found = rows(db, "web_trailing", account=account)
    return {(r["symbol"], r["side"]): r["trailing_price"] for r in found if r["computed_at"] >= oldest}


def standing(decided: Sequence[Row]) -> list[dict[str, Any]]:
    """Steps of the plan that stands, in their order: of each position the newest demand."""
    newest: dict[tuple[str, str], Row] = {}
    for row in decided:
        if row["stands"]:
            newest.setdefault((row["symbol"], row["details"]["direction"]), row)
    steps = [
        {
            "symbol": row["symbol"],
            "side": row["details"]["direction"],
            "at": row["scored_at"],
            "fraction": row["fraction"],
            "quantity": row["quantity"],
            **{name: row["details"].get(name) for name in STEP},
        }
        for row in newest.values()
    ]
    return sorted(steps, key=lambda step: (step["place"] or 0, step["symbol"]))


STEP = ("place", "left", "is_enough", "leverage_after", "cover_after", "slippage", "cost_usdt")
"""What a demand tells beside its quantity."""


def worst_directions(found: Sequence[Row]) -> list[Row]:
    """Of each crash and horizon the direction that costs more, the dearest first."""
    worst: dict[tuple[str, int], Row] = {}
    for row in found:
        known = worst.get((row["scenario"], row["hours"]))
        if known is None or row["loss_usdt"] > known["loss_usdt"]:
            worst[row["scenario"], row["hours"]] = row
    return sorted(worst.values(), key=lambda row: -row["loss_usdt"])


def _advice(row: Row) -> dict[str, Any]:
    names = ("scope", "kind", "symbol", "side", "fraction", "quantity", "reason", "stands")
    return {"at": row["scored_at"], **{name: row[name] for name in names}}


def _sizes(found: Sequence[Row]) -> list[dict[str, Any]]:
    """The desk's sizes, each with the seed's quantity beside it."""
    seed = {(row["symbol"], row["side"]): row["quantity"] for row in found if row["method"] == "seed"}
    return [
        {
            **{name: value for name, value in row.items() if name not in {"method", "computed_at", "level"}},
            "level": LEVELS[row["level"]] if row["level"] >= 0 else "none",
            "seed_quantity": seed.get((row["symbol"], row["side"])),
        }
        for row in found
        if row["method"] == "desk"
    ]
