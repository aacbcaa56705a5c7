-- Rows of incoming_mark that risk.mark does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.mark (
        symbol,
        mark_price,
        index_price,
        funding_rate,
        next_funding_at,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        mark_price,
        index_price,
        funding_rate,
        next_funding_at,
        event_at,
        received_at,
        source
    FROM incoming_mark
    ON CONFLICT (symbol, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
