-- Maintenance ladders in force of some symbols.
SELECT CAST(to_jsonb(b) AS text) AS body
FROM risk.bracket_check AS c
JOIN risk.leverage_bracket AS b ON b.symbol = c.symbol AND b.event_at = c.ladder_at
WHERE c.symbol = ANY (CAST(:symbols AS text[]))
ORDER BY b.symbol, b.tier
