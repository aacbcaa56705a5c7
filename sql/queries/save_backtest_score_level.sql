-- Rows of backtest_score_level of one run, given as a JSON array.
INSERT INTO risk.backtest_score_level (
    run_id,
    bars,
    level,
    evaluations,
    share,
    median_1h,
    worst_5pct_1h,
    median_24h,
    worst_5pct_24h,
    event_share
)
SELECT
    given.run_id,
    given.bars,
    given.level,
    given.evaluations,
    given.share,
    given.median_1h,
    given.worst_5pct_1h,
    given.median_24h,
    given.worst_5pct_24h,
    given.event_share
FROM jsonb_populate_recordset(CAST(NULL AS risk.backtest_score_level), CAST(:rows AS jsonb)) AS given
ON CONFLICT (run_id, bars, level) DO NOTHING
