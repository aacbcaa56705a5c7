-- Which bars are missing from the stored history?
-- Parameters: since and until (UTC), both at most 400 days apart for bars of 15 minutes. One row per gap, the longest first; from the
-- first missing bar to the next one that is there.
WITH bar AS (
    SELECT
        k.symbol,
        k.venue,
        k.interval,
        k.open_at,
        lead(k.open_at) OVER (PARTITION BY k.symbol, k.venue, k.interval ORDER BY k.open_at) AS next_at,
        CASE k.interval WHEN '15m' THEN interval '15 minutes' WHEN '1h' THEN interval '1 hour' WHEN '1d' THEN interval '1 day'
        END AS step
    FROM risk.kline AS k
    WHERE k.open_at >= CAST(:since AS timestamptz) AND k.open_at < CAST(:until AS timestamptz)
)
SELECT
    b.symbol,
    b.venue,
    b.interval,
    b.open_at + b.step AS missing_from,
    b.next_at AS there_again_at,
    round(date_part('epoch', b.next_at - b.open_at) / date_part('epoch', b.step)) - 1 AS bars_missing
FROM bar AS b
WHERE b.next_at > b.open_at + b.step
ORDER BY b.next_at - b.open_at DESC, b.symbol, b.venue, b.interval, b.open_at
