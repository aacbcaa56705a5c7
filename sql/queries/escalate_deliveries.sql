-- Messages that no channel took in time, or one refused for good, become deliveries of a stand-by channel; how many.
-- Channels in :mute prove nothing by accepting.
WITH late AS (
    SELECT
        o.message_id,
        o.severity,
        o.expires_at
    FROM risk.outbox AS o
    WHERE o.created_at > CAST(:now AS timestamptz) - make_interval(hours => 24)
        AND o.expires_at > CAST(:now AS timestamptz)
        AND array_position(ARRAY['info', 'warning', 'critical'], o.severity) - 1 >= :least_rank
        AND EXISTS (SELECT FROM risk.delivery AS d WHERE d.message_id = o.message_id)
        AND NOT EXISTS (
            SELECT
            FROM risk.delivery AS d
            WHERE d.message_id = o.message_id AND (
                d.channel = :channel OR (d.state = 'accepted' AND d.channel <> ALL (CAST(:mute AS text[])))
            )
        )
        AND (
            o.created_at <= CAST(:now AS timestamptz) - make_interval(secs => :after_s)
            OR EXISTS (SELECT FROM risk.delivery AS d WHERE d.message_id = o.message_id AND d.state = 'failed')
        )
), addressed AS (
    INSERT INTO risk.delivery (message_id, channel, severity, state, attempts, next_try_at, expires_at)
    SELECT
        l.message_id,
        :channel,
        l.severity,
        'waiting',
        0,
        CAST(:now AS timestamptz),
        l.expires_at
    FROM late AS l
    ON CONFLICT (message_id, channel) DO NOTHING
    RETURNING 1
), called AS (
    SELECT pg_notify('risk_outbox', :channel)
    FROM (SELECT count(*) AS messages FROM addressed) AS a
    WHERE a.messages > 0
)
SELECT (SELECT count(*) FROM addressed) + 0 * (SELECT count(*) FROM called)
