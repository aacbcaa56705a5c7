-- Bring risk.latest_venue_funding up to the newest rows of incoming_venue_funding; older ones change nothing.
WITH newest AS (
    SELECT DISTINCT ON (venue, symbol)
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
    ORDER BY venue, symbol, event_at DESC
)
INSERT INTO risk.latest_venue_funding AS held (
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
    n.venue,
    n.symbol,
    n.funding_rate,
    n.interval_hours,
    n.funding_8h,
    n.open_interest_usd,
    n.event_at,
    n.received_at,
    n.source
FROM newest AS n
ORDER BY n.venue, n.symbol
ON CONFLICT (venue, symbol) DO UPDATE SET
    funding_rate = excluded.funding_rate,
    interval_hours = excluded.interval_hours,
    funding_8h = excluded.funding_8h,
    open_interest_usd = excluded.open_interest_usd,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.event_at < excluded.event_at
