-- Types and the inputs: one table per kind of fact, each row with event time, receive time and source.
CREATE DOMAIN risk.amount AS numeric CONSTRAINT amount_is_finite CHECK (VALUE > '-Infinity' AND VALUE < 'Infinity');
COMMENT ON DOMAIN risk.amount IS 'Money, quantity or rate as the exchange sent it; no NaN, no infinity';
CREATE DOMAIN risk.price AS numeric CONSTRAINT price_is_positive_and_finite CHECK (VALUE > 0 AND VALUE < 'Infinity');
COMMENT ON DOMAIN risk.price IS 'A number that cannot be zero: price, step, open quantity';
CREATE DOMAIN risk.statistic AS double precision
    CONSTRAINT statistic_is_finite CHECK (VALUE > '-Infinity' AND VALUE < 'Infinity');
COMMENT ON DOMAIN risk.statistic IS 'Result of a calculation; NULL is unknown, NaN and infinity do not exist';

CREATE TABLE risk.instrument (
    symbol            text NOT NULL,
    base_asset        text NOT NULL,
    quote_asset       text NOT NULL,
    margin_asset      text NOT NULL,
    contract_type     text NOT NULL,
    status            text NOT NULL,
    tick_size         risk.price NOT NULL,
    step_size         risk.price NOT NULL,
    min_quantity      risk.amount NOT NULL,
    min_notional_usdt risk.amount NOT NULL,
    liquidation_fee   risk.amount NOT NULL,
    onboard_at        timestamptz,
    delivery_at       timestamptz,
    event_at          timestamptz NOT NULL,
    received_at       timestamptz NOT NULL,
    source            text NOT NULL,
    PRIMARY KEY (symbol),
    CONSTRAINT liquidation_fee_is_a_fraction CHECK (liquidation_fee >= 0 AND liquidation_fee < 1)
);
COMMENT ON TABLE risk.instrument IS 'Trading rules of one contract, as last fetched';
COMMENT ON COLUMN risk.instrument.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.instrument.base_asset IS 'asset that one coin is of';
COMMENT ON COLUMN risk.instrument.quote_asset IS 'asset that prices are in';
COMMENT ON COLUMN risk.instrument.margin_asset IS 'asset that margin is in';
COMMENT ON COLUMN risk.instrument.contract_type IS '"PERPETUAL", or kind of delivery contract';
COMMENT ON COLUMN risk.instrument.status IS '"TRADING", "SETTLING", "CLOSE", … as the exchange says';
COMMENT ON COLUMN risk.instrument.tick_size IS 'USDT per coin; step of prices';
COMMENT ON COLUMN risk.instrument.step_size IS 'coins; step of quantities';
COMMENT ON COLUMN risk.instrument.min_quantity IS 'coins; smallest order';
COMMENT ON COLUMN risk.instrument.min_notional_usdt IS 'USDT; smallest order';
COMMENT ON COLUMN risk.instrument.liquidation_fee IS 'fraction of notional taken at liquidation';
COMMENT ON COLUMN risk.instrument.onboard_at IS 'first trading day, UTC';
COMMENT ON COLUMN risk.instrument.delivery_at IS 'announced end, UTC; NULL: perpetual without one';
COMMENT ON COLUMN risk.instrument.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.instrument.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.instrument.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.leverage_bracket (
    symbol           text NOT NULL,
    tier             smallint NOT NULL,
    floor_usdt       risk.amount NOT NULL,
    cap_usdt         risk.amount NOT NULL,
    maintenance_rate risk.amount NOT NULL,
    cum_usdt         risk.amount NOT NULL,
    max_leverage     smallint NOT NULL,
    event_at         timestamptz NOT NULL,
    received_at      timestamptz NOT NULL,
    source           text NOT NULL,
    PRIMARY KEY (symbol, event_at, tier),
    CONSTRAINT floor_lies_below_cap CHECK (floor_usdt >= 0 AND floor_usdt < cap_usdt),
    CONSTRAINT maintenance_rate_is_a_fraction CHECK (maintenance_rate > 0 AND maintenance_rate <= 1),
    CONSTRAINT leverage_is_positive CHECK (max_leverage > 0)
);
COMMENT ON TABLE risk.leverage_bracket IS 'One tier of a maintenance ladder; a ladder is stored when it differs from the one before';
COMMENT ON COLUMN risk.leverage_bracket.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.leverage_bracket.tier IS '1 is the lowest notional';
COMMENT ON COLUMN risk.leverage_bracket.floor_usdt IS 'USDT; tier begins above this notional';
COMMENT ON COLUMN risk.leverage_bracket.cap_usdt IS 'USDT; tier ends at this notional';
COMMENT ON COLUMN risk.leverage_bracket.maintenance_rate IS 'fraction of notional';
COMMENT ON COLUMN risk.leverage_bracket.cum_usdt IS 'USDT; taken off rate times notional';
COMMENT ON COLUMN risk.leverage_bracket.max_leverage IS 'times';
COMMENT ON COLUMN risk.leverage_bracket.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.leverage_bracket.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.leverage_bracket.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.kline (
    symbol           text NOT NULL,
    venue            text NOT NULL,
    interval         text NOT NULL,
    open_at          timestamptz NOT NULL,
    open             risk.price NOT NULL,
    high             risk.price NOT NULL,
    low              risk.price NOT NULL,
    close            risk.price NOT NULL,
    volume           risk.amount NOT NULL,
    quote_volume     risk.amount,
    trades           bigint,
    taker_buy_volume risk.amount,
    event_at         timestamptz NOT NULL,
    received_at      timestamptz NOT NULL,
    source           text NOT NULL,
    PRIMARY KEY (symbol, venue, interval, open_at),
    CONSTRAINT bar_ends_after_it_begins CHECK (open_at < event_at),
    CONSTRAINT low_is_the_lowest CHECK (low <= open AND low <= close AND low <= high),
    CONSTRAINT high_is_the_highest CHECK (high >= open AND high >= close),
    CONSTRAINT volumes_are_not_negative CHECK (volume >= 0 AND quote_volume >= 0 AND taker_buy_volume >= 0 AND trades >= 0)
);
COMMENT ON TABLE risk.kline IS 'One closed bar; event_at is its close';
COMMENT ON COLUMN risk.kline.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.kline.venue IS '"usdm" or "spot"';
COMMENT ON COLUMN risk.kline.interval IS '"15m", "1h" or "1d"';
COMMENT ON COLUMN risk.kline.open_at IS 'begin of the bar, UTC';
COMMENT ON COLUMN risk.kline.open IS 'USDT per coin';
COMMENT ON COLUMN risk.kline.high IS 'USDT per coin';
COMMENT ON COLUMN risk.kline.low IS 'USDT per coin';
COMMENT ON COLUMN risk.kline.close IS 'USDT per coin';
COMMENT ON COLUMN risk.kline.volume IS 'coins';
COMMENT ON COLUMN risk.kline.quote_volume IS 'USDT; NULL where an archive does not tell';
COMMENT ON COLUMN risk.kline.trades IS 'number of trades';
COMMENT ON COLUMN risk.kline.taker_buy_volume IS 'coins bought by takers';
COMMENT ON COLUMN risk.kline.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.kline.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.kline.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.depth (
    symbol               text NOT NULL,
    venue                text NOT NULL,
    update_id            bigint NOT NULL,
    best_bid             risk.price NOT NULL,
    best_ask             risk.price NOT NULL,
    bid_depth_5_usdt     risk.amount NOT NULL,
    ask_depth_5_usdt     risk.amount NOT NULL,
    bid_depth_01pct_usdt risk.amount NOT NULL,
    ask_depth_01pct_usdt risk.amount NOT NULL,
    bid_depth_1pct_usdt  risk.amount NOT NULL,
    ask_depth_1pct_usdt  risk.amount NOT NULL,
    bid_reach            risk.statistic NOT NULL,
    ask_reach            risk.statistic NOT NULL,
    sell_slippage        double precision[] NOT NULL,
    buy_slippage         double precision[] NOT NULL,
    event_at             timestamptz NOT NULL,
    received_at          timestamptz NOT NULL,
    source               text NOT NULL,
    PRIMARY KEY (symbol, venue, event_at),
    CONSTRAINT quotes_do_not_cross CHECK (best_bid < best_ask),
    CONSTRAINT depths_are_not_negative CHECK (LEAST(bid_depth_5_usdt, ask_depth_5_usdt, bid_depth_01pct_usdt, ask_depth_01pct_usdt, bid_depth_1pct_usdt, ask_depth_1pct_usdt) >= 0),
    CONSTRAINT reach_is_not_negative CHECK (bid_reach >= 0 AND ask_reach >= 0),
    CONSTRAINT sell_slippage_is_finite CHECK (NOT ('NaN' = ANY (sell_slippage) OR 'Infinity' = ANY (sell_slippage) OR '-Infinity' = ANY (sell_slippage))),
    CONSTRAINT buy_slippage_is_finite CHECK (NOT ('NaN' = ANY (buy_slippage) OR 'Infinity' = ANY (buy_slippage) OR '-Infinity' = ANY (buy_slippage)))
) PARTITION BY RANGE (event_at);
COMMENT ON TABLE risk.depth IS 'Best prices, nearby depth and the cost of market orders, of one book at one instant';
COMMENT ON COLUMN risk.depth.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.depth.venue IS '"usdm" or "spot"';
COMMENT ON COLUMN risk.depth.update_id IS 'last update in the book';
COMMENT ON COLUMN risk.depth.best_bid IS 'USDT per coin';
COMMENT ON COLUMN risk.depth.best_ask IS 'USDT per coin';
COMMENT ON COLUMN risk.depth.bid_depth_5_usdt IS 'USDT in the best five bids';
COMMENT ON COLUMN risk.depth.ask_depth_5_usdt IS 'USDT in the best five asks';
COMMENT ON COLUMN risk.depth.bid_depth_01pct_usdt IS 'USDT of bids within 0.1 % of mid';
COMMENT ON COLUMN risk.depth.ask_depth_01pct_usdt IS 'USDT of asks within 0.1 % of mid';
COMMENT ON COLUMN risk.depth.bid_depth_1pct_usdt IS 'USDT of bids within 1 % of mid, as far as the book reaches';
COMMENT ON COLUMN risk.depth.ask_depth_1pct_usdt IS 'USDT of asks within 1 % of mid, as far as the book reaches';
COMMENT ON COLUMN risk.depth.bid_reach IS 'fraction of mid up to which bids are really known';
COMMENT ON COLUMN risk.depth.ask_reach IS 'fraction of mid up to which asks are really known';
COMMENT ON COLUMN risk.depth.sell_slippage IS 'fraction of mid lost by selling each notional of the ladder at market; NULL: the book ends first';
COMMENT ON COLUMN risk.depth.buy_slippage IS 'fraction of mid lost by buying each notional of the ladder at market; NULL: the book ends first';
COMMENT ON COLUMN risk.depth.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.depth.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.depth.source IS '"rest", "stream", "archive", "import" or "derived"';
CREATE TABLE risk.depth_default PARTITION OF risk.depth DEFAULT;
COMMENT ON TABLE risk.depth_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.ticker (
    symbol       text NOT NULL,
    venue        text NOT NULL,
    last_price   risk.price NOT NULL,
    price_change risk.statistic NOT NULL,
    high         risk.price NOT NULL,
    low          risk.price NOT NULL,
    volume       risk.amount NOT NULL,
    quote_volume risk.amount NOT NULL,
    event_at     timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    source       text NOT NULL,
    PRIMARY KEY (symbol, venue, event_at),
    CONSTRAINT volumes_are_not_negative CHECK (volume >= 0 AND quote_volume >= 0)
) PARTITION BY RANGE (event_at);
COMMENT ON TABLE risk.ticker IS 'Rolling 24 hours of one symbol';
COMMENT ON COLUMN risk.ticker.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.ticker.venue IS '"usdm" or "spot"';
COMMENT ON COLUMN risk.ticker.last_price IS 'USDT per coin';
COMMENT ON COLUMN risk.ticker.price_change IS 'fraction over 24 h';
COMMENT ON COLUMN risk.ticker.high IS 'USDT per coin over 24 h';
COMMENT ON COLUMN risk.ticker.low IS 'USDT per coin over 24 h';
COMMENT ON COLUMN risk.ticker.volume IS 'coins over 24 h';
COMMENT ON COLUMN risk.ticker.quote_volume IS 'USDT over 24 h';
COMMENT ON COLUMN risk.ticker.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.ticker.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.ticker.source IS '"rest", "stream", "archive", "import" or "derived"';
CREATE TABLE risk.ticker_default PARTITION OF risk.ticker DEFAULT;
COMMENT ON TABLE risk.ticker_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.mark (
    symbol          text NOT NULL,
    mark_price      risk.price NOT NULL,
    index_price     risk.price NOT NULL,
    funding_rate    risk.statistic NOT NULL,
    next_funding_at timestamptz,
    event_at        timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    source          text NOT NULL,
    PRIMARY KEY (symbol, event_at)
) PARTITION BY RANGE (event_at);
COMMENT ON TABLE risk.mark IS 'Mark price, index, and the running funding rate for the next settlement';
COMMENT ON COLUMN risk.mark.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.mark.mark_price IS 'USDT per coin';
COMMENT ON COLUMN risk.mark.index_price IS 'USDT per coin';
COMMENT ON COLUMN risk.mark.funding_rate IS 'fraction per interval, predicted';
COMMENT ON COLUMN risk.mark.next_funding_at IS 'next settlement, UTC';
COMMENT ON COLUMN risk.mark.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.mark.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.mark.source IS '"rest", "stream", "archive", "import" or "derived"';
CREATE TABLE risk.mark_default PARTITION OF risk.mark DEFAULT;
COMMENT ON TABLE risk.mark_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.funding (
    symbol         text NOT NULL,
    funding_rate   risk.statistic NOT NULL,
    interval_hours smallint NOT NULL,
    mark_price     risk.price,
    rate_type      text NOT NULL,
    event_at       timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    source         text NOT NULL,
    PRIMARY KEY (symbol, event_at),
    CONSTRAINT interval_is_positive CHECK (interval_hours > 0)
);
COMMENT ON TABLE risk.funding IS 'A settled funding rate; event_at is the settlement';
COMMENT ON COLUMN risk.funding.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.funding.funding_rate IS 'fraction per interval';
COMMENT ON COLUMN risk.funding.interval_hours IS 'hours since the settlement before';
COMMENT ON COLUMN risk.funding.mark_price IS 'USDT per coin at settlement';
COMMENT ON COLUMN risk.funding.rate_type IS '"Regular" or "Special"';
COMMENT ON COLUMN risk.funding.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.funding.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.funding.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.funding_terms (
    symbol         text NOT NULL,
    interval_hours smallint NOT NULL,
    rate_cap       risk.statistic,
    rate_floor     risk.statistic,
    event_at       timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    source         text NOT NULL,
    PRIMARY KEY (symbol, event_at),
    CONSTRAINT interval_is_positive CHECK (interval_hours > 0),
    CONSTRAINT floor_lies_below_cap CHECK (rate_floor < rate_cap)
);
COMMENT ON TABLE risk.funding_terms IS 'Settlement interval and caps; a row is stored when they change';
COMMENT ON COLUMN risk.funding_terms.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.funding_terms.interval_hours IS 'hours between settlements';
COMMENT ON COLUMN risk.funding_terms.rate_cap IS 'fraction per interval; highest rate';
COMMENT ON COLUMN risk.funding_terms.rate_floor IS 'fraction per interval; lowest rate';
COMMENT ON COLUMN risk.funding_terms.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.funding_terms.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.funding_terms.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.open_interest (
    symbol      text NOT NULL,
    quantity    risk.price NOT NULL,
    value_usdt  risk.amount,
    event_at    timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source      text NOT NULL,
    PRIMARY KEY (symbol, event_at),
    CONSTRAINT value_is_not_negative CHECK (value_usdt >= 0)
) PARTITION BY RANGE (event_at);
COMMENT ON TABLE risk.open_interest IS 'Open contracts of one symbol';
COMMENT ON COLUMN risk.open_interest.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.open_interest.quantity IS 'coins';
COMMENT ON COLUMN risk.open_interest.value_usdt IS 'USDT';
COMMENT ON COLUMN risk.open_interest.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.open_interest.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.open_interest.source IS '"rest", "stream", "archive", "import" or "derived"';
CREATE TABLE risk.open_interest_default PARTITION OF risk.open_interest DEFAULT;
COMMENT ON TABLE risk.open_interest_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.account (
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
    PRIMARY KEY (account, event_at),
    CONSTRAINT margins_are_not_negative CHECK (maintenance_usdt >= 0 AND cross_maintenance_usdt >= 0 AND initial_usdt >= 0)
) PARTITION BY RANGE (event_at);
COMMENT ON TABLE risk.account IS 'Totals of one account, in USDT (USD in multi-assets mode)';
COMMENT ON COLUMN risk.account.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.account.is_multi_assets IS 'several assets serve as margin together';
COMMENT ON COLUMN risk.account.is_hedge_mode IS 'long and short of a symbol at the same time';
COMMENT ON COLUMN risk.account.wallet_usdt IS 'USDT; balance without open profit';
COMMENT ON COLUMN risk.account.cross_wallet_usdt IS 'USDT; the part not locked in isolated positions';
COMMENT ON COLUMN risk.account.cross_unrealized_usdt IS 'USDT; open profit of cross positions';
COMMENT ON COLUMN risk.account.unrealized_usdt IS 'USDT; open profit of all positions';
COMMENT ON COLUMN risk.account.margin_balance_usdt IS 'USDT; wallet plus open profit';
COMMENT ON COLUMN risk.account.maintenance_usdt IS 'USDT; maintenance margin of all positions';
COMMENT ON COLUMN risk.account.cross_maintenance_usdt IS 'USDT; maintenance margin of cross positions';
COMMENT ON COLUMN risk.account.initial_usdt IS 'USDT; initial margin in use';
COMMENT ON COLUMN risk.account.available_usdt IS 'USDT; free for new positions';
COMMENT ON COLUMN risk.account.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.account.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.account.source IS '"rest", "stream", "archive", "import" or "derived"';
CREATE TABLE risk.account_default PARTITION OF risk.account DEFAULT;
COMMENT ON TABLE risk.account_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.position (
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
    PRIMARY KEY (account, symbol, side, event_at),
    CONSTRAINT side_is_known CHECK (side IN ('BOTH', 'LONG', 'SHORT')),
    CONSTRAINT position_is_open CHECK (quantity <> 0),
    CONSTRAINT adl_rank_is_between_0_and_4 CHECK (adl_rank BETWEEN 0 AND 4),
    CONSTRAINT liquidation_price_is_positive CHECK (liquidation_price > 0),
    CONSTRAINT leverage_is_positive CHECK (leverage > 0)
) PARTITION BY RANGE (event_at);
COMMENT ON TABLE risk.position IS 'One open position; quantities and notionals are negative for shorts';
COMMENT ON COLUMN risk.position.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.position.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.position.side IS '"BOTH", "LONG" or "SHORT"';
COMMENT ON COLUMN risk.position.quantity IS 'coins, signed';
COMMENT ON COLUMN risk.position.entry_price IS 'USDT per coin';
COMMENT ON COLUMN risk.position.break_even_price IS 'USDT per coin, with fees';
COMMENT ON COLUMN risk.position.mark_price IS 'USDT per coin';
COMMENT ON COLUMN risk.position.notional_usdt IS 'USDT at mark, signed';
COMMENT ON COLUMN risk.position.unrealized_usdt IS 'USDT; open profit';
COMMENT ON COLUMN risk.position.is_isolated IS 'margin of its own';
COMMENT ON COLUMN risk.position.isolated_wallet_usdt IS 'USDT; its own margin, 0 for cross';
COMMENT ON COLUMN risk.position.leverage IS 'times, as set';
COMMENT ON COLUMN risk.position.initial_usdt IS 'USDT; initial margin';
COMMENT ON COLUMN risk.position.maintenance_usdt IS 'USDT; maintenance margin';
COMMENT ON COLUMN risk.position.adl_rank IS '0 to 4; 4 is closed first';
COMMENT ON COLUMN risk.position.exchange_liquidation_price IS 'USDT per coin; NULL: the exchange shows none';
COMMENT ON COLUMN risk.position.liquidation_price IS 'USDT per coin, by our own formula; NULL: none at a positive price';
COMMENT ON COLUMN risk.position.liquidation_reason IS 'how ours came about, or why there is none';
COMMENT ON COLUMN risk.position.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.position.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.position.source IS '"rest", "stream", "archive", "import" or "derived"';
CREATE TABLE risk.position_default PARTITION OF risk.position DEFAULT;
COMMENT ON TABLE risk.position_default IS 'Rows of days that have no partition of their own';

CREATE TABLE risk.insurance (
    group_key   text NOT NULL,
    symbols     text[] NOT NULL,
    asset       text NOT NULL,
    balance     risk.amount NOT NULL,
    value_usd   risk.amount,
    event_at    timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source      text NOT NULL,
    PRIMARY KEY (group_key, asset, event_at)
);
COMMENT ON TABLE risk.insurance IS 'One asset of the insurance fund that a group of symbols shares';
COMMENT ON COLUMN risk.insurance.group_key IS 'the group by hash of its symbols';
COMMENT ON COLUMN risk.insurance.symbols IS 'contracts that share the fund';
COMMENT ON COLUMN risk.insurance.asset IS 'asset of the balance';
COMMENT ON COLUMN risk.insurance.balance IS 'in that asset';
COMMENT ON COLUMN risk.insurance.value_usd IS 'USD; NULL: the asset has no index price';
COMMENT ON COLUMN risk.insurance.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.insurance.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.insurance.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.adl_risk (
    symbol      text NOT NULL,
    risk        text NOT NULL,
    event_at    timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source      text NOT NULL,
    PRIMARY KEY (symbol, event_at),
    CONSTRAINT risk_is_known CHECK (risk IN ('low', 'medium', 'high'))
);
COMMENT ON TABLE risk.adl_risk IS 'The exchange''s own word for how near auto-deleveraging is';
COMMENT ON COLUMN risk.adl_risk.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.adl_risk.risk IS '"low", "medium" or "high"';
COMMENT ON COLUMN risk.adl_risk.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.adl_risk.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.adl_risk.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.liquidation (
    symbol          text NOT NULL,
    side            text NOT NULL,
    price           risk.price NOT NULL,
    average_price   risk.price NOT NULL,
    quantity        risk.price NOT NULL,
    filled_quantity risk.amount NOT NULL,
    notional_usdt   risk.amount NOT NULL,
    event_at        timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    source          text NOT NULL,
    PRIMARY KEY (symbol, event_at, side, price, quantity),
    CONSTRAINT side_is_known CHECK (side IN ('BUY', 'SELL')),
    CONSTRAINT notional_is_not_negative CHECK (notional_usdt >= 0 AND filled_quantity >= 0)
);
COMMENT ON TABLE risk.liquidation IS 'One forced order of the sampled stream; at most one per symbol and second, so sums are lower bounds';
COMMENT ON COLUMN risk.liquidation.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.liquidation.side IS 'side of the forced order; "SELL" closes a long';
COMMENT ON COLUMN risk.liquidation.price IS 'USDT per coin; limit of the order';
COMMENT ON COLUMN risk.liquidation.average_price IS 'USDT per coin; as filled';
COMMENT ON COLUMN risk.liquidation.quantity IS 'coins ordered';
COMMENT ON COLUMN risk.liquidation.filled_quantity IS 'coins filled';
COMMENT ON COLUMN risk.liquidation.notional_usdt IS 'USDT; filled quantity times average price';
COMMENT ON COLUMN risk.liquidation.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.liquidation.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.liquidation.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.venue_funding (
    venue             text NOT NULL,
    symbol            text NOT NULL,
    funding_rate      risk.statistic NOT NULL,
    interval_hours    risk.statistic NOT NULL,
    funding_8h        risk.statistic NOT NULL,
    open_interest_usd risk.amount,
    event_at          timestamptz NOT NULL,
    received_at       timestamptz NOT NULL,
    source            text NOT NULL,
    PRIMARY KEY (venue, symbol, event_at),
    CONSTRAINT interval_is_positive CHECK (interval_hours > 0)
);
COMMENT ON TABLE risk.venue_funding IS 'Funding and open interest of one symbol on another exchange';
COMMENT ON COLUMN risk.venue_funding.venue IS '"okx", "bybit", "bitget", "gate", "hyperliquid" or "deribit"';
COMMENT ON COLUMN risk.venue_funding.symbol IS 'our name of the contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.venue_funding.funding_rate IS 'fraction per interval, as quoted';
COMMENT ON COLUMN risk.venue_funding.interval_hours IS 'hours between settlements';
COMMENT ON COLUMN risk.venue_funding.funding_8h IS 'fraction per 8 hours';
COMMENT ON COLUMN risk.venue_funding.open_interest_usd IS 'USD';
COMMENT ON COLUMN risk.venue_funding.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.venue_funding.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.venue_funding.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.income (
    account        text NOT NULL,
    transaction_id text NOT NULL,
    income_type    text NOT NULL,
    symbol         text NOT NULL,
    asset          text NOT NULL,
    amount         risk.amount NOT NULL,
    info           text NOT NULL,
    trade_id       text NOT NULL,
    event_at       timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    source         text NOT NULL,
    PRIMARY KEY (account, transaction_id, income_type, symbol, asset)
);
COMMENT ON TABLE risk.income IS 'One line of the account''s ledger, in the row''s own asset';
COMMENT ON COLUMN risk.income.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.income.transaction_id IS 'the exchange''s number';
COMMENT ON COLUMN risk.income.income_type IS '"FUNDING_FEE", "TRANSFER", "REALIZED_PNL", …';
COMMENT ON COLUMN risk.income.symbol IS 'contract; empty for transfers';
COMMENT ON COLUMN risk.income.asset IS 'asset of the amount';
COMMENT ON COLUMN risk.income.amount IS 'in that asset; negative: paid';
COMMENT ON COLUMN risk.income.info IS 'the exchange''s note';
COMMENT ON COLUMN risk.income.trade_id IS 'empty where there is no trade';
COMMENT ON COLUMN risk.income.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.income.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.income.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.strategy_return (
    strategy    text NOT NULL,
    period      text NOT NULL,
    value       risk.statistic NOT NULL,
    event_at    timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    source      text NOT NULL,
    PRIMARY KEY (strategy, period, event_at),
    CONSTRAINT period_is_known CHECK (period IN ('1d', '1h'))
);
COMMENT ON TABLE risk.strategy_return IS 'One period''s return of one strategy; event_at is the period''s end';
COMMENT ON COLUMN risk.strategy_return.strategy IS 'name given by the trader';
COMMENT ON COLUMN risk.strategy_return.period IS '"1d" or "1h"';
COMMENT ON COLUMN risk.strategy_return.value IS 'fraction';
COMMENT ON COLUMN risk.strategy_return.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.strategy_return.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.strategy_return.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.indicator (
    symbol         text NOT NULL,
    interval       text NOT NULL,
    close          risk.price NOT NULL,
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
    event_at       timestamptz NOT NULL,
    received_at    timestamptz NOT NULL,
    source         text NOT NULL,
    PRIMARY KEY (symbol, interval, event_at),
    CONSTRAINT rsi_is_between_0_and_100 CHECK (rsi BETWEEN 0 AND 100),
    CONSTRAINT spreads_are_not_negative CHECK (LEAST(atr_ratio, realised, vol_ratio, kline_spread, volume_ratio, kline_risk, sigma_24h) >= 0)
);
COMMENT ON TABLE risk.indicator IS 'Measures of one symbol at one bar''s close (event_at); NULL: not enough bars';
COMMENT ON COLUMN risk.indicator.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.indicator.interval IS '"15m", "1h" or "1d"';
COMMENT ON COLUMN risk.indicator.close IS 'USDT per coin';
COMMENT ON COLUMN risk.indicator.atr_ratio IS 'fraction; ATR(14) over close';
COMMENT ON COLUMN risk.indicator.rsi IS '0 to 100';
COMMENT ON COLUMN risk.indicator.macd IS 'USDT per coin';
COMMENT ON COLUMN risk.indicator.macd_signal IS 'USDT per coin';
COMMENT ON COLUMN risk.indicator.macd_histogram IS 'USDT per coin';
COMMENT ON COLUMN risk.indicator.realised IS 'fraction; realised volatility of the last day, 15m bars';
COMMENT ON COLUMN risk.indicator.vol_ratio IS 'times; last day over the mean of the 20 days before';
COMMENT ON COLUMN risk.indicator.kline_spread IS 'fraction; (high - low) / close of the bar';
COMMENT ON COLUMN risk.indicator.volume_ratio IS 'times the 20-bar mean volume';
COMMENT ON COLUMN risk.indicator.kline_risk IS 'fraction; kline spread over volume ratio';
COMMENT ON COLUMN risk.indicator.beta IS 'times the move of BTCUSDT, 30 days of 1h returns';
COMMENT ON COLUMN risk.indicator.sigma_24h IS 'fraction; forecast standard deviation of the next 24 h';
COMMENT ON COLUMN risk.indicator.sigma_method IS '"gjr-garch-t" or "ewma"';
COMMENT ON COLUMN risk.indicator.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.indicator.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.indicator.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.volatility_fit (
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
    PRIMARY KEY (symbol, interval, event_at),
    CONSTRAINT sigma_is_positive CHECK (sigma_next > 0)
);
COMMENT ON TABLE risk.volatility_fit IS 'One daily refit of a volatility model; event_at is the close of the last bar used; parameters are for returns times 100';
COMMENT ON COLUMN risk.volatility_fit.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.volatility_fit.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.volatility_fit.method IS '"gjr-garch-t" or "ewma"';
COMMENT ON COLUMN risk.volatility_fit.reason IS 'empty, or why the fallback was taken';
COMMENT ON COLUMN risk.volatility_fit.observations IS 'returns used';
COMMENT ON COLUMN risk.volatility_fit.mu IS 'percent; mean return';
COMMENT ON COLUMN risk.volatility_fit.omega IS 'percent squared';
COMMENT ON COLUMN risk.volatility_fit.alpha IS 'weight of the last squared residual';
COMMENT ON COLUMN risk.volatility_fit.gamma IS 'extra weight when it was a loss';
COMMENT ON COLUMN risk.volatility_fit.beta IS 'weight of the last variance';
COMMENT ON COLUMN risk.volatility_fit.nu IS 'degrees of freedom of the t distribution';
COMMENT ON COLUMN risk.volatility_fit.decay IS 'lambda of the fallback';
COMMENT ON COLUMN risk.volatility_fit.backcast IS 'percent squared; variance before the first return';
COMMENT ON COLUMN risk.volatility_fit.log_likelihood IS 'natural logarithm';
COMMENT ON COLUMN risk.volatility_fit.convergence_flag IS 'the optimiser''s word; 0 is success';
COMMENT ON COLUMN risk.volatility_fit.persistence IS 'alpha + gamma / 2 + beta';
COMMENT ON COLUMN risk.volatility_fit.last_variance IS 'percent squared; of the last bar';
COMMENT ON COLUMN risk.volatility_fit.last_residual IS 'percent; of the last bar';
COMMENT ON COLUMN risk.volatility_fit.sigma_next IS 'fraction; next bar''s standard deviation';
COMMENT ON COLUMN risk.volatility_fit.quantile_01 IS 'standardised innovation at 1 %';
COMMENT ON COLUMN risk.volatility_fit.quantile_05 IS 'standardised innovation at 5 %';
COMMENT ON COLUMN risk.volatility_fit.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.volatility_fit.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.volatility_fit.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.divergence (
    symbol          text NOT NULL,
    interval        text NOT NULL,
    indicator       text NOT NULL,
    kind            text NOT NULL,
    first_pivot_at  timestamptz NOT NULL,
    second_pivot_at timestamptz NOT NULL,
    event_at        timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    source          text NOT NULL,
    PRIMARY KEY (symbol, interval, indicator, kind, event_at),
    CONSTRAINT pivots_are_in_order CHECK (first_pivot_at < second_pivot_at)
);
COMMENT ON TABLE risk.divergence IS 'Price and indicator disagree over two confirmed pivots; event_at is the later bar''s close';
COMMENT ON COLUMN risk.divergence.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.divergence.interval IS '"1h" or "1d"';
COMMENT ON COLUMN risk.divergence.indicator IS '"rsi" or "macd"';
COMMENT ON COLUMN risk.divergence.kind IS '"bearish" or "bullish"';
COMMENT ON COLUMN risk.divergence.first_pivot_at IS 'close of the earlier pivot, UTC';
COMMENT ON COLUMN risk.divergence.second_pivot_at IS 'close of the later pivot, UTC';
COMMENT ON COLUMN risk.divergence.event_at IS 'the exchange''s time, UTC';
COMMENT ON COLUMN risk.divergence.received_at IS 'when it reached us, UTC';
COMMENT ON COLUMN risk.divergence.source IS '"rest", "stream", "archive", "import" or "derived"';
