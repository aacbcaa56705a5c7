-- Newest score of every scope with its price and the sentence of its worst component: the account, then the most
-- endangered symbol first. One that nobody can score stands with the extreme ones.
SELECT
    s.scope,
    s.scored_at,
    s.level,
    s.raw_level,
    s.composite,
    s.market,
    s.liquidity,
    s.leverage,
    s.sentiment,
    s.missing,
    m.mark_price,
    m.event_at AS mark_at,
    w.component AS worst_component,
    w.sentence_en,
    w.sentence_zh
FROM risk.score_memory AS q
CROSS JOIN LATERAL (
    SELECT *
    FROM risk.score AS newest
    WHERE newest.scope = q.scope
    ORDER BY newest.scored_at DESC
    LIMIT 1
) AS s
LEFT JOIN risk.latest_mark AS m ON m.symbol = s.scope
LEFT JOIN LATERAL (
    SELECT e.component, e.sentence_en, e.sentence_zh
    FROM risk.score_explained AS e
    WHERE e.scope = s.scope AND e.scored_at = s.scored_at AND (e.is_missing OR e.score IS NOT NULL)
    ORDER BY e.score DESC NULLS LAST, e.ordinal
    LIMIT 1
) AS w ON true
ORDER BY
    s.scope <> 'account',
    CASE WHEN s.level < 0 THEN 3 ELSE s.level END DESC,
    s.composite DESC NULLS FIRST,
    s.scope
