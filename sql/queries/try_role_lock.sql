-- Whether this session now holds the role alone; it keeps it until the connection closes.
SELECT pg_try_advisory_lock(hashtextextended('crypto-risk role ' || :role, 0)) AS held
