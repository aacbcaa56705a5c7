-- What was refused, or disagreed, since :since, most recent first.
SELECT
    i.source,
    i.symbol,
    i.field,
    i.problem,
    max(i.last_at) AS last_at,
    sum(i.occurrences) AS occurrences,
    (array_agg(i.value ORDER BY i.last_at DESC))[1] AS value
FROM risk.data_issue AS i
WHERE i.last_at >= CAST(:since AS timestamptz)
GROUP BY i.source, i.symbol, i.field, i.problem
ORDER BY max(i.last_at) DESC
LIMIT CAST(:most AS integer)
