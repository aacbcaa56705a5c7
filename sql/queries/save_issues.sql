-- Lines for the ledger of data quality, given as a JSON array; the same again in an hour only counts.
INSERT INTO risk.data_issue AS held (
    source,
    symbol,
    field,
    problem,
    hour_at,
    first_at,
    last_at,
    occurrences,
    value
)
SELECT
    g.source,
    g.symbol,
    g.field,
    g.problem,
    date_trunc('hour', g.at, 'UTC'),
    min(g.at),
    max(g.at),
    count(*),
    (array_agg(g.value ORDER BY g.at DESC))[1]
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS g (
    at timestamptz, source text, symbol text, field text, value text, problem text
)
GROUP BY g.source, g.symbol, g.field, g.problem, date_trunc('hour', g.at, 'UTC')
ORDER BY g.source, g.symbol, g.field, g.problem
ON CONFLICT (source, symbol, field, problem, hour_at) DO UPDATE SET
    last_at = excluded.last_at,
    occurrences = held.occurrences + excluded.occurrences,
    value = excluded.value
WHERE held.last_at < excluded.last_at
