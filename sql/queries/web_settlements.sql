-- Settled funding of one symbol since :since, per interval and per 8 hours, oldest first.
SELECT
    date_part('epoch', f.event_at) AS at,
    f.funding_rate,
    f.interval_hours,
    f.funding_rate * 8 / f.interval_hours AS funding_8h
FROM risk.funding AS f
WHERE f.symbol = CAST(:symbol AS text) AND f.event_at >= CAST(:since AS timestamptz)
ORDER BY f.event_at
LIMIT 1000
