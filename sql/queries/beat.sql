-- A part's sign of life.
INSERT INTO risk.heartbeat AS held (part, beat_at, details)
VALUES (:part, CAST(:at AS timestamptz), CAST(:details AS jsonb))
ON CONFLICT (part) DO UPDATE SET
    beat_at = excluded.beat_at,
    details = excluded.details
WHERE held.beat_at <= excluded.beat_at
