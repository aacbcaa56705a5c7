-- Drop the value at risk in force of scopes that are no longer forecast.
DELETE FROM risk.latest_var AS v
WHERE v.interval = :interval AND v.scope <> ALL (CAST(:scopes AS text[]))
