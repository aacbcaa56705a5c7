"""Alerts about a watched symbol: its level, its market, its book, its funding, its liquidations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from risk.components import INDEX
from risk.scorecard import MEMBERS, floor_names, missing_names
from risk.sentiment import annualised, funding_8h, liquidation_surge, oi_change
from risk.state import ACCOUNT_SCOPE, COMPONENTS, DIMENSIONS, LEVELS, Column
from risk.view import CRITICAL, INFO, WARNING, Reading, View, above, at_least, plain, reading

HIGH, EXTREME = LEVELS.index("high"), LEVELS.index("extreme")
UNKNOWN_FLOORS = frozenset({"leverage_unknown", "other_unknown"})
BOOK = ("spread", "depth_1pct", "coverage", "slippage")


def readings(view: View) -> list[Reading]:
    """All rules over watched symbols."""
    return [
        level(view),
        _dimension(view, "volatility", "market", MEMBERS["market"]),
        _crowded(view),
        _component(view, "spread", ("spread",)),
        _component(view, "thin_book", BOOK[1:]),
        _funding_extreme(view),
        _interval_changed(view),
        _venue_gap(view),
        _oi_flat_price(view),
        _cascade(view),
        _insurance(view),
        _divergence(view),
    ]


def level(view: View) -> Reading:
    """The reported level of each symbol; of the account only where no position speaks for it."""
    scopes, scores = view.scores.scopes, view.scores
    n = len(scopes)
    if scopes and scopes[-1] == ACCOUNT_SCOPE and view.state.positions:
        n -= 1
    reported, raw = scores.level[:n], scores.raw_level[:n]
    rank = np.where(reported == EXTREME, CRITICAL, WARNING).astype(np.int8)
    starts = view.limits.level_starts
    return reading(
        "level",
        scopes[:n],
        np.floor(scores.composite[:n] + 0.5 + 1e-9),
        # a level that only hysteresis still holds begins nothing: the account's, once its positions are gone
        (reported >= HIGH) & (raw >= HIGH),
        (reported >= 0) & (reported < HIGH),
        severity=rank,
        threshold=np.where(reported == EXTREME, starts[2], starts[1]),
        relaxed=rank,
        steady=np.select([raw == EXTREME, raw == HIGH], [CRITICAL, WARNING], -1).astype(np.int8),
        details=lambda i: level_details(view, i),
    )


def level_details(view: View, i: int) -> dict[str, Any]:
    """What a message about row i's level needs: dimensions, the component that speaks, floors, gaps."""
    scores = view.scores
    floors = floor_names(int(scores.floors[i]))
    known = [name for name in floors if name not in UNKNOWN_FLOORS]
    symbol = scores.scopes[i]
    return {
        "level": LEVELS[int(scores.level[i])],
        "composite": plain(scores.composite[i]),
        "weighted": plain(scores.weighted[i]),
        "dimensions": {d: plain(v) for d, v in zip(DIMENSIONS, scores.dimensions[i], strict=True)},
        **_worst(view, COMPONENTS, i),
        "floors": list(floors),
        "missing": list(missing_names(int(scores.missing[i]))),
        "by_unknown_only": bool(not known and scores.weighted[i] < view.limits.level_starts[1] - 0.5),
        "has_position": symbol == ACCOUNT_SCOPE or symbol in {p.symbol for p in view.state.positions},
        "counterfactual": plain(scores.counterfactual[i]),
    }  # fmt: skip


def _worst(view: View, names: tuple[str, ...], i: int) -> dict[str, Any]:
    """The component of these that speaks, with its value and score."""
    own = [(plain(view.scores.component_scores[i, INDEX[name]]), name) for name in names]
    known = [(score, name) for score, name in own if score is not None]
    if not known:
        return {"component": None, "component_value": None, "component_score": None}
    score, name = max(known)
    value = plain(view.scores.values[i, INDEX[name]])
    return {"component": name, "component_value": value, "component_score": score}


def _dimension(view: View, name: str, dimension: str, members: tuple[str, ...]) -> Reading:
    values = view.scores.dimensions[: len(view.symbols), DIMENSIONS.index(dimension)]
    return _unless_blinded(
        view, at_least(view, name, view.symbols, values, details=lambda i: _worst(view, members, i))
    )


def _component(view: View, name: str, members: tuple[str, ...]) -> Reading:
    values = np.fmax.reduce([view.score(member) for member in members], axis=0)
    return _unless_blinded(
        view, at_least(view, name, view.symbols, values, details=lambda i: _worst(view, members, i))
    )


def _unless_blinded(view: View, one: Reading) -> Reading:
    """A rule over the worst of several components does not end while the one that spoke last is missing."""
    clears = one.clears.copy()
    for i in np.flatnonzero(clears).tolist():
        standing = view.state.alerts.get((one.name, one.scopes[i]))
        speaker = str(standing.details.get("component")) if standing else ""
        if speaker in INDEX and not np.isfinite(view.score(speaker)[i]):
            clears[i] = False
    return replace(one, clears=clears)


def _crowded(view: View) -> Reading:
    """Sentiment, where both of its signs are known: half a conjunction is no crowd."""
    both = np.isfinite(view.score("funding_8h")) & np.isfinite(view.score("oi_change_3d"))
    values = np.where(both, view.scores.dimensions[: len(view.symbols), 3], np.nan)
    return at_least(
        view,
        "crowded",
        view.symbols,
        values,
        details=lambda i: {
            "funding_8h": plain(signed_funding(view)[i]),
            "oi_change_3d": plain(view.value("oi_change_3d")[i]),
        },
    )


def signed_funding(view: View) -> Column:
    """Running funding rate per 8 h with its sign (positive: longs pay), NaN where not scored."""
    rate = funding_8h(view.columns["funding_rate"], view.columns["interval_hours"])
    signed: Column = np.where(np.isfinite(view.value("funding_8h")), rate, np.nan)
    return signed


def _funding_extreme(view: View) -> Reading:
    rate = signed_funding(view)
    return above(
        view,
        "funding_extreme",
        view.symbols,
        np.abs(rate),
        details=lambda i: {
            "funding_8h": plain(rate[i]),
            "annual": plain(annualised(rate[i])),
            "interval_hours": plain(view.columns["interval_hours"][i]),
            "next_funding_at": plain(view.columns["next_funding_at"][i]),
        },
    )


def _interval_changed(view: View) -> Reading:
    now, before = view.columns["interval_hours"], view.columns["interval_hours_before"]
    known = np.isfinite(now) & np.isfinite(before)
    return reading(
        "funding_interval_changed",
        view.symbols,
        now,
        known & (now != before),
        ~(known & (now != before)),
        tells_end=False,
        reminds=False,
        identity="to",
        details=lambda i: {"from": plain(before[i]), "to": plain(now[i])},
    )


def _venue_gap(view: View) -> Reading:
    count = view.fresh("venue_count", "venue_at", "venue")
    high, low = view.columns["venue_max_8h"], view.columns["venue_min_8h"]
    gap = np.where(count >= 2, annualised(high - low), np.nan)
    return above(
        view,
        "funding_venue_gap",
        view.symbols,
        gap,
        severity=INFO,
        details=lambda i: {
            "highest_8h": plain(high[i]),
            "lowest_8h": plain(low[i]),
            "median_8h": plain(view.columns["venue_median_8h"][i]),
            "own_8h": plain(signed_funding(view)[i]),
            "venues": plain(count[i]),
        },
    )


def _oi_flat_price(view: View) -> Reading:
    rule = view.rule("oi_flat_price")
    now = view.fresh("open_interest", "open_interest_at", "open_interest")
    rise = oi_change(now, view.columns["open_interest_24h"])
    move = view.fresh("price_change_24h", "ticker_at", "ticker")
    edge = 1e-9  # 110 / 100 − 1 is a hair below or above 0.1
    fires = (rise >= rule["oi_rise"] - edge) & (np.abs(move) <= rule["price_change"] + edge)
    return reading(
        "oi_flat_price",
        view.symbols,
        rise,
        fires,
        ~fires & np.isfinite(rise) & np.isfinite(move),
        severity=INFO,
        threshold=rule["oi_rise"],
        tells_end=False,
        details=lambda i: {"oi_change_24h": plain(rise[i]), "price_change_24h": plain(move[i])},
    )


def _cascade(view: View) -> Reading:
    """Forced orders of 5 minutes, per symbol and side. A day without any on record has the mean 0."""
    rule, n = view.rule("liquidation_cascade"), len(view.symbols)
    columns = view.columns
    sums = np.concatenate([columns["liquidated_sell_usdt"], columns["liquidated_buy_usdt"]])
    means = np.concatenate([columns["liquidated_sell_mean_usdt"], columns["liquidated_buy_mean_usdt"]])
    times = liquidation_surge(sums, np.nan_to_num(means))
    fires = (times > rule["times_mean"]) & (sums > rule["least_usdt"])
    sides = [f"{s}/LONG" for s in view.symbols] + [f"{s}/SHORT" for s in view.symbols]
    return reading(
        "liquidation_cascade",
        sides,
        sums,
        fires,
        ~fires & np.isfinite(sums),
        threshold=rule["least_usdt"],
        details=lambda i: {
            "sum_5m_usdt": plain(sums[i]),
            "mean_5m_usdt": plain(means[i]),
            "times": plain(times[i]),
            "price_change_24h": plain(columns["price_change_24h"][i % n]),
        },
    )


def _insurance(view: View) -> Reading:
    """Fall of the insurance fund in a day, told once for all symbols that share the fund."""
    now = view.fresh("insurance_usd", "insurance_at", "insurance")
    before = view.columns["insurance_usd_24h"]
    fall = -oi_change(now, before)
    rule = view.rule("insurance_fund")
    first: dict[tuple[float, float], int] = {}
    sharing: dict[int, list[str]] = {}
    for i in np.flatnonzero(fall >= rule["resolves"]).tolist():
        leader = first.setdefault((float(now[i]), float(before[i])), i)
        sharing.setdefault(leader, []).append(view.symbols[i])
    leads = np.isin(np.arange(len(view.symbols)), list(sharing))
    return reading(
        "insurance_fund",
        view.symbols,
        fall,
        leads & (fall >= rule["fires"]),
        fall < rule["resolves"],
        threshold=rule["fires"],
        details=lambda i: {
            "now_usd": plain(now[i]),
            "before_usd": plain(before[i]),
            "symbols": sharing.get(i, [])[:20],
        },
    )


BAR_S = {"15m": 900, "1h": 3600, "1d": 86_400}


def _divergence(view: View) -> Reading:
    """Fresh divergences; each pivot pair is another one."""
    bars = view.rule("divergence")["bars"]
    recent = [
        d for d in view.state.divergences
        if view.now_s - d.event_at.timestamp() <= bars * BAR_S.get(d.interval, 3600)
    ]  # fmt: skip
    n = len(recent)
    return reading(
        "divergence",
        [f"{d.symbol}/{d.interval}/{d.indicator}" for d in recent],
        np.full(n, np.nan),
        np.ones(n, dtype=bool),
        np.zeros(n, dtype=bool),
        severity=INFO,
        tells_end=False,
        reminds=False,
        identity="pivots",
        details=lambda i: {
            "kind": recent[i].kind,
            "interval": recent[i].interval,
            "indicator": recent[i].indicator,
            "pivots": f"{recent[i].first_pivot_at.isoformat()} {recent[i].second_pivot_at.isoformat()}",
        },
    )
