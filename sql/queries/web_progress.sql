-- How far every resumable flow has come, in all its parts together.
SELECT
    p.flow,
    sum(p.done) AS done,
    sum(p.total) AS total,
    max(p.updated_at) AS updated_at
FROM risk.flow_progress AS p
GROUP BY p.flow
ORDER BY p.flow
