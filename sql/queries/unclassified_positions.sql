-- Positions that disappeared since a time and of which nobody has said why.
SELECT
    g.symbol,
    g.side,
    g.vanished_at,
    CAST(g.last_seen AS text) AS body
FROM risk.position_gone AS g
WHERE g.account = :account AND g.classification IS NULL AND g.vanished_at >= CAST(:since AS timestamptz)
ORDER BY g.vanished_at
