-- Positions that disappeared since a time and of which nobody has said why, or was in time to say "closed" for sure.
SELECT
    g.symbol,
    g.side,
    g.vanished_at,
    CAST(g.last_seen AS text) AS body
FROM risk.position_gone AS g
CROSS JOIN LATERAL (
    SELECT g.vanished_at + make_interval(secs => CAST(:sure_after_s AS double precision)) AS sure_at
) AS s
WHERE g.account = :account AND g.vanished_at >= CAST(:since AS timestamptz)
    AND (
        g.classification IS NULL
        OR (g.classification = 'closed' AND g.classified_at < s.sure_at AND s.sure_at <= CAST(:now AS timestamptz))
    )
ORDER BY g.vanished_at
