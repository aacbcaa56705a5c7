"""Which sentences a backtest of the score is told in; the words stand in the catalogues."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "verdict": "heading area nothing better worse same base alarms early",
    "levels": "heading words",
    "ranking": "heading words",
    "reliability": "heading words picture",
    "crashes": "heading words uncovered caption",
    "positions": "long short",
    "calm": "heading words met missed",
    "tracks": "heading words",
    "page": "title lead files",
    "progress": "symbols days",
    "bars": "all quarter hour",
    "ranked": "score atr ewma garch",
    "column": (
        "level evaluations share median_1h worst_1h median_24h worst_24h event bars ranked_by area "
        "interval beside rows falls score crash symbol fall_at fall first_high first_extreme lead "
        "high_before false_a_week cost_high cost_fall leverage entry liquidation_at liquidated warned "
        "critical level_high year calm high extreme first last absent garch rises false"
    ),
}
"""Names by group."""

SINGLE = ("between", "never", "survived", "yes", "no")
CRASHES = (
    "March 2020", "May 2021", "May-June 2022", "November 2022", "January 2024", "August 2024", "October 2025",
)  # fmt: skip


def sentences() -> set[str]:
    """Identifiers behind "backtest."."""
    names = [f"{group}.{name}" for group, listed in NAMES.items() for name in listed.split()]
    return {f"score.{name}" for name in (*names, *SINGLE, *(f"crash.{name}" for name in CRASHES))}
