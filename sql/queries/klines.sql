-- The newest closed bars of one symbol, oldest first; times in seconds since 1970.
SELECT
    date_part('epoch', k.open_at) AS open_at,
    CAST(k.open AS double precision) AS open,
    CAST(k.high AS double precision) AS high,
    CAST(k.low AS double precision) AS low,
    CAST(k.close AS double precision) AS close,
    CAST(k.volume AS double precision) AS volume
FROM (
    SELECT
        b.open_at,
        b.open,
        b.high,
        b.low,
        b.close,
        b.volume
    FROM risk.kline AS b
    WHERE b.symbol = :symbol AND b.venue = :venue AND b.interval = :interval
        AND (CAST(:before AS timestamptz) IS NULL OR b.open_at < CAST(:before AS timestamptz))
    ORDER BY b.open_at DESC
    LIMIT :most
) AS k
ORDER BY k.open_at
