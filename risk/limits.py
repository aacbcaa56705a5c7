"""Everything by which a score is judged and an alert fires; what a user may change stands here.

Ratios are fractions, times are seconds, money is USDT, scores run from 0 to 100.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from risk.errors import SettingsError
from risk.overrides import check, merge

Points = tuple[tuple[float, float], ...]

WEIGHTS: Mapping[str, float] = {"market": 0.30, "liquidity": 0.25, "leverage": 0.30, "sentiment": 0.15}

CURVES: Mapping[str, Points] = {
    "atr_15m": ((0, 0), (0.005, 15), (0.015, 40), (0.03, 61), (0.05, 86), (0.08, 100)),
    "vol_ratio": ((0.5, 0), (1, 20), (1.5, 40), (2, 61), (3, 86), (4, 100)),
    "sigma_24h": ((0.015, 0), (0.03, 25), (0.05, 45), (0.07, 61), (0.12, 86), (0.2, 100)),
    "spread": ((0, 0), (0.0002, 10), (0.0005, 35), (0.001, 61), (0.003, 86), (0.01, 100)),
    "depth_1pct": ((1e5, 100), (3e5, 86), (1e6, 61), (3e6, 30), (1e7, 0)),
    "coverage": ((0.05, 100), (0.2, 86), (0.5, 61), (1, 40), (5, 0)),
    "slippage": ((0.0003, 0), (0.001, 40), (0.002, 61), (0.005, 86), (0.02, 100)),
    "cover": ((1, 100), (1.2, 86), (1.5, 61), (3, 30), (10, 0)),
    "distance": ((0.01, 100), (0.025, 86), (0.05, 61), (0.1, 45), (0.2, 20), (0.5, 0)),
    "distance_sigmas": ((0.3, 100), (0.75, 86), (1.5, 61), (3, 40), (5, 20), (10, 0)),
    "funding_8h": ((0, 0), (0.0003, 25), (0.001, 61), (0.002, 86), (0.004, 100)),
    "oi_change_3d": ((0, 0), (0.1, 30), (0.2, 61), (0.4, 86), (0.8, 100)),
    # The range of a bar over its relative volume is not a spread. On 32,160 bars of 15m each
    # (2023-11 to 2024-09) its median is 0.0036 for BTC, 0.0042 for ETH and 0.0073 for SOL, and 0.03
    # is reached by 0.07 %, 0.15 % and 0.9 % of them, but by 54 % of SOL's bars on 2024-08-05.
    "kline_liquidity": ((0.002, 0), (0.006, 20), (0.015, 40), (0.03, 61), (0.05, 86), (0.1, 100)),
}
"""Value to score, ascending by value: piecewise linear, flat outside."""

SEED_COMPONENTS = (
    "atr_15m", "spread", "depth_1pct", "coverage", "cover", "distance", "funding_8h", "oi_change_3d",
    "kline_liquidity",
)  # fmt: skip

FLOORS: Mapping[str, float] = {
    "dimension_from": 86, "dimension_floor": 61,
    "leverage_extreme_from": 86, "leverage_extreme_floor": 86,
    "leverage_high_from": 61, "leverage_high_floor": 61,
    "unknown_leverage_floor": 61, "unknown_other_floor": 31,
    "contract_over_floor": 61,
}  # fmt: skip

AGES_S: Mapping[str, float] = {
    "kline_15m": 2 * 900, "kline_1h": 2 * 3600, "kline_1d": 2 * 86_400, "sigma": 2 * 3600,
    "depth": 5, "book_unchanged": 60, "ticker": 30, "mark": 15, "open_interest": 90, "account": 15,
    "terms": 48 * 3600, "brackets": 48 * 3600, "instrument": 48 * 3600, "insurance": 6 * 3600,
    "venue": 3 * 3600, "income": 2 * 3600, "adl": 2 * 3600, "strategy": 48 * 3600,
    "ahead": 60,
}  # fmt: skip
"""Oldest that each input may be when scored. `ahead`: a stamp farther in the future is no stamp."""

SETTLED_AGE_INTERVALS = 1.5

HYSTERESIS: Mapping[str, int] = {"rises": 2, "falls": 12, "fall_points": 3}

ALERTS: Mapping[str, Mapping[str, float]] = {
    "level": {},
    "liquidation_distance": {"warning": 0.10, "critical": 0.05, "resolves": 0.12, "clear_hold_s": 30},
    "account_shock": {"fires": 0.10, "resolves": 0.15, "clear_hold_s": 30},
    "reduce": {"clear_hold_s": 1800},  # carried out is over at once; a level that fell may come back
    "cannot_exit": {"distance_share": 0.5, "clear_hold_s": 60},
    "position_gone": {},
    "funding_extreme": {"fires": 0.001, "resolves": 0.0008, "clear_hold_s": 60},
    "funding_cost": {"fires": 0.001, "resolves": 0.0008, "clear_hold_s": 60},
    "funding_interval_changed": {},
    "funding_venue_gap": {"fires": 0.30, "resolves": 0.20, "clear_hold_s": 60},
    "crowded": {"fires": 61, "resolves": 55, "clear_hold_s": 60},
    "oi_flat_price": {"oi_rise": 0.10, "price_change": 0.01, "clear_hold_s": 3600},
    "spread": {"fires": 61, "resolves": 55, "fire_hold_s": 30, "clear_hold_s": 60},
    "thin_book": {"fires": 61, "resolves": 55, "fire_hold_s": 30, "clear_hold_s": 60},
    "volatility": {"fires": 61, "resolves": 55, "clear_hold_s": 60},
    "liquidation_cascade": {"times_mean": 10, "least_usdt": 1e6, "clear_hold_s": 600},
    "insurance_fund": {"fires": 0.05, "resolves": 0.03},
    "bracket_changed": {},
    "delisting": {"critical_s": 86_400, "dated_s": 86_400},
    "adl_risk": {"rank": 4, "clear_hold_s": 300},
    "drawdown": {"warning": 0.05, "critical": 0.10, "recovered": 0.5},
    "divergence": {"bars": 12},
    "stale_data": {"times_age": 2, "never_seen_hold_s": 120, "clear_hold_s": 15},
    "blind": {"fire_hold_s": 60},
    "exchange_unreachable": {"fires": 60, "resolves": 30, "clear_hold_s": 15},
    "orchestrator_away": {"fires": 15, "resolves": 0, "clear_hold_s": 30},  # three cadences of 5 s
    "flow_failing": {"fires": 60},
    "flow_late": {"fires": 60},
    "liq_price_mismatch": {"fires": 0.005, "resolves": 0.005, "fire_hold_s": 30, "clear_hold_s": 60},
    "fit_failed": {},
    "missing_partitions": {},
    "key_can_trade": {},
    "key_rejected": {},
    "account_unsupported": {},
    "clock_offset": {"fires": 5, "resolves": 1, "clear_hold_s": 30},
    "var_breach": {},
    "var_method": {},
    "strategy_correlation": {"correlation": 0.7, "share": 0.5, "clear_hold_s": 2 * 86_400},
}
"""Thresholds by alert. Each also takes enabled (1 or 0), fire_hold_s and clear_hold_s."""

TELLING: Mapping[str, float] = {
    "remind_critical_s": 900, "remind_warning_s": 4 * 3600, "remind_info_s": 0,
    "retell_s": 3600, "group_interval_s": 20, "most_per_minute": 5, "expires_s": 6 * 3600, "refresh_s": 60,
    "most_per_day": 60, "digest_every_s": 4 * 3600,
}  # fmt: skip
"""Reminders (0: none); how long the worst severity told needs no second telling when the alert eases and
worsens again; pause between messages without a critical item; life of a message; how often a row whose
value alone moved is written; messages without a critical item in 24 h, and how often those held back by that
are told together."""

SIZING: Mapping[str, float] = {
    "risk_percent": 0.01, "target_volatility": 0.02, "adjust_least": 0.25, "adjust_most": 2.0,
    "notional_share": 0.30, "leverage_for_cap": 1.0, "most_slippage": 0.002, "liquidation_to_stop": 1.5,
    "stop_atr_multiple": 2.0, "stop_equity_share": 0.02, "stop_liquidation_share": 0.8,
    "take_profit_1_r": 1.5, "take_profit_2_r": 3.0, "trailing_bars": 22, "trailing_atr_multiple": 3.0,
    "position_risk_cap": 0.02, "account_risk_cap": 0.06,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One consistent set of limits. Build it by `default`, `seed` or `from_mapping`, which check it.

    Attributes:
        weights: share of each dimension; they sum to 1.
        curves: points per component; a component without a curve takes no part (profile `seed`).
        depth_band, coverage_band: which stored depth speaks: "1pct", "01pct" or "5_levels".
        sentiment_lone_share: what one crowded sign alone counts, against both together.
        level_starts: where medium, high and extreme begin.
        multipliers: size allowed per level, as a share of the normal size.
        quiet_hours: when only what is critical is told, e.g. "23:00-07:00 Asia/Shanghai"; empty: never.
        symbols: per-symbol alert distances, {"BTCUSDT": {"distance_warning": …, "distance_critical": …}}.
        version: first 12 hex digits of the SHA-256 of `body()` in canonical JSON.
    """

    profile: str = "default"
    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    curves: Mapping[str, Points] = field(default_factory=lambda: dict(CURVES))
    depth_band: str = "1pct"
    coverage_band: str = "01pct"
    sentiment_lone_share: float = 0.6
    floors: Mapping[str, float] = field(default_factory=lambda: dict(FLOORS))
    level_starts: tuple[float, ...] = (31, 61, 86)
    multipliers: tuple[float, ...] = (1, 0.5, 0, 0)
    hysteresis: Mapping[str, int] = field(default_factory=lambda: dict(HYSTERESIS))
    ages_s: Mapping[str, float] = field(default_factory=lambda: dict(AGES_S))
    settled_age_intervals: float = SETTLED_AGE_INTERVALS
    expected_order_notional_usdt: float = 100_000
    least_reduction: float = 0.5
    alerts: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: _alerts())
    telling: Mapping[str, float] = field(default_factory=lambda: dict(TELLING))
    quiet_hours: str = ""
    symbols: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sizing: Mapping[str, float] = field(default_factory=lambda: dict(SIZING))
    version: str = field(init=False)

    def __post_init__(self) -> None:
        canonical = json.dumps(self.body(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        object.__setattr__(self, "version", hashlib.sha256(canonical.encode()).hexdigest()[:12])

    def body(self) -> dict[str, Any]:
        """All limits as plain JSON values: with a score row they suffice to recompute its composite."""
        return {
            name: _plain(getattr(self, name))
            for name in self.__dataclass_fields__
            if name != "version"
        }  # fmt: skip

    def distance_thresholds(self, symbol: str) -> tuple[float, float, float]:
        """Distance to liquidation of (warning, critical, resolved) for one symbol, fractions of mark."""
        rule, own = self.alerts["liquidation_distance"], self.symbols.get(symbol, {})
        warning = own.get("distance_warning", rule["warning"])
        resolves = rule["resolves"] / rule["warning"] * warning
        return warning, own.get("distance_critical", min(rule["critical"], warning)), resolves


def default() -> Limits:
    """The product's own limits: every number of the documented table."""
    return Limits()


def seed() -> Limits:
    """Only the first sketch's indicators and thresholds: five-level depths, no relative measures."""
    return Limits(
        profile="seed",
        curves={name: CURVES[name] for name in SEED_COMPONENTS},
        depth_band="5_levels",
        coverage_band="5_levels",
    )


def from_mapping(overrides: Mapping[str, Any], profile: str = "default") -> Limits:
    """A profile with a user's changes laid over it.

    A curve is replaced by a list of [value, score] pairs, or changed point by point by a table
    {"0.03" = 55}: a value that the curve already has gets the new score, another is added.

    Raises:
        SettingsError: an unknown key or an impossible value; names field, value, remedy and an example.
    """
    profiles = {"default": default, "seed": seed}
    chosen = overrides.get("profile", profile)
    if chosen not in profiles:
        raise SettingsError(
            f"limits.profile = {chosen!r}: no such profile; use one of {sorted(profiles)}, "
            'for example profile = "default"'
        )
    base = profiles[chosen]()
    body = merge(base.body(), overrides, known_components=CURVES)
    check(body)
    return Limits(**{**body, "curves": _curves(body["curves"]), **_tuples(body)})


def _alerts() -> dict[str, dict[str, float]]:
    general = {"enabled": 1.0, "fire_hold_s": 0.0, "clear_hold_s": 0.0}
    return {name: {**general, **rule} for name, rule in ALERTS.items()}


def _curves(curves: Mapping[str, Any]) -> dict[str, Points]:
    return {name: tuple((float(x), float(y)) for x, y in points) for name, points in curves.items()}


def _tuples(body: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(body[name]) for name in ("level_starts", "multipliers")}


def _plain(value: Any) -> Any:
    """The same value of JSON's types only, with one spelling per number."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return value
