-- Last sign of life of every part.
SELECT
    h.part,
    h.beat_at,
    h.details
FROM risk.heartbeat AS h
ORDER BY h.part
