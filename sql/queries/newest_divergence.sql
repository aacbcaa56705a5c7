-- Bring risk.latest_divergence up to the newest rows of incoming_divergence; older ones change nothing.
WITH newest AS (
    SELECT DISTINCT ON (symbol, interval, indicator)
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
    ORDER BY symbol, interval, indicator, event_at DESC
)
INSERT INTO risk.latest_divergence AS held (
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
    n.symbol,
    n.interval,
    n.indicator,
    n.kind,
    n.first_pivot_at,
    n.second_pivot_at,
    n.event_at,
    n.received_at,
    n.source
FROM newest AS n
ORDER BY n.symbol, n.interval, n.indicator
ON CONFLICT (symbol, interval, indicator) DO UPDATE SET
    kind = excluded.kind,
    first_pivot_at = excluded.first_pivot_at,
    second_pivot_at = excluded.second_pivot_at,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.event_at < excluded.event_at
