-- Messages, given as a JSON array, into the outbox, each with a delivery to every channel that wants its severity.
-- Channels and their least severities (0 info, 1 warning, 2 critical) are arrays side by side.
WITH given AS (
    SELECT
        g.message_id,
        g.created_at,
        g.expires_at,
        g.severity,
        g.items
    FROM jsonb_populate_recordset(CAST(NULL AS risk.outbox), CAST(:rows AS jsonb)) AS g
), stored AS (
    INSERT INTO risk.outbox (message_id, created_at, expires_at, severity, items)
    SELECT
        message_id,
        created_at,
        expires_at,
        severity,
        items
    FROM given
    ON CONFLICT (message_id) DO NOTHING
    RETURNING
        message_id,
        created_at,
        expires_at,
        severity
), addressed AS (
    INSERT INTO risk.delivery (message_id, channel, severity, state, attempts, next_try_at, expires_at)
    SELECT
        s.message_id,
        c.name,
        s.severity,
        'waiting',
        0,
        s.created_at,
        s.expires_at
    FROM stored AS s
    CROSS JOIN unnest(CAST(:channels AS text[]), CAST(:least AS integer[])) AS c (name, least)
    WHERE array_position(ARRAY['info', 'warning', 'critical'], s.severity) - 1 >= c.least
    RETURNING channel
)
SELECT pg_notify('risk_outbox', coalesce((SELECT string_agg(DISTINCT channel, ',') FROM addressed), ''))
FROM (SELECT count(*) AS messages FROM stored) AS s
WHERE s.messages > 0
