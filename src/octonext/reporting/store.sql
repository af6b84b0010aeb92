-- The OLAP store's own statements; they span the branches because feeds and tables do.

-- name: create_migrations
-- Which schema files this store has.
CREATE TABLE IF NOT EXISTS schema_migration (
    version UInt32, name String, checksum String, applied_at DateTime64(6, 'UTC')
) ENGINE = MergeTree ORDER BY version SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- name: applied_migrations
-- The schema files this store has, oldest first.
SELECT version, name, checksum FROM schema_migration ORDER BY version;

-- name: record_migration
-- Remember a schema file, after all its statements ran.
INSERT INTO schema_migration (version, name, checksum, applied_at)
VALUES ({version:UInt32}, {name:String}, {checksum:String}, now64(6, 'UTC'));

-- name: cursors
-- How far every feed of every source was taken over.
SELECT source, feed, max((xid, id)) AS place FROM feed_cursor GROUP BY source, feed;

-- name: as_of
-- Up to when everything of each source is known to have arrived.
SELECT source, max(as_of) AS as_of FROM source_as_of GROUP BY source;

-- name: record_as_of
-- Remember that for one source.
INSERT INTO source_as_of (source, as_of) VALUES ({source:String}, {as_of:DateTime64(6, 'UTC')});

-- name: newest_rows
-- The last row of each source in one feed's table.
SELECT source, max((feed_xid, feed_id)) AS place FROM {table:Identifier} GROUP BY source;

-- name: delete_beyond
-- Remove what a batch left behind that never got its cursor.
DELETE FROM {table:Identifier}
WHERE source = {source:String} AND (feed_xid, feed_id) > ({xid:UInt64}, {id:UInt64});

-- name: stop_statement
-- End an insert of ours that may still be running on the server after we gave it up.
KILL QUERY WHERE query_id = {query_id:String} SYNC;

-- name: branches
-- The branches that head office or any till made known, with the shard that each writes to. One that
-- HQ has not told us of yet is known by the source of its tills.
SELECT branch_id, any(code) AS code, any(region) AS region, any(source) AS source
FROM (
  SELECT b.branch_id AS branch_id, b.code AS code, r.code AS region, b.shard_id AS source
  FROM branch AS b LEFT JOIN region AS r ON r.region_id = b.region_id
  UNION ALL
  SELECT branch_id, '', '', any(source) FROM device
  WHERE branch_id NOT IN (SELECT branch_id FROM branch) GROUP BY branch_id
)
GROUP BY branch_id ORDER BY branch_id;
