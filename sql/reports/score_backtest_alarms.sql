-- How often did the level rise to high for nothing over archives, and what did they lack?
-- No parameters. One row per run and stretch of bars.
SELECT
    run.made_at,
    run.profile,
    found.symbol,
    found.bar_s,
    found.first_at,
    found.last_at,
    found.evaluations,
    found.rises,
    found.false_rises,
    found.false_rises / found.weeks AS false_a_week,
    found.is_garch,
    found.absent
FROM risk.backtest_score AS run
JOIN risk.backtest_score_track AS found USING (run_id)
ORDER BY run.made_at DESC, found.symbol, found.first_at
