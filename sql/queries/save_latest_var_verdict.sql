-- Bring risk.latest_var_verdict up to the rows of incoming_latest_var_verdict; older ones change nothing.
INSERT INTO risk.latest_var_verdict AS held (
    scope,
    interval,
    method,
    judged_at,
    judged_from,
    judged_through,
    observations,
    exceptions,
    kupiec_p,
    independence_p,
    conditional_p,
    zone,
    has_failed,
    reason
)
SELECT
    given.scope,
    given.interval,
    given.method,
    given.judged_at,
    given.judged_from,
    given.judged_through,
    given.observations,
    given.exceptions,
    given.kupiec_p,
    given.independence_p,
    given.conditional_p,
    given.zone,
    given.has_failed,
    given.reason
FROM incoming_latest_var_verdict AS given
ON CONFLICT (scope, interval, method) DO UPDATE SET
    judged_at = excluded.judged_at,
    judged_from = excluded.judged_from,
    judged_through = excluded.judged_through,
    observations = excluded.observations,
    exceptions = excluded.exceptions,
    kupiec_p = excluded.kupiec_p,
    independence_p = excluded.independence_p,
    conditional_p = excluded.conditional_p,
    zone = excluded.zone,
    has_failed = excluded.has_failed,
    reason = excluded.reason
WHERE held.judged_at <= excluded.judged_at
