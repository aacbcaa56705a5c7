-- What still waits to be told, one row per channel and severity.
SELECT
    d.channel,
    d.severity,
    count(*) AS deliveries,
    min(o.created_at) AS oldest_at,
    min(d.next_try_at) AS next_try_at,
    max(d.attempts) AS most_attempts,
    (array_agg(d.reason ORDER BY d.attempts DESC NULLS LAST))[1] AS reason
FROM risk.delivery AS d
JOIN risk.outbox AS o ON o.message_id = d.message_id
WHERE d.state = 'waiting'
GROUP BY d.channel, d.severity
ORDER BY d.channel, d.severity
