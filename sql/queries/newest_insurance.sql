-- Bring risk.latest_insurance up to the newest rows of incoming_insurance; older ones change nothing.
WITH newest AS (
    SELECT DISTINCT ON (group_key, asset)
        group_key,
        symbols,
        asset,
        balance,
        value_usd,
        event_at,
        received_at,
        source
    FROM incoming_insurance
    ORDER BY group_key, asset, event_at DESC
)
INSERT INTO risk.latest_insurance AS held (
    group_key,
    symbols,
    asset,
    balance,
    value_usd,
    event_at,
    received_at,
    source,
    value_usd_24h
)
SELECT
    n.group_key,
    n.symbols,
    n.asset,
    n.balance,
    n.value_usd,
    n.event_at,
    n.received_at,
    n.source,
    before.value_usd AS value_usd_24h
FROM newest AS n
LEFT JOIN LATERAL (
    SELECT i.value_usd
    FROM risk.insurance AS i
    WHERE i.group_key = n.group_key AND i.asset = n.asset
        AND i.event_at BETWEEN n.event_at - make_interval(hours => 30) AND n.event_at - make_interval(hours => 24)
    ORDER BY i.event_at DESC
    LIMIT 1
) AS before ON true
ORDER BY n.group_key, n.asset
ON CONFLICT (group_key, asset) DO UPDATE SET
    symbols = excluded.symbols,
    balance = excluded.balance,
    value_usd = excluded.value_usd,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source,
    value_usd_24h = excluded.value_usd_24h
WHERE held.event_at < excluded.event_at
