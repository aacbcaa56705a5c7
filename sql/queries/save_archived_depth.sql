-- Rows of incoming_archived_depth that risk.archived_depth does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.archived_depth (
        symbol,
        bid_02pct_usdt,
        ask_02pct_usdt,
        bid_1pct_usdt,
        ask_1pct_usdt,
        bid_5pct_usdt,
        ask_5pct_usdt,
        bid_mean_price,
        ask_mean_price,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        bid_02pct_usdt,
        ask_02pct_usdt,
        bid_1pct_usdt,
        ask_1pct_usdt,
        bid_5pct_usdt,
        ask_5pct_usdt,
        bid_mean_price,
        ask_mean_price,
        event_at,
        received_at,
        source
    FROM incoming_archived_depth
    ON CONFLICT (symbol, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
