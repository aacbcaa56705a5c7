-- The worst composite and level of one scope in :most steps of a stretch of time, with the time of a score in each.
SELECT
    date_part('epoch', date_bin(
        (CAST(:until AS timestamptz) - CAST(:since AS timestamptz)) / CAST(:most AS integer),
        s.scored_at,
        CAST(:since AS timestamptz)
    )) AS at,
    max(s.composite) AS composite,
    max(s.level) AS level,
    (array_agg(s.scored_at ORDER BY s.composite DESC NULLS LAST, s.scored_at DESC))[1] AS scored_at
FROM risk.score AS s
WHERE s.scope = CAST(:scope AS text)
    AND s.scored_at >= CAST(:since AS timestamptz)
    AND s.scored_at < CAST(:until AS timestamptz)
GROUP BY 1
ORDER BY 1
