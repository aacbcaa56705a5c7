-- A run of the score over archives, given as a JSON array of one.
INSERT INTO risk.backtest_score (
    run_id,
    made_at,
    profile,
    limits_version,
    side,
    notional_usdt,
    sources,
    verdict
)
SELECT
    given.run_id,
    given.made_at,
    given.profile,
    given.limits_version,
    given.side,
    given.notional_usdt,
    given.sources,
    given.verdict
FROM jsonb_populate_recordset(CAST(NULL AS risk.backtest_score), CAST(:rows AS jsonb)) AS given
ON CONFLICT (run_id) DO NOTHING
