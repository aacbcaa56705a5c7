-- Forced orders of one symbol in :most steps of a stretch of time, USDT by side; a lower bound of what there was.
SELECT
    date_part('epoch', date_bin(
        (CAST(:until AS timestamptz) - CAST(:since AS timestamptz)) / CAST(:most AS integer),
        l.event_at,
        CAST(:since AS timestamptz)
    )) AS at,
    CAST(coalesce(sum(l.notional_usdt) FILTER (WHERE l.side = 'SELL'), 0) AS double precision) AS sold_usdt,
    CAST(coalesce(sum(l.notional_usdt) FILTER (WHERE l.side = 'BUY'), 0) AS double precision) AS bought_usdt,
    count(*) AS orders
FROM risk.liquidation AS l
WHERE l.symbol = CAST(:symbol AS text)
    AND l.event_at >= CAST(:since AS timestamptz)
    AND l.event_at < CAST(:until AS timestamptz)
GROUP BY 1
ORDER BY 1
