-- Rows of incoming_adl_risk that risk.adl_risk does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.adl_risk (
        symbol,
        risk,
        event_at,
        received_at,
        source
    )
    SELECT
        symbol,
        risk,
        event_at,
        received_at,
        source
    FROM incoming_adl_risk
    ON CONFLICT (symbol, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
