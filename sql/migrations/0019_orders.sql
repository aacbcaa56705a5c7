-- The account's own open orders, and the moves of the market that liquidate it with and without them.
CREATE TABLE risk.latest_order (
    account         text NOT NULL,
    service         text NOT NULL,
    order_id        text NOT NULL,
    symbol          text NOT NULL,
    side            text NOT NULL,
    kind            text NOT NULL,
    is_purchase     boolean NOT NULL,
    quantity        risk.amount NOT NULL,
    price           risk.price,
    trigger_price   risk.price,
    triggered_by    text NOT NULL,
    is_reduce_only  boolean NOT NULL,
    closes_position boolean NOT NULL,
    event_at        timestamptz NOT NULL,
    received_at     timestamptz NOT NULL,
    source          text NOT NULL,
    PRIMARY KEY (account, service, order_id),
    CONSTRAINT service_is_known CHECK (service IN ('book', 'algo')),
    CONSTRAINT side_is_known CHECK (side IN ('BOTH', 'LONG', 'SHORT')),
    CONSTRAINT trigger_is_known CHECK (triggered_by IN ('', 'mark', 'last')),
    CONSTRAINT coins_are_open CHECK (quantity > 0 OR (quantity = 0 AND closes_position))
);
COMMENT ON TABLE risk.latest_order IS 'Open orders of the account as last read; when each list was read whole say the facts open_orders and open_algo_orders';
COMMENT ON COLUMN risk.latest_order.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.latest_order.service IS '"book": list of orders; "algo": that of conditional orders';
COMMENT ON COLUMN risk.latest_order.order_id IS 'the exchange''s number, orderId or algoId';
COMMENT ON COLUMN risk.latest_order.symbol IS 'contract, e.g. BTCUSDT';
COMMENT ON COLUMN risk.latest_order.side IS 'position that it changes: BOTH, or LONG and SHORT in hedge mode';
COMMENT ON COLUMN risk.latest_order.kind IS 'the exchange''s word: LIMIT, STOP_MARKET, …';
COMMENT ON COLUMN risk.latest_order.is_purchase IS 'it buys; false: it sells';
COMMENT ON COLUMN risk.latest_order.quantity IS 'coins still open; 0 where it closes the position';
COMMENT ON COLUMN risk.latest_order.price IS 'USDT per coin of its limit; NULL: at market';
COMMENT ON COLUMN risk.latest_order.trigger_price IS 'USDT per coin at which it triggers; NULL: it is in the book, or its trigger is not told';
COMMENT ON COLUMN risk.latest_order.triggered_by IS '"mark" or "last" price; empty in the book';
COMMENT ON COLUMN risk.latest_order.is_reduce_only IS 'it never opens or turns a position';
COMMENT ON COLUMN risk.latest_order.closes_position IS 'it closes all of the position that there is when it triggers';
COMMENT ON COLUMN risk.latest_order.event_at IS 'its last change by the exchange''s clock, UTC';
COMMENT ON COLUMN risk.latest_order.received_at IS 'when it was last read, UTC';
COMMENT ON COLUMN risk.latest_order.source IS '"rest", "stream", "archive", "import" or "derived"';

CREATE TABLE risk.latest_shock (
    account          text NOT NULL,
    betas            text NOT NULL,
    orders           text NOT NULL,
    computed_at      timestamptz NOT NULL,
    fall             risk.statistic,
    rise             risk.statistic,
    shocks           double precision[] NOT NULL,
    equity_usdt      double precision[] NOT NULL,
    maintenance_usdt double precision[] NOT NULL,
    is_liquidated    boolean[] NOT NULL,
    PRIMARY KEY (account, betas, orders),
    CONSTRAINT betas_are_known CHECK (betas IN ('estimated', 'uniform')),
    CONSTRAINT reading_is_known CHECK (orders IN ('none', 'worst', 'triggered')),
    CONSTRAINT shocks_are_finite CHECK (NOT ('NaN' = ANY (shocks) OR 'Infinity' = ANY (shocks) OR '-Infinity' = ANY (shocks))),
    CONSTRAINT equity_usdt_is_finite CHECK (NOT ('NaN' = ANY (equity_usdt) OR 'Infinity' = ANY (equity_usdt) OR '-Infinity' = ANY (equity_usdt))),
    CONSTRAINT maintenance_usdt_is_finite CHECK (NOT ('NaN' = ANY (maintenance_usdt) OR 'Infinity' = ANY (maintenance_usdt) OR '-Infinity' = ANY (maintenance_usdt))),
    CONSTRAINT a_number_for_each_shock CHECK (
        cardinality(shocks) = cardinality(equity_usdt)
        AND cardinality(shocks) = cardinality(maintenance_usdt)
        AND cardinality(shocks) = cardinality(is_liquidated)
    )
);
COMMENT ON TABLE risk.latest_shock IS 'The cross pool under moves of the whole market, newest computation, by reading of its open orders';
COMMENT ON COLUMN risk.latest_shock.account IS 'name of the account in the settings';
COMMENT ON COLUMN risk.latest_shock.betas IS '"estimated": each contract moves by its beta to BTCUSDT; "uniform": all alike';
COMMENT ON COLUMN risk.latest_shock.orders IS '"none": as if there were none; "worst": each conditional order fills or not, whichever is worse; "triggered": all fill';
COMMENT ON COLUMN risk.latest_shock.computed_at IS 'UTC';
COMMENT ON COLUMN risk.latest_shock.fall IS 'smallest fall of BTCUSDT that liquidates the pool, fraction, not above zero; NULL: none does';
COMMENT ON COLUMN risk.latest_shock.rise IS 'smallest rise of BTCUSDT that liquidates the pool, fraction; NULL: none does';
COMMENT ON COLUMN risk.latest_shock.shocks IS 'moves of BTCUSDT, fractions';
COMMENT ON COLUMN risk.latest_shock.equity_usdt IS 'USDT after each move';
COMMENT ON COLUMN risk.latest_shock.maintenance_usdt IS 'USDT after each move';
COMMENT ON COLUMN risk.latest_shock.is_liquidated IS 'whether the pool is liquidated on the way there';
