-- Rows of incoming_var_switch into risk.var_switch; what is there already stays.
INSERT INTO risk.var_switch (
    scope,
    interval,
    switched_at,
    method_before,
    method,
    reason
)
SELECT
    given.scope,
    given.interval,
    given.switched_at,
    given.method_before,
    given.method,
    given.reason
FROM incoming_var_switch AS given
ON CONFLICT (scope, interval, switched_at) DO NOTHING
