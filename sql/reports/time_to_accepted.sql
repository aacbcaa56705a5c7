-- How long does it take from a score to a channel's acceptance?
-- Parameters: since and until (UTC). One row per channel and severity; times in seconds, tries up to the acceptance.
SELECT
    d.channel,
    o.severity,
    count(*) AS messages,
    count(*) FILTER (WHERE d.state = 'accepted') AS accepted,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', d.settled_at - o.created_at))
        FILTER (WHERE d.state = 'accepted') AS median_s,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY date_part('epoch', d.settled_at - o.created_at))
        FILTER (WHERE d.state = 'accepted') AS p95_s,
    max(date_part('epoch', d.settled_at - o.created_at)) FILTER (WHERE d.state = 'accepted') AS slowest_s,
    max(d.attempts) FILTER (WHERE d.state = 'accepted') AS most_tries
FROM risk.outbox AS o
JOIN risk.delivery AS d ON d.message_id = o.message_id
WHERE o.created_at >= CAST(:since AS timestamptz) AND o.created_at < CAST(:until AS timestamptz)
GROUP BY d.channel, o.severity
ORDER BY d.channel, array_position(ARRAY['critical', 'warning', 'info'], o.severity)
