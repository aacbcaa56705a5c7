-- What followed each level over archives?
-- No parameters. One row per run, group of bars and level.
SELECT
    run.made_at,
    run.profile,
    found.bars,
    found.level,
    found.evaluations,
    found.share,
    found.median_1h,
    found.worst_5pct_1h,
    found.median_24h,
    found.worst_5pct_24h,
    found.event_share
FROM risk.backtest_score AS run
JOIN risk.backtest_score_level AS found USING (run_id)
ORDER BY run.made_at DESC, found.bars, array_position(ARRAY['low', 'medium', 'high', 'extreme'], found.level)
