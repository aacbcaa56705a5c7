-- Which alerts were to be told and are not proven to have arrived?
-- Parameters: since and until (UTC). One row per alert in a message that no channel but a terminal accepted, newest first.
WITH proof AS (
    SELECT
        o.message_id,
        o.created_at,
        o.expires_at,
        o.severity,
        o.items,
        string_agg(d.channel || ': ' || d.state || coalesce(' (' || nullif(d.reason, '') || ')', ''), ', '
            ORDER BY d.channel) AS deliveries,
        coalesce(sum(d.attempts), 0) AS attempts,
        coalesce(bool_or(d.state = 'accepted' AND d.channel <> 'console'), false) AS is_proven
    FROM risk.outbox AS o
    LEFT JOIN risk.delivery AS d ON d.message_id = o.message_id
    WHERE o.created_at >= CAST(:since AS timestamptz) AND o.created_at < CAST(:until AS timestamptz)
    GROUP BY o.message_id, o.created_at, o.expires_at, o.severity, o.items
)
SELECT
    p.created_at,
    p.severity,
    item ->> 'name' AS name,
    item ->> 'scope' AS scope,
    item ->> 'kind' AS kind,
    p.deliveries,
    p.attempts,
    p.expires_at,
    p.message_id,
    CAST(item ->> 'alert_id' AS uuid) AS alert_id
FROM proof AS p
CROSS JOIN LATERAL jsonb_array_elements(p.items) AS item
WHERE NOT p.is_proven
ORDER BY p.created_at DESC, item ->> 'name', item ->> 'scope'
