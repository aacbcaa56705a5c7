-- Bring risk.latest_mark up to the newest rows of incoming_mark; older ones change nothing,
-- unless the held one bears a stamp that cannot be true: it would shut out all that follows.
WITH newest AS (
    SELECT DISTINCT ON (symbol)
        symbol,
        mark_price,
        index_price,
        funding_rate,
        next_funding_at,
        event_at,
        received_at,
        source
    FROM incoming_mark
    ORDER BY symbol, event_at DESC
)
INSERT INTO risk.latest_mark AS held (
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
    n.symbol,
    n.mark_price,
    n.index_price,
    n.funding_rate,
    n.next_funding_at,
    n.event_at,
    n.received_at,
    n.source
FROM newest AS n
ORDER BY n.symbol
ON CONFLICT (symbol) DO UPDATE SET
    mark_price = excluded.mark_price,
    index_price = excluded.index_price,
    funding_rate = excluded.funding_rate,
    next_funding_at = excluded.next_funding_at,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.event_at < excluded.event_at
    OR held.event_at > excluded.received_at + make_interval(mins => 1)
