-- Rows of strategy_study of one study, given as a JSON array.
INSERT INTO risk.strategy_study (
    studied_at,
    period,
    first_at,
    last_at,
    strategies,
    members,
    basis,
    mean_recent,
    recent_pairs,
    diversification_ratio,
    effective_bets
)
SELECT
    given.studied_at,
    given.period,
    given.first_at,
    given.last_at,
    given.strategies,
    given.members,
    given.basis,
    given.mean_recent,
    given.recent_pairs,
    given.diversification_ratio,
    given.effective_bets
FROM jsonb_populate_recordset(CAST(NULL AS risk.strategy_study), CAST(:rows AS jsonb)) AS given
ON CONFLICT (studied_at, period) DO NOTHING
