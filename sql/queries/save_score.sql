-- The scores of incoming_score, and what the level hysteresis remembers after them; how many were new.
WITH stored AS (
    INSERT INTO risk.score (
        scope,
        scored_at,
        level,
        raw_level,
        floors,
        missing,
        composite,
        weighted,
        market,
        liquidity,
        leverage,
        sentiment,
        counterfactual,
        limits_version,
        component_values,
        component_scores,
        input_ages_s
    )
    SELECT
        rtrim(scope),
        scored_at,
        level,
        raw_level,
        floors,
        missing,
        nullif(composite, 'NaN'),
        nullif(weighted, 'NaN'),
        nullif(market, 'NaN'),
        nullif(liquidity, 'NaN'),
        nullif(leverage, 'NaN'),
        nullif(sentiment, 'NaN'),
        nullif(counterfactual, 'NaN'),
        limits_version,
        array_replace(component_values, 'NaN', NULL),
        array_replace(component_scores, CAST(-1 AS smallint), NULL),
        array_replace(input_ages_s, 'NaN', NULL)
    FROM incoming_score
    ON CONFLICT (scope, scored_at) DO NOTHING
    RETURNING 1
), remembered AS (
    INSERT INTO risk.score_memory AS held (scope, level, pending_level, rise_count, fall_count, scored_at)
    SELECT
        rtrim(scope),
        memory_level,
        pending_level,
        rise_count,
        fall_count,
        memory_scored_at
    FROM incoming_score
    WHERE has_memory
    ORDER BY scope
    ON CONFLICT (scope) DO UPDATE SET
        level = excluded.level,
        pending_level = excluded.pending_level,
        rise_count = excluded.rise_count,
        fall_count = excluded.fall_count,
        scored_at = excluded.scored_at
    WHERE held.scored_at < excluded.scored_at
)
SELECT count(*) AS scores, pg_notify('risk_scored', '') AS told FROM stored
