-- How far a flow has come, one row per part of its work.
SELECT
    p.flow,
    p.scope,
    p.cursor_at,
    p.done,
    p.total,
    p.updated_at
FROM risk.flow_progress AS p
WHERE p.flow = :flow
ORDER BY p.scope
