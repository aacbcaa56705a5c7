-- Messages that a channel took since :since, oldest first: what the demo prints as it goes out.
SELECT a.tried_at, a.channel, o.severity, o.items
FROM risk.delivery_attempt AS a
JOIN risk.outbox AS o ON o.message_id = a.message_id
WHERE a.tried_at > CAST(:since AS timestamptz) AND a.outcome = 'accepted'
ORDER BY a.tried_at, a.channel
LIMIT 200
