-- Decisions to speak of an alert or not, given as a JSON array.
INSERT INTO risk.telling (alert_id, decided_at, kind, reason, message_id)
SELECT
    given.alert_id,
    given.decided_at,
    given.kind,
    given.reason,
    given.message_id
FROM jsonb_populate_recordset(CAST(NULL AS risk.telling), CAST(:rows AS jsonb)) AS given
ON CONFLICT (alert_id, decided_at) DO NOTHING
