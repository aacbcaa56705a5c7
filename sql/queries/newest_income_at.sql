-- Time of the newest line of an account's ledger.
SELECT max(i.event_at) AS event_at
FROM risk.income AS i
WHERE i.account = :account
