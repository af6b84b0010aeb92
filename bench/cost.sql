-- name: wal_written
-- Bytes of WAL that the shard has ever written.
SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint;

-- name: held
-- Bytes on disk of every table and of its indexes, partitions under the name of their parent.
SELECT coalesce(parent.relname, t.relname)::text AS name,
       sum(pg_table_size(t.oid))::bigint AS table_bytes, sum(pg_indexes_size(t.oid))::bigint AS index_bytes
  FROM pg_class t
  LEFT JOIN pg_inherits i ON i.inhrelid = t.oid
  LEFT JOIN pg_class parent ON parent.oid = i.inhparent
 WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
 GROUP BY 1 ORDER BY 1;

-- name: functions
-- Microseconds spent in each function of the schema, without those that it called. A connection adds its
-- share when it closes.
SELECT funcname::text AS name, (self_time * 1000)::bigint AS self_us FROM pg_stat_user_functions;

-- name: time_functions
-- From now on new connections time the functions they call.
ALTER DATABASE octonext SET track_functions = 'all';
