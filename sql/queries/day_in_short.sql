-- The day up to :now in one row: evaluations, alerts, messages and how they arrived.
WITH span AS (
    SELECT CAST(:now AS timestamptz) - make_interval(hours => 24) AS since
), arrived AS (
    SELECT
        o.message_id,
        min(d.settled_at) FILTER (WHERE d.state = 'accepted') - o.created_at AS took,
        bool_or(d.state = 'accepted') AS is_accepted
    FROM span
    JOIN risk.outbox AS o ON o.created_at > span.since
    JOIN risk.delivery AS d ON d.message_id = o.message_id
    GROUP BY o.message_id, o.created_at
)
SELECT
    (
        SELECT count(DISTINCT s.scored_at)
        FROM span
        JOIN risk.score AS s ON s.scored_at > span.since
    ) AS evaluations,
    (SELECT count(*) FROM span JOIN risk.alert AS a ON a.fired_at > span.since) AS fired,
    (
        SELECT count(*)
        FROM span
        JOIN risk.alert AS a ON a.fired_at > span.since
        WHERE a.severity = 'critical'
    ) AS critical,
    (SELECT count(*) FROM arrived) AS messages,
    (SELECT count(*) FROM arrived WHERE is_accepted) AS accepted,
    (SELECT max(date_part('epoch', took)) FROM arrived) AS slowest_s
