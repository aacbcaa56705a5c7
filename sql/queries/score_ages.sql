-- When each scope was last scored.
SELECT q.scope, q.scored_at
FROM risk.score_memory AS q
ORDER BY q.scope
