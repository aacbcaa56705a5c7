-- Symbols whose streams the holder keeps from now on: free ones, ended leases, and its own renewed.
INSERT INTO risk.stream_lease AS held (symbol, holder, held_until)
SELECT
    w.symbol,
    :holder,
    CAST(:now AS timestamptz) + make_interval(secs => :ttl_s)
FROM unnest(CAST(:symbols AS text[])) AS w (symbol)
ORDER BY w.symbol
ON CONFLICT (symbol) DO UPDATE SET
    holder = excluded.holder,
    held_until = excluded.held_until
WHERE held.holder = excluded.holder OR held.held_until <= CAST(:now AS timestamptz)
RETURNING symbol
