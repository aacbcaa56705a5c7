-- Newest stored open interest of each symbol; symbols without one are left out.
SELECT
    o.symbol,
    o.event_at
FROM risk.latest_open_interest AS o
WHERE o.symbol = ANY (CAST(:symbols AS text[]))
