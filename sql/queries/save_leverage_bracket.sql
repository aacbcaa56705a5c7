-- Ladders of incoming_leverage_bracket that differ from the one in force; how many tiers were new.
-- A ladder that the stream announced stands for an hour against a table that still shows the one before it.
WITH arrived AS (
    SELECT DISTINCT ON (symbol)
        symbol,
        event_at
    FROM incoming_leverage_bracket
    ORDER BY symbol, event_at DESC
), compared AS (
    SELECT
        a.symbol,
        a.event_at,
        (
            SELECT string_agg(concat_ws(' ', i.tier, trim_scale(i.floor_usdt), trim_scale(i.cap_usdt),
                trim_scale(i.maintenance_rate), trim_scale(i.cum_usdt), i.max_leverage), ',' ORDER BY i.tier)
            FROM incoming_leverage_bracket AS i
            WHERE i.symbol = a.symbol AND i.event_at = a.event_at
        ) AS arrived_ladder,
        (
            SELECT string_agg(concat_ws(' ', b.tier, trim_scale(b.floor_usdt), trim_scale(b.cap_usdt),
                trim_scale(b.maintenance_rate), trim_scale(b.cum_usdt), b.max_leverage), ',' ORDER BY b.tier)
            FROM risk.leverage_bracket AS b
            WHERE b.symbol = a.symbol AND b.event_at = c.ladder_at
        ) AS held_ladder
    FROM arrived AS a
    LEFT JOIN risk.bracket_check AS c ON c.symbol = a.symbol
    WHERE c.checked_at IS NULL OR c.checked_at < a.event_at
), news AS (
    SELECT
        c.symbol,
        c.event_at,
        c.arrived_ladder,
        c.held_ladder
    FROM compared AS c
    WHERE NOT EXISTS (
        SELECT
        FROM risk.bracket_check AS k
        WHERE k.symbol = c.symbol
            AND k.ladder_at > c.event_at - make_interval(hours => 1)
            AND EXISTS (
                SELECT
                FROM risk.leverage_bracket AS b
                WHERE b.symbol = k.symbol AND b.event_at = k.ladder_at AND b.source = 'stream'
            )
            AND c.arrived_ladder = (
                SELECT string_agg(concat_ws(' ', b.tier, trim_scale(b.floor_usdt), trim_scale(b.cap_usdt),
                    trim_scale(b.maintenance_rate), trim_scale(b.cum_usdt), b.max_leverage), ',' ORDER BY b.tier)
                FROM risk.leverage_bracket AS b
                WHERE b.symbol = k.symbol AND b.event_at = k.previous_ladder_at
            )
    )
), checked AS (
    INSERT INTO risk.bracket_check AS held (symbol, ladder_at, checked_at)
    SELECT
        symbol,
        event_at,
        event_at
    FROM news
    ORDER BY symbol
    ON CONFLICT (symbol) DO UPDATE SET
        ladder_at = CASE WHEN (
            SELECT c.arrived_ladder = c.held_ladder FROM news AS c WHERE c.symbol = held.symbol
        ) THEN held.ladder_at ELSE excluded.ladder_at END,
        previous_ladder_at = CASE WHEN (
            SELECT c.arrived_ladder = c.held_ladder FROM news AS c WHERE c.symbol = held.symbol
        ) THEN held.previous_ladder_at ELSE held.ladder_at END,
        checked_at = excluded.checked_at
), stored AS (
    INSERT INTO risk.leverage_bracket (
        symbol,
        tier,
        floor_usdt,
        cap_usdt,
        maintenance_rate,
        cum_usdt,
        max_leverage,
        event_at,
        received_at,
        source
    )
    SELECT
        i.symbol,
        i.tier,
        i.floor_usdt,
        i.cap_usdt,
        i.maintenance_rate,
        i.cum_usdt,
        i.max_leverage,
        i.event_at,
        i.received_at,
        i.source
    FROM incoming_leverage_bracket AS i
    JOIN news AS c ON c.symbol = i.symbol AND c.event_at = i.event_at
    WHERE c.arrived_ladder IS DISTINCT FROM c.held_ladder
    ON CONFLICT (symbol, event_at, tier) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM stored
