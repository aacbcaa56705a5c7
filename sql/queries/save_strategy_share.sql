-- Rows of strategy_share of one study, given as a JSON array.
INSERT INTO risk.strategy_share (
    studied_at,
    period,
    strategy,
    place,
    cluster,
    periods,
    sigma,
    weight,
    contribution,
    reason
)
SELECT
    given.studied_at,
    given.period,
    given.strategy,
    given.place,
    given.cluster,
    given.periods,
    given.sigma,
    given.weight,
    given.contribution,
    given.reason
FROM jsonb_populate_recordset(CAST(NULL AS risk.strategy_share), CAST(:rows AS jsonb)) AS given
ON CONFLICT (studied_at, period, strategy) DO NOTHING
