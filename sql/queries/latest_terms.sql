-- Settlement interval and caps in force.
SELECT CAST(to_jsonb(t) AS text) AS body
FROM risk.latest_funding_terms AS t
WHERE t.symbol = ANY (CAST(:symbols AS text[]))
