-- Alerts that are not resolved, the gravest first, each with what was last decided about telling it.
SELECT
    a.alert_id,
    a.name,
    a.scope,
    a.severity,
    a.phase,
    a.since,
    a.last_told_at,
    a.told_count,
    a.value,
    a.threshold,
    t.kind,
    t.reason
FROM risk.alert AS a
LEFT JOIN LATERAL (
    SELECT
        x.kind,
        x.reason
    FROM risk.telling AS x
    WHERE x.alert_id = a.alert_id
    ORDER BY x.decided_at DESC
    LIMIT 1
) AS t ON true
WHERE a.phase <> 'resolved'
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], a.severity), a.name, a.scope
