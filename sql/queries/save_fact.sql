-- A named number that scoring takes along.
INSERT INTO risk.fact AS held (name, value, updated_at)
VALUES (:name, :value, CAST(:at AS timestamptz))
ON CONFLICT (name) DO UPDATE SET
    value = excluded.value,
    updated_at = excluded.updated_at
WHERE held.updated_at <= excluded.updated_at
