-- Closed bars of one symbol and interval from a time to a time, oldest first; times in seconds since 1970.
SELECT
    date_part('epoch', k.open_at) AS at,
    CAST(k.open AS double precision) AS open,
    CAST(k.high AS double precision) AS high,
    CAST(k.low AS double precision) AS low,
    CAST(k.close AS double precision) AS close
FROM risk.kline AS k
WHERE k.symbol = CAST(:symbol AS text)
    AND k.venue = 'usdm'
    AND k.interval = CAST(:interval AS text)
    AND k.open_at >= CAST(:since AS timestamptz)
    AND k.open_at < CAST(:until AS timestamptz)
ORDER BY k.open_at
LIMIT 1000
