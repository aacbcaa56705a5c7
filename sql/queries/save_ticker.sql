-- Rows of incoming_ticker that risk.ticker does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.ticker (
        symbol,
        venue,
        last_price,
        price_change,
        high,
        low,
        volume,
        quote_volume,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        venue,
        last_price,
        price_change,
        high,
        low,
        volume,
        quote_volume,
        event_at,
        received_at,
        source
    FROM incoming_ticker
    ON CONFLICT (symbol, venue, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
