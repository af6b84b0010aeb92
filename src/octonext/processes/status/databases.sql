-- What `octonext status` asks each database. Nothing here belongs to one branch: it is about the server.

-- name: database_health
-- How far back the oldest open snapshot and transaction reach (they hold the feeds' watermark), and how
-- near the server is to transaction wraparound.
SELECT
    coalesce(max(age(backend_xmin)), 0)::bigint AS oldest_snapshot_xids,
    coalesce(
        max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        ),
        0
    )::float8 AS oldest_transaction_s,
    count(*) FILTER (WHERE backend_type = 'client backend')::integer AS connections,
    (SELECT max(age(datfrozenxid)) FROM pg_database)::bigint AS frozen_xid_age,
    pg_database_size(current_database()) AS size_bytes
FROM pg_stat_activity;

-- name: partitions_until
-- The last month, as YYYY_MM, that every partitioned table has a partition for; null without such tables.
SELECT min(newest) FROM (
    SELECT max(right(child.relname, 7)) AS newest
    FROM pg_class AS parent
    LEFT JOIN pg_inherits AS i ON i.inhparent = parent.oid
    LEFT JOIN pg_class AS child ON child.oid = i.inhrelid AND child.relname ~ '_[0-9]{4}_[0-9]{2}$'
    WHERE parent.relkind = 'p' AND parent.relnamespace = 'public'::regnamespace
    GROUP BY parent.oid
) AS each_parent;
