-- Rows of backtest_score_bin of one run, given as a JSON array.
INSERT INTO risk.backtest_score_bin (
    run_id,
    low,
    high,
    evaluations,
    event_share,
    event_low,
    event_high
)
SELECT
    given.run_id,
    given.low,
    given.high,
    given.evaluations,
    given.event_share,
    given.event_low,
    given.event_high
FROM jsonb_populate_recordset(CAST(NULL AS risk.backtest_score_bin), CAST(:rows AS jsonb)) AS given
ON CONFLICT (run_id, low) DO NOTHING
