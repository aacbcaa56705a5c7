-- Which alerts were there, and did their messages arrive?
-- Parameters: since and until (UTC). One row per alert and channel, newest first; channel is empty where none was told.
WITH told AS (
    SELECT
        CAST(item ->> 'alert_id' AS text) AS alert_id,
        d.channel,
        count(*) AS messages,
        count(*) FILTER (WHERE d.state = 'accepted') AS accepted,
        count(*) FILTER (WHERE d.state = 'waiting') AS waiting,
        count(*) FILTER (WHERE d.state IN ('failed', 'expired')) AS lost,
        sum(d.attempts) AS attempts,
        min(d.settled_at - o.created_at) FILTER (WHERE d.state = 'accepted') AS fastest,
        max(d.settled_at - o.created_at) FILTER (WHERE d.state = 'accepted') AS slowest
    FROM risk.outbox AS o
    CROSS JOIN LATERAL jsonb_array_elements(o.items) AS item
    JOIN risk.delivery AS d ON d.message_id = o.message_id
    WHERE o.created_at >= CAST(:since AS timestamptz) AND o.created_at < CAST(:until AS timestamptz)
    GROUP BY item ->> 'alert_id', d.channel
)
SELECT
    a.updated_at,
    a.name,
    a.scope,
    a.severity,
    a.phase,
    a.fired_at,
    a.resolved_at,
    a.value,
    a.threshold,
    t.channel,
    t.messages,
    t.accepted,
    t.waiting,
    t.lost,
    t.attempts,
    t.fastest,
    t.slowest
FROM risk.alert AS a
LEFT JOIN told AS t ON t.alert_id = CAST(a.alert_id AS text)
WHERE a.updated_at >= CAST(:since AS timestamptz) AND a.since < CAST(:until AS timestamptz)
ORDER BY a.updated_at DESC, a.name, a.scope, t.channel
