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
SELECT source, feed, max((xid, id, mark)) AS place FROM feed_cursor GROUP BY source, feed;

-- name: as_of
-- Up to when everything of each source is known to have arrived.
SELECT source, max(as_of) AS as_of FROM source_as_of GROUP BY source;

-- name: record_as_of
-- Remember that for one source.
INSERT INTO source_as_of (source, as_of) VALUES ({source:String}, {as_of:DateTime64(6, 'UTC')});

-- name: column_types
-- The type of each column of ours.
SELECT table, name, type FROM system.columns WHERE database = currentDatabase();

-- name: first_of_product
-- Whether a line that comes in is the first one of its receipt with its product.
row_number() OVER (PARTITION BY branch_id, device_id, seq, product_id ORDER BY line_no) = 1
AND (branch_id, device_id, seq, product_id) NOT IN (
    SELECT branch_id, device_id, seq, product_id FROM sale_line
    WHERE source = {source:String} AND feed_xid = {xid:UInt64} AND feed_id < {id:UInt64});

-- name: newest_rows
-- The last row of each source in one feed's table.
SELECT source, max((feed_xid, feed_id)) AS place FROM {table:Identifier} GROUP BY source;

-- name: delete_beyond
-- Remove what a batch left behind that never got its cursor.
DELETE FROM {table:Identifier}
WHERE source = {source:String} AND (feed_xid, feed_id) > ({xid:UInt64}, {id:UInt64});

-- name: begin_reset
-- Remember that a source is being forgotten.
INSERT INTO source_reset (source) VALUES ({source:String});

-- name: resets_begun
-- The sources that were not forgotten to the end.
SELECT DISTINCT source FROM source_reset;

-- name: forget_source
-- Remove a source from one of the small tables: its cursors, its "as of", its reset.
DELETE FROM {table:Identifier} WHERE source = {source:String};

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

-- name: branches_with_stock
-- The branches that anything was moved at, also those that nobody told us of.
SELECT branch_id FROM (SELECT branch_id, reason, count() FROM movement GROUP BY branch_id, reason)
GROUP BY branch_id;

-- name: seals
-- A source's heads behind a number; of two with one number the one that came first.
SELECT number, head, signature FROM seal
WHERE source = {source:String} AND number > {after:Int64}
ORDER BY number, feed_xid, feed_id LIMIT 1 BY number LIMIT {limit:UInt32};

-- name: newest_seal
-- The highest number of a source's heads; 0 without one.
SELECT max(number) AS number FROM seal WHERE source = {source:String};

-- name: holds_seal
-- Whether a head with that hash is here.
SELECT count() > 0 AS found FROM seal WHERE source = {source:String} AND hash = {hash:String};
