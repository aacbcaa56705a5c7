-- The newest measures of some symbols at one interval.
SELECT CAST(to_jsonb(i) AS text) AS body
FROM risk.latest_indicator AS i
WHERE i.symbol = ANY (CAST(:symbols AS text[])) AND i.interval = :interval
