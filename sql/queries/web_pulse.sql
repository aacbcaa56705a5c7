-- What changes when there is something new to show: the newest score, alert and account.
SELECT
    (SELECT max(q.scored_at) FROM risk.score_memory AS q) AS scored_at,
    (SELECT max(a.updated_at) FROM risk.alert AS a) AS alert_at,
    (SELECT max(n.event_at) FROM risk.latest_account AS n) AS account_at
