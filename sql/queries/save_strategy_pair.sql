-- Rows of strategy_pair of one study, given as a JSON array.
INSERT INTO risk.strategy_pair (
    studied_at,
    period,
    first,
    second,
    overlap,
    sample,
    shrunk,
    ewma,
    stressed
)
SELECT
    given.studied_at,
    given.period,
    given.first,
    given.second,
    given.overlap,
    given.sample,
    given.shrunk,
    given.ewma,
    given.stressed
FROM jsonb_populate_recordset(CAST(NULL AS risk.strategy_pair), CAST(:rows AS jsonb)) AS given
ON CONFLICT (studied_at, period, first, second) DO NOTHING
