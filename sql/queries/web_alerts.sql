-- Alerts that changed since :since, open ones and newest first, each with the way of its messages to each channel.
WITH told AS (
    SELECT
        item ->> 'alert_id' AS alert_id,
        jsonb_agg(
            jsonb_build_object(
                'channel', d.channel,
                'state', d.state,
                'kind', item ->> 'kind',
                'attempts', d.attempts,
                'reason', d.reason,
                'created_at', o.created_at,
                'settled_at', d.settled_at,
                'next_try_at', d.next_try_at
            )
            ORDER BY o.created_at DESC, d.channel
        ) AS deliveries
    FROM risk.outbox AS o
    CROSS JOIN LATERAL jsonb_array_elements(o.items) AS item
    JOIN risk.delivery AS d ON d.message_id = o.message_id
    WHERE o.created_at >= CAST(:since AS timestamptz)
    GROUP BY item ->> 'alert_id'
)
SELECT
    a.alert_id,
    a.name,
    a.scope,
    a.severity,
    a.phase,
    a.since,
    a.fired_at,
    a.updated_at,
    a.resolved_at,
    a.last_told_at,
    a.told_count,
    a.value,
    a.threshold,
    a.details,
    coalesce(t.deliveries, '[]') AS deliveries
FROM risk.alert AS a
LEFT JOIN told AS t ON t.alert_id = CAST(a.alert_id AS text)
WHERE a.fired_at IS NOT NULL AND (a.phase <> 'resolved' OR a.updated_at >= CAST(:since AS timestamptz))
ORDER BY a.phase = 'resolved', array_position(ARRAY['critical', 'warning', 'info'], a.severity), a.updated_at DESC
LIMIT CAST(:most AS integer)
