-- Silences and acknowledgements in force, the one that ends first on top.
SELECT
    x.silence_id,
    x.kind,
    x.name,
    x.scope,
    x.starts_at,
    x.ends_at,
    x.made_by,
    x.reason
FROM risk.silence AS x
WHERE x.ends_at > CAST(:now AS timestamptz)
ORDER BY x.ends_at, x.silence_id
