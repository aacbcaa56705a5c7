-- The value at risk in force of one scope, and which of its methods stood refuted.
SELECT
    CAST(to_jsonb(v) AS text) AS body,
    (
        SELECT coalesce(array_agg(x.method), CAST(ARRAY[] AS text[]))
        FROM risk.latest_var_verdict AS x
        WHERE x.scope = v.scope AND x.interval = v.interval AND x.has_failed
    ) AS failed
FROM risk.latest_var AS v
WHERE v.scope = :scope AND v.interval = :interval
