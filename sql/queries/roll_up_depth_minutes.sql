-- Roll the depth samples of whole minutes up, from a time to a time; how many minutes and books.
INSERT INTO risk.depth_minute AS held (
    symbol,
    venue,
    minute_at,
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
    d.symbol,
    d.venue,
    date_trunc('minute', d.event_at, 'UTC'),
    count(*),
    (array_agg((d.best_bid + d.best_ask) / 2 ORDER BY d.event_at))[1],
    (array_agg((d.best_bid + d.best_ask) / 2 ORDER BY d.event_at DESC))[1],
    avg(CAST((d.best_ask - d.best_bid) * 2 / (d.best_bid + d.best_ask) AS double precision)),
    max(CAST((d.best_ask - d.best_bid) * 2 / (d.best_bid + d.best_ask) AS double precision)),
    round(avg(least(d.bid_depth_01pct_usdt, d.ask_depth_01pct_usdt)), 2),
    round(avg(least(d.bid_depth_1pct_usdt, d.ask_depth_1pct_usdt)), 2),
    min(least(d.bid_depth_1pct_usdt, d.ask_depth_1pct_usdt)),
    min(least(d.bid_reach, d.ask_reach)),
    CASE WHEN bool_and(d.sell_slippage[4] IS NOT NULL AND d.buy_slippage[4] IS NOT NULL)
        THEN avg(greatest(d.sell_slippage[4], d.buy_slippage[4])) END,
    CASE WHEN bool_and(d.sell_slippage[4] IS NOT NULL AND d.buy_slippage[4] IS NOT NULL)
        THEN max(greatest(d.sell_slippage[4], d.buy_slippage[4])) END
FROM risk.depth AS d
WHERE d.event_at >= date_trunc('minute', CAST(:since AS timestamptz), 'UTC')
    AND d.event_at < date_trunc('minute', CAST(:until AS timestamptz), 'UTC')
GROUP BY d.symbol, d.venue, date_trunc('minute', d.event_at, 'UTC')
ORDER BY d.symbol, d.venue, date_trunc('minute', d.event_at, 'UTC')
ON CONFLICT (symbol, venue, minute_at) DO UPDATE SET
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
