-- Deliveries of the messages made since :since, by channel and state.
SELECT d.channel, d.state, count(*) AS messages, min(o.created_at) AS oldest_at
FROM risk.delivery AS d
JOIN risk.outbox AS o ON o.message_id = d.message_id
WHERE o.created_at >= CAST(:since AS timestamptz)
GROUP BY d.channel, d.state
ORDER BY d.channel, d.state
