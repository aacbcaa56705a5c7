-- Rows of backtest_score_year of one run, given as a JSON array.
INSERT INTO risk.backtest_score_year (
    run_id,
    symbol,
    bar_s,
    first_at,
    year,
    calm_share,
    high_share,
    extreme_share,
    evaluations
)
SELECT
    given.run_id,
    given.symbol,
    given.bar_s,
    given.first_at,
    given.year,
    given.calm_share,
    given.high_share,
    given.extreme_share,
    given.evaluations
FROM jsonb_populate_recordset(CAST(NULL AS risk.backtest_score_year), CAST(:rows AS jsonb)) AS given
ON CONFLICT (run_id, symbol, bar_s, first_at, year) DO NOTHING
