-- Rows of incoming_depth that risk.depth does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.depth (
        symbol,
        venue,
        update_id,
        best_bid,
        best_ask,
        bid_depth_5_usdt,
        ask_depth_5_usdt,
        bid_depth_01pct_usdt,
        ask_depth_01pct_usdt,
        bid_depth_1pct_usdt,
        ask_depth_1pct_usdt,
        bid_reach,
        ask_reach,
        sell_slippage,
        buy_slippage,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        venue,
        update_id,
        best_bid,
        best_ask,
        bid_depth_5_usdt,
        ask_depth_5_usdt,
        bid_depth_01pct_usdt,
        ask_depth_01pct_usdt,
        bid_depth_1pct_usdt,
        ask_depth_1pct_usdt,
        bid_reach,
        ask_reach,
        sell_slippage,
        buy_slippage,
        event_at,
        received_at,
        source
    FROM incoming_depth
    ON CONFLICT (symbol, venue, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
