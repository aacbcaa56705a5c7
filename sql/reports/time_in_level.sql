-- How long did each scope stand in each level?
-- Parameters: since and until (UTC). One row per scope and level; hours, share of the time that was scored. A pause of more than a
-- minute between two scores counts as nobody's.
WITH step AS (
    SELECT
        s.scope,
        s.level,
        date_part('epoch', lead(s.scored_at) OVER (PARTITION BY s.scope ORDER BY s.scored_at) - s.scored_at) AS lasted_s
    FROM risk.score AS s
    WHERE s.scored_at >= CAST(:since AS timestamptz) AND s.scored_at < CAST(:until AS timestamptz)
)
SELECT
    p.scope,
    CASE WHEN p.level < 0 THEN 'none' ELSE (ARRAY['low', 'medium', 'high', 'extreme'])[p.level + 1] END AS level,
    sum(p.lasted_s) / 3600 AS hours,
    sum(p.lasted_s) / sum(sum(p.lasted_s)) OVER (PARTITION BY p.scope) AS share
FROM step AS p
WHERE p.lasted_s <= 60
GROUP BY p.scope, p.level
ORDER BY p.scope, p.level DESC
