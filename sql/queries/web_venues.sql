-- Newest funding and open interest of one symbol on other venues.
SELECT
    v.venue,
    v.funding_8h,
    v.interval_hours,
    v.open_interest_usd,
    v.event_at
FROM risk.latest_venue_funding AS v
WHERE v.symbol = CAST(:symbol AS text)
ORDER BY v.venue
