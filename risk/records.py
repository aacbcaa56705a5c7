"""Facts as they are stored: one frozen record per table, field names = column names.

Every input record carries `event_at` (the exchange's time, UTC), `received_at` (ours) and `source`
("rest", "stream", "archive", "import", "derived"). Money, prices and quantities are Decimal as the
exchange sent them; statistics are float. Ratios are fractions: 0.0001 is 0.01 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from risk.notices import Alert as Alert
from risk.notices import DeliveryAttempt as DeliveryAttempt
from risk.notices import Message as Message
from risk.notices import Signal as Signal

SLIPPAGE_LADDER_USDT: tuple[int, ...] = (
    10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
)  # fmt: skip
"""Notionals, in USDT, for which every depth sample carries the cost of a market order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """When and how a fact reached us. Inherited for its three columns only."""

    event_at: datetime
    received_at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument(Observed):
    """Trading rules of one contract."""

    symbol: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    contract_type: str
    status: str
    tick_size: Decimal  # USDT per coin
    step_size: Decimal  # coins
    min_quantity: Decimal  # coins
    min_notional_usdt: Decimal
    liquidation_fee: Decimal  # fraction of notional
    onboard_at: datetime | None
    delivery_at: datetime | None  # None: perpetual without an announced end


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageBracket(Observed):
    """One tier of a symbol's maintenance ladder. Tiers of one fetch share `event_at`."""

    symbol: str
    tier: int
    floor_usdt: Decimal
    cap_usdt: Decimal
    maintenance_rate: Decimal
    cum_usdt: Decimal
    max_leverage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kline(Observed):
    """One closed bar. `event_at` is its close time."""

    symbol: str
    venue: str  # "usdm" or "spot"
    interval: str  # "15m", "1h", "1d"
    open_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal  # coins
    quote_volume: Decimal | None  # USDT; None where an archive does not tell
    trades: int | None
    taker_buy_volume: Decimal | None  # coins


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthSnapshot(Observed):
    """Best prices, nearby depth and the cost of market orders, of one book at one instant."""

    symbol: str
    venue: str  # "usdm" or "spot"
    update_id: int
    best_bid: Decimal  # USDT per coin
    best_ask: Decimal
    bid_depth_5_usdt: Decimal  # best five levels
    ask_depth_5_usdt: Decimal
    bid_depth_01pct_usdt: Decimal  # within 0.1 % of mid
    ask_depth_01pct_usdt: Decimal
    bid_depth_1pct_usdt: Decimal  # within 1 % of mid, as far as the book reaches
    ask_depth_1pct_usdt: Decimal
    bid_reach: float  # how far from mid the book is really known, fraction
    ask_reach: float
    sell_slippage: tuple[float | None, ...]  # per ladder rung, fraction of mid; None: book ends
    buy_slippage: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker(Observed):
    """Rolling 24 hours of one symbol."""

    symbol: str
    venue: str
    last_price: Decimal
    price_change: float  # fraction over 24 h
    high: Decimal
    low: Decimal
    volume: Decimal  # coins
    quote_volume: Decimal  # USDT


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Observed):
    """Mark price, index, and the running funding rate for the next settlement."""

    symbol: str
    mark_price: Decimal
    index_price: Decimal
    funding_rate: float  # fraction per interval, predicted
    next_funding_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingSettlement(Observed):
    """A settled funding rate. `event_at` is the settlement's own stamp."""

    symbol: str
    funding_rate: float  # fraction per interval
    interval_hours: int
    mark_price: Decimal | None
    rate_type: str  # "Regular" or "Special"


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingTerms(Observed):
    """Settlement interval and caps in force for one symbol."""

    symbol: str
    interval_hours: int
    rate_cap: float | None
    rate_floor: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterest(Observed):
    """Open contracts of one symbol, in coins."""

    symbol: str
    quantity: Decimal
    value_usdt: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot(Observed):
    """Totals of one account, in USDT (USD in multi-assets mode)."""

    account: str
    is_multi_assets: bool
    is_hedge_mode: bool
    wallet_usdt: Decimal
    cross_wallet_usdt: Decimal
    cross_unrealized_usdt: Decimal
    unrealized_usdt: Decimal
    margin_balance_usdt: Decimal
    maintenance_usdt: Decimal  # all positions, as the exchange sums them
    cross_maintenance_usdt: Decimal  # cross positions only
    initial_usdt: Decimal
    available_usdt: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSnapshot(Observed):
    """One open position. Quantities and notionals are negative for shorts."""

    account: str
    symbol: str
    side: str  # "BOTH", "LONG", "SHORT"
    quantity: Decimal  # coins, signed
    entry_price: Decimal
    break_even_price: Decimal | None
    mark_price: Decimal
    notional_usdt: Decimal  # signed
    unrealized_usdt: Decimal
    is_isolated: bool
    isolated_wallet_usdt: Decimal
    leverage: int | None
    initial_usdt: Decimal
    maintenance_usdt: Decimal
    adl_rank: int | None  # 0 to 4, 4 is closed first
    exchange_liquidation_price: Decimal | None  # None: the exchange shows none
    liquidation_price: float | None  # ours
    liquidation_reason: str  # how ours came about, or why there is none
    # what our price was computed from, and what follows from it; None: not computed, or unknown
    pool_wallet_usdt: float | None = None  # wallet that carries the position
    other_maintenance_usdt: float | None = None  # of all other cross positions, at their marks
    other_unrealized_usdt: float | None = None
    liquidation_tier: int | None = None  # tier of the ladder at our price, from 1
    liquidation_rate: float | None = None
    liquidation_cum_usdt: float | None = None
    liquidation_difference: float | None = None  # ours over the exchange's, minus 1
    distance: float | None = None  # share of the mark to the nearer price; 0: there already
    distance_sigmas: float | None = None  # in forecast daily moves
    exit_slippage: float | None = None  # of closing all of it at market, fraction of mid
    can_exit: bool | None = None  # whether that is at most half the distance


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder(Observed):
    """An order of the account's own that has not filled: in the book, or waiting for its trigger."""

    account: str
    service: str  # "book": the list of orders; "algo": that of conditional orders
    order_id: str
    symbol: str
    side: str  # of the position that it changes: "BOTH", "LONG", "SHORT"
    kind: str  # the exchange's word: LIMIT, STOP_MARKET, …
    is_purchase: bool
    quantity: Decimal  # coins still open; 0 where it closes the position
    price: Decimal | None  # USDT per coin; None: at market
    trigger_price: Decimal | None  # None: it is in the book, or its trigger is not told
    triggered_by: str  # "mark" or "last" price; "" in the book
    is_reduce_only: bool
    closes_position: bool  # all of the position that there is when it triggers


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuranceBalance(Observed):
    """One asset of the insurance fund that a group of symbols shares."""

    group_key: str  # the group's symbols, sorted and joined with a comma, shortened by hash
    symbols: tuple[str, ...]
    asset: str
    balance: Decimal
    value_usd: Decimal | None  # None: no index price for the asset


@dataclass(frozen=True, slots=True, kw_only=True)
class AdlRisk(Observed):
    """The exchange's own word for how near auto-deleveraging is: low, medium or high."""

    symbol: str
    risk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedLiquidation(Observed):
    """One liquidation order from the sampled stream (at most one per symbol and second)."""

    symbol: str
    side: str  # side of the forced order: "SELL" closes a long
    price: Decimal
    average_price: Decimal
    quantity: Decimal
    filled_quantity: Decimal
    notional_usdt: Decimal  # filled quantity times average price


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFunding(Observed):
    """Funding and open interest of one symbol on another exchange."""

    venue: str  # "okx", "bybit", "bitget", "gate", "hyperliquid", "deribit"
    symbol: str  # our name, e.g. BTCUSDT
    funding_rate: float  # as quoted, per interval
    interval_hours: float
    funding_8h: float
    open_interest_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Income(Observed):
    """One line of the account's ledger, in the row's own asset."""

    account: str
    transaction_id: str
    income_type: str
    symbol: str  # empty for transfers
    asset: str
    amount: Decimal
    info: str
    trade_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyReturn(Observed):
    """One period's return of one strategy. `event_at` is the period's end."""

    strategy: str
    period: str  # "1d" or "1h"
    value: float  # fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Observed):
    """Measures of one symbol at one bar's close (`event_at`). None: not enough bars."""

    symbol: str
    interval: str
    close: Decimal
    atr_ratio: float | None  # ATR(14) / close
    rsi: float | None  # 0 to 100
    macd: float | None  # USDT per coin
    macd_signal: float | None
    macd_histogram: float | None
    realised: float | None  # realised volatility of the last day (15m bars)
    vol_ratio: float | None  # last day's realised volatility over the mean of 20 days
    kline_spread: float | None  # (high - low) / close of the bar
    volume_ratio: float | None  # volume over its 20-bar mean
    kline_risk: float | None  # kline_spread / volume_ratio
    beta: float | None  # against BTCUSDT over 30 days of 1h returns
    sigma_24h: float | None  # forecast sigma of the next 24 h, fraction (1h and 1d bars)
    sigma_method: str | None  # "gjr-garch-t" or "ewma"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityFit(Observed):
    """One daily refit. `event_at` is the close of the last bar used. Parameters are for returns x 100."""

    symbol: str
    interval: str
    method: str  # "gjr-garch-t" or "ewma"
    reason: str  # empty, or why the fallback was taken
    observations: int
    mu: float | None
    omega: float | None
    alpha: float | None
    gamma: float | None
    beta: float | None
    nu: float | None
    decay: float | None  # lambda of the fallback
    backcast: float | None
    log_likelihood: float | None
    convergence_flag: int | None
    persistence: float | None
    last_variance: float | None  # conditional variance of the last bar, percent squared
    last_residual: float | None  # percent
    sigma_next: float  # next bar's sigma, fraction
    quantile_01: float | None  # standardised innovations
    quantile_05: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence(Observed):
    """Price and indicator disagree over two confirmed pivots. `event_at` is the later pivot's bar close."""

    symbol: str
    interval: str
    indicator: str  # "rsi" or "macd"
    kind: str  # "bearish" or "bullish"
    first_pivot_at: datetime
    second_pivot_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DataIssue:
    """One line of the data-quality ledger: what was refused, or what disagrees."""

    at: datetime
    source: str  # endpoint, stream or archive
    symbol: str  # empty when it concerns all
    field: str
    value: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowProgress:
    """How far a resumable flow has come."""

    flow: str
    scope: str  # e.g. "BTCUSDT/15m"
    cursor_at: datetime | None  # everything before is stored
    done: int
    total: int
    updated_at: datetime
