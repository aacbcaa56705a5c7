-- Rows of incoming_funding that risk.funding does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.funding (
        symbol,
        funding_rate,
        interval_hours,
        mark_price,
        rate_type,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        funding_rate,
        interval_hours,
        mark_price,
        rate_type,
        event_at,
        received_at,
        source
    FROM incoming_funding
    ON CONFLICT (symbol, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
