-- Rows of incoming_venue_funding that risk.venue_funding does not hold yet; how many there were.
WITH stored AS (
    INSERT INTO risk.venue_funding (
        venue,
        symbol,
        funding_rate,
        interval_hours,
        funding_8h,
        open_interest_usd,
        event_at,
        received_at,
        source
    )
    SELECT
        venue,
        symbol,
        funding_rate,
        interval_hours,
        funding_8h,
        open_interest_usd,
        event_at,
        received_at,
        source
    FROM incoming_venue_funding
    ON CONFLICT (venue, symbol, event_at) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
