-- What the dead man's switch looks at, in one row; NULL where there is none yet.
SELECT
    (SELECT max(s.scored_at) FROM risk.score_memory AS s) AS scored_at,
    (SELECT max(n.event_at) FROM risk.latest_account AS n) AS account_at,
    (
        SELECT min(o.created_at)
        FROM risk.delivery AS d
        JOIN risk.outbox AS o ON o.message_id = d.message_id
        WHERE d.state = 'waiting'
    ) AS waiting_since,
    (
        SELECT min(o.created_at)
        FROM risk.delivery AS d
        JOIN risk.outbox AS o ON o.message_id = d.message_id
        WHERE d.state = 'waiting' AND d.severity = 'critical'
    ) AS critical_since,
    (
        SELECT max(CAST(h.details ->> 'offered_at' AS timestamptz))
        FROM risk.heartbeat AS h
        WHERE h.part = 'worker/cadence'
    ) AS offered_at,
    (SELECT max(h.beat_at) FROM risk.heartbeat AS h WHERE h.part = 'worker/cadence') AS worker_at,
    (SELECT max(h.beat_at) FROM risk.heartbeat AS h WHERE h.part = 'delivery') AS delivery_at
