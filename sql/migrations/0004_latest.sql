-- The newest of what is scored each cycle, in small tables that are updated in place, and roll-ups.
CREATE TABLE risk.latest_depth (
    symbol               text NOT NULL,
    venue                text NOT NULL,
    update_id            bigint NOT NULL,
    best_bid             risk.statistic NOT NULL,
    best_ask             risk.statistic NOT NULL,
    bid_depth_5_usdt     risk.statistic NOT NULL,
    ask_depth_5_usdt     risk.statistic NOT NULL,
    bid_depth_01pct_usdt risk.statistic NOT NULL,
    ask_depth_01pct_usdt risk.statistic NOT NULL,
    bid_depth_1pct_usdt  risk.statistic NOT NULL,
    ask_depth_1pct_usdt  risk.statistic NOT NULL,
    bid_reach            risk.statistic NOT NULL,
    ask_reach            risk.statistic NOT NULL,
    sell_slippage        double precision[] NOT NULL,
    buy_slippage         double precision[] NOT NULL,
    changed_at           timestamptz NOT NULL,
    event_at             timestamptz NOT NULL,
    received_at          timestamptz NOT NULL,
    source               text NOT NULL,
    PRIMARY KEY (symbol, venue),
    CONSTRAINT quotes_do_not_cross CHECK (best_bid < best_ask),
    CONSTRAINT depths_are_not_negative CHECK (LEAST(bid_depth_5_usdt, ask_depth_5_usdt, bid_depth_01pct_usdt, ask_depth_01pct_usdt, bid_depth_1pct_usdt, ask_depth_1pct_usdt) >= 0),
    CONSTRAINT reach_is_not_negative CHECK (bid_reach >= 0 AND ask_reach >= 0),
    CONSTRAINT sell_slippage_is_finite CHECK (NOT ('NaN' = ANY (sell_slippage) OR 'Infinity' = ANY (sell_slippage) OR '-Infinity' = ANY (sell_slippage))),
    CONSTRAINT buy_slippage_is_finite CHECK (NOT ('NaN' = ANY (buy_slippage) OR 'Infinity' = ANY (buy_slippage) OR '-Infinity' = ANY (buy_slippage)))
);
COMMENT ON TABLE risk.latest_depth IS 'The newest row of depth in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_depth.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_depth.venue IS '"usdm" or "spot"';
COMMENT ON COLUMN risk.latest_depth.update_id IS 'last update in the book';
COMMENT ON COLUMN risk.latest_depth.best_bid IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_depth.best_ask IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_depth.bid_depth_5_usdt IS 'USDT in the best five bids';
COMMENT ON COLUMN risk.latest_depth.ask_depth_5_usdt IS 'USDT in the best five asks';
COMMENT ON COLUMN risk.latest_depth.bid_depth_01pct_usdt IS 'USDT of bids within 0.1 % of mid';
COMMENT ON COLUMN risk.latest_depth.ask_depth_01pct_usdt IS 'USDT of asks within 0.1 % of mid';
COMMENT ON COLUMN risk.latest_depth.bid_depth_1pct_usdt IS 'USDT of bids within 1 % of mid, as far as the book reaches';
COMMENT ON COLUMN risk.latest_depth.ask_depth_1pct_usdt IS 'USDT of asks within 1 % of mid, as far as the book reaches';
COMMENT ON COLUMN risk.latest_depth.bid_reach IS 'fraction of mid up to which bids are really known';
COMMENT ON COLUMN risk.latest_depth.ask_reach IS 'fraction of mid up to which asks are really known';
COMMENT ON COLUMN risk.latest_depth.sell_slippage IS 'fraction of mid lost by selling each notional of the ladder at market; NULL: the book ends first';
COMMENT ON COLUMN risk.latest_depth.buy_slippage IS 'fraction of mid lost by buying each notional of the ladder at market; NULL: the book ends first';
COMMENT ON COLUMN risk.latest_depth.changed_at IS 'when the update id last changed, UTC';
COMMENT ON COLUMN risk.latest_depth.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_depth.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_depth.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_depth SET (fillfactor = 50);

CREATE TABLE risk.latest_ticker (
    symbol       text NOT NULL,
    venue        text NOT NULL,
    last_price   risk.statistic NOT NULL,
    price_change risk.statistic NOT NULL,
    high         risk.statistic NOT NULL,
    low          risk.statistic NOT NULL,
    volume       risk.statistic NOT NULL,
    quote_volume risk.statistic NOT NULL,
    event_at     timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    source       text NOT NULL,
    PRIMARY KEY (symbol, venue),
    CONSTRAINT volumes_are_not_negative CHECK (volume >= 0 AND quote_volume >= 0)
);
COMMENT ON TABLE risk.latest_ticker IS 'The newest row of ticker in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_ticker.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_ticker.venue IS '"usdm" or "spot"';
COMMENT ON COLUMN risk.latest_ticker.last_price IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_ticker.price_change IS 'fraction over 24 h';
COMMENT ON COLUMN risk.latest_ticker.high IS 'USDT per coin over 24 h';
COMMENT ON COLUMN risk.latest_ticker.low IS 'USDT per coin over 24 h';
COMMENT ON COLUMN risk.latest_ticker.volume IS 'coins over 24 h';
COMMENT ON COLUMN risk.latest_ticker.quote_volume IS 'USDT over 24 h';
COMMENT ON COLUMN risk.latest_ticker.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_ticker.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_ticker.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_ticker SET (fillfactor = 50);

CREATE TABLE risk.latest_mark (
    symbol          text NOT NULL,
    mark_price      risk.statistic NOT NULL,
    index_price     risk.statistic NOT NULL,
    funding_rate    risk.statistic NOT NULL,
    next_funding_at timestamptz,
    event_at        timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    source          text NOT NULL,
    PRIMARY KEY (symbol)
);
COMMENT ON TABLE risk.latest_mark IS 'The newest row of mark in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_mark.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_mark.mark_price IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_mark.index_price IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_mark.funding_rate IS 'fraction per interval, predicted';
COMMENT ON COLUMN risk.latest_mark.next_funding_at IS 'next settlement, UTC';
COMMENT ON COLUMN risk.latest_mark.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_mark.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_mark.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_mark SET (fillfactor = 50);

CREATE TABLE risk.latest_open_interest (
    symbol       text NOT NULL,
    quantity     risk.statistic NOT NULL,
    value_usdt   risk.statistic,
    quantity_24h risk.statistic,
    quantity_72h risk.statistic,
    event_at     timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    source       text NOT NULL,
    PRIMARY KEY (symbol),
    CONSTRAINT value_is_not_negative CHECK (value_usdt >= 0)
);
COMMENT ON TABLE risk.latest_open_interest IS 'The newest row of open_interest in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_open_interest.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_open_interest.quantity IS 'coins';
COMMENT ON COLUMN risk.latest_open_interest.value_usdt IS 'USDT';
COMMENT ON COLUMN risk.latest_open_interest.quantity_24h IS 'coins, 24 h before event_at';
COMMENT ON COLUMN risk.latest_open_interest.quantity_72h IS 'coins, 72 h before event_at';
COMMENT ON COLUMN risk.latest_open_interest.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_open_interest.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_open_interest.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_open_interest SET (fillfactor = 50);

CREATE TABLE risk.latest_account (
    account                text NOT NULL,
    is_multi_assets        boolean NOT NULL,
    is_hedge_mode          boolean NOT NULL,
    wallet_usdt            risk.amount NOT NULL,
    cross_wallet_usdt      risk.amount NOT NULL,
    cross_unrealized_usdt  risk.amount NOT NULL,
    unrealized_usdt        risk.amount NOT NULL,
    margin_balance_usdt    risk.amount NOT NULL,
    maintenance_usdt       risk.amount NOT NULL,
    cross_maintenance_usdt risk.amount NOT NULL,
    initial_usdt           risk.amount NOT NULL,
    available_usdt         risk.amount NOT NULL,
    event_at               timestamptz NOT NULL,
    received_at            timestamptz NOT NULL,
    source                 text NOT NULL,
    PRIMARY KEY (account),
    CONSTRAINT margins_are_not_negative CHECK (maintenance_usdt >= 0 AND cross_maintenance_usdt >= 0 AND initial_usdt >= 0)
);
COMMENT ON TABLE risk.latest_account IS 'The newest row of account; what scoring reads';
COMMENT ON COLUMN risk.latest_account.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.latest_account.is_multi_assets IS 'several assets serve as margin together';
COMMENT ON COLUMN risk.latest_account.is_hedge_mode IS 'long and short of a symbol at the same time';
COMMENT ON COLUMN risk.latest_account.wallet_usdt IS 'USDT; balance without open profit';
COMMENT ON COLUMN risk.latest_account.cross_wallet_usdt IS 'USDT; the part not locked in isolated positions';
COMMENT ON COLUMN risk.latest_account.cross_unrealized_usdt IS 'USDT; open profit of cross positions';
COMMENT ON COLUMN risk.latest_account.unrealized_usdt IS 'USDT; open profit of all positions';
COMMENT ON COLUMN risk.latest_account.margin_balance_usdt IS 'USDT; wallet plus open profit';
COMMENT ON COLUMN risk.latest_account.maintenance_usdt IS 'USDT; maintenance margin of all positions';
COMMENT ON COLUMN risk.latest_account.cross_maintenance_usdt IS 'USDT; maintenance margin of cross positions';
COMMENT ON COLUMN risk.latest_account.initial_usdt IS 'USDT; initial margin in use';
COMMENT ON COLUMN risk.latest_account.available_usdt IS 'USDT; free for new positions';
COMMENT ON COLUMN risk.latest_account.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_account.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_account.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_account SET (fillfactor = 50);

CREATE TABLE risk.latest_position (
    account                    text NOT NULL,
    symbol                     text NOT NULL,
    side                       text NOT NULL,
    quantity                   risk.amount NOT NULL,
    entry_price                risk.price NOT NULL,
    break_even_price           risk.amount,
    mark_price                 risk.price NOT NULL,
    notional_usdt              risk.amount NOT NULL,
    unrealized_usdt            risk.amount NOT NULL,
    is_isolated                boolean NOT NULL,
    isolated_wallet_usdt       risk.amount NOT NULL,
    leverage                   smallint,
    initial_usdt               risk.amount NOT NULL,
    maintenance_usdt           risk.amount NOT NULL,
    adl_rank                   smallint,
    exchange_liquidation_price risk.price,
    liquidation_price          risk.statistic,
    liquidation_reason         text NOT NULL,
    event_at                   timestamptz NOT NULL,
    received_at                timestamptz NOT NULL,
    source                     text NOT NULL,
    PRIMARY KEY (account, symbol, side),
    CONSTRAINT side_is_known CHECK (side IN ('BOTH', 'LONG', 'SHORT')),
    CONSTRAINT position_is_open CHECK (quantity <> 0),
    CONSTRAINT adl_rank_is_between_0_and_4 CHECK (adl_rank BETWEEN 0 AND 4),
    CONSTRAINT liquidation_price_is_positive CHECK (liquidation_price > 0),
    CONSTRAINT leverage_is_positive CHECK (leverage > 0)
);
COMMENT ON TABLE risk.latest_position IS 'The newest row of position; what scoring reads';
COMMENT ON COLUMN risk.latest_position.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.latest_position.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_position.side IS '"BOTH", "LONG" or "SHORT"';
COMMENT ON COLUMN risk.latest_position.quantity IS 'coins, signed';
COMMENT ON COLUMN risk.latest_position.entry_price IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_position.break_even_price IS 'USDT per coin, with fees';
COMMENT ON COLUMN risk.latest_position.mark_price IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_position.notional_usdt IS 'USDT at mark, signed';
COMMENT ON COLUMN risk.latest_position.unrealized_usdt IS 'USDT; open profit';
COMMENT ON COLUMN risk.latest_position.is_isolated IS 'margin of its own';
COMMENT ON COLUMN risk.latest_position.isolated_wallet_usdt IS 'USDT; its own margin, 0 for cross';
COMMENT ON COLUMN risk.latest_position.leverage IS 'times, as set';
COMMENT ON COLUMN risk.latest_position.initial_usdt IS 'USDT; initial margin';
COMMENT ON COLUMN risk.latest_position.maintenance_usdt IS 'USDT; maintenance margin';
COMMENT ON COLUMN risk.latest_position.adl_rank IS '0 to 4; 4 is closed first';
COMMENT ON COLUMN risk.latest_position.exchange_liquidation_price IS 'USDT per coin; NULL: the exchange shows none';
COMMENT ON COLUMN risk.latest_position.liquidation_price IS 'USDT per coin, by our own formula; NULL: none at a positive price';
COMMENT ON COLUMN risk.latest_position.liquidation_reason IS 'how ours came about, or why there is none';
COMMENT ON COLUMN risk.latest_position.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_position.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_position.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_position SET (fillfactor = 50);

CREATE TABLE risk.latest_insurance (
    group_key     text NOT NULL,
    symbols       text[] NOT NULL,
    asset         text NOT NULL,
    balance       risk.statistic NOT NULL,
    value_usd     risk.statistic,
    value_usd_24h risk.statistic,
    event_at      timestamptz NOT NULL,
    received_at   timestamptz NOT NULL,
    source        text NOT NULL,
    PRIMARY KEY (group_key, asset)
);
COMMENT ON TABLE risk.latest_insurance IS 'The newest row of insurance in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_insurance.group_key IS 'the group by hash of its symbols';
COMMENT ON COLUMN risk.latest_insurance.symbols IS 'contracts that share the fund';
COMMENT ON COLUMN risk.latest_insurance.asset IS 'asset of the balance';
COMMENT ON COLUMN risk.latest_insurance.balance IS 'in that asset';
COMMENT ON COLUMN risk.latest_insurance.value_usd IS 'USD; NULL: the asset has no index price';
COMMENT ON COLUMN risk.latest_insurance.value_usd_24h IS 'USD, 24 h before event_at';
COMMENT ON COLUMN risk.latest_insurance.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_insurance.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_insurance.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_insurance SET (fillfactor = 50);

CREATE TABLE risk.latest_adl_risk (
    symbol      text NOT NULL,
    risk        text NOT NULL,
    event_at    timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source      text NOT NULL,
    PRIMARY KEY (symbol),
    CONSTRAINT risk_is_known CHECK (risk IN ('low', 'medium', 'high'))
);
COMMENT ON TABLE risk.latest_adl_risk IS 'The newest row of adl_risk in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_adl_risk.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_adl_risk.risk IS '"low", "medium" or "high"';
COMMENT ON COLUMN risk.latest_adl_risk.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_adl_risk.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_adl_risk.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_adl_risk SET (fillfactor = 50);

CREATE TABLE risk.latest_venue_funding (
    venue             text NOT NULL,
    symbol            text NOT NULL,
    funding_rate      risk.statistic NOT NULL,
    interval_hours    risk.statistic NOT NULL,
    funding_8h        risk.statistic NOT NULL,
    open_interest_usd risk.statistic,
    event_at          timestamptz NOT NULL,
    received_at       timestamptz NOT NULL,
    source            text NOT NULL,
    PRIMARY KEY (venue, symbol),
    CONSTRAINT interval_is_positive CHECK (interval_hours > 0)
);
COMMENT ON TABLE risk.latest_venue_funding IS 'The newest row of venue_funding in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_venue_funding.venue IS '"okx", "bybit", "bitget", "gate", "hyperliquid" or "deribit"';
COMMENT ON COLUMN risk.latest_venue_funding.symbol IS 'our name of the contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_venue_funding.funding_rate IS 'fraction per interval, as quoted';
COMMENT ON COLUMN risk.latest_venue_funding.interval_hours IS 'hours between settlements';
COMMENT ON COLUMN risk.latest_venue_funding.funding_8h IS 'fraction per 8 hours';
COMMENT ON COLUMN risk.latest_venue_funding.open_interest_usd IS 'USD';
COMMENT ON COLUMN risk.latest_venue_funding.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_venue_funding.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_venue_funding.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_venue_funding SET (fillfactor = 50);

CREATE TABLE risk.latest_indicator (
    symbol         text NOT NULL,
    interval       text NOT NULL,
    close          risk.statistic NOT NULL,
    atr_ratio      risk.statistic,
    rsi            risk.statistic,
    macd           risk.statistic,
    macd_signal    risk.statistic,
    macd_histogram risk.statistic,
    realised       risk.statistic,
    vol_ratio      risk.statistic,
    kline_spread   risk.statistic,
    volume_ratio   risk.statistic,
    kline_risk     risk.statistic,
    beta           risk.statistic,
    sigma_24h      risk.statistic,
    sigma_method   text,
    previous_close risk.statistic,
    event_at       timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    source         text NOT NULL,
    PRIMARY KEY (symbol, interval),
    CONSTRAINT rsi_is_between_0_and_100 CHECK (rsi BETWEEN 0 AND 100),
    CONSTRAINT spreads_are_not_negative CHECK (LEAST(atr_ratio, realised, vol_ratio, kline_spread, volume_ratio, kline_risk, sigma_24h) >= 0)
);
COMMENT ON TABLE risk.latest_indicator IS 'The newest row of indicator in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_indicator.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_indicator.interval IS '"15m", "1h" or "1d"';
COMMENT ON COLUMN risk.latest_indicator.close IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_indicator.atr_ratio IS 'fraction; ATR(14) over close';
COMMENT ON COLUMN risk.latest_indicator.rsi IS '0 to 100';
COMMENT ON COLUMN risk.latest_indicator.macd IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_indicator.macd_signal IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_indicator.macd_histogram IS 'USDT per coin';
COMMENT ON COLUMN risk.latest_indicator.realised IS 'fraction; realised volatility of the last day, 15m bars';
COMMENT ON COLUMN risk.latest_indicator.vol_ratio IS 'times; last day over the mean of the 20 days before';
COMMENT ON COLUMN risk.latest_indicator.kline_spread IS 'fraction; (high - low) / close of the bar';
COMMENT ON COLUMN risk.latest_indicator.volume_ratio IS 'times the 20-bar mean volume';
COMMENT ON COLUMN risk.latest_indicator.kline_risk IS 'fraction; kline spread over volume ratio';
COMMENT ON COLUMN risk.latest_indicator.beta IS 'times the move of BTCUSDT, 30 days of 1h returns';
COMMENT ON COLUMN risk.latest_indicator.sigma_24h IS 'fraction; forecast standard deviation of the next 24 h';
COMMENT ON COLUMN risk.latest_indicator.sigma_method IS '"gjr-garch-t" or "ewma"';
COMMENT ON COLUMN risk.latest_indicator.previous_close IS 'USDT per coin; close of the bar before';
COMMENT ON COLUMN risk.latest_indicator.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_indicator.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_indicator.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_indicator SET (fillfactor = 50);

CREATE TABLE risk.latest_funding (
    symbol         text NOT NULL,
    funding_rate   risk.statistic NOT NULL,
    interval_hours smallint NOT NULL,
    mark_price     risk.statistic,
    rate_type      text NOT NULL,
    event_at       timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    source         text NOT NULL,
    PRIMARY KEY (symbol),
    CONSTRAINT interval_is_positive CHECK (interval_hours > 0)
);
COMMENT ON TABLE risk.latest_funding IS 'The newest row of funding in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_funding.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_funding.funding_rate IS 'fraction per interval';
COMMENT ON COLUMN risk.latest_funding.interval_hours IS 'hours since the settlement before';
COMMENT ON COLUMN risk.latest_funding.mark_price IS 'USDT per coin at settlement';
COMMENT ON COLUMN risk.latest_funding.rate_type IS '"Regular" or "Special"';
COMMENT ON COLUMN risk.latest_funding.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_funding.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_funding.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_funding SET (fillfactor = 50);

CREATE TABLE risk.latest_funding_terms (
    symbol                text NOT NULL,
    interval_hours        smallint NOT NULL,
    rate_cap              risk.statistic,
    rate_floor            risk.statistic,
    changed_at            timestamptz,
    interval_hours_before smallint,
    event_at              timestamptz NOT NULL,
    received_at           timestamptz NOT NULL,
    source                text NOT NULL,
    PRIMARY KEY (symbol),
    CONSTRAINT interval_is_positive CHECK (interval_hours > 0),
    CONSTRAINT floor_lies_below_cap CHECK (rate_floor < rate_cap)
);
COMMENT ON TABLE risk.latest_funding_terms IS 'The newest row of funding_terms in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_funding_terms.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_funding_terms.interval_hours IS 'hours between settlements';
COMMENT ON COLUMN risk.latest_funding_terms.rate_cap IS 'fraction per interval; highest rate';
COMMENT ON COLUMN risk.latest_funding_terms.rate_floor IS 'fraction per interval; lowest rate';
COMMENT ON COLUMN risk.latest_funding_terms.changed_at IS 'when the interval last changed, UTC; NULL: never seen to';
COMMENT ON COLUMN risk.latest_funding_terms.interval_hours_before IS 'hours between settlements before that change';
COMMENT ON COLUMN risk.latest_funding_terms.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_funding_terms.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_funding_terms.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_funding_terms SET (fillfactor = 50);

CREATE TABLE risk.latest_volatility_fit (
    symbol           text NOT NULL,
    interval         text NOT NULL,
    method           text NOT NULL,
    reason           text NOT NULL,
    observations     integer NOT NULL,
    mu               risk.statistic,
    omega            risk.statistic,
    alpha            risk.statistic,
    gamma            risk.statistic,
    beta             risk.statistic,
    nu               risk.statistic,
    decay            risk.statistic,
    backcast         risk.statistic,
    log_likelihood   risk.statistic,
    convergence_flag smallint,
    persistence      risk.statistic,
    last_variance    risk.statistic,
    last_residual    risk.statistic,
    sigma_next       risk.statistic NOT NULL,
    quantile_01      risk.statistic,
    quantile_05      risk.statistic,
    event_at         timestamptz NOT NULL,
    received_at      timestamptz NOT NULL,
    source           text NOT NULL,
    PRIMARY KEY (symbol, interval),
    CONSTRAINT sigma_is_positive CHECK (sigma_next > 0)
);
COMMENT ON TABLE risk.latest_volatility_fit IS 'The newest row of volatility_fit; what scoring reads';
COMMENT ON COLUMN risk.latest_volatility_fit.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_volatility_fit.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.latest_volatility_fit.method IS '"gjr-garch-t" or "ewma"';
COMMENT ON COLUMN risk.latest_volatility_fit.reason IS 'empty, or why the fallback was taken';
COMMENT ON COLUMN risk.latest_volatility_fit.observations IS 'returns used';
COMMENT ON COLUMN risk.latest_volatility_fit.mu IS 'percent; mean return';
COMMENT ON COLUMN risk.latest_volatility_fit.omega IS 'percent squared';
COMMENT ON COLUMN risk.latest_volatility_fit.alpha IS 'weight of the last squared residual';
COMMENT ON COLUMN risk.latest_volatility_fit.gamma IS 'extra weight when it was a loss';
COMMENT ON COLUMN risk.latest_volatility_fit.beta IS 'weight of the last variance';
COMMENT ON COLUMN risk.latest_volatility_fit.nu IS 'degrees of freedom of the t distribution';
COMMENT ON COLUMN risk.latest_volatility_fit.decay IS 'lambda of the fallback';
COMMENT ON COLUMN risk.latest_volatility_fit.backcast IS 'percent squared; variance before the first return';
COMMENT ON COLUMN risk.latest_volatility_fit.log_likelihood IS 'natural logarithm';
COMMENT ON COLUMN risk.latest_volatility_fit.convergence_flag IS 'the optimiser''s word; 0 is success';
COMMENT ON COLUMN risk.latest_volatility_fit.persistence IS 'alpha + gamma / 2 + beta';
COMMENT ON COLUMN risk.latest_volatility_fit.last_variance IS 'percent squared; of the last bar';
COMMENT ON COLUMN risk.latest_volatility_fit.last_residual IS 'percent; of the last bar';
COMMENT ON COLUMN risk.latest_volatility_fit.sigma_next IS 'fraction; next bar''s standard deviation';
COMMENT ON COLUMN risk.latest_volatility_fit.quantile_01 IS 'standardised innovation at 1 %';
COMMENT ON COLUMN risk.latest_volatility_fit.quantile_05 IS 'standardised innovation at 5 %';
COMMENT ON COLUMN risk.latest_volatility_fit.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_volatility_fit.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_volatility_fit.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_volatility_fit SET (fillfactor = 50);

CREATE TABLE risk.latest_divergence (
    symbol          text NOT NULL,
    interval        text NOT NULL,
    indicator       text NOT NULL,
    kind            text NOT NULL,
    first_pivot_at  timestamptz NOT NULL,
    second_pivot_at timestamptz NOT NULL,
    event_at        timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    source          text NOT NULL,
    PRIMARY KEY (symbol, interval, indicator),
    CONSTRAINT pivots_are_in_order CHECK (first_pivot_at < second_pivot_at)
);
COMMENT ON TABLE risk.latest_divergence IS 'The newest row of divergence in floating point; what scoring reads';
COMMENT ON COLUMN risk.latest_divergence.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_divergence.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.latest_divergence.indicator IS '"rsi" or "macd"';
COMMENT ON COLUMN risk.latest_divergence.kind IS '"bearish" or "bullish"';
COMMENT ON COLUMN risk.latest_divergence.first_pivot_at IS 'close of the earlier pivot, UTC';
COMMENT ON COLUMN risk.latest_divergence.second_pivot_at IS 'close of the later pivot, UTC';
COMMENT ON COLUMN risk.latest_divergence.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.latest_divergence.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.latest_divergence.source IS '"rest", "stream", "archive", "import" or "derived"';
ALTER TABLE risk.latest_divergence SET (fillfactor = 50);

CREATE TABLE risk.insurance_group (
    symbol      text NOT NULL,
    group_key   text NOT NULL,
    event_at    timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source      text NOT NULL,
    PRIMARY KEY (symbol)
);
COMMENT ON TABLE risk.insurance_group IS 'Which insurance fund a symbol shares';
COMMENT ON COLUMN risk.insurance_group.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.insurance_group.group_key IS 'the group';
COMMENT ON COLUMN risk.insurance_group.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.insurance_group.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.insurance_group.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.bracket_check (
    symbol             text NOT NULL,
    ladder_at          timestamptz NOT NULL,
    previous_ladder_at timestamptz,
    checked_at         timestamptz NOT NULL,
    PRIMARY KEY (symbol)
);
COMMENT ON TABLE risk.bracket_check IS 'When a maintenance ladder was last fetched, and which ladders are its newest two';
COMMENT ON COLUMN risk.bracket_check.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.bracket_check.ladder_at IS 'event_at of the ladder in force';
COMMENT ON COLUMN risk.bracket_check.previous_ladder_at IS 'event_at of the ladder before';
COMMENT ON COLUMN risk.bracket_check.checked_at IS 'last fetch that showed the ladder in force, UTC';

CREATE TABLE risk.position_gone (
    account        text NOT NULL,
    symbol         text NOT NULL,
    side           text NOT NULL,
    vanished_at    timestamptz NOT NULL,
    last_seen      jsonb NOT NULL,
    classification text,
    classified_at  timestamptz,
    PRIMARY KEY (account, symbol, side, vanished_at),
    CONSTRAINT classification_is_known CHECK (classification IN ('closed', 'liquidated', 'deleveraged', 'settled'))
);
COMMENT ON TABLE risk.position_gone IS 'A position that an account poll no longer showed';
COMMENT ON COLUMN risk.position_gone.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.position_gone.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.position_gone.side IS '"BOTH", "LONG" or "SHORT"';
COMMENT ON COLUMN risk.position_gone.vanished_at IS 'event time of the first poll without it, UTC';
COMMENT ON COLUMN risk.position_gone.last_seen IS 'the position as last seen';
COMMENT ON COLUMN risk.position_gone.classification IS '"closed", "liquidated", "deleveraged" or "settled"; NULL: not known yet';
COMMENT ON COLUMN risk.position_gone.classified_at IS 'UTC';

CREATE TABLE risk.equity_hour (
    account   text NOT NULL,
    hour_at   timestamptz NOT NULL,
    peak_usdt risk.amount NOT NULL,
    peak_at   timestamptz NOT NULL,
    PRIMARY KEY (account, hour_at)
);
COMMENT ON TABLE risk.equity_hour IS 'Highest margin balance of each hour, for the drawdown from the peak';
COMMENT ON COLUMN risk.equity_hour.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.equity_hour.hour_at IS 'begin of the hour, UTC';
COMMENT ON COLUMN risk.equity_hour.peak_usdt IS 'USDT; highest margin balance';
COMMENT ON COLUMN risk.equity_hour.peak_at IS 'when, UTC';

CREATE TABLE risk.liquidation_hour (
    symbol        text NOT NULL,
    hour_at       timestamptz NOT NULL,
    side          text NOT NULL,
    notional_usdt risk.amount NOT NULL,
    orders        integer NOT NULL,
    PRIMARY KEY (symbol, hour_at, side)
);
COMMENT ON TABLE risk.liquidation_hour IS 'Forced orders of each hour, for the mean of a day; lower bounds';
COMMENT ON COLUMN risk.liquidation_hour.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.liquidation_hour.hour_at IS 'begin of the hour, UTC';
COMMENT ON COLUMN risk.liquidation_hour.side IS 'side of the forced orders; "SELL" closes longs';
COMMENT ON COLUMN risk.liquidation_hour.notional_usdt IS 'USDT; sum';
COMMENT ON COLUMN risk.liquidation_hour.orders IS 'count';

CREATE TABLE risk.depth_minute (
    symbol                text NOT NULL,
    venue                 text NOT NULL,
    minute_at             timestamptz NOT NULL,
    samples               integer NOT NULL,
    mid_open              risk.price NOT NULL,
    mid_close             risk.price NOT NULL,
    spread_mean           risk.statistic NOT NULL,
    spread_max            risk.statistic NOT NULL,
    depth_01pct_mean_usdt risk.amount NOT NULL,
    depth_1pct_mean_usdt  risk.amount NOT NULL,
    depth_1pct_min_usdt   risk.amount NOT NULL,
    reach_min             risk.statistic NOT NULL,
    slippage_100k_mean    risk.statistic,
    slippage_100k_max     risk.statistic,
    PRIMARY KEY (symbol, venue, minute_at)
);
COMMENT ON TABLE risk.depth_minute IS 'Depth rolled up by minute; kept when the samples are dropped';
COMMENT ON COLUMN risk.depth_minute.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.depth_minute.venue IS '"usdm" or "spot"';
COMMENT ON COLUMN risk.depth_minute.minute_at IS 'begin of the minute, UTC';
COMMENT ON COLUMN risk.depth_minute.samples IS 'samples in it';
COMMENT ON COLUMN risk.depth_minute.mid_open IS 'USDT per coin; first mid';
COMMENT ON COLUMN risk.depth_minute.mid_close IS 'USDT per coin; last mid';
COMMENT ON COLUMN risk.depth_minute.spread_mean IS 'fraction of mid';
COMMENT ON COLUMN risk.depth_minute.spread_max IS 'fraction of mid';
COMMENT ON COLUMN risk.depth_minute.depth_01pct_mean_usdt IS 'USDT within 0.1 % of mid on the thinner side';
COMMENT ON COLUMN risk.depth_minute.depth_1pct_mean_usdt IS 'USDT within 1 % of mid on the thinner side';
COMMENT ON COLUMN risk.depth_minute.depth_1pct_min_usdt IS 'USDT; the least of it';
COMMENT ON COLUMN risk.depth_minute.reach_min IS 'fraction of mid; the least that the book was really known';
COMMENT ON COLUMN risk.depth_minute.slippage_100k_mean IS 'fraction of mid lost by a market order of 100,000 USDT, dearer side; NULL: a book ended first';
COMMENT ON COLUMN risk.depth_minute.slippage_100k_max IS 'the worst of it';

CREATE TABLE risk.depth_hour (
    symbol                text NOT NULL,
    venue                 text NOT NULL,
    hour_at               timestamptz NOT NULL,
    samples               integer NOT NULL,
    mid_open              risk.price NOT NULL,
    mid_close             risk.price NOT NULL,
    spread_mean           risk.statistic NOT NULL,
    spread_max            risk.statistic NOT NULL,
    depth_01pct_mean_usdt risk.amount NOT NULL,
    depth_1pct_mean_usdt  risk.amount NOT NULL,
    depth_1pct_min_usdt   risk.amount NOT NULL,
    reach_min             risk.statistic NOT NULL,
    slippage_100k_mean    risk.statistic,
    slippage_100k_max     risk.statistic,
    PRIMARY KEY (symbol, venue, hour_at)
);
COMMENT ON TABLE risk.depth_hour IS 'Depth rolled up by hour; kept when the samples are dropped';
COMMENT ON COLUMN risk.depth_hour.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.depth_hour.venue IS '"usdm" or "spot"';
COMMENT ON COLUMN risk.depth_hour.hour_at IS 'begin of the hour, UTC';
COMMENT ON COLUMN risk.depth_hour.samples IS 'samples in it';
COMMENT ON COLUMN risk.depth_hour.mid_open IS 'USDT per coin; first mid';
COMMENT ON COLUMN risk.depth_hour.mid_close IS 'USDT per coin; last mid';
COMMENT ON COLUMN risk.depth_hour.spread_mean IS 'fraction of mid';
COMMENT ON COLUMN risk.depth_hour.spread_max IS 'fraction of mid';
COMMENT ON COLUMN risk.depth_hour.depth_01pct_mean_usdt IS 'USDT within 0.1 % of mid on the thinner side';
COMMENT ON COLUMN risk.depth_hour.depth_1pct_mean_usdt IS 'USDT within 1 % of mid on the thinner side';
COMMENT ON COLUMN risk.depth_hour.depth_1pct_min_usdt IS 'USDT; the least of it';
COMMENT ON COLUMN risk.depth_hour.reach_min IS 'fraction of mid; the least that the book was really known';
COMMENT ON COLUMN risk.depth_hour.slippage_100k_mean IS 'fraction of mid lost by a market order of 100,000 USDT, dearer side; NULL: a book ended first';
COMMENT ON COLUMN risk.depth_hour.slippage_100k_max IS 'the worst of it';

CREATE INDEX liquidation_by_time ON risk.liquidation (event_at);
CREATE INDEX liquidation_hour_by_time ON risk.liquidation_hour (hour_at);
CREATE INDEX income_by_time ON risk.income (account, event_at);
CREATE INDEX kline_by_close ON risk.kline (symbol, venue, interval, event_at);
