-- Terms of incoming_funding_terms that differ from the newest held; how many were new.
WITH stored AS (
    INSERT INTO risk.funding_terms (
        symbol,
        interval_hours,
        rate_cap,
        rate_floor,
        event_at,
        received_at,
        source
    )
    SELECT
        i.symbol,
        i.interval_hours,
        i.rate_cap,
        i.rate_floor,
        i.event_at,
        i.received_at,
        i.source
    FROM incoming_funding_terms AS i
    LEFT JOIN risk.latest_funding_terms AS held ON held.symbol = i.symbol
    WHERE held.symbol IS NULL OR (
        i.event_at > held.event_at
        AND (i.interval_hours, i.rate_cap, i.rate_floor)
            IS DISTINCT FROM (held.interval_hours, held.rate_cap, held.rate_floor)
    )
    ON CONFLICT (symbol, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
