-- How often did a fall of more than 5 % within 24 h follow each ten points of the score, over archives?
-- No parameters. One row per run and ten points.
SELECT
    run.made_at,
    run.profile,
    found.low,
    found.high,
    found.evaluations,
    found.event_share,
    found.event_low,
    found.event_high
FROM risk.backtest_score AS run
JOIN risk.backtest_score_bin AS found USING (run_id)
ORDER BY run.made_at DESC, found.low
