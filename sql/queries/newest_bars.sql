-- Open time of the newest stored bar of each symbol; symbols without one are left out.
SELECT
    w.symbol,
    k.open_at
FROM unnest(CAST(:symbols AS text[])) AS w (symbol)
CROSS JOIN LATERAL (
    SELECT b.open_at
    FROM risk.kline AS b
    WHERE b.symbol = w.symbol AND b.venue = :venue AND b.interval = :interval
    ORDER BY b.open_at DESC
    LIMIT 1
) AS k
