-- Open interest of one symbol in :most steps of a stretch of time, coins.
SELECT
    date_part('epoch', date_bin(
        (CAST(:until AS timestamptz) - CAST(:since AS timestamptz)) / CAST(:most AS integer),
        o.event_at,
        CAST(:since AS timestamptz)
    )) AS at,
    CAST(avg(o.quantity) AS double precision) AS quantity
FROM risk.open_interest AS o
WHERE o.symbol = CAST(:symbol AS text)
    AND o.event_at >= CAST(:since AS timestamptz)
    AND o.event_at < CAST(:until AS timestamptz)
GROUP BY 1
ORDER BY 1
