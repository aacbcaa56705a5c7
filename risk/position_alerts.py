"""Alerts about open positions and the account that carries them."""

from __future__ import annotations

from typing import Any

import numpy as np

from risk.advice import betas
from risk.exposure import NO_LIQUIDATION, UNDERWATER
from risk.filling import nearest
from risk.open_orders import are_known, protection
from risk.records import PositionSnapshot
from risk.reduction import exit_slippage
from risk.sentiment import funding_8h
from risk.state import ACCOUNT_SCOPE, LEVELS, Column
from risk.view import (
    CRITICAL,
    INFO,
    WARNING,
    Flags,
    Reading,
    View,
    plain,
    position_scope,
    reading,
)

ADL_HIGH = 2
VANISHED_RANKS = {"liquidated": CRITICAL, "deleveraged": CRITICAL, "settled": WARNING, "unknown": WARNING}


def readings(view: View) -> list[Reading]:
    """All rules over positions and the account; none without a watched account."""
    if not view.state.watches_account:
        return []
    return [
        liquidation_distance(view),
        _shock(view),
        reduce(view),
        _cannot_exit(view),
        _gone(view),
        _adl(view),
        _mismatch(view),
        _funding_cost(view),
        _drawdown(view),
        _key(view),
    ]


def _scopes(view: View) -> list[str]:
    return [position_scope(position) for position in view.state.positions]


def _facts(view: View, position: PositionSnapshot, distance: float) -> dict[str, Any]:
    i = view.index[position.symbol]
    sigmas = view.value("distance_sigmas")[i]
    exchange = position.exchange_liquidation_price
    stop = protection(position, view.state.orders, is_known=are_known(view.state.facts, view.now_s))
    return {
        "stop": stop.cover,
        "stop_share": stop.share,
        "stop_price": stop.price,
        "mark_price": float(position.mark_price),
        "quantity": float(position.quantity),
        "notional_usdt": float(position.notional_usdt),
        "liquidation_price": position.liquidation_price,
        "exchange_liquidation_price": None if exchange is None else float(exchange),
        "distance": plain(distance),
        "distance_sigmas": plain(sigmas),
        "is_isolated": position.is_isolated,
        "counterfactual": plain(view.scores.counterfactual[i]),
    }


def liquidation_distance(view: View) -> Reading:
    """Distance of each position against its symbol's own thresholds."""
    positions = view.state.positions
    distance = np.where(view.account_is_fresh, view.distances, np.nan)
    limits = np.array([view.limits.distance_thresholds(p.symbol) for p in positions]).reshape(-1, 3)
    warning, critical, resolves = limits.T
    general = view.rule("liquidation_distance")
    ease = general["resolves"] / general["warning"]
    rank = np.where(distance < critical, CRITICAL, WARNING).astype(np.int8)
    return reading(
        "liquidation_distance",
        _scopes(view),
        distance,
        distance < warning,
        distance > resolves,
        severity=rank,
        threshold=np.where(distance < critical, critical, warning),
        relaxed=np.where(distance > critical * ease, WARNING, CRITICAL).astype(np.int8),
        gone_clears=view.account_is_fresh,
        details=lambda i: _facts(view, positions[i], float(distance[i])),
    )


def _shock(view: View) -> Reading:
    """The smallest move of the market, by betas, that liquidates the cross pool, orders filled on the way.

    While nobody knows which orders there are it does not end.
    """
    fall, rise = _shocks(view)
    move = min(abs(fall), rise) if fall == fall else float("nan")
    rule = view.rule("account_shock")
    return reading(
        "account_shock",
        [ACCOUNT_SCOPE],
        np.array([move]),
        np.array([move <= rule["fires"]]),
        np.array([move > rule["resolves"] and are_known(view.state.facts, view.now_s)]),
        severity=CRITICAL,
        threshold=rule["fires"],
        details=lambda _: {
            "shock": plain(fall if abs(fall) <= rise else rise),
            "fall": plain(fall),
            "rise": plain(rise),
        },
    )


def _shocks(view: View) -> tuple[float, float]:
    """Fall (below zero) and rise that liquidate; infinite where none does, NaN where it is not known."""
    state = view.state
    cross = [p for p in state.positions if not p.is_isolated]
    if (
        state.account is None
        or not view.account_is_fresh
        or any(p.symbol not in state.brackets or min(p.mark_price, p.entry_price) <= 0 for p in cross)
    ):
        return float("nan"), float("nan")
    fall, rise = nearest(state, betas(state))
    return float("-inf") if fall is None else fall, float("inf") if rise is None else rise


def reduce(view: View) -> Reading:
    """What an extreme level asks to give up, until it is given up or the level is no longer extreme."""
    extreme = LEVELS.index("extreme")
    rows = np.array([view.index[p.symbol] for p in view.state.positions], dtype=int)
    reported, raw = view.scores.level[rows], view.scores.raw_level[rows]
    wanted = {position_scope(r.position): r for r in view.reductions}
    scopes = _scopes(view)
    fractions = np.array([wanted[s].fraction if s in wanted else np.nan for s in scopes])
    fires = (reported == extreme) & (raw == extreme) & np.isfinite(fractions)
    is_done = _is_carried_out(view, scopes)
    return reading(
        "reduce",
        scopes,
        fractions,
        fires,
        ((reported >= 0) & (reported < extreme)) | is_done,
        severity=CRITICAL,
        clear_hold_s=np.where(is_done, 0.0, view.rule("reduce")["clear_hold_s"]),
        gone_clears=view.account_is_fresh,
        details=lambda i: _reduction_facts(view, scopes[i], view.state.positions[i]),
    )


def _is_carried_out(view: View, scopes: list[str]) -> Flags:
    done = np.zeros(len(scopes), dtype=bool)
    for i, (scope, position) in enumerate(zip(scopes, view.state.positions, strict=True)):
        standing = view.state.alerts.get(("reduce", scope))
        target = standing.details.get("left") if standing else None
        done[i] = target is not None and float(abs(position.quantity)) <= float(target) * (1 + 1e-9)
    return done


def _reduction_facts(view: View, scope: str, position: PositionSnapshot) -> dict[str, Any]:
    found = next((r for r in view.reductions if position_scope(r.position) == scope), None)
    if found is None:
        standing = view.state.alerts.get(("reduce", scope))
        return dict(standing.details) if standing else {}
    return {
        "fraction": found.fraction,
        "quantity": str(found.quantity),
        "left": str(found.left),
        "is_enough": found.is_enough,
        "leverage_after": plain(found.leverage_after),
        "place": found.place,
        "cover_after": plain(found.cover_after),
        "slippage": plain(found.slippage),
        "cost_usdt": plain(found.cost_usdt),
        "is_isolated": position.is_isolated,
        "notional_usdt": float(position.notional_usdt),
    }


def _cannot_exit(view: View) -> Reading:
    share = view.rule("cannot_exit")["distance_share"]
    positions = view.state.positions
    rows = np.array([view.index[p.symbol] for p in positions], dtype=int)
    whole = [
        exit_slippage(view.state, int(i), p, abs(p.quantity)) for i, p in zip(rows, positions, strict=True)
    ]
    # each way out by itself: the score of a hedged symbol holds the dearer one
    slippage = np.where(np.isfinite(view.value("slippage")[rows]), np.array(whole), np.nan)
    allowed = share * np.where(view.account_is_fresh, view.distances, np.nan)
    return reading(
        "cannot_exit",
        _scopes(view),
        slippage,
        slippage > allowed,
        slippage <= allowed,
        severity=CRITICAL,
        threshold=allowed,
        gone_clears=view.account_is_fresh,
        details=lambda i: {
            **_facts(view, positions[i], float(view.distances[i])),
            "slippage": plain(slippage[i]),
        },
    )


def _gone(view: View) -> Reading:
    vanished = view.state.vanished
    n = len(vanished)
    return reading(
        "position_gone",
        [f"{v.symbol}/{v.side}" for v in vanished],
        np.array([abs(float(v.notional_usdt)) for v in vanished]),
        np.ones(n, dtype=bool),
        np.zeros(n, dtype=bool),
        severity=np.array([VANISHED_RANKS.get(v.cause, INFO) for v in vanished], dtype=np.int8),
        tells_end=False,
        reminds=False,
        identity="vanished_at",
        details=lambda i: {
            "cause": vanished[i].cause,
            "quantity": float(vanished[i].quantity),
            "notional_usdt": float(vanished[i].notional_usdt),
            "vanished_at": vanished[i].vanished_at.isoformat(),
        },
    )


def _adl(view: View) -> Reading:
    """Place in the auto-deleveraging queue, or the exchange's own word for the symbol."""
    rule, positions = view.rule("adl_risk"), view.state.positions
    word = view.fresh("adl_risk", "adl_at", "adl")
    rows = np.array([view.index[p.symbol] for p in positions], dtype=int)
    words, seen = word[rows], view.columns["adl_risk"][rows]
    ranks = np.array([np.nan if p.adl_rank is None else float(p.adl_rank) for p in positions])
    if not view.account_is_fresh:
        ranks = np.full(len(positions), np.nan)
    fires = (ranks >= rule["rank"]) | (words >= ADL_HIGH)
    known = np.isfinite(ranks) | np.isfinite(words)
    known &= view.account_is_fresh & (np.isfinite(words) | np.isnan(seen))  # neither of the two was lost
    return reading(
        "adl_risk",
        _scopes(view),
        ranks,
        fires,
        ~fires & known,
        threshold=rule["rank"],
        gone_clears=view.account_is_fresh,
        details=lambda i: {
            "rank": plain(ranks[i]),
            "symbol_risk": plain(words[i]),
            "notional_usdt": float(positions[i].notional_usdt),
            "unrealized_usdt": float(positions[i].unrealized_usdt),
        },
    )


def _gap(position: PositionSnapshot) -> float:
    """Ours from the exchange's price, as a share of the latter; where only one shows a price, of the mark.

    NaN: ours is not known.
    """
    ours, theirs = position.liquidation_price, float(position.exchange_liquidation_price or 0)
    if ours is None and position.liquidation_reason not in (NO_LIQUIDATION, UNDERWATER):
        return float("nan")
    if ours and theirs > 0:
        return abs(ours - theirs) / theirs
    return max(ours or 0.0, theirs) / float(position.mark_price)


def _mismatch(view: View) -> Reading:
    positions = view.state.positions
    pairs = [(p.liquidation_price, p.exchange_liquidation_price) for p in positions]
    gaps = np.array([_gap(p) for p in positions], dtype=np.float64)
    gaps = np.where(view.account_is_fresh, gaps, np.nan)
    rule = view.rule("liq_price_mismatch")
    return reading(
        "liq_price_mismatch",
        _scopes(view),
        gaps,
        gaps > rule["fires"],
        gaps <= rule["resolves"],
        threshold=rule["fires"],
        gone_clears=view.account_is_fresh,
        details=lambda i: {"ours": pairs[i][0], "theirs": plain(pairs[i][1] or np.nan)},
    )


def _funding_cost(view: View) -> Reading:
    """What the book pays a day at the running rates, as a share of equity; below zero it earns.

    A position of unknown funding neither hides what the others cost nor lets the alert end.
    """
    account, cost, paid = view.state.account, float("nan"), _paid_per_day(view)
    known = paid[np.isfinite(paid)]
    if account is not None and view.account_is_fresh and account.margin_balance_usdt > 0:
        equity = float(account.margin_balance_usdt)
        cost = float(known.sum()) / equity if known.size or not paid.size else cost
    rule, is_whole = view.rule("funding_cost"), known.size == paid.size
    return reading(
        "funding_cost",
        [ACCOUNT_SCOPE],
        np.array([cost]),
        np.array([cost > rule["fires"]]),
        np.array([is_whole and cost < rule["resolves"]]),
        threshold=rule["fires"],
        details=lambda _: {"per_day_usdt": plain(known.sum()), "dearest": _dearest(view)},
    )


def _paid_per_day(view: View) -> Column:
    running = view.fresh("funding_rate", "mark_at", "mark")
    rates = funding_8h(running, view.columns["interval_hours"]) * 3.0  # three times 8 h a day
    return np.array([float(p.notional_usdt) * rates[view.index[p.symbol]] for p in view.state.positions])


def _dearest(view: View) -> str:
    return view.state.positions[int(np.nanargmax(_paid_per_day(view)))].symbol


def _drawdown(view: View) -> Reading:
    rule, account = view.rule("drawdown"), view.state.account
    peak = view.state.facts.get("equity_peak_7d", float("nan"))
    fall = float("nan")
    if account is not None and view.account_is_fresh and peak > 0:
        fall = 1.0 - float(account.margin_balance_usdt) / peak
    standing = view.state.alerts.get(("drawdown", ACCOUNT_SCOPE))
    worst = np.fmax(fall, float(standing.details.get("worst") or 0.0) if standing else 0.0)
    severe = fall >= rule["critical"]
    return reading(
        "drawdown",
        [ACCOUNT_SCOPE],
        np.array([fall]),
        np.array([fall >= rule["warning"]]),
        np.array([fall <= worst * (1.0 - rule["recovered"]) and fall < rule["warning"]]),
        severity=CRITICAL if severe else WARNING,
        threshold=rule["critical"] if severe else rule["warning"],
        details=lambda _: {
            "peak_usdt": plain(peak),
            "equity_usdt": float(account.margin_balance_usdt) if account else None,
            "worst": plain(worst),
        },
    )


def _key(view: View) -> Reading:
    can_trade = view.state.facts.get("key_can_trade", float("nan"))
    return reading(
        "key_can_trade",
        [ACCOUNT_SCOPE],
        np.array([can_trade]),
        np.array([can_trade > 0]),
        np.array([can_trade == 0]),
    )
