-- Bring risk.latest_ticker up to the newest rows of incoming_ticker; older ones change nothing,
-- unless the held one bears a stamp that cannot be true: it would shut out all that follows.
WITH newest AS (
    SELECT DISTINCT ON (symbol, venue)
        symbol,
        venue,
        last_price,
        price_change,
        high,
        low,
        volume,
        quote_volume,
        event_at,
        received_at,
        source
    FROM incoming_ticker
    ORDER BY symbol, venue, event_at DESC
)
INSERT INTO risk.latest_ticker AS held (
    symbol,
    venue,
    last_price,
    price_change,
    high,
    low,
    volume,
    quote_volume,
    event_at,
    received_at,
    source
)
SELECT
    n.symbol,
    n.venue,
    n.last_price,
    n.price_change,
    n.high,
    n.low,
    n.volume,
    n.quote_volume,
    n.event_at,
    n.received_at,
    n.source
FROM newest AS n
ORDER BY n.symbol, n.venue
ON CONFLICT (symbol, venue) DO UPDATE SET
    last_price = excluded.last_price,
    price_change = excluded.price_change,
    high = excluded.high,
    low = excluded.low,
    volume = excluded.volume,
    quote_volume = excluded.quote_volume,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.event_at < excluded.event_at
    OR held.event_at > excluded.received_at + make_interval(mins => 1)
