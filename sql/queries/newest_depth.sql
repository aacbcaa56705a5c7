-- Bring risk.latest_depth up to the newest rows of incoming_depth; older ones change nothing,
-- unless the held one bears a stamp that cannot be true: it would shut out all that follows.
WITH newest AS (
    SELECT DISTINCT ON (symbol, venue)
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
    ORDER BY symbol, venue, event_at DESC
)
INSERT INTO risk.latest_depth AS held (
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
    source,
    changed_at
)
SELECT
    n.symbol,
    n.venue,
    n.update_id,
    n.best_bid,
    n.best_ask,
    n.bid_depth_5_usdt,
    n.ask_depth_5_usdt,
    n.bid_depth_01pct_usdt,
    n.ask_depth_01pct_usdt,
    n.bid_depth_1pct_usdt,
    n.ask_depth_1pct_usdt,
    n.bid_reach,
    n.ask_reach,
    n.sell_slippage,
    n.buy_slippage,
    n.event_at,
    n.received_at,
    n.source,
    n.event_at AS changed_at
FROM newest AS n
ORDER BY n.symbol, n.venue
ON CONFLICT (symbol, venue) DO UPDATE SET
    update_id = excluded.update_id,
    best_bid = excluded.best_bid,
    best_ask = excluded.best_ask,
    bid_depth_5_usdt = excluded.bid_depth_5_usdt,
    ask_depth_5_usdt = excluded.ask_depth_5_usdt,
    bid_depth_01pct_usdt = excluded.bid_depth_01pct_usdt,
    ask_depth_01pct_usdt = excluded.ask_depth_01pct_usdt,
    bid_depth_1pct_usdt = excluded.bid_depth_1pct_usdt,
    ask_depth_1pct_usdt = excluded.ask_depth_1pct_usdt,
    bid_reach = excluded.bid_reach,
    ask_reach = excluded.ask_reach,
    sell_slippage = excluded.sell_slippage,
    buy_slippage = excluded.buy_slippage,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source,
    changed_at = CASE WHEN held.update_id = excluded.update_id THEN held.changed_at ELSE excluded.changed_at END
WHERE held.event_at < excluded.event_at
    OR held.event_at > excluded.received_at + make_interval(mins => 1)
