-- No request to this host before that time; a shorter ban does not end a longer one.
INSERT INTO risk.exchange_ban AS held (host, until, reason, noted_at)
VALUES (:host, CAST(:until AS timestamptz), :reason, now())
ON CONFLICT (host) DO UPDATE SET
    until = excluded.until,
    reason = excluded.reason,
    noted_at = excluded.noted_at
WHERE held.until < excluded.until
