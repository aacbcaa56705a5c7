"""Builds a State of healthy inputs, to be spoilt one by one in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from risk.decision import decide
from risk.limits import Limits, default
from risk.records import (
    SLIPPAGE_LADDER_USDT,
    AccountSnapshot,
    Instrument,
    LeverageBracket,
    PositionSnapshot,
)
from risk.state import INPUT_COLUMNS, Decision, State
from risk.var_records import LatestVar

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

CALM: Mapping[str, float] = {
    "atr_ratio_15m": 0.002, "atr_ratio_1h": 0.004, "atr_ratio_1d": 0.02, "vol_ratio": 0.5,
    "sigma_24h": 0.015, "beta": 1.0, "atr_1h": 200.0,
    "kline_spread": 0.002, "volume_ratio": 1.0, "kline_risk": 0.002, "bar_return": 0.0,
    "best_bid": 49_999.5, "best_ask": 50_000.5,
    "bid_depth_5_usdt": 2e7, "ask_depth_5_usdt": 2e7,
    "bid_depth_01pct_usdt": 3e7, "ask_depth_01pct_usdt": 3e7,
    "bid_depth_1pct_usdt": 9e7, "ask_depth_1pct_usdt": 9e7, "bid_reach": 0.02, "ask_reach": 0.02,
    "last_price": 50_000.0, "price_change_24h": 0.02, "quote_volume_24h": 1e10,
    "mark_price": 50_000.0, "index_price": 50_000.0, "funding_rate": 0.00005,
    "interval_hours": 8.0, "interval_hours_before": 8.0, "rate_cap": 0.003, "rate_floor": -0.003,
    "settled_rate": 0.00005,
    "open_interest": 80_000.0, "open_interest_24h": 80_000.0, "open_interest_72h": 80_000.0,
    "liquidated_buy_usdt": 0.0, "liquidated_sell_usdt": 0.0,
    "liquidated_buy_mean_usdt": 1e4, "liquidated_sell_mean_usdt": 1e4,
    "venue_count": 5.0, "venue_median_8h": 0.0001, "venue_max_8h": 0.0001, "venue_min_8h": 0.0001,
    "insurance_usd": 1e9, "insurance_usd_24h": 1e9, "adl_risk": 0.0,
}  # fmt: skip
"""Values of a quiet BTC market. Every `_at` column is one second before the state's time."""

ANSWERED = ("exchange_answered_at", "open_orders_at", "open_algo_orders_at")


def state(
    symbols: Sequence[str] = ("BTCUSDT",),
    *,
    now: datetime = NOW,
    positions: Sequence[PositionSnapshot] = (),
    watches_account: bool = True,
    account: AccountSnapshot | None = None,
    wallet: float = 100_000,
    slippage: float = 0.0002,
    columns: Mapping[str, Any] | None = None,
    **fields: Any,
) -> State:
    """A calm market with a healthy account; `columns` spoils numbers for all symbols or by list."""
    n = len(symbols)
    seen = now.timestamp() - 1.0
    numbers = {name: np.full(n, seen if name.endswith("_at") else CALM[name]) for name in INPUT_COLUMNS
               if name.endswith("_at") or name in CALM}  # fmt: skip
    for name, value in (columns or {}).items():
        numbers[name] = np.broadcast_to(np.asarray(value, dtype=np.float64), (n,)).copy()
    rungs = np.full((n, len(SLIPPAGE_LADDER_USDT)), slippage)
    if watches_account and account is None:
        account = snapshot(positions, now=now, wallet=wallet)
    values: dict[str, Any] = {
        "symbols": tuple(symbols),
        "columns": numbers,
        "sell_slippage": rungs,
        "buy_slippage": rungs.copy(),
        "account": account if watches_account else None,
        "positions": tuple(positions),
        "watches_account": watches_account,
        "brackets": {},
        "facts": dict.fromkeys(ANSWERED, seen) | {"key_can_trade": 0.0},
    }
    return State(**{**values, **fields})


def value_at_risk(
    scope: str = "account",
    *,
    loss: float = 0.0,
    var_99: float = 0.03,
    method: str = "gjr_garch_t",
    reason: str = "",
    closed_at: datetime = NOW,
) -> LatestVar:
    """A VaR in force whose newest judged bar lost `loss`, fractions."""
    return LatestVar(
        scope=scope, interval="1h", computed_at=NOW, bar_at=NOW, method=method, method_since=NOW,
        reason=reason, note="", gross_usdt=None, var_95=0.02, es_95=0.025, var_99=var_99, es_99=0.04,
        closed_at=closed_at, closed_method=method, closed_var_99=var_99, closed_loss=loss,
        closed_gross_usdt=None,
    )  # fmt: skip


def snapshot(
    positions: Sequence[PositionSnapshot] = (),
    *,
    now: datetime = NOW,
    wallet: float | str = 100_000,
    maintenance: float | str | None = None,
    **changes: Any,
) -> AccountSnapshot:
    """An account that holds these positions; cross wallet in USDT."""
    cross = [p for p in positions if not p.is_isolated]
    asked = sum((p.maintenance_usdt for p in cross), Decimal(0))
    unrealized = sum((p.unrealized_usdt for p in positions), Decimal(0))
    cross_unrealized = sum((p.unrealized_usdt for p in cross), Decimal(0))
    total = Decimal(str(wallet)) + sum((p.isolated_wallet_usdt for p in positions), Decimal(0))
    at = now - timedelta(seconds=1)
    account = AccountSnapshot(
        event_at=at,
        received_at=at,
        source="rest",
        account="default",
        is_multi_assets=False,
        is_hedge_mode=False,
        wallet_usdt=total,
        cross_wallet_usdt=Decimal(str(wallet)),
        cross_unrealized_usdt=cross_unrealized,
        unrealized_usdt=unrealized,
        margin_balance_usdt=total + unrealized,
        maintenance_usdt=sum((p.maintenance_usdt for p in positions), Decimal(0)),
        cross_maintenance_usdt=asked if maintenance is None else Decimal(str(maintenance)),
        initial_usdt=Decimal(0),
        available_usdt=total,
    )
    return replace(account, **changes)


def position(
    symbol: str = "BTCUSDT",
    quantity: float | str = "1",
    *,
    mark: float | str = "50000",
    liquidation: float | None = 20_000.0,
    exchange: float | str | None = "same",
    maintenance: float | str = 200,
    now: datetime = NOW,
    **changes: Any,
) -> PositionSnapshot:
    """A position at its mark without profit; `exchange` is its own liquidation price, by default ours."""
    at = now - timedelta(seconds=1)
    theirs = liquidation if exchange == "same" else exchange
    coins = Decimal(str(quantity))
    held = PositionSnapshot(
        event_at=at,
        received_at=at,
        source="rest",
        account="default",
        symbol=symbol,
        side="BOTH",
        quantity=coins,
        entry_price=Decimal(str(mark)),
        break_even_price=None,
        mark_price=Decimal(str(mark)),
        notional_usdt=coins * Decimal(str(mark)),
        unrealized_usdt=Decimal(0),
        is_isolated=False,
        isolated_wallet_usdt=Decimal(0),
        leverage=10,
        initial_usdt=Decimal(0),
        maintenance_usdt=Decimal(str(maintenance)),
        adl_rank=0,
        exchange_liquidation_price=None if theirs is None else Decimal(str(theirs)),
        liquidation_price=liquidation,
        liquidation_reason="" if liquidation is not None else "no_price_above_zero",
    )
    return replace(held, **changes)


def instrument(symbol: str = "BTCUSDT", *, step: str = "0.001", now: datetime = NOW) -> Instrument:
    """Trading rules with this step size."""
    return Instrument(
        event_at=now, received_at=now, source="rest", symbol=symbol, base_asset=symbol[:-4],
        quote_asset="USDT", margin_asset="USDT", contract_type="PERPETUAL", status="TRADING",
        tick_size=Decimal("0.1"), step_size=Decimal(step), min_quantity=Decimal(step),
        min_notional_usdt=Decimal(5), liquidation_fee=Decimal("0.0125"), onboard_at=None, delivery_at=None,
    )  # fmt: skip


def ladder(
    symbol: str = "BTCUSDT", *, rate: str = "0.004", now: datetime = NOW
) -> tuple[LeverageBracket, ...]:
    """A ladder of one tier."""
    tier = LeverageBracket(
        event_at=now, received_at=now, source="rest", symbol=symbol, tier=1, floor_usdt=Decimal(0),
        cap_usdt=Decimal(10**12), maintenance_rate=Decimal(rate), cum_usdt=Decimal(0), max_leverage=125,
    )  # fmt: skip
    return (tier,)


def kept(before: State, decision: Decision) -> dict[str, Any]:
    """What the database hands to the next state: level memory, and the alerts that are not resolved."""
    alerts = dict(before.alerts)
    for alert in sorted(decision.alerts, key=lambda a: a.phase != "resolved"):
        if alert.phase == "resolved":
            alerts.pop((alert.name, alert.scope), None)
        else:
            alerts[alert.name, alert.scope] = alert
    return {"memory": decision.scores.memory, "alerts": alerts}


class Desk:
    """Evaluates one state after another as the live flow does, five seconds apart."""

    def __init__(self, limits: Limits | None = None, *, now: datetime = NOW) -> None:
        self.limits, self.now = limits or default(), now
        self.carried: dict[str, Any] = {}
        self.decisions: list[Decision] = []

    def see(self, *, after_s: float = 5.0, **changes: Any) -> Decision:
        """Evaluate a calm state with these changes (arguments of `state`), `after_s` after the last one."""
        self.now += timedelta(seconds=after_s)
        current = state(now=self.now, **{**self.carried, **changes})
        decision = decide(current, self.limits, self.now)
        self.carried = kept(current, decision)
        self.decisions.append(decision)
        return decision

    def told(self) -> list[tuple[str, str, str, str]]:
        """(name, scope, severity, kind) of everything told so far."""
        return [
            (i["name"], i["scope"], i["severity"], i["kind"])
            for d in self.decisions for m in d.messages for i in m.items
        ]  # fmt: skip

    def messages(self) -> int:
        """How many messages went out so far."""
        return sum(len(decision.messages) for decision in self.decisions)
