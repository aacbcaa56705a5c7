-- Spread and depth of one book in :most steps: rolled-up minutes as far as there are any, then single samples.
WITH rolled AS (
    SELECT
        d.minute_at AS at,
        d.spread_mean AS spread,
        d.spread_max AS spread_worst,
        CAST(d.depth_1pct_mean_usdt AS double precision) AS depth,
        CAST(d.depth_1pct_min_usdt AS double precision) AS depth_worst
    FROM risk.depth_minute AS d
    WHERE d.symbol = CAST(:symbol AS text)
        AND d.venue = 'usdm'
        AND d.minute_at >= CAST(:since AS timestamptz)
        AND d.minute_at < CAST(:until AS timestamptz)
),
sample AS (
    SELECT
        d.event_at AS at,
        CAST((d.best_ask - d.best_bid) * 2 / (d.best_ask + d.best_bid) AS double precision) AS spread,
        CAST(least(d.bid_depth_1pct_usdt, d.ask_depth_1pct_usdt) AS double precision) AS depth
    FROM risk.depth AS d
    WHERE d.symbol = CAST(:symbol AS text)
        AND d.venue = 'usdm'
        AND d.event_at >= greatest(
            CAST(:since AS timestamptz),
            coalesce((SELECT max(r.at) + interval '1 minute' FROM rolled AS r), CAST(:since AS timestamptz))
        )
        AND d.event_at < CAST(:until AS timestamptz)
),
both_kinds AS (
    SELECT r.at, r.spread, r.spread_worst, r.depth, r.depth_worst FROM rolled AS r
    UNION ALL
    SELECT s.at, s.spread, s.spread, s.depth, s.depth FROM sample AS s
)
SELECT
    date_part('epoch', date_bin(
        (CAST(:until AS timestamptz) - CAST(:since AS timestamptz)) / CAST(:most AS integer),
        b.at,
        CAST(:since AS timestamptz)
    )) AS at,
    avg(b.spread) AS spread,
    max(b.spread_worst) AS spread_worst,
    avg(b.depth) AS depth,
    min(b.depth_worst) AS depth_worst
FROM both_kinds AS b
GROUP BY 1
ORDER BY 1
