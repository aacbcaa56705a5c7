-- Best prices of each symbol's newest book; symbols without one are left out.
SELECT
    d.symbol,
    d.event_at,
    d.best_bid,
    d.best_ask
FROM risk.latest_depth AS d
WHERE d.symbol = ANY (CAST(:symbols AS text[])) AND d.venue = :venue
