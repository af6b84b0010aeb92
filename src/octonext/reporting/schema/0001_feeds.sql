-- The shards' feeds as they arrive. Every table begins with where a row came from and its place in that
-- feed, by which a half-written batch is found again. Inserts reach the disk before they count: the
-- cursor that follows them must never be ahead.
--
-- The projections are sums that a part keeps of its own rows, made when parts are first merged and made
-- again when rows are deleted: they cannot say anything else than the rows. A part fresh from its insert has
-- none yet and is read row by row: making them for every small page would cost two to four times the insert. A report uses one when
-- it asks for the same expressions; `kind` stands among the keys so that reports can tell returns apart.
-- Years are parts of their own, not months: a report of a year then reads a few parts, and a page of old
-- days makes few. What is read row by row is sorted so that a few days lie together: sales by day, lines
-- by week, currency and branch. Many small pages slow inserts down (from 150 parts on) and are never refused.

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
    INDEX feed_place feed_xid TYPE minmax,
    PROJECTION by_day (
        SELECT branch_id, business_date, currency, kind,
               count(), sum(total), sum(net), sum(tax), sum(discount), sum(rounding),
               countIf(isNotNull(original_branch_id) AND original_branch_id != branch_id),
               countIf(foreign_original), countIf(isNull(original_seq))
        GROUP BY branch_id, business_date, currency, kind),
    PROJECTION by_hour (
        SELECT branch_id, toYYYYMM(business_date), toHour(occurred_local), currency, kind,
               count(), sum(total), sum(net), sum(tax), sum(discount), sum(rounding)
        GROUP BY branch_id, toYYYYMM(business_date), toHour(occurred_local), currency, kind)
) ENGINE = MergeTree PARTITION BY toYear(business_date)
ORDER BY (business_date, branch_id, device_id, seq)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         lightweight_mutation_projection_mode = 'rebuild',
         materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

CREATE TABLE IF NOT EXISTS sale_line (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, line_no Int32, kind LowCardinality(String),
    business_date Date32, occurred_at DateTime64(6, 'UTC'), product_id UUID,
    quantity Int64, unit_price Int64, discount Int64, net Int64, tax Int64, total Int64,
    tax_code LowCardinality(String), currency LowCardinality(String),
    -- false on the second line of a receipt with the same product: receipts are counted by it
    first_of_product Bool DEFAULT true,
    INDEX feed_place feed_xid TYPE minmax,
    PROJECTION by_day (
        SELECT branch_id, business_date, tax_code, currency,
               count(), sum(quantity), sum(total), sum(net), sum(tax)
        GROUP BY branch_id, business_date, tax_code, currency),
    PROJECTION by_month (
        SELECT toYYYYMM(business_date), currency, product_id,
               countIf(first_of_product AND (kind = 'sale')), sum(quantity), sum(total), sum(net), sum(tax)
        GROUP BY toYYYYMM(business_date), currency, product_id),
    PROJECTION by_year (
        SELECT toYear(business_date), currency, product_id,
               countIf(first_of_product AND (kind = 'sale')), sum(quantity), sum(total), sum(net), sum(tax)
        GROUP BY toYear(business_date), currency, product_id)
) ENGINE = MergeTree PARTITION BY toYear(business_date)
ORDER BY (intDiv(toInt32(business_date) + 3, 7), currency, branch_id, business_date, product_id, device_id,
          seq, line_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         lightweight_mutation_projection_mode = 'rebuild',
         materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

CREATE TABLE IF NOT EXISTS payment (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, payment_no Int32,
    business_date Date32, occurred_at DateTime64(6, 'UTC'),
    tender LowCardinality(String), amount Int64, currency LowCardinality(String),
    INDEX feed_place feed_xid TYPE minmax,
    PROJECTION by_day (
        SELECT branch_id, business_date, tender, currency,
               count(), sum(amount), sumIf(amount, amount > 0), sumIf(amount, amount < 0)
        GROUP BY branch_id, business_date, tender, currency)
) ENGINE = MergeTree PARTITION BY toYear(business_date)
ORDER BY (branch_id, business_date, tender, device_id, seq, payment_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         lightweight_mutation_projection_mode = 'rebuild',
         materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

CREATE TABLE IF NOT EXISTS movement (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, line_no Int32, product_id UUID,
    quantity Int64, reason LowCardinality(String), occurred_at DateTime64(6, 'UTC'),
    INDEX feed_place feed_xid TYPE minmax,
    PROJECTION by_reason (
        SELECT branch_id, reason, count(), sum(quantity) GROUP BY branch_id, reason)
) ENGINE = MergeTree
ORDER BY (branch_id, product_id, occurred_at, device_id, seq, line_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         lightweight_mutation_projection_mode = 'rebuild',
         materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

CREATE TABLE IF NOT EXISTS ledger (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, line_no Int32, account Int32,
    debit Int64, credit Int64, currency LowCardinality(String), business_date Date32,
    INDEX feed_place feed_xid TYPE minmax,
    PROJECTION by_day (
        SELECT branch_id, business_date, account, currency, count(), sum(debit), sum(credit)
        GROUP BY branch_id, business_date, account, currency)
) ENGINE = MergeTree PARTITION BY toYear(business_date)
ORDER BY (branch_id, account, business_date, device_id, seq, line_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         lightweight_mutation_projection_mode = 'rebuild',
         materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

-- A till's newest state. Transaction ids of one source only grow, so they are the version.
CREATE TABLE IF NOT EXISTS device (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, hash String,
    till_at Nullable(DateTime64(6, 'UTC')), received_at Nullable(DateTime64(6, 'UTC')),
    clock_offset_ms Nullable(Int64), quarantined Int64, cases Int64
) ENGINE = ReplacingMergeTree(feed_xid) ORDER BY (branch_id, device_id, source)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

-- A shift's newest state.
CREATE TABLE IF NOT EXISTS shift (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, shift_id UUID, cashier_id Nullable(UUID),
    opened_at Nullable(DateTime64(6, 'UTC')), closed_at Nullable(DateTime64(6, 'UTC')),
    opening_float Int64, cash_expected Int64, cash_counted Nullable(Int64),
    sale_count Int64, sale_total Int64, return_count Int64, return_total Int64,
    currency LowCardinality(String)
) ENGINE = ReplacingMergeTree(feed_xid) ORDER BY (branch_id, device_id, shift_id, source)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

-- How far each feed was taken over: written after a batch's rows, and the only thing that counts.
CREATE TABLE IF NOT EXISTS feed_cursor (
    source LowCardinality(String), feed LowCardinality(String), xid UInt64, id UInt64,
    -- by which the source's history is known again
    mark String DEFAULT ''
) ENGINE = ReplacingMergeTree(xid) ORDER BY (source, feed)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

-- Sources whose rows are being deleted, to be filled again: what a crash interrupts is found here.
CREATE TABLE IF NOT EXISTS source_reset (
    source String
) ENGINE = MergeTree ORDER BY source
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
         parts_to_delay_insert = 150, parts_to_throw_insert = 10000;

-- Up to when everything of a source is known to have arrived, also when nothing was sold.
CREATE TABLE IF NOT EXISTS source_as_of (
    source LowCardinality(String), as_of DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(as_of) ORDER BY source;
