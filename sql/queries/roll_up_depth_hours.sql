-- Roll the minutes of whole hours up, from a time to a time; how many hours and books.
INSERT INTO risk.depth_hour AS held (
    symbol,
    venue,
    hour_at,
    samples,
    mid_open,
    mid_close,
    spread_mean,
    spread_max,
    depth_01pct_mean_usdt,
    depth_1pct_mean_usdt,
    depth_1pct_min_usdt,
    reach_min,
    slippage_100k_mean,
    slippage_100k_max
)
SELECT
    m.symbol,
    m.venue,
    date_trunc('hour', m.minute_at, 'UTC'),
    sum(m.samples),
    (array_agg(m.mid_open ORDER BY m.minute_at))[1],
    (array_agg(m.mid_close ORDER BY m.minute_at DESC))[1],
    sum(m.spread_mean * m.samples) / sum(m.samples),
    max(m.spread_max),
    round(sum(m.depth_01pct_mean_usdt * m.samples) / sum(m.samples), 2),
    round(sum(m.depth_1pct_mean_usdt * m.samples) / sum(m.samples), 2),
    min(m.depth_1pct_min_usdt),
    min(m.reach_min),
    CASE WHEN bool_and(m.slippage_100k_mean IS NOT NULL)
        THEN sum(m.slippage_100k_mean * m.samples) / sum(m.samples) END,
    CASE WHEN bool_and(m.slippage_100k_max IS NOT NULL) THEN max(m.slippage_100k_max) END
FROM risk.depth_minute AS m
WHERE m.minute_at >= date_trunc('hour', CAST(:since AS timestamptz), 'UTC')
    AND m.minute_at < date_trunc('hour', CAST(:until AS timestamptz), 'UTC')
GROUP BY m.symbol, m.venue, date_trunc('hour', m.minute_at, 'UTC')
ORDER BY m.symbol, m.venue, date_trunc('hour', m.minute_at, 'UTC')
ON CONFLICT (symbol, venue, hour_at) DO UPDATE SET
    samples = excluded.samples,
    mid_open = excluded.mid_open,
    mid_close = excluded.mid_close,
    spread_mean = excluded.spread_mean,
    spread_max = excluded.spread_max,
    depth_01pct_mean_usdt = excluded.depth_01pct_mean_usdt,
    depth_1pct_mean_usdt = excluded.depth_1pct_mean_usdt,
    depth_1pct_min_usdt = excluded.depth_1pct_min_usdt,
    reach_min = excluded.reach_min,
    slippage_100k_mean = excluded.slippage_100k_mean,
    slippage_100k_max = excluded.slippage_100k_max
WHERE held.samples < excluded.samples
