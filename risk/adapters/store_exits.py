"""What exits read and leave: the way out of a symbol, past crashes, newest stress rows and sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from risk.adapters.store_engine import rows
from risk.positions import WayOut


def ways_out(
    db: Connection, symbols: Sequence[str], now: datetime, ages_s: Mapping[str, float]
) -> dict[str, WayOut]:
    """What leaving each symbol meets now. What is older than its age in the limits counts as missing."""
    return {row["symbol"]: _way_out(row, now, ages_s) for row in rows(db, "ways_out", symbols=list(symbols))}


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
