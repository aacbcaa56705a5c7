-- At which hours is the book thin, and what did it cost then?
-- Parameters: symbol, since and until (UTC). One row per hour of the day (UTC), from the hourly roll-up.
SELECT
    CAST(date_part('hour', h.hour_at AT TIME ZONE 'UTC') AS integer) AS hour_utc,
    count(*) AS days,
    sum(h.samples) AS samples,
    round(avg(h.depth_1pct_mean_usdt)) AS depth_1pct_mean_usdt,
    round(min(h.depth_1pct_min_usdt)) AS depth_1pct_min_usdt,
    round(avg(h.depth_01pct_mean_usdt)) AS depth_01pct_mean_usdt,
    avg(h.spread_mean) AS spread_mean,
    max(h.spread_max) AS spread_max,
    avg(h.slippage_100k_mean) AS slippage_100k_mean,
    max(h.slippage_100k_max) AS slippage_100k_max
FROM risk.depth_hour AS h
WHERE h.symbol = CAST(:symbol AS text)
    AND h.venue = 'usdm'
    AND h.hour_at >= CAST(:since AS timestamptz)
    AND h.hour_at < CAST(:until AS timestamptz)
GROUP BY hour_utc
ORDER BY hour_utc
