-- What the newest message whose id begins with :short told of.
SELECT o.items
FROM risk.outbox AS o
WHERE o.created_at > CAST(:now AS timestamptz) - make_interval(days => 7)
    AND left(CAST(o.message_id AS text), 8) = CAST(:short AS text)
ORDER BY o.created_at DESC
LIMIT 1
