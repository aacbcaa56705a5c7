-- Rows of incoming_open_interest that risk.open_interest does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.open_interest (
        symbol,
        quantity,
        value_usdt,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        quantity,
        value_usdt,
        event_at,
        received_at,
        source
    FROM incoming_open_interest
    ON CONFLICT (symbol, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
