-- All that one evaluation needs, in one round trip: the newest rows of the watched symbols and of the account.
-- Parameters are symbols (text array), account (text), now (timestamptz) and rungs of the slippage ladders.
-- One row per fact. Kind symbols is one row for all of them, one line of numbers each in the order asked,
-- in it the columns as in risk.state.INPUT_COLUMNS, then both ladders; kind memory holds all scopes likewise.
-- What is good for seconds is as old as the older of its two stamps: a clock of ours that is late makes no data young.
WITH watched AS MATERIALIZED (
    SELECT
        w.symbol,
        w.place
    FROM unnest(CAST(:symbols AS text[])) WITH ORDINALITY AS w (symbol, place)
), feed AS MATERIALIZED (
    SELECT date_part('epoch', CAST(:now AS timestamptz) - min(h.hour_at)) / 300 AS periods
    FROM risk.liquidation_hour AS h
    WHERE h.hour_at >= date_trunc('hour', CAST(:now AS timestamptz) - make_interval(hours => 24), 'UTC')
        AND h.hour_at <= CAST(:now AS timestamptz)
), lately AS (
    SELECT
        l.symbol,
        sum(CAST(l.notional_usdt AS double precision)) FILTER (WHERE l.side = 'BUY') AS buy_usdt,
        sum(CAST(l.notional_usdt AS double precision)) FILTER (WHERE l.side = 'SELL') AS sell_usdt
    FROM risk.liquidation AS l
    WHERE l.event_at > CAST(:now AS timestamptz) - make_interval(mins => 5) AND l.event_at <= CAST(:now AS timestamptz)
    GROUP BY l.symbol
), daily AS (
    SELECT
        h.symbol,
        sum(CAST(h.notional_usdt AS double precision)) FILTER (WHERE h.side = 'BUY') AS buy_usdt,
        sum(CAST(h.notional_usdt AS double precision)) FILTER (WHERE h.side = 'SELL') AS sell_usdt
    FROM watched AS w
    JOIN risk.liquidation_hour AS h ON h.symbol = w.symbol
    WHERE h.hour_at >= date_trunc('hour', CAST(:now AS timestamptz) - make_interval(hours => 24), 'UTC')
        AND h.hour_at <= CAST(:now AS timestamptz)
    GROUP BY h.symbol
), venue AS (
    SELECT
        n.symbol,
        count(*) AS venue_count,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY n.funding_8h) AS median_8h,
        max(n.funding_8h) AS max_8h,
        min(n.funding_8h) AS min_8h,
        min(n.event_at) AS event_at
    FROM watched AS w
    JOIN risk.latest_venue_funding AS n ON n.symbol = w.symbol
    WHERE n.event_at > (
        SELECT max(x.event_at) - make_interval(hours => 3)
        FROM risk.latest_venue_funding AS x
    )
    GROUP BY n.symbol
), fund AS (
    SELECT
        x.group_key,
        sum(CAST(x.value_usd AS double precision)) AS value_usd,
        CASE WHEN bool_and(x.value_usd IS NULL OR x.value_usd_24h IS NOT NULL)
            THEN sum(x.value_usd_24h) FILTER (WHERE x.value_usd IS NOT NULL) END AS value_usd_24h,
        min(x.event_at) AS event_at
    FROM risk.latest_insurance AS x
    GROUP BY x.group_key
), open_position AS MATERIALIZED (
    SELECT p.*
    FROM risk.latest_position AS p
    WHERE p.account = :account
), no_book AS MATERIALIZED (
    SELECT array_fill(CAST(NULL AS double precision), ARRAY[CAST(:rungs AS integer)]) AS ladder
)
SELECT
    'symbols' AS kind,
    '' AS key,
    array_agg(array_replace(CAST(ARRAY[
        i15.atr_ratio,
        date_part('epoch', i15.event_at),
        i60.atr_ratio,
        date_part('epoch', i60.event_at),
        iday.atr_ratio,
        date_part('epoch', iday.event_at),
        i15.vol_ratio,
        coalesce(i60.sigma_24h, iday.sigma_24h),
        date_part('epoch', CASE WHEN i60.sigma_24h IS NULL THEN iday.event_at ELSE i60.event_at END),
        i60.beta,
        i60.atr_ratio * i60.close,
        i15.kline_spread,
        i15.volume_ratio,
        i15.kline_risk,
        i15.close / i15.previous_close - 1,
        d.best_bid,
        d.best_ask,
        d.bid_depth_5_usdt,
        d.ask_depth_5_usdt,
        d.bid_depth_01pct_usdt,
        d.ask_depth_01pct_usdt,
        d.bid_depth_1pct_usdt,
        d.ask_depth_1pct_usdt,
        d.bid_reach,
        d.ask_reach,
        date_part('epoch', least(d.event_at, d.received_at)),
        date_part('epoch', d.changed_at),
        t.last_price,
        t.price_change,
        t.quote_volume,
        date_part('epoch', least(t.event_at, t.received_at)),
        m.mark_price,
        m.index_price,
        m.funding_rate,
        date_part('epoch', m.next_funding_at),
        date_part('epoch', least(m.event_at, m.received_at)),
        ft.interval_hours,
        CASE WHEN ft.changed_at > CAST(:now AS timestamptz) - make_interval(days => 1)
            THEN ft.interval_hours_before ELSE ft.interval_hours END,
        ft.rate_cap,
        ft.rate_floor,
        date_part('epoch', ft.event_at),
        f.funding_rate,
        date_part('epoch', f.event_at),
        o.quantity,
        date_part('epoch', least(o.event_at, o.received_at)),
        o.quantity_24h,
        o.quantity_72h,
        CASE WHEN feed.periods > 0 THEN coalesce(lately.buy_usdt, 0) END,
        CASE WHEN feed.periods > 0 THEN coalesce(lately.sell_usdt, 0) END,
        CASE WHEN feed.periods > 0 THEN coalesce(daily.buy_usdt, 0) / feed.periods END,
        CASE WHEN feed.periods > 0 THEN coalesce(daily.sell_usdt, 0) / feed.periods END,
        v.venue_count,
        v.median_8h,
        v.max_8h,
        v.min_8h,
        date_part('epoch', v.event_at),
        fund.value_usd,
        fund.value_usd_24h,
        date_part('epoch', fund.event_at),
        CASE a.risk WHEN 'low' THEN 0 WHEN 'medium' THEN 1 WHEN 'high' THEN 2 END,
        date_part('epoch', a.event_at),
        date_part('epoch', b.checked_at),
        date_part('epoch', s.event_at)
    ] AS double precision[])
        || coalesce(d.sell_slippage, no_book.ladder)
        || coalesce(d.buy_slippage, no_book.ladder), NULL, 'NaN') ORDER BY w.place) AS numbers,
    CAST(NULL AS text) AS body
FROM watched AS w
CROSS JOIN feed
CROSS JOIN no_book
LEFT JOIN risk.latest_indicator AS i15 ON i15.symbol = w.symbol AND i15.interval = '15m'
LEFT JOIN risk.latest_indicator AS i60 ON i60.symbol = w.symbol AND i60.interval = '1h'
LEFT JOIN risk.latest_indicator AS iday ON iday.symbol = w.symbol AND iday.interval = '1d'
LEFT JOIN risk.latest_depth AS d ON d.symbol = w.symbol AND d.venue = 'usdm'
LEFT JOIN risk.latest_ticker AS t ON t.symbol = w.symbol AND t.venue = 'usdm'
LEFT JOIN risk.latest_mark AS m ON m.symbol = w.symbol
LEFT JOIN risk.latest_funding_terms AS ft ON ft.symbol = w.symbol
LEFT JOIN risk.latest_funding AS f ON f.symbol = w.symbol
LEFT JOIN risk.latest_open_interest AS o ON o.symbol = w.symbol
LEFT JOIN lately ON lately.symbol = w.symbol
LEFT JOIN daily ON daily.symbol = w.symbol
LEFT JOIN venue AS v ON v.symbol = w.symbol
LEFT JOIN risk.insurance_group AS g ON g.symbol = w.symbol
LEFT JOIN fund ON fund.group_key = g.group_key
LEFT JOIN risk.latest_adl_risk AS a ON a.symbol = w.symbol
LEFT JOIN risk.bracket_check AS b ON b.symbol = w.symbol
LEFT JOIN risk.instrument AS s ON s.symbol = w.symbol
UNION ALL
SELECT 'account', x.account, NULL, CAST(to_jsonb(x) AS text)
FROM risk.latest_account AS x
WHERE x.account = :account
UNION ALL
SELECT 'position', x.symbol, NULL, CAST(to_jsonb(x) AS text)
FROM open_position AS x
UNION ALL
SELECT 'order', x.symbol, NULL, CAST(to_jsonb(x) AS text)
FROM risk.latest_order AS x
WHERE x.account = :account
UNION ALL
SELECT 'bracket', x.symbol, NULL, CAST(to_jsonb(x) AS text)
FROM (
    SELECT p.symbol FROM open_position AS p
    UNION
    SELECT o.symbol FROM risk.latest_order AS o WHERE o.account = :account
) AS p
JOIN risk.bracket_check AS c ON c.symbol = p.symbol
JOIN risk.leverage_bracket AS x ON x.symbol = c.symbol AND x.event_at = c.ladder_at
UNION ALL
SELECT 'previous_bracket', x.symbol, NULL, CAST(to_jsonb(x) AS text)
FROM (SELECT DISTINCT p.symbol FROM open_position AS p) AS p
JOIN risk.bracket_check AS c ON c.symbol = p.symbol
JOIN risk.leverage_bracket AS x ON x.symbol = c.symbol AND x.event_at = c.previous_ladder_at
WHERE c.ladder_at > CAST(:now AS timestamptz) - make_interval(days => 1)
UNION ALL
SELECT 'instrument', x.symbol, NULL, CAST(to_jsonb(x) AS text)
FROM risk.instrument AS x
WHERE x.symbol IN (SELECT p.symbol FROM open_position AS p)
    OR (x.status <> 'TRADING' AND x.symbol IN (SELECT w.symbol FROM watched AS w))
UNION ALL
SELECT 'divergence', x.symbol, NULL, CAST(to_jsonb(x) AS text)
FROM watched AS w
JOIN risk.latest_divergence AS x ON x.symbol = w.symbol
UNION ALL
SELECT 'alert', x.scope, NULL, CAST(to_jsonb(x) AS text)
FROM risk.alert AS x
WHERE x.phase <> 'resolved'
UNION ALL
SELECT
    'memory',
    string_agg(x.scope, ',' ORDER BY x.scope),
    array_agg(
        ARRAY[x.level, x.pending_level, x.rise_count, x.fall_count, date_part('epoch', x.scored_at)]
        ORDER BY x.scope
    ),
    NULL
FROM risk.score_memory AS x
LEFT JOIN watched AS w ON w.symbol = x.scope
WHERE w.symbol IS NOT NULL
    OR x.scope = 'account'
    OR x.scope IN (SELECT p.symbol FROM open_position AS p)
UNION ALL
SELECT 'fact', x.name, ARRAY[x.value, date_part('epoch', x.updated_at)], NULL
FROM risk.fact AS x
UNION ALL
SELECT 'fact', 'missing_partitions', ARRAY[x.tables, date_part('epoch', CAST(:now AS timestamptz))], NULL
FROM (
    SELECT count(*) AS tables
    FROM pg_partitioned_table AS p
    JOIN pg_class AS c ON c.oid = p.partrelid
    WHERE c.relnamespace = CAST('risk' AS regnamespace)
        AND to_regclass('risk.' || quote_ident(c.relname || '_p' || to_char(
            (CAST(:now AS timestamptz) + make_interval(days => 1)) AT TIME ZONE 'UTC', 'YYYYMMDD'
        ))) IS NULL
) AS x
WHERE x.tables > 0
UNION ALL
SELECT 'beat', x.part, ARRAY[date_part('epoch', x.beat_at)], NULL
FROM risk.heartbeat AS x
UNION ALL
SELECT 'trouble', t.body ->> 'flow', NULL, CAST(t.body AS text)
FROM risk.heartbeat AS x
CROSS JOIN LATERAL jsonb_path_query(x.details, 'lax $.troubles[*]') AS t (body)
-- A worker that was silent for a day says nothing about flows any more; that it is silent is the watchdog's to tell.
WHERE x.part LIKE 'worker/%' AND x.beat_at > CAST(:now AS timestamptz) - make_interval(days => 1)
UNION ALL
SELECT 'last_score', 'last_score_at', ARRAY[date_part('epoch', max(x.scored_at))], NULL
FROM risk.score_memory AS x
HAVING max(x.scored_at) IS NOT NULL
UNION ALL
SELECT 'silence', x.name, NULL, CAST(to_jsonb(x) AS text)
FROM risk.silence AS x
WHERE x.ends_at > CAST(:now AS timestamptz)
UNION ALL
SELECT 'outbox', '', ARRAY[date_part('epoch', x.last_at), x.messages, (
    SELECT count(*)
    FROM risk.alert AS a
    WHERE a.updated_at > x.last_at AND a.phase = 'resolved' AND a.told_count = 0
        AND a.details ->> 'why' IN ('fired, minute cap', 'fired, daily cap', 'fired, grouped', 'fired, quiet hours')
)], NULL
FROM (
    SELECT
        max(o.created_at) AS last_at,
        count(*) FILTER (WHERE o.severity <> 'critical') AS messages
    FROM risk.outbox AS o
    WHERE o.created_at > CAST(:now AS timestamptz) - make_interval(hours => 24)
        AND o.created_at <= CAST(:now AS timestamptz)
) AS x
WHERE x.last_at IS NOT NULL
UNION ALL
SELECT 'fit_failed', x.symbol || '/' || x.interval, ARRAY[date_part('epoch', x.event_at)], x.reason
FROM watched AS w
JOIN risk.latest_volatility_fit AS x ON x.symbol = w.symbol
-- Only the hourly fit, since scores forecast with it, and daily ones often sit on persistence one.
WHERE x.reason <> '' AND x.interval = '1h'
UNION ALL
SELECT 'value_at_risk', x.scope, NULL, CAST(to_jsonb(x) AS text)
FROM risk.latest_var AS x
WHERE x.closed_loss > x.closed_var_99 OR x.method <> 'gjr_garch_t'
UNION ALL
SELECT 'position_gone', x.symbol || '/' || x.side, ARRAY[date_part('epoch', x.vanished_at)], CAST(to_jsonb(x) AS text)
FROM risk.position_gone AS x
-- Of the last ten minutes; of an outage of the scoring; and what waits to be told.
WHERE x.account = :account
    AND x.vanished_at > CAST(:now AS timestamptz) - make_interval(days => 7)
    AND (
        x.vanished_at > CAST(:now AS timestamptz) - make_interval(mins => 10)
        OR x.vanished_at > (SELECT max(m.scored_at) - make_interval(mins => 1) FROM risk.score_memory AS m)
        OR EXISTS (
            SELECT
            FROM risk.alert AS a
            WHERE a.phase <> 'resolved' AND a.name = 'position_gone' AND a.told_count = 0
                AND CAST(a.details ->> 'vanished_at' AS timestamptz) = x.vanished_at
        )
    )
UNION ALL
(
    SELECT 'equity_peak', x.account, ARRAY[x.peak_usdt + x.transferred_usdt, date_part('epoch', x.peak_at)], NULL
    FROM (
        SELECT
            h.account,
            h.peak_at,
            CAST(h.peak_usdt AS double precision) AS peak_usdt,
            coalesce((
                SELECT sum(n.amount_usdt)
                FROM risk.transfer AS n
                WHERE n.account = h.account AND n.event_at > h.peak_at AND n.event_at <= CAST(:now AS timestamptz)
            ), 0) AS transferred_usdt
        FROM risk.equity_hour AS h
        WHERE h.account = :account AND h.hour_at > CAST(:now AS timestamptz) - make_interval(days => 7)
    ) AS x
    ORDER BY x.peak_usdt + x.transferred_usdt DESC
    LIMIT 1
)
