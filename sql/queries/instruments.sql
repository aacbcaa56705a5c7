-- Trading rules of all contracts.
SELECT CAST(to_jsonb(i) AS text) AS body
FROM risk.instrument AS i
ORDER BY i.symbol
