-- Take deliveries that are due, the worst first, under a lease; nobody else gets them until it ends.
-- channel NULL: of all channels.
WITH due AS (
    SELECT
        d.message_id,
        d.channel
    FROM risk.delivery AS d
    WHERE d.state = 'waiting'
        AND d.next_try_at <= CAST(:now AS timestamptz)
        AND d.expires_at > CAST(:now AS timestamptz)
        AND (d.held_until IS NULL OR d.held_until <= CAST(:now AS timestamptz))
        AND (CAST(:channel AS text) IS NULL OR d.channel = CAST(:channel AS text))
    ORDER BY array_position(ARRAY['critical', 'warning', 'info'], d.severity), d.next_try_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE risk.delivery AS d SET
        holder = :holder,
        held_until = CAST(:now AS timestamptz) + make_interval(secs => :lease_s),
        attempts = d.attempts + 1
    FROM due
    WHERE d.message_id = due.message_id AND d.channel = due.channel
    RETURNING
        d.message_id,
        d.channel,
        d.attempts
)
SELECT
    t.channel,
    t.attempts AS attempt,
    CAST(to_jsonb(o) AS text) AS message
FROM taken AS t
JOIN risk.outbox AS o ON o.message_id = t.message_id
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], o.severity), o.created_at
