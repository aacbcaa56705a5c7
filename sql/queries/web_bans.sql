-- Hosts that have banned us beyond :now.
SELECT b.host, b.until, b.reason
FROM risk.exchange_ban AS b
WHERE b.until > CAST(:now AS timestamptz)
ORDER BY b.host
