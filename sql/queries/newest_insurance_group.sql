-- Which fund each symbol of incoming_insurance shares now.
INSERT INTO risk.insurance_group AS held (symbol, group_key, event_at, received_at, source)
SELECT DISTINCT ON (member.symbol)
    member.symbol,
    i.group_key,
    i.event_at,
    i.received_at,
    i.source
FROM incoming_insurance AS i
CROSS JOIN LATERAL unnest(i.symbols) AS member (symbol)
ORDER BY member.symbol, i.event_at DESC
ON CONFLICT (symbol) DO UPDATE SET
    group_key = excluded.group_key,
    event_at = excluded.event_at,
    received_at = excluded.received_at,
    source = excluded.source
WHERE held.event_at < excluded.event_at
