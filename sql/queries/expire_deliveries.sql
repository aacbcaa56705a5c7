-- Give up deliveries whose time is over and that nobody is trying now; how many.
WITH expired AS (
    UPDATE risk.delivery SET
        state = 'expired',
        settled_at = CAST(:now AS timestamptz),
        holder = NULL,
        held_until = NULL
    WHERE state = 'waiting' AND expires_at <= CAST(:now AS timestamptz)
        AND (held_until IS NULL OR held_until <= CAST(:now AS timestamptz))
    RETURNING 1
)
SELECT count(*) FROM expired
