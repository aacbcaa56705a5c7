-- Which bars are missing from the stored history?
-- Parameters: since and until (UTC), both at most 400 days apart for bars of 15 minutes. One row per gap, the longest first; from the
-- first missing bar to the next one that is there. price_times is the first price afterwards over the last one before: 3 or more,
-- or a third or less, after a day or more is taken for another coin under the same name, and series begin anew there.
WITH bar AS (
    SELECT
        k.symbol,
        k.venue,
        k.interval,
        k.open_at,
        k.close,
        lead(k.open_at) OVER (PARTITION BY k.symbol, k.venue, k.interval ORDER BY k.open_at) AS next_at,
        lead(k.open) OVER (PARTITION BY k.symbol, k.venue, k.interval ORDER BY k.open_at) AS next_open,
        CAST(k.interval AS interval) AS step
    FROM risk.kline AS k
    WHERE k.open_at >= CAST(:since AS timestamptz) AND k.open_at < CAST(:until AS timestamptz)
        AND k.interval ~ '^[0-9]+[mhdw]$'
)
SELECT
    b.symbol,
    b.venue,
    b.interval,
    b.open_at + b.step AS missing_from,
    b.next_at AS there_again_at,
    round(date_part('epoch', b.next_at - b.open_at) / date_part('epoch', b.step)) - 1 AS bars_missing,
    CAST(b.next_open / b.close AS double precision) AS price_times
FROM bar AS b
WHERE b.next_at > b.open_at + b.step
ORDER BY b.next_at - b.open_at DESC, b.symbol, b.venue, b.interval, b.open_at
