"""One true-looking record of each kind, to be varied by a test with dataclasses.replace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

from risk import archived
from risk import records as r

NOW = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
SEEN = {"event_at": NOW, "received_at": NOW + timedelta(milliseconds=80), "source": "rest"}

INSTRUMENT = r.Instrument(
    **SEEN,
    symbol="BTCUSDT",
    base_asset="BTC",
    quote_asset="USDT",
    margin_asset="USDT",
    contract_type="PERPETUAL",
    status="TRADING",
    tick_size=D("0.10"),
    step_size=D("0.001"),
    min_quantity=D("0.001"),
    min_notional_usdt=D("100"),
    liquidation_fee=D("0.0125"),
    onboard_at=datetime(2019, 9, 8, tzinfo=UTC),
    delivery_at=None,
)
BRACKETS = (
    r.LeverageBracket(
        **SEEN,
        symbol="BTCUSDT",
        tier=1,
        floor_usdt=D(0),
        cap_usdt=D(50000),
        maintenance_rate=D("0.004"),
        cum_usdt=D(0),
        max_leverage=125,
    ),
    r.LeverageBracket(
        **SEEN,
        symbol="BTCUSDT",
        tier=2,
        floor_usdt=D(50000),
        cap_usdt=D(600000),
        maintenance_rate=D("0.005"),
        cum_usdt=D(50),
        max_leverage=100,
    ),
)
KLINE = r.Kline(
    **SEEN,
    symbol="BTCUSDT",
    venue="usdm",
    interval="15m",
    open_at=NOW - timedelta(minutes=15),
    open=D("64000.1"),
    high=D("64100"),
    low=D("63900.50"),
    close=D("64050"),
    volume=D("123.456"),
    quote_volume=D("7900000.12"),
    trades=4321,
    taker_buy_volume=D("60.1"),
)
DEPTH = r.DepthSnapshot(
    **SEEN,
    symbol="BTCUSDT",
    venue="usdm",
    update_id=10_000_000_001,
    best_bid=D("64049.90"),
    best_ask=D("64050.00"),
    bid_depth_5_usdt=D("500000"),
    ask_depth_5_usdt=D("510000.5"),
    bid_depth_01pct_usdt=D("4000000"),
    ask_depth_01pct_usdt=D("4100000"),
    bid_depth_1pct_usdt=D("30000000"),
    ask_depth_1pct_usdt=D("31000000"),
    bid_reach=0.0025,
    ask_reach=0.0026,
    sell_slippage=(1e-05, 2e-05, 3e-05, 4e-05, 5e-05, 6e-05, 7e-05, 8e-05, None, None),
    buy_slippage=(1.5e-05, 2.5e-05, 3.5e-05, 4.5e-05, 5.5e-05, 6.5e-05, 7.5e-05, None, None, None),
)
TICKER = r.Ticker(
    **SEEN,
    symbol="BTCUSDT",
    venue="usdm",
    last_price=D("64050.0"),
    price_change=0.0123,
    high=D("65000"),
    low=D("63000"),
    volume=D("200000"),
    quote_volume=D("12800000000"),
)
MARK = r.Mark(
    **SEEN,
    symbol="BTCUSDT",
    mark_price=D("64051.23456789"),
    index_price=D("64060"),
    funding_rate=0.0001,
    next_funding_at=NOW + timedelta(hours=4),
)
FUNDING = r.FundingSettlement(
    **SEEN,
    symbol="BTCUSDT",
    funding_rate=-0.00012,
    interval_hours=8,
    mark_price=D("64000"),
    rate_type="Regular",
)
TERMS = r.FundingTerms(**SEEN, symbol="BTCUSDT", interval_hours=8, rate_cap=0.02, rate_floor=-0.02)
OPEN_INTEREST = r.OpenInterest(**SEEN, symbol="BTCUSDT", quantity=D("88000.123"), value_usdt=None)
ACCOUNT = r.AccountSnapshot(
    **SEEN,
    account="default",
    is_multi_assets=False,
    is_hedge_mode=False,
    wallet_usdt=D("10000"),
    cross_wallet_usdt=D("9000"),
    cross_unrealized_usdt=D("-20.5"),
    unrealized_usdt=D("-20.5"),
    margin_balance_usdt=D("9979.5"),
    maintenance_usdt=D("120.25"),
    cross_maintenance_usdt=D("100"),
    initial_usdt=D("1500"),
    available_usdt=D("8479.5"),
)
POSITION = r.PositionSnapshot(
    **SEEN,
    account="default",
    symbol="BTCUSDT",
    side="BOTH",
    quantity=D("-0.250"),
    entry_price=D("64000.10"),
    break_even_price=D("63990"),
    mark_price=D("64051.2"),
    notional_usdt=D("-16012.8"),
    unrealized_usdt=D("-12.775"),
    is_isolated=False,
    isolated_wallet_usdt=D("0"),
    leverage=10,
    initial_usdt=D("1601.28"),
    maintenance_usdt=D("64.0512"),
    adl_rank=2,
    exchange_liquidation_price=D("98765.4"),
    liquidation_price=98765.43,
    liquidation_reason="cross",
)
INSURANCE = r.InsuranceBalance(
    **SEEN,
    group_key="g1",
    symbols=("BTCUSDT", "ETHUSDT"),
    asset="USDT",
    balance=D("1000000"),
    value_usd=D("999000.5"),
)
ADL = r.AdlRisk(**SEEN, symbol="BTCUSDT", risk="medium")
LIQUIDATION = r.ForcedLiquidation(
    **SEEN,
    symbol="BTCUSDT",
    side="SELL",
    price=D("64000"),
    average_price=D("64010"),
    quantity=D("1.5"),
    filled_quantity=D("1.5"),
    notional_usdt=D("96015"),
)
VENUE = r.VenueFunding(
    **SEEN,
    venue="okx",
    symbol="BTCUSDT",
    funding_rate=0.0002,
    interval_hours=8.0,
    funding_8h=0.0002,
    open_interest_usd=D("2000000000"),
)
INCOME = r.Income(
    **SEEN,
    account="default",
    transaction_id="9689322392",
    income_type="FUNDING_FEE",
    symbol="BTCUSDT",
    asset="USDT",
    amount=D("-0.37500000"),
    info="",
    trade_id="",
)
RETURN = r.StrategyReturn(**SEEN, strategy="grid", period="1d", value=-0.01)
INDICATOR = r.Indicator(
    **SEEN,
    symbol="BTCUSDT",
    interval="15m",
    close=D("64050"),
    atr_ratio=0.004,
    rsi=55.5,
    macd=12.0,
    macd_signal=10.0,
    macd_histogram=2.0,
    realised=0.02,
    vol_ratio=1.1,
    kline_spread=0.003,
    volume_ratio=0.9,
    kline_risk=0.0033,
    beta=None,
    sigma_24h=None,
    sigma_method=None,
)
FIT = r.VolatilityFit(
    **SEEN,
    symbol="BTCUSDT",
    interval="1h",
    method="gjr-garch-t",
    reason="",
    observations=4000,
    mu=0.01,
    omega=0.02,
    alpha=0.05,
    gamma=0.04,
    beta=0.9,
    nu=4.5,
    decay=None,
    backcast=0.8,
    log_likelihood=-4200.5,
    convergence_flag=0,
    persistence=0.97,
    last_variance=0.5,
    last_residual=-0.3,
    sigma_next=0.007,
    quantile_01=-3.0,
    quantile_05=-1.7,
)
DIVERGENCE = r.Divergence(
    **SEEN,
    symbol="BTCUSDT",
    interval="1h",
    indicator="rsi",
    kind="bearish",
    first_pivot_at=NOW - timedelta(hours=20),
    second_pivot_at=NOW,
)

ARCHIVED_DEPTH = archived.ArchivedDepth(
    **{**SEEN, "source": "archive"},
    symbol="BTCUSDT",
    bid_02pct_usdt=None,
    ask_02pct_usdt=None,
    bid_1pct_usdt=191_369_991.2,
    ask_1pct_usdt=176_607_765.2,
    bid_5pct_usdt=647_368_074.4,
    ask_5pct_usdt=555_012_399.3,
    bid_mean_price=83_410.2,
    ask_mean_price=84_202.8,
)
ALL = (
    ARCHIVED_DEPTH,
    INSTRUMENT,
    *BRACKETS,
    KLINE,
    DEPTH,
    TICKER,
    MARK,
    FUNDING,
    TERMS,
    OPEN_INTEREST,
    ACCOUNT,
    POSITION,
    INSURANCE,
    ADL,
    LIQUIDATION,
    VENUE,
    INCOME,
    RETURN,
    INDICATOR,
    FIT,
    DIVERGENCE,
)
