-- How far a flow has come; an older word changes nothing.
INSERT INTO risk.flow_progress AS held (flow, scope, cursor_at, done, total, updated_at)
VALUES (:flow, :scope, CAST(:cursor_at AS timestamptz), :done, :total, CAST(:updated_at AS timestamptz))
ON CONFLICT (flow, scope) DO UPDATE SET
    cursor_at = excluded.cursor_at,
    done = excluded.done,
    total = excluded.total,
    updated_at = excluded.updated_at
WHERE held.updated_at <= excluded.updated_at
