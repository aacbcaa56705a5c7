-- A silence or an acknowledgement; one that stands already gets the new end.
INSERT INTO risk.silence AS held (silence_id, kind, name, scope, starts_at, ends_at, made_by, reason)
VALUES (
    :silence_id,
    :kind,
    :name,
    :scope,
    CAST(:starts_at AS timestamptz),
    CAST(:ends_at AS timestamptz),
    :made_by,
    :reason
)
ON CONFLICT (silence_id) DO UPDATE SET
    ends_at = excluded.ends_at
