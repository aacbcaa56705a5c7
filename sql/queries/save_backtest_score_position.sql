-- Rows of backtest_score_position of one run, given as a JSON array.
INSERT INTO risk.backtest_score_position (
    run_id,
    crash,
    symbol,
    side,
    leverage,
    entry_price,
    liquidation_price,
    liquidated_at,
    warned_at,
    critical_at,
    level_at
)
SELECT
    given.run_id,
    given.crash,
    given.symbol,
    given.side,
    given.leverage,
    given.entry_price,
    given.liquidation_price,
    given.liquidated_at,
    given.warned_at,
    given.critical_at,
    given.level_at
FROM jsonb_populate_recordset(CAST(NULL AS risk.backtest_score_position), CAST(:rows AS jsonb)) AS given
ON CONFLICT (run_id, crash, symbol, side, leverage) DO NOTHING
