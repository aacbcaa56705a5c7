"""What one evaluation sees and what it says: columns over symbols, plus the few rows of an account.

Columns are float64 arrays of shape (n,), aligned with `symbols`; NaN means missing, never zero.
A name ending in `_at` is seconds since 1970 (UTC). Arrays, not rows, so that the live flow and the
history replay run the same arithmetic at the same cost per evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from risk.records import (
    AccountSnapshot,
    Alert,
    Divergence,
    Instrument,
    LeverageBracket,
    Message,
    OpenOrder,
    PositionSnapshot,
    Signal,
)
from risk.var_records import LatestVar

Column = NDArray[np.float64]

INPUT_COLUMNS: tuple[str, ...] = (
    # market: newest closed bars and the filtered forecast
    "atr_ratio_15m", "bar_15m_at", "atr_ratio_1h", "bar_1h_at", "atr_ratio_1d", "bar_1d_at",
    "vol_ratio", "sigma_24h", "sigma_at", "beta", "atr_1h",
    "kline_spread", "volume_ratio", "kline_risk", "bar_return",
    # liquidity
    "best_bid", "best_ask", "bid_depth_5_usdt", "ask_depth_5_usdt",
    "bid_depth_01pct_usdt", "ask_depth_01pct_usdt", "bid_depth_1pct_usdt", "ask_depth_1pct_usdt",
    "bid_reach", "ask_reach", "depth_at", "book_changed_at",
    "last_price", "price_change_24h", "quote_volume_24h", "ticker_at",
    # mark and funding
    "mark_price", "index_price", "funding_rate", "next_funding_at", "mark_at",
    "interval_hours", "interval_hours_before", "rate_cap", "rate_floor", "terms_at",
    "settled_rate", "settled_at",
    # open interest
    "open_interest", "open_interest_at", "open_interest_24h", "open_interest_72h",
    # forced liquidations: lower bounds, quote sums of 5 minutes and the 24 h mean of such sums
    "liquidated_buy_usdt", "liquidated_sell_usdt", "liquidated_buy_mean_usdt", "liquidated_sell_mean_usdt",
    # other venues: funding per 8 h
    "venue_count", "venue_median_8h", "venue_max_8h", "venue_min_8h", "venue_at",
    # insurance fund of the symbol's group, ADL risk (0 low, 1 medium, 2 high)
    "insurance_usd", "insurance_usd_24h", "insurance_at", "adl_risk", "adl_at",
    # reference
    "brackets_at", "instrument_at",
)  # fmt: skip

COMPONENTS: tuple[str, ...] = (
    "atr_15m", "vol_ratio", "sigma_24h",
    "spread", "depth_1pct", "coverage", "slippage",
    "cover", "distance", "distance_sigmas",
    "funding_8h", "oi_change_3d",
    "kline_liquidity",
)  # fmt: skip
"""Order of the component arrays in a score row. The last one stands in when there is no book."""

DIMENSIONS: tuple[str, ...] = ("market", "liquidity", "leverage", "sentiment")
LEVELS: tuple[str, ...] = ("low", "medium", "high", "extreme")
"""A level is stored as its index here."""

ACCOUNT_SCOPE = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the level hysteresis remembers of one scope."""

    level: int  # index into LEVELS
    pending_level: int  # the level that the rise counter counts towards
    rise_count: int
    fall_count: int
    scored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VanishedPosition:
    """A position that the last account snapshots no longer hold."""

    symbol: str
    side: str  # "LONG" or "SHORT", by the sign it had
    quantity: Decimal  # coins, signed as it was
    notional_usdt: Decimal  # signed
    vanished_at: datetime
    cause: str  # "closed", "liquidated", "deleveraged", "settled", or "unknown" until it is classified


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What a person does not want to be told for a while.

    A "silence" keeps back everything of it. An "acknowledge" keeps back the first telling and the repeats
    of what stood when it was made; what gets worse and what is over are told.
    """

    silence_id: UUID
    kind: str  # "silence" or "acknowledge"
    name: str  # of the alerts; * stands for any characters
    scope: str  # their scope, or the symbol of it; * stands for any characters
    starts_at: datetime
    ends_at: datetime
    made_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingReason:
    """Why one evaluation spoke of an alert, or did not. Stored as `telling` where it is new."""

    alert_id: UUID
    decided_at: datetime
    kind: str  # what there was to say: pending, fired, escalated, reminder, resolved
    reason: str  # "told", or why not
    message_id: UUID | None  # of the message that tells it


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTrouble:
    """A flow that does not do its work, as its worker last said."""

    flow: str  # name of the deployment
    kind: (
        str  # "failed": its runs end badly; "late": a run is due and has not begun; "hung": one does not end
    )
    since: datetime  # end of the first bad run in a row, due time of the late one, begin of the hung one
    problem: str  # what the newest bad run ended with; empty for the other kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The newest of everything that scoring needs.

    Attributes:
        symbols: the n watched symbols.
        columns: every name of INPUT_COLUMNS, each float64 (n,).
        sell_slippage, buy_slippage: (n, len(SLIPPAGE_LADDER_USDT)), NaN where the book ends first.
        account: None without an API key or before the first answer.
        positions: open positions of that account snapshot; empty when flat.
        watches_account: whether an account is expected at all (an API key is configured).
        brackets: ladders of the symbols with a position or an open order, ordered by tier.
        previous_brackets: the ladders before the last change, of those with a position, where there is one.
        memory: hysteresis per scope (symbol or ACCOUNT_SCOPE).
        alerts: alerts that are not resolved, by (name, scope).
        divergences: newest per symbol, interval and indicator.
        instruments: trading rules by symbol.
        facts: named scalars with their own age, e.g. "equity_peak_7d", "exchange_answered_at",
            "key_can_trade", "income_at", "peak_scored_at"; seconds or USDT as the name says.
        vanished: positions that disappeared within the last ten minutes.
        silences: those whose end is still to come.
        value_at_risk: of the scopes whose last bar lost more than it said, or where another method than the
            first is in use.
        orders: open orders of the account as last read; facts say when (`risk.open_orders`).
        absent: components (COMPONENTS) that the source of this state can never give, whose absence is
            therefore no fault. Live it is empty: there everything is expected. An archive without a book
            names the book's.
        troubles: flows that do not do their work, by the workers' signs of life of the last day.
    """

    symbols: tuple[str, ...]
    columns: Mapping[str, Column]
    sell_slippage: NDArray[np.float64]
    buy_slippage: NDArray[np.float64]
    account: AccountSnapshot | None
    positions: tuple[PositionSnapshot, ...]
    watches_account: bool
    brackets: Mapping[str, tuple[LeverageBracket, ...]]
    previous_brackets: Mapping[str, tuple[LeverageBracket, ...]] = field(default_factory=dict)
    memory: Mapping[str, Memory] = field(default_factory=dict)
    alerts: Mapping[tuple[str, str], Alert] = field(default_factory=dict)
    divergences: tuple[Divergence, ...] = ()
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    vanished: tuple[VanishedPosition, ...] = ()
    silences: tuple[Silence, ...] = ()
    value_at_risk: tuple[LatestVar, ...] = ()
    orders: tuple[OpenOrder, ...] = ()
    absent: frozenset[str] = frozenset()
    troubles: tuple[FlowTrouble, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One evaluation of all scopes, ready to be stored; arrays over `scopes` (symbols, then "account").

    Attributes:
        dimensions: (m, 4) scores 0 to 100 in the order of DIMENSIONS, NaN where unknown.
        values, component_scores: (m, len(COMPONENTS)), NaN where missing.
        input_at: (m, len(COMPONENTS)) seconds since 1970 of each component's oldest input.
        weighted, composite: (m,) before rounding; NaN when nothing is known.
        raw_level, level: (m,) int8 indices into LEVELS, -1 when there is no score.
        floors: (m,) int16 bit mask of the floors that applied (bits named in `risk.scorecard`).
        missing: (m,) int32 bit mask over COMPONENTS, set where an expected input is missing or stale.
        memory: hysteresis after this evaluation, by scope.
        counterfactual: (m,) fraction by which the position's notional must fall for the level to come
            down one step; NaN where there is no position or no such fraction.
    """

    scopes: tuple[str, ...]
    dimensions: NDArray[np.float64]
    values: NDArray[np.float64]
    component_scores: NDArray[np.float64]
    input_at: NDArray[np.float64]
    weighted: Column
    composite: Column
    raw_level: NDArray[np.int8]
    level: NDArray[np.int8]
    floors: NDArray[np.int16]
    missing: NDArray[np.int32]
    counterfactual: Column
    memory: Mapping[str, Memory]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything that one evaluation concluded; written in one transaction.

    Attributes:
        alerts: the alerts whose row changes (new, updated, resolved).
        messages: what is to be told now; usually none or one.
        limits_version: hash of the limits in force (12 hex digits).
        tellings: why each alert with something to say was told or not, where that is news.
    """

    decided_at: datetime
    limits_version: str
    scores: Scores
    signals: tuple[Signal, ...]
    alerts: tuple[Alert, ...]
    messages: tuple[Message, ...]
    tellings: tuple[TellingReason, ...] = ()
