-- The feeds' statements. A reader's watermark is the oldest transaction that is still running: every
-- row below it is final and visible, whatever order the commits came in. These statements span the
-- branches of one database on purpose: a feed is per source, and each row names its branch.
-- Timestamps travel in UTC without an offset, and are held to what the OLAP store's type can say: a
-- till's clock is evidence, and must not be able to stop a feed.

-- name: walk_indexes
-- Pages are walked in the order of an index and stop when they are full, whatever the statistics say:
-- sorting first would read all that waits for every page of it.
SELECT set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true),
       set_config('enable_bitmapscan', 'off', true);

-- name: shard_marks
-- What this shard's history was at each of these transactions: a digest of the newest pushes there. More
-- than the newest, because a copy may hold it and lack an older transaction that committed after it; as
-- many as can have been under way together.
SELECT ARRAY(
    SELECT coalesce((
        SELECT left(encode(sha256(string_agg(xid8send(p.xid) || p.hash || timestamptz_send(p.posted_at),
                                             ''::bytea ORDER BY p.xid, p.device_id)), 'hex'), 32)
          FROM (SELECT xid, device_id, hash, posted_at FROM push
                 WHERE xid <= at.xid::xid8 ORDER BY xid DESC LIMIT 64) p), repeat('0', 32))
      FROM unnest($1::text[]) WITH ORDINALITY AS at (xid, place) ORDER BY place);

-- name: reference_marks
-- The same of head office, or of a copy of its reference: a digest of the marks of the newest transactions that published something.
SELECT ARRAY(
    SELECT coalesce((
        SELECT left(encode(sha256(string_agg(xid8send(h.xid) || uuid_send(h.mark),
                                             ''::bytea ORDER BY h.xid)), 'hex'), 32)
          FROM (SELECT xid, mark FROM reference_history
                 WHERE xid <= at.xid::xid8 ORDER BY xid DESC LIMIT 64) h), repeat('0', 32))
      FROM unnest($1::text[]) WITH ORDINALITY AS at (xid, place) ORDER BY place);

-- name: probe_shard
-- When and in which snapshot we look, and which feeds may have rows between their cursor and the
-- watermark: postings are behind a push that was not read to its end.
-- ORDER BY makes every plan go down an index: a bare EXISTS expects to find a row soon and reads a
-- whole table when there is none.
SELECT statement_timestamp() AS read_at,
       pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
       pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
       (SELECT true FROM push
        WHERE xid >= $1::text::xid8 AND (xid, last_seq * 4096 + 4095) > ($1::text::xid8, $2::bigint)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid LIMIT 1) IS NOT NULL AS sale,
       (SELECT true FROM push
        WHERE xid >= $3::text::xid8 AND (xid, last_seq * 4096 + 4095) > ($3::text::xid8, $4::bigint)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid LIMIT 1) IS NOT NULL AS sale_line,
       (SELECT true FROM push
        WHERE xid >= $5::text::xid8 AND (xid, last_seq * 4096 + 4095) > ($5::text::xid8, $6::bigint)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid LIMIT 1) IS NOT NULL AS payment,
       (SELECT true FROM push
        WHERE xid >= $7::text::xid8 AND (xid, last_seq * 4096 + 4095) > ($7::text::xid8, $8::bigint)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid LIMIT 1) IS NOT NULL AS movement,
       (SELECT true FROM push
        WHERE xid >= $9::text::xid8 AND (xid, last_seq * 4096 + 4095) > ($9::text::xid8, $10::bigint)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid LIMIT 1) IS NOT NULL AS ledger,
       (SELECT true FROM reporting_device
        WHERE (xid, id) > ($11::text::xid8, $12::bigint)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, id LIMIT 1) IS NOT NULL AS device,
       (SELECT true FROM reporting_shift
        WHERE (xid, id) > ($13::text::xid8, $14::bigint)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, id LIMIT 1) IS NOT NULL AS shift;

-- name: push_range
-- The end of the pushes that one page reads at most, and whether more lie behind it. A page that its
-- rows did not fill ends there, past pushes that posted nothing of its kind.
SELECT last.xid::text AS xid, last.last_seq * 4096 + 4095 AS id,
       EXISTS (SELECT FROM push p WHERE p.xid > last.xid
                  AND p.xid < pg_snapshot_xmin(pg_current_snapshot())) AS more
  FROM (SELECT xid, last_seq
          FROM (SELECT xid, last_seq FROM push
                 WHERE xid >= $1::text::xid8
                   AND (xid, last_seq * 4096 + 4095) > ($1::text::xid8, $2::bigint)
                   AND xid < pg_snapshot_xmin(pg_current_snapshot())
                 ORDER BY xid LIMIT $3::int) pushes
         ORDER BY xid DESC, last_seq DESC LIMIT 1) last;

-- name: probe_dimension
-- The same look at HQ's reference.
SELECT statement_timestamp() AS read_at,
       pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
       pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
       (SELECT true FROM reference
        WHERE (xid, id) > ($1::text::xid8, $2::bigint)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, id LIMIT 1) IS NOT NULL AS dimension;

-- name: copy_sale
-- A page of sales and returns, with the wall clock of the branch for reports by hour.
SELECT v.xid, v.id, $4::text AS source,
       v.branch_id,
       v.device_id,
       v.seq,
       v.kind,
       v.shift_id,
       v.cashier_id,
       least(greatest(v.occurred_at, '1900-01-02+00'), '2290-01-01+00') AT TIME ZONE 'UTC' AS occurred_at,
       least(greatest(v.occurred_at, '1900-01-02+00'), '2290-01-01+00')
           AT TIME ZONE coalesce(b.payload ->> 'time_zone', 'UTC') AS occurred_local,
       CASE WHEN v.till_at BETWEEN '1900-01-02+00' AND '2290-01-01+00'
            THEN v.till_at AT TIME ZONE 'UTC' END AS till_at,
       v.posted_at AT TIME ZONE 'UTC' AS posted_at,
       least(greatest(v.business_date, '1900-01-02'), '2290-01-01') AS business_date,
       v.currency,
       v.total,
       v.net,
       v.tax,
       v.discount,
       v.rounding,
       v.line_count,
       v.original_branch_id,
       v.original_device_id,
       v.original_seq,
       v.foreign_original
FROM (SELECT * FROM reporting_sale
      WHERE xid BETWEEN $1::text::xid8 AND $5::text::xid8
        AND (xid, id) > ($1::text::xid8, $2::bigint)
      ORDER BY xid, id
      LIMIT $3::int) v
LEFT JOIN reference b ON b.kind = 'branch' AND b.key = v.branch_id::text
ORDER BY v.xid, v.id;

-- name: copy_sale_line
-- A page of sold and returned lines.
SELECT v.xid, v.id, $4::text AS source,
       v.branch_id,
       v.device_id,
       v.seq,
       v.line_no,
       v.kind,
       least(greatest(v.business_date, '1900-01-02'), '2290-01-01') AS business_date,
       least(greatest(v.occurred_at, '1900-01-02+00'), '2290-01-01+00') AT TIME ZONE 'UTC' AS occurred_at,
       v.product_id,
       v.quantity,
       v.unit_price,
       v.discount,
       v.net,
       v.tax,
       v.total,
       v.tax_code,
       v.currency
FROM (SELECT * FROM reporting_sale_line
      WHERE xid BETWEEN $1::text::xid8 AND $5::text::xid8
        AND (xid, id) > ($1::text::xid8, $2::bigint)
      ORDER BY xid, id
      LIMIT $3::int) v
ORDER BY v.xid, v.id;

-- name: copy_payment
-- A page of payments; what was paid back is negative.
SELECT v.xid, v.id, $4::text AS source,
       v.branch_id,
       v.device_id,
       v.seq,
       v.payment_no,
       least(greatest(v.business_date, '1900-01-02'), '2290-01-01') AS business_date,
       least(greatest(v.occurred_at, '1900-01-02+00'), '2290-01-01+00') AT TIME ZONE 'UTC' AS occurred_at,
       v.tender,
       v.amount,
       v.currency
FROM (SELECT * FROM reporting_payment
      WHERE xid BETWEEN $1::text::xid8 AND $5::text::xid8
        AND (xid, id) > ($1::text::xid8, $2::bigint)
      ORDER BY xid, id
      LIMIT $3::int) v
ORDER BY v.xid, v.id;

-- name: copy_movement
-- A page of stock movements.
SELECT v.xid, v.id, $4::text AS source,
       v.branch_id,
       v.device_id,
       v.seq,
       v.line_no,
       v.product_id,
       v.quantity,
       v.reason,
       least(greatest(v.occurred_at, '1900-01-02+00'), '2290-01-01+00') AT TIME ZONE 'UTC' AS occurred_at
FROM (SELECT * FROM reporting_movement
      WHERE xid BETWEEN $1::text::xid8 AND $5::text::xid8
        AND (xid, id) > ($1::text::xid8, $2::bigint)
      ORDER BY xid, id
      LIMIT $3::int) v
ORDER BY v.xid, v.id;

-- name: copy_ledger
-- A page of ledger lines.
SELECT v.xid, v.id, $4::text AS source,
       v.branch_id,
       v.device_id,
       v.seq,
       v.line_no,
       v.account,
       v.debit,
       v.credit,
       v.currency,
       least(greatest(v.business_date, '1900-01-02'), '2290-01-01') AS business_date
FROM (SELECT * FROM reporting_ledger
      WHERE xid BETWEEN $1::text::xid8 AND $5::text::xid8
        AND (xid, id) > ($1::text::xid8, $2::bigint)
      ORDER BY xid, id
      LIMIT $3::int) v
ORDER BY v.xid, v.id;

-- name: copy_device
-- A page of tills' heads: only the newest state of a till is in the view.
SELECT v.xid, v.id, $4::text AS source,
       v.branch_id,
       v.device_id,
       v.seq,
       v.hash,
       CASE WHEN v.till_at BETWEEN '1900-01-02+00' AND '2290-01-01+00'
            THEN v.till_at AT TIME ZONE 'UTC' END AS till_at,
       CASE WHEN v.received_at BETWEEN '1900-01-02+00' AND '2290-01-01+00'
            THEN v.received_at AT TIME ZONE 'UTC' END AS received_at,
       v.clock_offset_ms,
       v.quarantined,
       v.cases
FROM (SELECT * FROM reporting_device
      WHERE (xid, id) > ($1::text::xid8, $2::bigint)
        AND xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY xid, id
      LIMIT $3::int) v
ORDER BY v.xid, v.id;

-- name: copy_shift
-- A page of shifts: only the newest state of a shift is in the view.
SELECT v.xid, v.id, $4::text AS source,
       v.branch_id,
       v.device_id,
       v.shift_id,
       v.cashier_id,
       CASE WHEN v.opened_at BETWEEN '1900-01-02+00' AND '2290-01-01+00'
            THEN v.opened_at AT TIME ZONE 'UTC' END AS opened_at,
       CASE WHEN v.closed_at BETWEEN '1900-01-02+00' AND '2290-01-01+00'
            THEN v.closed_at AT TIME ZONE 'UTC' END AS closed_at,
       v.opening_float,
       v.cash_expected,
       v.cash_counted,
       v.sale_count,
       v.sale_total,
       v.return_count,
       v.return_total,
       v.currency
FROM (SELECT * FROM reporting_shift
      WHERE (xid, id) > ($1::text::xid8, $2::bigint)
        AND xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY xid, id
      LIMIT $3::int) v
ORDER BY v.xid, v.id;

-- name: copy_dimension
-- A page of names and costs. Kinds that reporting must not know (people, prices) travel as blanks, so
-- that the cursor passes them without their contents.
SELECT v.xid, v.id, $4::text AS source,
       CASE WHEN known THEN v.kind ELSE '' END AS kind,
       CASE WHEN known THEN v.key ELSE '' END AS key,
       known AND v.payload IS NOT NULL AS present,
       CASE WHEN known THEN (v.payload ->> 'region_id')::int END AS region_id,
       CASE WHEN known THEN (v.payload ->> 'branch_id')::int END AS branch_id,
       CASE WHEN known THEN coalesce(v.payload ->> 'sku', v.payload ->> 'code') END AS code,
       CASE WHEN known THEN coalesce(v.payload ->> 'name_en', v.payload ->> 'name') END AS name_en,
       CASE WHEN known THEN v.payload ->> 'name_ar' END AS name_ar,
       CASE WHEN known THEN coalesce(v.payload ->> 'category_id', v.payload ->> 'parent_id') END AS parent_id,
       CASE WHEN known THEN v.payload ->> 'product_id' END AS product_id,
       CASE WHEN known THEN v.payload ->> 'unit' END AS unit,
       CASE WHEN known THEN v.payload ->> 'currency' END AS currency,
       CASE WHEN known THEN (v.payload ->> 'cost')::bigint END AS cost,
       CASE WHEN known THEN v.payload ->> 'shard_id' END AS shard_id,
       CASE WHEN known THEN v.payload ->> 'status' END AS status
FROM (SELECT *, kind IN ('region', 'branch', 'device', 'category', 'product', 'cost') AS known
      FROM reference
      WHERE (xid, id) > ($1::text::xid8, $2::bigint)
        AND xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY xid, id
      LIMIT $3::int) v
ORDER BY v.xid, v.id;

-- name: read_reference
-- A page of master data. Rows of other regions are passed over: a published row never changes region.
WITH region AS (
  SELECT (payload ->> 'region_id')::int AS region_id FROM reference
  WHERE kind = 'region' AND payload ->> 'code' = $4::text
), page AS (
  SELECT kind, key, region_id, branch_id, payload, xid, id FROM reference
  WHERE (xid, id) > ($1::text::xid8, $2::bigint)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY xid, id
  LIMIT $3::int
)
SELECT statement_timestamp() AS read_at,
       pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
       pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
       (SELECT region_id FROM region) AS region_id,
       (SELECT xid::text FROM page ORDER BY xid DESC, id DESC LIMIT 1) AS end_xid,
       (SELECT id FROM page ORDER BY xid DESC, id DESC LIMIT 1) AS end_id,
       (SELECT count(*) FROM page) AS count,
       EXISTS (SELECT FROM reference r
                WHERE (r.xid, r.id) > (SELECT xid, id FROM page ORDER BY xid DESC, id DESC LIMIT 1)
                  AND r.xid < pg_snapshot_xmin(pg_current_snapshot())) AS more,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'kind', p.kind, 'key', p.key, 'region_id', p.region_id,
                 'branch_id', p.branch_id, 'payload', p.payload) ORDER BY p.xid, p.id), '[]')::text
        FROM page p
        WHERE p.region_id IS NULL OR p.region_id = (SELECT region_id FROM region)) AS rows;

-- name: apply_reference
-- Apply a page to this shard, unless it does not start at our cursor (-1).
SELECT apply_reference(
  $1::text, $2::text::xid8, $3::bigint, $4::text::xid8, $5::bigint, $6::text::jsonb, $7::text, $8::boolean);

-- name: refill_reference
-- Begin a feed of this shard again.
SELECT refill_reference($1::text);

-- name: sink_cursor
-- How far this shard has applied a feed.
SELECT xid::text AS xid, id, mark FROM feed_cursor WHERE feed = $1::text;
