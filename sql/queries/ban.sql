-- End of a host's ban, if it is still in force.
SELECT b.until
FROM risk.exchange_ban AS b
WHERE b.host = :host AND b.until > CAST(:now AS timestamptz)
