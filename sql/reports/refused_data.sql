-- What did a source send that could not be true, and was refused?
-- Parameters: since and until (UTC). One row per source, symbol, field and problem, the most frequent first.
SELECT
    i.source,
    i.symbol,
    i.field,
    i.problem,
    sum(i.occurrences) AS occurrences,
    min(i.first_at) AS first_at,
    max(i.last_at) AS last_at,
    (array_agg(i.value ORDER BY i.last_at DESC))[1] AS newest_value
FROM risk.data_issue AS i
WHERE i.hour_at >= date_trunc('hour', CAST(:since AS timestamptz), 'UTC') AND i.hour_at < CAST(:until AS timestamptz)
GROUP BY i.source, i.symbol, i.field, i.problem
ORDER BY occurrences DESC, i.source, i.symbol, i.field
