-- Would a position have been liquidated in past crashes, and when was it warned?
-- No parameters. One row per run, crash, symbol and leverage.
SELECT
    run.made_at,
    run.profile,
    found.crash,
    found.symbol,
    found.side,
    found.leverage,
    found.entry_price,
    found.liquidation_price,
    found.liquidated_at,
    found.warned_at,
    found.critical_at,
    found.level_at
FROM risk.backtest_score AS run
JOIN risk.backtest_score_position AS found USING (run_id)
ORDER BY run.made_at DESC, found.crash, found.symbol, found.leverage
