-- Components that the newest score of each scope does without although they are expected, each with its sentence.
SELECT e.scope, e.component, e.age_s, e.sentence_en, e.sentence_zh
FROM risk.score_memory AS q
CROSS JOIN LATERAL (
    SELECT s.scored_at
    FROM risk.score AS s
    WHERE s.scope = q.scope
    ORDER BY s.scored_at DESC
    LIMIT 1
) AS newest
JOIN risk.score_explained AS e ON e.scope = q.scope AND e.scored_at = newest.scored_at
WHERE e.is_missing
ORDER BY e.scope, e.ordinal
