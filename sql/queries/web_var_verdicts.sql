-- How each method did for one scope over the judged bars at 99 %.
SELECT
    v.method,
    v.judged_from,
    v.judged_through,
    v.observations,
    v.exceptions,
    v.kupiec_p,
    v.independence_p,
    v.conditional_p,
    v.zone,
    v.has_failed,
    v.reason
FROM risk.latest_var_verdict AS v
WHERE v.scope = CAST(:scope AS text) AND v.interval = CAST(:interval AS text)
ORDER BY v.method
