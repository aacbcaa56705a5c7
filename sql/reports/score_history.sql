-- How did the score of one scope develop?
-- Parameters: scope, since and until (UTC), minutes (length of a step). One row per step, oldest first.
SELECT
    date_bin(make_interval(mins => CAST(:minutes AS integer)), s.scored_at, CAST(:since AS timestamptz)) AS step_at,
    count(*) AS scores,
    round(CAST(avg(s.composite) AS numeric), 1) AS composite_mean,
    round(CAST(max(s.composite) AS numeric), 1) AS composite_max,
    round(CAST(max(s.market) AS numeric), 1) AS market_max,
    round(CAST(max(s.liquidity) AS numeric), 1) AS liquidity_max,
    round(CAST(max(s.leverage) AS numeric), 1) AS leverage_max,
    round(CAST(max(s.sentiment) AS numeric), 1) AS sentiment_max,
    max(s.level) AS level_max,
    count(*) FILTER (WHERE s.missing <> 0) AS degraded
FROM risk.score AS s
WHERE s.scope = CAST(:scope AS text)
    AND s.scored_at >= CAST(:since AS timestamptz)
    AND s.scored_at < CAST(:until AS timestamptz)
GROUP BY step_at
ORDER BY step_at
