-- Columns of one of our tables in their order, with the type under each domain.
SELECT
    a.attname AS name,
    CAST(coalesce(nullif(t.typbasetype, 0), t.oid) AS bigint) AS type_oid
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass('risk.' || quote_ident(:table_name)) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
