-- Returns of all strategies of some days before the newest one, oldest first.
SELECT
    s.strategy,
    s.period,
    s.value,
    s.event_at,
    s.received_at,
    s.source
FROM risk.strategy_return AS s
WHERE s.event_at > (
    SELECT max(n.event_at) - make_interval(days => CAST(:days AS integer)) FROM risk.strategy_return AS n
)
ORDER BY s.event_at, s.strategy
