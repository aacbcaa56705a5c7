"""What exits read and leave: the way out of a symbol, past crashes, newest stress rows and sizes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from risk.adapters.store_codec import plain
from risk.adapters.store_engine import rows, run
from risk.advice import SizeAdvice
from risk.filling import Outlook
from risk.positions import WayOut
from risk.records import OpenOrder
from risk.stress import MARKET, Scenario, Stressed


def ways_out(
    db: Connection, symbols: Sequence[str], now: datetime, ages_s: Mapping[str, float]
) -> dict[str, WayOut]:
    """What leaving each symbol meets now. What is older than its age in the limits counts as missing."""
    return {row["symbol"]: _way_out(row, now, ages_s) for row in rows(db, "ways_out", symbols=list(symbols))}


def scenarios(db: Connection) -> tuple[Scenario, ...]:
    """Past crashes by horizon and direction, oldest first; absent where nobody knows BTCUSDT's move."""
    found = []
    for _, group in groupby(rows(db, "stress_moves"), key=lambda row: (row["scenario"], row["hours"])):
        moves = list(group)
        for direction in ("fall", "rise"):
            known = {row["symbol"]: row[direction] for row in moves if row[direction] is not None}
            if known.get(MARKET):
                found.append(
                    Scenario(
                        name=moves[0]["scenario"],
                        hours=moves[0]["hours"],
                        direction=direction,
                        moves=known,
                        at_least=frozenset(row["symbol"] for row in moves if row["is_bound"]),
                        depth_left=moves[0]["depth_left"],
                        collateral_left=moves[0]["collateral_left"],
                    )
                )
    return tuple(found)


def extremes(
    db: Connection, symbols: Sequence[str], interval: str, bars: int
) -> dict[str, tuple[float, float]]:
    """Highest high and lowest low of the newest closed bars; a symbol with fewer bars is absent."""
    found = rows(db, "extremes", symbols=list(symbols), interval=interval, most=bars)
    return {row["symbol"]: (row["highest"], row["lowest"]) for row in found}


def save_stress(db: Connection, account: str, found: Iterable[Stressed], now: datetime) -> None:
    """Replace the stress rows of an account by newer ones."""
    given = [{**asdict(row), "account": account, "computed_at": now} for row in found]
    run(db, "save_stress", rows=_json(given))


def replace_orders(
    db: Connection, account: str, service: str, found: Iterable[OpenOrder], received_at: datetime
) -> None:
    """Replace one list of an account's open orders by a newer reading of all of it."""
    given = [asdict(row) for row in found]
    run(db, "replace_orders", rows=_json(given), account=account, service=service, received_at=received_at)


def save_shocks(db: Connection, account: str, found: Iterable[Outlook], now: datetime) -> None:
    """Replace what moves of the whole market would do to an account."""
    given = [
        {
            "account": account,
            "betas": row.betas,
            "orders": row.orders,
            "computed_at": now,
            "fall": row.shocks[0],
            "rise": row.shocks[1],
            "shocks": row.grid.shocks.tolist(),
            "equity_usdt": row.grid.equity.tolist(),
            "maintenance_usdt": row.grid.maintenance.tolist(),
            "is_liquidated": row.grid.liquidated.tolist(),
        }
        for row in found
    ]
    run(db, "forget_shocks", account=account, before=now)
    run(db, "save_shock", rows=_json(given))


def save_size_advice(db: Connection, found: Iterable[SizeAdvice]) -> None:
    """Replace the sizes of each symbol, side and method by newer ones."""
    given = []
    for row in found:
        targets = (*row.targets, None, None)
        given.append({**asdict(row), "target_1_price": targets[0], "target_2_price": targets[1]})
    run(db, "save_size_advice", rows=_json(given))


def _json(given: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps([{name: _finite(value) for name, value in row.items()} for row in given], default=plain)


def _finite(value: Any) -> Any:
    """NULL for what JSON and the database lack: NaN and infinity."""
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _way_out(row: Mapping[str, Any], now: datetime, ages_s: Mapping[str, float]) -> WayOut:
    way: dict[str, Any] = {}
    if row["sigma_24h"] is not None and _is_young(row["sigma_at"], now, ages_s["sigma"]):
        way["sigma_24h"] = row["sigma_24h"]
    if row["quote_volume_24h"] is not None:
        way["quote_volume_24h"] = row["quote_volume_24h"]
    if row["sell_slippage"] is not None and _is_young(row["depth_at"], now, ages_s["depth"]):
        for name in ("sell_slippage", "buy_slippage"):
            way[name] = tuple(math.nan if cost is None else cost for cost in row[name])
    return WayOut(**way)


def _is_young(at: datetime, now: datetime, age_s: float) -> bool:
    return (now - at).total_seconds() <= age_s
