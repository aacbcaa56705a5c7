-- The score of one scope at a time, or the last one before it, whole.
SELECT
    s.scope,
    s.scored_at,
    s.level,
    s.raw_level,
    s.composite,
    s.weighted,
    s.market,
    s.liquidity,
    s.leverage,
    s.sentiment,
    s.floors,
    s.missing,
    s.counterfactual,
    s.limits_version,
    s.component_values,
    s.component_scores,
    s.input_ages_s
FROM risk.score AS s
WHERE s.scope = CAST(:scope AS text) AND s.scored_at <= CAST(:at AS timestamptz)
ORDER BY s.scored_at DESC
LIMIT 1
