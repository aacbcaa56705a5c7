-- A delivery of a stored message to one channel, which has been tried so often already.
INSERT INTO risk.delivery AS held (message_id, channel, severity, state, attempts, next_try_at, expires_at)
VALUES (
    :message_id,
    :channel,
    :severity,
    'waiting',
    :attempt,
    CAST(:since AS timestamptz),
    CAST(:until AS timestamptz)
)
ON CONFLICT (message_id, channel) DO UPDATE SET
    attempts = greatest(held.attempts, excluded.attempts)
