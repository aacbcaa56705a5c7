"""One evaluation: scores, levels, what to do, and whom to tell. The same call live and in a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import uuid5

import numpy as np

from risk import alerting, delisting, exposure, reduction
from risk.components import Grid, is_fresh
from risk.exposure import Exposure
from risk.hysteresis import remember
from risk.limits import Limits
from risk.records import Signal
from risk.reduction import Reduction
from risk.scorecard import Judged, floor_names, score_columns
from risk.state import ACCOUNT_SCOPE, COMPONENTS, DIMENSIONS, LEVELS, Column, Decision, Scores, State
from risk.telling import NAMESPACE
from risk.view import View, plain, position_scope

SIGNALS: Mapping[str, str] = {"medium": "warn", "high": "close_only", "extreme": "close_only"}
"""What a level asks in a symbol; extreme also asks each of its positions to reduce."""

FIELDS = (
    "dimensions",
    "values",
    "component_scores",
    "input_at",
    "weighted",
    "composite",
    "floors",
    "missing",
)


def decide(state: State, limits: Limits, now: datetime) -> Decision:
    """Everything that follows from one state; the same state, limits and time give the same decision."""
    state = replace(state, positions=tuple(p for p in state.positions if p.quantity != 0))
    now_s = now.timestamp()
    symbols, columns, ladders = _widened(state)
    held = exposure.exposure(
        symbols, state.account, state.positions, is_watched=state.watches_account,
        over=delisting.over(state, now),
    )  # fmt: skip
    judged = score_columns(columns, *ladders, held, limits, now_s, absent=state.absent)
    counter = reduction.counterfactual(state, symbols, columns, ladders, held, judged, limits, now_s)
    scores = _scores(state, symbols, judged, held, counter, limits, now)
    wanted = reduction.reductions(state, symbols, judged, scores.level[: len(symbols)], limits)
    view = View(
        state=state,
        limits=limits,
        now=now,
        now_s=now_s,
        symbols=symbols,
        columns=columns,
        scores=scores,
        distances=np.array([exposure.distance(state.account, p) for p in state.positions], dtype=np.float64),
        account_is_fresh=bool(is_fresh(np.array([held.at]), now_s, limits.ages_s["account"], limits)[0]),
        reductions=wanted,
        index={symbol: i for i, symbol in enumerate(symbols)},
    )
    alerts, messages, tellings = alerting.evaluate(view)
    return Decision(
        decided_at=now,
        limits_version=limits.version,
        scores=scores,
        signals=_signals(view),
        alerts=alerts,
        messages=messages,
        tellings=tellings,
    )


def _widened(state: State) -> tuple[tuple[str, ...], Mapping[str, Column], tuple[Grid, Grid]]:
    """Symbols, columns and ladders, with a row of missing market for each position off the watch list."""
    known = set(state.symbols)
    extra = tuple(sorted({p.symbol for p in state.positions} - known))
    if not extra:
        return state.symbols, state.columns, (state.sell_slippage, state.buy_slippage)
    gap = np.full(len(extra), np.nan)
    columns = {name: np.concatenate([column, gap]) for name, column in state.columns.items()}
    rungs = np.full((len(extra), state.sell_slippage.shape[1]), np.nan)
    ladders = (np.vstack([state.sell_slippage, rungs]), np.vstack([state.buy_slippage, rungs]))
    return state.symbols + extra, columns, ladders


def _scores(
    state: State,
    symbols: tuple[str, ...],
    judged: Judged,
    held: Exposure,
    counter: Column,
    limits: Limits,
    now: datetime,
) -> Scores:
    """All rows with their levels, the account's last (where an account is watched)."""
    rows = {name: getattr(judged, name) for name in FIELDS} | {"counterfactual": counter}
    scopes = symbols
    if state.watches_account:
        account = _account_row(state, judged, held, counter, limits, now.timestamp())
        rows = {name: np.concatenate([column, account[name]]) for name, column in rows.items()}
        scopes = (*symbols, ACCOUNT_SCOPE)
    raw, level, memory = remember(scopes, rows["composite"], state.memory, limits, now)
    return Scores(scopes=scopes, raw_level=raw, level=level, memory=memory, **rows)


def _account_row(
    state: State, judged: Judged, held: Exposure, counter: Column, limits: Limits, now_s: float
) -> dict[str, Column]:
    """The worst held symbol's row whole; when flat, leverage alone: 0, or 100 in debt."""
    rows = np.flatnonzero(held.has_position)
    scored = rows[~np.isnan(judged.composite[rows])]
    if scored.size:
        i = scored[np.argmax(judged.composite[scored])]
        worst = {name: getattr(judged, name)[i : i + 1] for name in FIELDS}
        return {**worst, "counterfactual": counter[i : i + 1]}
    fresh = is_fresh(np.array([held.at]), now_s, limits.ages_s["account"], limits)[0]
    is_flat = state.account is not None and fresh and rows.size == 0
    in_debt = state.account is not None and state.account.margin_balance_usdt < 0
    leverage = (100.0 if in_debt else 0.0) if is_flat else np.nan
    gaps = 0 if is_flat else 1 << COMPONENTS.index("cover")
    mask = 0b00111 if is_flat and in_debt else 0b10000 * (not is_flat)
    alone, blank = np.array([leverage]), np.full((1, len(COMPONENTS)), np.nan)
    dimensions = np.full((1, len(DIMENSIONS)), np.nan)
    dimensions[0, 2] = leverage
    return {
        "dimensions": dimensions, "values": blank, "component_scores": blank, "input_at": blank,
        "weighted": alone, "composite": alone,
        "floors": np.array([mask], dtype=np.int16), "missing": np.array([gaps], dtype=np.int32),
        "counterfactual": np.array([np.nan]),
    }  # fmt: skip


def _signals(view: View) -> tuple[Signal, ...]:
    """Advice where the reported level changed, and every new or larger demand to reduce."""
    scores, memory = view.scores, view.state.memory
    found: list[Signal] = []
    before = {scope: m.level for scope, m in memory.items()}
    was = np.array([before.get(scope, 0) for scope in scores.scopes])
    for i in np.flatnonzero((scores.level > 0) & (scores.level != was)).tolist():
        found.append(_level_signal(view, i))
    found += [_reduce_signal(view, r) for r in view.reductions if _is_new(view, r)]
    return tuple(found)


def _level_signal(view: View, i: int) -> Signal:
    scores, scope = view.scores, view.scores.scopes[i]
    level = LEVELS[int(scores.level[i])]
    kind = SIGNALS[level]
    return Signal(
        decision_id=uuid5(NAMESPACE, f"{kind}|{scope}|{view.now.isoformat()}"),
        scope=scope,
        scored_at=view.now,
        kind=kind,
        symbol="" if scope == ACCOUNT_SCOPE else scope,
        side="BOTH",
        fraction=None,
        quantity=None,
        reason=_reason(view, i),
        details={
            "level": level,
            "multiplier": view.limits.multipliers[int(scores.level[i])],
            "composite": plain(scores.composite[i]),
            "counterfactual": plain(scores.counterfactual[i]),
        },
    )


def _reason(view: View, i: int) -> str:
    """What made the score: "floor:NAME" where a floor lifted it, else "dimension:NAME" of the worst."""
    scores = view.scores
    if not scores.composite[i] > scores.weighted[i]:
        worst = int(np.nanargmax(scores.dimensions[i]))
        return f"dimension:{DIMENSIONS[worst]}"
    floors = floor_names(int(scores.floors[i]))
    order = (
        "leverage_extreme", "leverage_high", "leverage_unknown", "contract_over", "dimension_extreme",
        "other_unknown",
    )  # fmt: skip
    return f"floor:{next(name for name in order if name in floors)}"


def _is_new(view: View, wanted: Reduction) -> bool:
    """Whether this demand is not the standing one: none stands, or it asks for at least 5 % more."""
    standing = view.state.alerts.get(("reduce", position_scope(wanted.position)))
    i = view.index[wanted.position.symbol]
    if view.scores.raw_level[i] != LEVELS.index("extreme"):
        return False
    if not view.rule("reduce")["enabled"]:  # no alert remembers the demand: it is made when extreme begins
        known = view.state.memory.get(wanted.position.symbol)
        return known is None or known.level != LEVELS.index("extreme")
    if standing is None or standing.value is None:
        return True
    left = Decimal(str(standing.details.get("left", "0")))
    return wanted.left < left * Decimal("0.95")


def _reduce_signal(view: View, wanted: Reduction) -> Signal:
    position = wanted.position
    scope = position_scope(position)
    return Signal(
        decision_id=uuid5(NAMESPACE, f"reduce|{scope}|{view.now.isoformat()}"),
        scope=position.symbol,
        scored_at=view.now,
        kind="reduce",
        symbol=position.symbol,
        side=position.side,
        fraction=wanted.fraction,
        quantity=wanted.quantity,
        reason=_reason(view, view.index[position.symbol]),
        details={
            "direction": "LONG" if position.quantity > 0 else "SHORT",
            "left": str(wanted.left),
            "is_enough": wanted.is_enough,
            "leverage_after": plain(wanted.leverage_after),
            "place": wanted.place,
            "cover_after": plain(wanted.cover_after),
            "slippage": plain(wanted.slippage),
            "cost_usdt": plain(wanted.cost_usdt),
        },
    )
