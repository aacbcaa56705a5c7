-- Make room for other returns of some strategies: all that are stored of one period.
DELETE FROM risk.strategy_return AS s
WHERE s.strategy = ANY(CAST(:strategies AS text[])) AND s.period = :period
