-- How did the score do over archives, beside one number alone?
-- No parameters. One row per run and ranking.
SELECT
    run.made_at,
    run.profile,
    run.limits_version,
    area.bars,
    area.ranked_by,
    area.value,
    area.low,
    area.high,
    area.less_low,
    area.less_high,
    area.events,
    area.rows
FROM risk.backtest_score AS run
JOIN risk.backtest_score_area AS area USING (run_id)
ORDER BY run.made_at DESC, area.bars, area.value DESC
