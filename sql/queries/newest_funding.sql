-- Bring risk.latest_funding up to the newest rows of incoming_funding; older ones change nothing.
WITH newest AS (
    SELECT DISTINCT ON (symbol)
        symbol,
        funding_rate,
        interval_hours,
        mark_price,
        rate_type,
        event_at,
        received_at,
        source
    FROM incoming_funding
    ORDER BY symbol, event_at DESC
)
INSERT INTO risk.latest_funding AS held (
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
    n.symbol,
    n.funding_rate,
    n.interval_hours,
    n.mark_price,
    n.rate_type,
    n.event_at,
    n.received_at,
    n.source
FROM newest AS n
ORDER BY n.symbol
ON CONFLICT (symbol) DO UPDATE SET
    funding_rate = excluded.funding_rate,
    interval_hours = excluded.interval_hours,
    mark_price = excluded.mark_price,
    rate_type = excluded.rate_type,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.event_at < excluded.event_at
