-- Advice of one evaluation, given as a JSON array.
INSERT INTO risk.decision (
    decision_id,
    scope,
    scored_at,
    kind,
    symbol,
    side,
    fraction,
    quantity,
    reason,
    details
)
SELECT
    given.decision_id,
    given.scope,
    given.scored_at,
    given.kind,
    given.symbol,
    given.side,
    given.fraction,
    given.quantity,
    given.reason,
    given.details
FROM jsonb_populate_recordset(CAST(NULL AS risk.decision), CAST(:rows AS jsonb)) AS given
ON CONFLICT (decision_id) DO NOTHING
