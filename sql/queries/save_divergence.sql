-- Rows of incoming_divergence that risk.divergence does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.divergence (
        symbol,
        interval,
        indicator,
        kind,
        first_pivot_at,
        second_pivot_at,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        interval,
        indicator,
        kind,
        first_pivot_at,
        second_pivot_at,
        event_at,
        received_at,
        source
    FROM incoming_divergence
    ON CONFLICT (symbol, interval, indicator, kind, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
