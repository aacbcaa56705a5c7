"""What the day's and the week's report hold: spans, columns, and every sentence that they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Literal

Period = Literal["daily", "weekly"]
SPANS: Mapping[Period, timedelta] = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
STEP_MINUTES: Mapping[Period, int] = {"daily": 5, "weekly": 30}
BARS: Mapping[Period, tuple[str, int]] = {"daily": ("15m", 96), "weekly": ("1h", 168)}
LEVELS = ("low", "medium", "high", "extreme", "none")

SHOWN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "positions": (
        ("symbol", ""), ("direction", "side"), ("quantity", "number"), ("notional_usdt", "usd"),
        ("unrealized_usdt", "usd"), ("distance", "percent"), ("distance_sigmas", "number"),
        ("liquidation_price", "number"), ("funding_per_day_usdt", "usd"),
    ),
    "stress": (
        ("scenario", ""), ("hours", "number"), ("market_move", "change"), ("loss_usdt", "usd"),
        ("cover", "times"), ("liquidated_first", ""),
    ),
    "income": (
        ("day", ""), ("asset", ""), ("earned", "number"), ("realized", "number"), ("funding", "number"),
        ("commission", "number"), ("transferred", "number"),
    ),
    "alerts_and_delivery": (
        ("updated_at", "minute"), ("severity", "severity"), ("name", "topic"), ("scope", "scope"),
        ("channel", ""), ("accepted", "number"), ("lost", "number"), ("slowest", "seconds"),
    ),
    "data_gaps": (
        ("symbol", ""), ("interval", ""), ("missing_from", "minute"), ("there_again_at", "minute"),
        ("bars_missing", "number"),
    ),
}  # fmt: skip
"""Columns of a report that the page shows, and how their figures are written."""

OTHERS = ("scope", "level", "score", "highest")
"""Columns of the table of levels."""

STRATEGY_COLUMNS = ("strategy", "cluster", "periods", "sigma", "capital", "share", "reason")
"""Columns of the table of strategies."""


def sentences() -> Iterator[str]:
    """Names of the group "digest" in the catalogues."""
    columns = {column for shown in SHOWN.values() for column, _ in shown}
    yield from (f"column.{name}" for name in sorted(columns.union(OTHERS, STRATEGY_COLUMNS)))
    yield from (f"section.{name}" for name in (*SHOWN, "levels", "pictures", "strategies"))
    yield from (f"none.{name}" for name in SHOWN)
    yield from (
        "daily",
        "weekly",
        "footer",
        "no_score",
        "no_picture",
        "price",
        "more",
        "strategies",
        "reason.few",
        "reason.silent",
    )
