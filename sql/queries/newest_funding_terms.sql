-- Bring risk.latest_funding_terms up to the newest rows of incoming_funding_terms; older ones change nothing.
WITH newest AS (
    SELECT DISTINCT ON (symbol)
        symbol,
        interval_hours,
        rate_cap,
        rate_floor,
        event_at,
        received_at,
        source
    FROM incoming_funding_terms
    ORDER BY symbol, event_at DESC
)
INSERT INTO risk.latest_funding_terms AS held (
    symbol,
    interval_hours,
    rate_cap,
    rate_floor,
    event_at,
    received_at,
    source,
    changed_at,
    interval_hours_before
)
SELECT
    n.symbol,
    n.interval_hours,
    n.rate_cap,
    n.rate_floor,
    n.event_at,
    n.received_at,
    n.source,
    CAST(NULL AS timestamptz) AS changed_at,
    CAST(NULL AS smallint) AS interval_hours_before
FROM newest AS n
ORDER BY n.symbol
ON CONFLICT (symbol) DO UPDATE SET
    interval_hours = excluded.interval_hours,
    rate_cap = excluded.rate_cap,
    rate_floor = excluded.rate_floor,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source,
    changed_at = CASE WHEN held.interval_hours = excluded.interval_hours THEN held.changed_at ELSE excluded.event_at END,
    interval_hours_before = CASE WHEN held.interval_hours = excluded.interval_hours THEN held.interval_hours_before ELSE held.interval_hours END
WHERE held.event_at < excluded.event_at
