-- Mark price of one symbol as bars, and the running funding rate, in :most steps of a stretch of time.
SELECT
    date_part('epoch', date_bin(
        (CAST(:until AS timestamptz) - CAST(:since AS timestamptz)) / CAST(:most AS integer),
        m.event_at,
        CAST(:since AS timestamptz)
    )) AS at,
    CAST((array_agg(m.mark_price ORDER BY m.event_at))[1] AS double precision) AS open,
    CAST(max(m.mark_price) AS double precision) AS high,
    CAST(min(m.mark_price) AS double precision) AS low,
    CAST((array_agg(m.mark_price ORDER BY m.event_at DESC))[1] AS double precision) AS close,
    avg(m.funding_rate) AS funding_rate
FROM risk.mark AS m
WHERE m.symbol = CAST(:symbol AS text)
    AND m.event_at >= CAST(:since AS timestamptz)
    AND m.event_at < CAST(:until AS timestamptz)
GROUP BY 1
ORDER BY 1
