-- The heads of every database's seals, without their leaves: what a shard or head office signed is remembered
-- here too. See docs/audit.md.

CREATE TABLE IF NOT EXISTS seal (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    number Int64, tree_size Int64, sealed_at DateTime64(6, 'UTC'),
    hash String, head String, signature String,
    INDEX feed_place feed_xid TYPE minmax
) ENGINE = MergeTree ORDER BY (source, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;
