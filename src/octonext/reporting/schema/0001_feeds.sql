-- The shards' feeds as they arrive. Every table begins with where a row came from and its place in that
-- feed, by which a half-written batch is found again. Rows are monthly parts, ordered for reports.
-- Inserts reach the disk before they count: the cursor that follows them must never be ahead.

CREATE TABLE IF NOT EXISTS sale (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, kind LowCardinality(String),
    shift_id Nullable(UUID), cashier_id Nullable(UUID),
    occurred_at DateTime64(6, 'UTC'),
    -- the branch's wall clock when it happened, kept as if it were UTC
    occurred_local DateTime64(6, 'UTC'),
    till_at Nullable(DateTime64(6, 'UTC')), posted_at DateTime64(6, 'UTC'),
    business_date Date32, currency LowCardinality(String),
    total Int64, net Int64, tax Int64, discount Int64, rounding Int64, line_count Int32,
    original_branch_id Nullable(Int32), original_device_id Nullable(Int32),
    original_seq Nullable(Int64), foreign_original Bool,
    INDEX feed_place feed_xid TYPE minmax
) ENGINE = MergeTree PARTITION BY toYYYYMM(business_date)
ORDER BY (branch_id, business_date, device_id, seq)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS sale_line (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, line_no Int32, kind LowCardinality(String),
    business_date Date32, occurred_at DateTime64(6, 'UTC'), product_id UUID,
    quantity Int64, unit_price Int64, discount Int64, net Int64, tax Int64, total Int64,
    tax_code LowCardinality(String), currency LowCardinality(String),
    INDEX feed_place feed_xid TYPE minmax
) ENGINE = MergeTree PARTITION BY toYYYYMM(business_date)
ORDER BY (branch_id, business_date, product_id, device_id, seq, line_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS payment (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, payment_no Int32,
    business_date Date32, occurred_at DateTime64(6, 'UTC'),
    tender LowCardinality(String), amount Int64, currency LowCardinality(String),
    INDEX feed_place feed_xid TYPE minmax
) ENGINE = MergeTree PARTITION BY toYYYYMM(business_date)
ORDER BY (branch_id, business_date, tender, device_id, seq, payment_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS movement (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, line_no Int32, product_id UUID,
    quantity Int64, reason LowCardinality(String), occurred_at DateTime64(6, 'UTC'),
    INDEX feed_place feed_xid TYPE minmax
) ENGINE = MergeTree PARTITION BY toYYYYMM(occurred_at)
ORDER BY (branch_id, product_id, occurred_at, device_id, seq, line_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS ledger (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, line_no Int32, account Int32,
    debit Int64, credit Int64, currency LowCardinality(String), business_date Date32,
    INDEX feed_place feed_xid TYPE minmax
) ENGINE = MergeTree PARTITION BY toYYYYMM(business_date)
ORDER BY (branch_id, account, business_date, device_id, seq, line_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- A till's newest state. Transaction ids of one source only grow, so they are the version.
CREATE TABLE IF NOT EXISTS device (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, hash String,
    till_at Nullable(DateTime64(6, 'UTC')), received_at Nullable(DateTime64(6, 'UTC')),
    clock_offset_ms Nullable(Int64), quarantined Int64, cases Int64
) ENGINE = ReplacingMergeTree(feed_xid) ORDER BY (branch_id, device_id, source)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- A shift's newest state.
CREATE TABLE IF NOT EXISTS shift (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, shift_id UUID, cashier_id Nullable(UUID),
    opened_at Nullable(DateTime64(6, 'UTC')), closed_at Nullable(DateTime64(6, 'UTC')),
    opening_float Int64, cash_expected Int64, cash_counted Nullable(Int64),
    sale_count Int64, sale_total Int64, return_count Int64, return_total Int64,
    currency LowCardinality(String)
) ENGINE = ReplacingMergeTree(feed_xid) ORDER BY (branch_id, device_id, shift_id, source)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Names and costs from HQ, newest state; `present` is false for what was deleted.
CREATE TABLE IF NOT EXISTS dimension (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    kind LowCardinality(String), key String, present Bool,
    region_id Nullable(Int32), branch_id Nullable(Int32),
    code Nullable(String), name_en Nullable(String), name_ar Nullable(String),
    parent_id Nullable(String), product_id Nullable(String), unit LowCardinality(Nullable(String)),
    currency LowCardinality(Nullable(String)), cost Nullable(Int64),
    shard_id LowCardinality(Nullable(String)), status LowCardinality(Nullable(String))
) ENGINE = ReplacingMergeTree(feed_xid) ORDER BY (kind, key)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- How far each feed was taken over: written after a batch's rows, and the only thing that counts.
CREATE TABLE IF NOT EXISTS feed_cursor (
    source LowCardinality(String), feed LowCardinality(String), xid UInt64, id UInt64
) ENGINE = ReplacingMergeTree(xid) ORDER BY (source, feed)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Up to when everything of a source is known to have arrived, also when nothing was sold.
CREATE TABLE IF NOT EXISTS source_as_of (
    source LowCardinality(String), as_of DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(as_of) ORDER BY source;
