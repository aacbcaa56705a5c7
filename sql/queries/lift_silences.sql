-- End the silences and acknowledgements of exactly this name and scope now; how many stood.
WITH lifted AS (
    UPDATE risk.silence SET
        ends_at = greatest(CAST(:now AS timestamptz), starts_at)
    WHERE name = :name AND scope = :scope AND ends_at > CAST(:now AS timestamptz)
    RETURNING 1
)
SELECT count(*) FROM lifted
