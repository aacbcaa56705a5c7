-- Positions that an account holds now.
SELECT CAST(to_jsonb(p) AS text) AS body
FROM risk.latest_position AS p
WHERE p.account = :account
ORDER BY p.symbol, p.side
