-- Value at risk is forgotten by age, as other rows are, and says which held symbols have no returns.
CREATE OR REPLACE FUNCTION risk.forget_before(table_name text, first_kept date) RETURNS bigint
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
        AND c.column_name IN ('event_at', 'scored_at', 'minute_at', 'hour_at', 'bar_at') AND NOT c.table_name LIKE 'latest_%';
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

-- Rows come in the order of their bars, so the oldest lie together.
CREATE INDEX var_forecast_by_bar ON risk.var_forecast USING brin (bar_at);
CREATE INDEX var_outcome_by_bar ON risk.var_outcome USING brin (bar_at);
CREATE INDEX var_share_by_bar ON risk.var_share USING brin (bar_at);

ALTER TABLE risk.latest_var ADD COLUMN without_returns text[] NOT NULL DEFAULT CAST(ARRAY[] AS text[]);
COMMENT ON COLUMN risk.latest_var.without_returns IS 'held symbols without returns of their own: in the figures with three times the market''s, added in full';
