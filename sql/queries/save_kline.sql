-- Rows of incoming_kline that risk.kline does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.kline (
        symbol,
        venue,
        interval,
        open_at,
        open,
        high,
        low,
        close,
        volume,
        quote_volume,
        trades,
        taker_buy_volume,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        venue,
        interval,
        open_at,
        open,
        high,
        low,
        close,
        volume,
        quote_volume,
        trades,
        taker_buy_volume,
        event_at,
        received_at,
        source
    FROM incoming_kline
    ON CONFLICT (symbol, venue, interval, open_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
