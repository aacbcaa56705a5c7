-- When did the score speak in past crashes, and what would an exit have paid?
-- No parameters. One row per run, crash, symbol and length of bars.
SELECT
    run.made_at,
    run.profile,
    found.crash,
    found.symbol,
    found.bar_s,
    found.fall_at,
    found.fall,
    found.first_high,
    found.first_extreme,
    found.lead_s / 3600 AS lead_hours,
    found.was_high AS lead_is_at_least,
    found.high_before,
    found.false_a_week,
    found.cost_high,
    found.cost_fall
FROM risk.backtest_score AS run
JOIN risk.backtest_score_crash AS found USING (run_id)
ORDER BY run.made_at DESC, found.fall_at, found.symbol
