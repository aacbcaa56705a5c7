-- Why was I told of this alert, or why not?
-- Parameters: name (an alert's, * for any), since and until (UTC). One row per decision, newest first.
-- An alert without a row had nothing to say; "reminder, nothing new" also holds until the next row.
SELECT
    t.decided_at,
    a.name,
    a.scope,
    a.severity,
    a.phase AS phase_now,
    t.kind,
    t.reason,
    o.severity AS message_severity,
    d.channel,
    d.state AS delivery,
    d.settled_at - t.decided_at AS took,
    d.reason AS delivery_reason,
    a.alert_id,
    t.message_id
FROM risk.telling AS t
JOIN risk.alert AS a ON a.alert_id = t.alert_id
LEFT JOIN risk.outbox AS o ON o.message_id = t.message_id
LEFT JOIN risk.delivery AS d ON d.message_id = t.message_id
WHERE t.decided_at >= CAST(:since AS timestamptz) AND t.decided_at < CAST(:until AS timestamptz)
    AND a.name LIKE replace(CAST(:name AS text), '*', '%')
ORDER BY t.decided_at DESC, a.name, a.scope, d.channel
