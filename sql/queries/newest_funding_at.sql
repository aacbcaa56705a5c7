-- Newest stored settlement of each symbol; symbols without one are left out.
SELECT
    f.symbol,
    f.event_at
FROM risk.latest_funding AS f
WHERE f.symbol = ANY (CAST(:symbols AS text[]))
