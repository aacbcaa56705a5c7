-- Partitions by day, forgetting what is old, and the view that puts a score into words.
CREATE FUNCTION risk.ensure_partitions(today date, days_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    parent record;
    day date;
    partition text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7305814270003);
    FOR parent IN
        SELECT c.relname AS name, a.attname AS key
        FROM pg_partitioned_table AS p
        JOIN pg_class AS c ON c.oid = p.partrelid
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
        WHERE c.relnamespace = CAST('risk' AS regnamespace)
        ORDER BY c.relname
    LOOP
        FOR day IN SELECT today + n FROM generate_series(0, days_ahead) AS n LOOP
            partition := parent.name || '_p' || to_char(day, 'YYYYMMDD');
            CONTINUE WHEN to_regclass(format('risk.%I', partition)) IS NOT NULL;
            EXECUTE format('CREATE TABLE risk.%I (LIKE risk.%I INCLUDING ALL)', partition, parent.name);
            EXECUTE format(
                'WITH moved AS (DELETE FROM risk.%1$I WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *) '
                'INSERT INTO risk.%5$I SELECT * FROM moved',
                parent.name || '_default', parent.key, day || ' 00:00+00', day + 1 || ' 00:00+00', partition
            );
            EXECUTE format(
                'ALTER TABLE risk.%I ATTACH PARTITION risk.%I FOR VALUES FROM (%L) TO (%L)',
                parent.name, partition, day || ' 00:00+00', day + 1 || ' 00:00+00'
            );
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION risk.ensure_partitions(date, integer) IS
    'Make the partitions of today and the days ahead; rows that the default partition caught move there. Returns how many were made';

CREATE FUNCTION risk.forget_before(table_name text, first_kept date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    key text;
    partition text;
    forgotten bigint;
BEGIN
    SELECT column_name INTO STRICT key
    FROM information_schema.columns AS c
    WHERE c.table_schema = 'risk' AND c.table_name = forget_before.table_name
        AND c.column_name IN ('event_at', 'scored_at', 'minute_at', 'hour_at') AND NOT c.table_name LIKE 'latest_%';
    FOR partition IN
        SELECT c.relname
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass(format('risk.%I', forget_before.table_name)) AND c.relname ~ '_p[0-9]{8}$'
            AND to_date(right(c.relname, 8), 'YYYYMMDD') < first_kept
    LOOP
        EXECUTE format('DROP TABLE risk.%I', partition);
    END LOOP;
    EXECUTE format('DELETE FROM risk.%I WHERE %I < %L', table_name, key, first_kept || ' 00:00+00');
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$$;
COMMENT ON FUNCTION risk.forget_before(text, date) IS
    'Drop the partitions of the days before, and delete single rows of that age. Returns how many single rows went';

CREATE TABLE risk.score_component (
    ordinal    smallint NOT NULL,
    component  text NOT NULL,
    dimension  text NOT NULL,
    unit       text NOT NULL,
    name_en    text NOT NULL,
    name_zh    text NOT NULL,
    PRIMARY KEY (ordinal),
    CONSTRAINT unit_is_known CHECK (unit IN ('fraction', 'times', 'usdt', 'sigmas'))
);
COMMENT ON TABLE risk.score_component IS 'What stands at each place of the arrays of a score';
COMMENT ON COLUMN risk.score_component.ordinal IS 'place in the arrays, from 1';
COMMENT ON COLUMN risk.score_component.component IS 'its name in the limits';
COMMENT ON COLUMN risk.score_component.dimension IS 'the dimension it belongs to';
COMMENT ON COLUMN risk.score_component.unit IS 'fraction, times, usdt or sigmas (forecast daily moves)';
COMMENT ON COLUMN risk.score_component.name_en IS 'in words, English';
COMMENT ON COLUMN risk.score_component.name_zh IS 'in words, Chinese';
INSERT INTO risk.score_component (ordinal, component, dimension, unit, name_en, name_zh) VALUES
    (1, 'atr_15m', 'market', 'fraction', 'Average true range of 15 minutes over the price', '15 分钟平均真实波幅与价格之比'),
    (2, 'vol_ratio', 'market', 'times', 'Volatility of the last day over the mean of 20 days', '最近一日波动率与此前 20 日均值之比'),
    (3, 'sigma_24h', 'market', 'fraction', 'Forecast standard deviation of the next 24 hours', '未来 24 小时的预测标准差'),
    (4, 'spread', 'liquidity', 'fraction', 'Spread between best bid and ask', '最优买卖价差'),
    (5, 'depth_1pct', 'liquidity', 'usdt', 'Depth within 1 % of mid on the thinner side', '较薄一侧中间价 1 % 内的深度'),
    (6, 'coverage', 'liquidity', 'times', 'Depth within 0.1 % of mid over the exit notional', '中间价 0.1 % 内的深度与平仓金额之比'),
    (7, 'slippage', 'liquidity', 'fraction', 'Slippage of the whole exit at market', '市价全部平仓的滑点'),
    (8, 'cover', 'leverage', 'times', 'Margin balance over maintenance margin', '保证金余额与维持保证金之比'),
    (9, 'distance', 'leverage', 'fraction', 'Distance of the mark price to liquidation', '标记价格距强平价的距离'),
    (10, 'distance_sigmas', 'leverage', 'sigmas', 'Distance to liquidation in forecast daily moves', '以预测日波动计的强平距离'),
    (11, 'funding_8h', 'sentiment', 'fraction', 'Funding rate per 8 hours', '每 8 小时资金费率'),
    (12, 'oi_change_3d', 'sentiment', 'fraction', 'Change of open interest in 3 days', '持仓量 3 日变化'),
    (13, 'kline_liquidity', 'liquidity', 'fraction', 'Range of a bar over its relative volume, in place of the book', '以 K 线振幅与相对成交量近似的流动性');

CREATE FUNCTION risk.shown(value double precision, unit text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE unit
    WHEN 'fraction' THEN trim_scale(round(CAST(value * 100 AS numeric), 4)) || ' %'
    WHEN 'usdt' THEN to_char(value, 'FM999,999,999,999,990') || ' USDT'
    WHEN 'sigmas' THEN trim_scale(round(CAST(value AS numeric), 2)) || ' σ'
    ELSE trim_scale(round(CAST(value AS numeric), 2)) || ' ×'
END;
COMMENT ON FUNCTION risk.shown(double precision, text) IS 'A component''s value as a person reads it';

CREATE VIEW risk.score_explained AS
SELECT
    s.scope,
    s.scored_at,
    c.ordinal,
    c.dimension,
    c.component,
    p.value,
    c.unit,
    t.threshold,
    p.score / 100.0 AS score,
    p.age_s,
    (s.missing >> (c.ordinal - 1)) & 1 = 1 AS is_missing,
    s.limits_version,
    CASE
        WHEN p.score IS NOT NULL THEN
            c.name_en || ': ' || risk.shown(p.value, c.unit) || ', score ' || trim_scale(p.score / 100.0)
            || coalesce(' (high from ' || risk.shown(t.threshold, c.unit) || ')', '')
            || coalesce(', ' || round(CAST(p.age_s AS numeric)) || ' s old', '') || '.'
        WHEN (s.missing >> (c.ordinal - 1)) & 1 = 1 THEN
            c.name_en || ': unknown' || coalesce(', the last input is ' || round(CAST(p.age_s AS numeric)) || ' s old', ', no input')
            || '.'
        ELSE c.name_en || ': takes no part.'
    END AS sentence_en,
    CASE
        WHEN p.score IS NOT NULL THEN
            c.name_zh || '：' || risk.shown(p.value, c.unit) || '，得分 ' || trim_scale(p.score / 100.0)
            || coalesce('（' || risk.shown(t.threshold, c.unit) || ' 起为高风险）', '')
            || coalesce('，数据为 ' || round(CAST(p.age_s AS numeric)) || ' 秒前', '') || '。'
        WHEN (s.missing >> (c.ordinal - 1)) & 1 = 1 THEN
            c.name_zh || '：未知' || coalesce('，最近数据为 ' || round(CAST(p.age_s AS numeric)) || ' 秒前', '，没有数据') || '。'
        ELSE c.name_zh || '：不参与评分。'
    END AS sentence_zh
FROM risk.score AS s
CROSS JOIN LATERAL unnest(s.component_values, s.component_scores, s.input_ages_s)
    WITH ORDINALITY AS p (value, score, age_s, ordinal)
JOIN risk.score_component AS c ON c.ordinal = p.ordinal
LEFT JOIN risk.limits AS l ON l.version = s.limits_version
LEFT JOIN LATERAL (
    SELECT q.x + (61 - q.y) * (q.next_x - q.x) / (q.next_y - q.y) AS threshold
    FROM (
        SELECT
            CAST(e.point ->> 0 AS double precision) AS x,
            CAST(e.point ->> 1 AS double precision) AS y,
            lead(CAST(e.point ->> 0 AS double precision)) OVER (ORDER BY e.place) AS next_x,
            lead(CAST(e.point ->> 1 AS double precision)) OVER (ORDER BY e.place) AS next_y
        FROM jsonb_array_elements(l.body -> 'curves' -> c.component) WITH ORDINALITY AS e (point, place)
    ) AS q
    WHERE q.y <> q.next_y AND 61 BETWEEN least(q.y, q.next_y) AND greatest(q.y, q.next_y)
    ORDER BY q.x
    LIMIT 1
) AS t ON true;
COMMENT ON VIEW risk.score_explained IS
    'Each component of each score with unit, threshold and one sentence; where a high score begins (61) is read from the limits it was judged by';
COMMENT ON COLUMN risk.score_explained.scope IS 'symbol, or "account"';
COMMENT ON COLUMN risk.score_explained.scored_at IS 'when it was judged, UTC';
COMMENT ON COLUMN risk.score_explained.ordinal IS 'place of the component, from 1';
COMMENT ON COLUMN risk.score_explained.dimension IS 'market, liquidity, leverage or sentiment';
COMMENT ON COLUMN risk.score_explained.component IS 'name of the component in the limits';
COMMENT ON COLUMN risk.score_explained.value IS 'in the unit beside it; NULL: missing';
COMMENT ON COLUMN risk.score_explained.unit IS 'fraction, times, usdt or sigmas (forecast daily moves)';
COMMENT ON COLUMN risk.score_explained.threshold IS 'value at which a high score (61) begins, same unit; NULL: no such value';
COMMENT ON COLUMN risk.score_explained.score IS '0 to 100; NULL: missing';
COMMENT ON COLUMN risk.score_explained.age_s IS 'seconds between the oldest input and scored_at; NULL: no input';
COMMENT ON COLUMN risk.score_explained.is_missing IS 'an expected input was missing or stale';
COMMENT ON COLUMN risk.score_explained.limits_version IS 'limits it was judged by';
COMMENT ON COLUMN risk.score_explained.sentence_en IS 'one sentence, English';
COMMENT ON COLUMN risk.score_explained.sentence_zh IS 'one sentence, Chinese';
COMMENT ON TABLE risk.schema_version IS 'Which migration this schema has reached';
COMMENT ON COLUMN risk.schema_version.version_num IS 'number of the last migration';
