-- Rows of backtest_score_area of one run, given as a JSON array.
INSERT INTO risk.backtest_score_area (
    run_id,
    bars,
    ranked_by,
    value,
    low,
    high,
    rows,
    events,
    less_low,
    less_high
)
SELECT
    given.run_id,
    given.bars,
    given.ranked_by,
    given.value,
    given.low,
    given.high,
    given.rows,
    given.events,
    given.less_low,
    given.less_high
FROM jsonb_populate_recordset(CAST(NULL AS risk.backtest_score_area), CAST(:rows AS jsonb)) AS given
ON CONFLICT (run_id, bars, ranked_by) DO NOTHING
