-- Weights, curves and thresholds of one version of the limits.
SELECT l.body
FROM risk.limits AS l
WHERE l.version = CAST(:version AS text)
