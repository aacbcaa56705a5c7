-- Highest high and lowest low of each symbol's newest closed bars; a symbol with fewer bars has no row.
SELECT
    w.symbol,
    CAST(b.highest AS double precision) AS highest,
    CAST(b.lowest AS double precision) AS lowest
FROM unnest(CAST(:symbols AS text[])) AS w (symbol)
CROSS JOIN LATERAL (
    SELECT
        max(k.high) AS highest,
        min(k.low) AS lowest,
        count(*) AS bars
    FROM (
        SELECT
            x.high,
            x.low
        FROM risk.kline AS x
        WHERE x.symbol = w.symbol AND x.venue = 'usdm' AND x.interval = :interval
        ORDER BY x.open_at DESC
        LIMIT :most
    ) AS k
) AS b
WHERE b.bars = :most
