-- Rows of backtest_score_crash of one run, given as a JSON array.
INSERT INTO risk.backtest_score_crash (
    run_id,
    crash,
    symbol,
    bar_s,
    fall_at,
    fall,
    first_high,
    first_extreme,
    was_high,
    high_before,
    lead_s,
    cost_high,
    cost_fall,
    false_a_week
)
SELECT
    given.run_id,
    given.crash,
    given.symbol,
    given.bar_s,
    given.fall_at,
    given.fall,
    given.first_high,
    given.first_extreme,
    given.was_high,
    given.high_before,
    given.lead_s,
    given.cost_high,
    given.cost_fall,
    given.false_a_week
FROM jsonb_populate_recordset(CAST(NULL AS risk.backtest_score_crash), CAST(:rows AS jsonb)) AS given
ON CONFLICT (run_id, crash, symbol, bar_s) DO NOTHING
