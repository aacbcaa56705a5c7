-- Remember the limits that scores are judged by from now on.
INSERT INTO risk.limits (version, body, first_used_at)
VALUES (:version, CAST(:body AS jsonb), now())
ON CONFLICT (version) DO NOTHING
