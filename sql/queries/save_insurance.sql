-- Rows of incoming_insurance that risk.insurance does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.insurance (
        group_key,
        symbols,
        asset,
        balance,
        value_usd,
        event_at,
        received_at,
        source
    )
    SELECT
        group_key,
        symbols,
        asset,
        balance,
        value_usd,
        event_at,
        received_at,
        source
    FROM incoming_insurance
    ON CONFLICT (group_key, asset, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
