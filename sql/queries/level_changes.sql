-- How often each scope's reported level rose and fell since :since, how many scores there are, the highest level.
WITH step AS (
    SELECT
        s.scope,
        s.level,
        lag(s.level) OVER (PARTITION BY s.scope ORDER BY s.scored_at) AS level_before
    FROM risk.score AS s
    WHERE s.scored_at >= CAST(:since AS timestamptz)
)
SELECT
    step.scope,
    count(*) AS scores,
    count(*) FILTER (WHERE step.level > step.level_before) AS rises,
    count(*) FILTER (WHERE step.level < step.level_before) AS falls,
    max(step.level) AS highest
FROM step
GROUP BY step.scope
ORDER BY step.scope
