-- Rows of backtest_score_track of one run, given as a JSON array.
INSERT INTO risk.backtest_score_track (
    run_id,
    symbol,
    bar_s,
    first_at,
    last_at,
    evaluations,
    absent,
    is_garch,
    rises,
    false_rises,
    weeks
)
SELECT
    given.run_id,
    given.symbol,
    given.bar_s,
    given.first_at,
    given.last_at,
    given.evaluations,
    given.absent,
    given.is_garch,
    given.rises,
    given.false_rises,
    given.weeks
FROM jsonb_populate_recordset(CAST(NULL AS risk.backtest_score_track), CAST(:rows AS jsonb)) AS given
ON CONFLICT (run_id, symbol, bar_s, first_at) DO NOTHING
