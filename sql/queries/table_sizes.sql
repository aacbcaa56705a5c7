-- Rows (estimated) and bytes of each of our tables, its partitions included, largest first.
SELECT
    t.relname AS name,
    CAST(sum(greatest(c.reltuples, 0)) AS bigint) AS row_estimate,
    CAST(sum(pg_total_relation_size(c.oid)) AS bigint) AS bytes,
    CAST(count(*) FILTER (WHERE c.oid <> t.oid) AS integer) AS partitions
FROM pg_catalog.pg_class AS t
CROSS JOIN LATERAL pg_partition_tree(t.oid) AS tree
JOIN pg_catalog.pg_class AS c ON c.oid = tree.relid
WHERE t.relnamespace = CAST('risk' AS regnamespace) AND t.relkind = 'p'
GROUP BY t.relname
UNION ALL
SELECT
    t.relname,
    CAST(greatest(t.reltuples, 0) AS bigint),
    pg_total_relation_size(t.oid),
    0
FROM pg_catalog.pg_class AS t
WHERE t.relnamespace = CAST('risk' AS regnamespace) AND t.relkind = 'r' AND NOT t.relispartition
ORDER BY bytes DESC, name
