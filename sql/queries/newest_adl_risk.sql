-- Bring risk.latest_adl_risk up to the newest rows of incoming_adl_risk; older ones change nothing.
WITH newest AS (
    SELECT DISTINCT ON (symbol)
        symbol,
        risk,
        event_at,
        received_at,
        source
    FROM incoming_adl_risk
    ORDER BY symbol, event_at DESC
)
INSERT INTO risk.latest_adl_risk AS held (
    symbol,
    risk,
    event_at,
    received_at,
    source
)
SELECT
    n.symbol,
    n.risk,
    n.event_at,
    n.received_at,
    n.source
FROM newest AS n
ORDER BY n.symbol
ON CONFLICT (symbol) DO UPDATE SET
    risk = excluded.risk,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.event_at < excluded.event_at
