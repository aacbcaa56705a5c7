-- Advice of a stretch of time, newest first, each with whether the alert of its reduction still stands.
SELECT
    d.decision_id,
    d.scope,
    d.scored_at,
    d.kind,
    d.symbol,
    d.side,
    d.fraction,
    d.quantity,
    d.reason,
    d.details,
    d.kind = 'reduce' AND EXISTS (
        SELECT 1
        FROM risk.alert AS a
        WHERE a.name = 'reduce'
            AND a.scope = d.symbol || '/' || (d.details ->> 'direction')
            AND a.phase <> 'resolved'
            AND d.scored_at >= a.since
    ) AS stands
FROM risk.decision AS d
WHERE d.scored_at >= CAST(:since AS timestamptz)
ORDER BY d.scored_at DESC, d.kind, d.symbol
LIMIT CAST(:most AS integer)
