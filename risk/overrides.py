"""A user's changes to the limits: laid over a profile, and refused where they cannot be meant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from risk import quiet_hours
from risk.errors import SettingsError

SYMBOL_KEYS = ("distance_warning", "distance_critical")
SINGLE_NUMBERS = (
    "expected_order_notional_usdt", "settled_age_intervals", "sentiment_lone_share", "least_reduction",
)  # fmt: skip
BANDS = {"depth_band": ("1pct", "5_levels"), "coverage_band": ("01pct", "5_levels")}
FALLING = frozenset({"depth_1pct", "coverage", "cover", "distance", "distance_sigmas"})
"""Components of which less is worse; of all others more is worse."""

EXAMPLES = {
    "weights": "weights = { market = 0.30, liquidity = 0.25, leverage = 0.30, sentiment = 0.15 }",
    "curves": "curves.spread = [[0, 0], [0.001, 61], [0.01, 100]]",
    "level_starts": "level_starts = [31, 61, 86]",
    "multipliers": "multipliers = [1, 0.5, 0, 0]",
    "symbols": "symbols.BTCUSDT = { distance_warning = 0.1, distance_critical = 0.05 }",
    "alerts": "alerts.funding_extreme = { fires = 0.001, resolves = 0.0008 }",
    "sizing": "sizing.risk_percent = 0.01",
    "floors": "floors.unknown_other_floor = 31",
    "hysteresis": "hysteresis = { rises = 2, falls = 12, fall_points = 3 }",
    "ages_s": "ages_s.depth = 5",
    "telling": "telling.remind_critical_s = 900",
    "quiet_hours": 'quiet_hours = "23:00-07:00 Asia/Shanghai"',
    "expected_order_notional_usdt": "expected_order_notional_usdt = 100000",
    "depth_band": 'depth_band = "1pct"',
    "coverage_band": 'coverage_band = "01pct"',
    "profile": 'profile = "default"',
}

RISING_ALERTS = frozenset({"liquidation_distance", "account_shock"})
"""Alerts that fire below their threshold and resolve above it."""

MAY_BE_ZERO = frozenset({
    "enabled", "fire_hold_s", "clear_hold_s", "remind_critical_s", "remind_warning_s", "remind_info_s",
    "group_interval_s", "refresh_s", "fall_points", "resolves", "never_seen_hold_s",
})  # fmt: skip
SHARES = frozenset({
    "risk_percent", "notional_share", "most_slippage", "stop_equity_share", "stop_liquidation_share",
    "position_risk_cap", "account_risk_cap", "sentiment_lone_share", "least_reduction", "distance_warning",
    "distance_critical", "distance_share", "recovered", "correlation", "share",
})  # fmt: skip


def refuse(name: str, value: object, problem: str) -> SettingsError:
    """The error for one field: its name, what stands there, what is wrong, and a line that would do."""
    section = name.split(".")[0]
    example = EXAMPLES.get(section, f"leave out limits.{name} for its default")
    return SettingsError(f"limits.{name} = {value!r}: {problem}. For example: {example}")


def merge(
    body: Mapping[str, Any], overrides: Mapping[str, Any], known_components: Iterable[str]
) -> dict[str, Any]:
    """A copy of `body` with `overrides` laid over it; what the profile does not know is refused.

    Raises:
        SettingsError: unknown key, or a table where a number belongs.
    """
    merged = _laid_over({k: v for k, v in body.items() if k not in ("curves", "symbols", "profile")},
                        {k: v for k, v in overrides.items() if k not in ("curves", "symbols", "profile")},
                        "")  # fmt: skip
    merged["profile"] = body["profile"]
    merged["curves"] = _curves(body["curves"], overrides.get("curves", {}), tuple(known_components))
    merged["symbols"] = _symbols(overrides.get("symbols", {}))
    return merged


def check(body: Mapping[str, Any]) -> None:
    """Whether all numbers of one body can be meant together.

    Raises:
        SettingsError: names the first field that cannot.
    """
    _check_weights(body["weights"])
    for component, points in body["curves"].items():
        _check_curve(component, points)
    _check_levels(body)
    for name, value in _numbers(body, ("floors", "hysteresis", "ages_s", "telling", "sizing")):
        _check_number(name, value)
    for alert, rule in body["alerts"].items():
        _check_alert(alert, rule)
    for symbol, own in body["symbols"].items():
        _check_symbol(symbol, own, body["alerts"]["liquidation_distance"])
    for name in (
        "expected_order_notional_usdt",
        "settled_age_intervals",
        "sentiment_lone_share",
        "least_reduction",
    ):
        _check_number(name, body[name])
    for name, allowed in BANDS.items():
        if body[name] not in allowed:
            raise refuse(name, body[name], f"must be one of {list(allowed)}")
    try:
        quiet_hours.parse(body["quiet_hours"])
    except ValueError as cause:
        raise refuse("quiet_hours", body["quiet_hours"], str(cause)) from None
    low, high = body["sizing"]["adjust_least"], body["sizing"]["adjust_most"]
    if low > high:
        raise refuse("sizing.adjust_least", low, f"lies above adjust_most = {high:g}; swap the two")


def _laid_over(body: Mapping[str, Any], overrides: Mapping[str, Any], path: str) -> dict[str, Any]:
    result = dict(body)
    for key, value in overrides.items():
        name = f"{path}{key}"
        if key not in body:
            raise refuse(name, value, _unknown(key, body))
        if isinstance(body[key], Mapping):
            if not isinstance(value, Mapping):
                raise refuse(name, value, f"is a table with the keys {sorted(body[key])}")
            result[key] = _laid_over(body[key], value, f"{name}.")
        else:
            result[key] = _value(name, value, body[key])
    return result


def _value(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, str):
        if not isinstance(value, str):
            raise refuse(name, value, "must be text in quotes")
        return value
    if isinstance(default, list):
        if not isinstance(value, list | tuple) or len(value) != len(default):
            raise refuse(name, value, f"must be a list of {len(default)} numbers")
        return [_number(name, item) for item in value]
    return _number(name, value)


def _number(name: str, value: Any) -> float:
    if name.endswith(".enabled") and isinstance(value, bool):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise refuse(name, value, "must be a finite number without a unit; 3 % is 0.03")
    return float(value)


def _unknown(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(key, names, n=1)
    return (
        f"is not a known key; did you mean {near[0]!r}?" if near else f"is not a known key; known are {names}"
    )


def _curves(curves: Mapping[str, Any], changes: Any, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(changes, Mapping):
        raise refuse("curves", changes, "is a table of components")
    result = {name: [list(point) for point in points] for name, points in curves.items()}
    for component, change in changes.items():
        name = f"curves.{component}"
        if component not in known:
            raise refuse(name, change, _unknown(component, known))
        if isinstance(change, Mapping):
            points = {float(x): float(y) for x, y in result.get(component, [])}
            points.update({_text_number(name, x): _number(name, y) for x, y in change.items()})
            result[component] = [[x, points[x]] for x in sorted(points)]
        else:
            result[component] = _point_list(name, change)
    return result


def _text_number(name: str, text: Any) -> float:
    try:
        return _number(name, float(text))
    except (TypeError, ValueError) as cause:
        raise refuse(name, text, "the left side of a point must be a number in quotes") from cause


def _point_list(name: str, change: Any) -> list[list[float]]:
    is_list = isinstance(change, list | tuple)
    if not is_list or not all(isinstance(p, list | tuple) and len(p) == 2 for p in change):
        raise refuse(name, change, "must be a list of [value, score] pairs")
    return sorted([_number(name, x), _number(name, y)] for x, y in change)


def _symbols(symbols: Any) -> dict[str, dict[str, float]]:
    if not isinstance(symbols, Mapping):
        raise refuse("symbols", symbols, "is a table of symbols")
    result: dict[str, dict[str, float]] = {}
    for symbol, own in symbols.items():
        if not isinstance(own, Mapping):
            raise refuse(f"symbols.{symbol}", own, f"is a table with the keys {list(SYMBOL_KEYS)}")
        for key, value in own.items():
            if key not in SYMBOL_KEYS:
                raise refuse(f"symbols.{symbol}.{key}", value, _unknown(key, SYMBOL_KEYS))
        result[str(symbol)] = {key: _number(f"symbols.{symbol}.{key}", value) for key, value in own.items()}
    return result


def _check_weights(weights: Mapping[str, float]) -> None:
    for dimension, weight in weights.items():
        if not 0 <= weight <= 1:
            raise refuse(f"weights.{dimension}", weight, "must lie between 0 and 1")
    total = math.fsum(weights.values())
    if abs(total - 1) > 1e-9:
        raise refuse("weights", dict(weights), f"sum to {total:g}, must sum to 1")


def _check_curve(component: str, points: list[list[float]]) -> None:
    name = f"curves.{component}"
    if len(points) < 2:
        raise refuse(name, points, "needs at least two points")
    for (left, low), (right, high) in pairwise(points):
        if left == right:
            raise refuse(name, points, f"has two scores for the value {left:g}")
        falls = high < low
        if high != low and falls is not (component in FALLING):
            direction = "fall" if component in FALLING else "rise"
            raise refuse(name, points, f"is reversed between {left:g} and {right:g}: scores must {direction}")
    if not all(0 <= score <= 100 for _, score in points):
        raise refuse(name, points, "scores must lie between 0 and 100")


def _check_levels(body: Mapping[str, Any]) -> None:
    starts = body["level_starts"]
    if not all(a < b for a, b in pairwise(starts)) or starts[0] <= 0 or starts[-1] > 100:
        raise refuse("level_starts", starts, "must rise from medium to extreme, above 0 and up to 100")
    multipliers = body["multipliers"]
    if any(a < b for a, b in pairwise(multipliers)) or min(multipliers) < 0:
        raise refuse("multipliers", multipliers, "must not be negative nor rise with the level")
    for name, value in body["floors"].items():
        if value > 100:
            raise refuse(f"floors.{name}", value, "is a score and must lie between 0 and 100")


def _numbers(body: Mapping[str, Any], sections: Iterable[str]) -> Iterable[tuple[str, float]]:
    return ((f"{section}.{key}", value) for section in sections for key, value in body[section].items())


def _check_number(name: str, value: float) -> None:
    key = name.rsplit(".", 1)[-1]
    if value < 0:
        raise refuse(name, value, "must not be negative")
    if value == 0 and key not in MAY_BE_ZERO and not name.startswith("floors."):
        raise refuse(name, value, "must be above zero")
    if key in SHARES and value > 1:
        raise refuse(name, value, f"is a fraction and must not pass 1; {value:g} % is {value / 100:g}")
    if name.startswith("hysteresis.") and value != int(value):
        raise refuse(name, value, "counts evaluations or points and must be whole")


def _check_alert(alert: str, rule: Mapping[str, float]) -> None:
    name = f"alerts.{alert}"
    for key, value in rule.items():
        _check_number(f"{name}.{key}", value)
    mild, severe = rule.get("warning"), rule.get("critical")
    above = alert in RISING_ALERTS
    if mild is not None and severe is not None and (mild < severe if above else mild > severe):
        raise refuse(name, dict(rule), "is reversed: critical must be the worse of the two thresholds")
    fires, resolves = rule.get("fires", mild), rule.get("resolves")
    if fires is not None and resolves is not None and (resolves < fires if above else resolves > fires):
        raise refuse(name, dict(rule), "is reversed: it must resolve on the safe side of where it fires")


def _check_symbol(symbol: str, own: Mapping[str, float], general: Mapping[str, float]) -> None:
    for key, value in own.items():
        _check_number(f"symbols.{symbol}.{key}", value)
    warning = own.get("distance_warning", general["warning"])
    if own.get("distance_critical", 0) > warning:
        raise refuse(
            f"symbols.{symbol}", dict(own), f"is reversed: critical must lie below warning = {warning:g}"
        )
