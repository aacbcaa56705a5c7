-- Alerts as they stand after one evaluation, given as a JSON array; ended ones first, so that a successor finds room.
INSERT INTO risk.alert AS held (
    alert_id,
    name,
    scope,
    severity,
    phase,
    since,
    fired_at,
    updated_at,
    resolved_at,
    last_told_at,
    told_count,
    value,
    threshold,
    details
)
SELECT
    given.alert_id,
    given.name,
    given.scope,
    given.severity,
    given.phase,
    given.since,
    given.fired_at,
    given.updated_at,
    given.resolved_at,
    given.last_told_at,
    given.told_count,
    given.value,
    given.threshold,
    given.details
FROM jsonb_populate_recordset(CAST(NULL AS risk.alert), CAST(:rows AS jsonb)) AS given
ORDER BY given.phase = 'resolved' DESC
ON CONFLICT (alert_id) DO UPDATE SET
    severity = excluded.severity,
    phase = excluded.phase,
    since = excluded.since,
    fired_at = excluded.fired_at,
    updated_at = excluded.updated_at,
    resolved_at = excluded.resolved_at,
    last_told_at = excluded.last_told_at,
    told_count = excluded.told_count,
    value = excluded.value,
    threshold = excluded.threshold,
    details = excluded.details
WHERE held.updated_at <= excluded.updated_at
