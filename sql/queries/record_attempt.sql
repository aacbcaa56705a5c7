-- Write down one try and what it means for the delivery; 1 when it was still waiting.
WITH tried AS (
    INSERT INTO risk.delivery_attempt (
        message_id,
        channel,
        attempt,
        tried_at,
        outcome,
        reason,
        retry_after_s,
        duration_ms
    )
    VALUES (
        :message_id,
        :channel,
        :attempt,
        CAST(:tried_at AS timestamptz),
        :outcome,
        :reason,
        :retry_after_s,
        :duration_ms
    )
    ON CONFLICT (message_id, channel, attempt) DO NOTHING
), settled AS (
    UPDATE risk.delivery AS d SET
        state = CASE WHEN CAST(:outcome AS text) = 'retry' THEN 'waiting' ELSE CAST(:outcome AS text) END,
        settled_at = CASE WHEN CAST(:outcome AS text) = 'retry' THEN NULL ELSE CAST(:tried_at AS timestamptz) END,
        next_try_at = coalesce(CAST(:next_try_at AS timestamptz), d.next_try_at),
        reason = CAST(:reason AS text),
        holder = NULL,
        held_until = NULL
    WHERE d.message_id = :message_id AND d.channel = :channel AND d.state = 'waiting'
    RETURNING 1
)
SELECT count(*) FROM settled
