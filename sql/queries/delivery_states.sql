-- Deliveries by state.
SELECT
    d.state,
    count(*) AS deliveries
FROM risk.delivery AS d
GROUP BY d.state
ORDER BY d.state
