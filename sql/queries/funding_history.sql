-- Settled funding rates of one symbol since a time, oldest first.
SELECT CAST(to_jsonb(f) AS text) AS body
FROM risk.funding AS f
WHERE f.symbol = :symbol AND f.event_at >= CAST(:since AS timestamptz)
ORDER BY f.event_at
