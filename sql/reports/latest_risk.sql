-- Where does each scope stand now, and what drives it?
-- Parameters: language, zh or en. One row per scope, the most dangerous first.
SELECT
    m.scope,
    s.scored_at,
    CASE WHEN s.level < 0 THEN 'none' ELSE (ARRAY['low', 'medium', 'high', 'extreme'])[s.level + 1] END AS level,
    round(CAST(s.composite AS numeric), 1) AS composite,
    round(CAST(s.market AS numeric), 1) AS market,
    round(CAST(s.liquidity AS numeric), 1) AS liquidity,
    round(CAST(s.leverage AS numeric), 1) AS leverage,
    round(CAST(s.sentiment AS numeric), 1) AS sentiment,
    s.missing <> 0 AS is_degraded,
    w.sentence AS worst
FROM risk.score_memory AS m
JOIN risk.score AS s ON s.scope = m.scope AND s.scored_at = m.scored_at
LEFT JOIN LATERAL (
    SELECT CASE CAST(:language AS text) WHEN 'zh' THEN e.sentence_zh ELSE e.sentence_en END AS sentence
    FROM risk.score_explained AS e
    WHERE e.scope = s.scope AND e.scored_at = s.scored_at
    ORDER BY e.score DESC NULLS LAST, e.ordinal
    LIMIT 1
) AS w ON true
ORDER BY s.level DESC, s.composite DESC NULLS LAST, m.scope
