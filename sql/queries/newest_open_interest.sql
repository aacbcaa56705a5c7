-- Bring risk.latest_open_interest up to the newest rows of incoming_open_interest; older ones change nothing,
-- unless the held one bears a stamp that cannot be true: it would shut out all that follows.
WITH newest AS (
    SELECT DISTINCT ON (symbol)
        symbol,
        quantity,
        value_usdt,
        event_at,
        received_at,
        source
    FROM incoming_open_interest
    ORDER BY symbol, event_at DESC
)
INSERT INTO risk.latest_open_interest AS held (
    symbol,
    quantity,
    value_usdt,
    event_at,
    received_at,
    source,
    quantity_24h,
    quantity_72h
)
SELECT
    n.symbol,
    n.quantity,
    n.value_usdt,
    n.event_at,
    n.received_at,
    n.source,
    before_24h.quantity AS quantity_24h,
    before_72h.quantity AS quantity_72h
FROM newest AS n
LEFT JOIN LATERAL (
    SELECT o.quantity
    FROM risk.open_interest AS o
    WHERE o.symbol = n.symbol
        AND o.event_at BETWEEN n.event_at - make_interval(hours => 25) AND n.event_at - make_interval(hours => 24)
        AND o.event_at BETWEEN CAST(:oldest AS timestamptz) - make_interval(hours => 25)
            AND CAST(:newest AS timestamptz) - make_interval(hours => 24)
    ORDER BY o.event_at DESC
    LIMIT 1
) AS before_24h ON true
LEFT JOIN LATERAL (
    SELECT o.quantity
    FROM risk.open_interest AS o
    WHERE o.symbol = n.symbol
        AND o.event_at BETWEEN n.event_at - make_interval(hours => 73) AND n.event_at - make_interval(hours => 72)
        AND o.event_at BETWEEN CAST(:oldest AS timestamptz) - make_interval(hours => 73)
            AND CAST(:newest AS timestamptz) - make_interval(hours => 72)
    ORDER BY o.event_at DESC
    LIMIT 1
) AS before_72h ON true
ORDER BY n.symbol
ON CONFLICT (symbol) DO UPDATE SET
    quantity = excluded.quantity,
    value_usdt = excluded.value_usdt,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source,
    quantity_24h = excluded.quantity_24h,
    quantity_72h = excluded.quantity_72h
WHERE held.event_at < excluded.event_at
    OR held.event_at > excluded.received_at + make_interval(mins => 1)
