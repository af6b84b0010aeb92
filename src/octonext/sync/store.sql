-- name: begin_session
-- Raises the till's epoch and says where its journal stands on this shard.
SELECT is_fork, head_seq, head_hash, epoch FROM begin_session($1, $2, $3, $4, $5, $6, $7);

-- name: open_went_back_case
-- Opens the case of a shard that lacks what a till was told is there; whether it is new.
SELECT open_went_back_case($1, $2, $3, $4::text::jsonb);

-- name: ingest_push
-- Books one push; see schema/shard/0005_ingest.sql.
SELECT (r).status, (r).head_seq, (r).head_hash, (r).outcomes
  FROM (SELECT ingest_push(
            $1, $2, $3, $4, $5, $6, $7, $8,
            $9::pushed_key[], $10::pushed_entry[], $11::pushed_sale[], $12::pushed_line[],
            $13::pushed_payment[], $14::pushed_ledger[], $15::pushed_adjustment[],
            $16::pushed_count[], $17::pushed_shift[], $18::found_case[]) AS r OFFSET 0) AS pushed;

-- name: wrapped_keys
-- The shift keys of one till of one branch, as it wrapped them.
SELECT key_id, wrapped FROM device_key
 WHERE branch_id = $1 AND device_id = $2 AND key_id = ANY ($3::text[]);

-- name: reference_changes
-- What the gateway itself needs of the reference copy (devices, branches, taxes of every branch on
-- this shard), newer than a cursor and below the watermark. Ordered by the columns, not by the output
-- of the same name, which no index knows.
SELECT kind, key, payload::text AS payload, xid::text::bigint AS xid, id
  FROM reference r
 WHERE (r.xid, r.id) > ($1::text::xid8, $2::bigint)
   AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
   AND kind IN ('device', 'branch', 'region', 'tax')
 ORDER BY r.xid, r.id
 LIMIT $3;

-- name: reference_head
-- The newest reference row below the watermark, for all branches: how far a till can be brought.
SELECT xid::text::bigint AS xid, id
  FROM reference r
 WHERE r.xid < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY r.xid DESC, r.id DESC
 LIMIT 1;

-- name: reference_mark
-- What the history of this copy was at a transaction; a shard that was restored says something else than
-- before. The newest row is enough: pages are applied one after the other, so ids commit in their order.
SELECT coalesce((SELECT left(replace(mark::text, '-', ''), 12) FROM reference_history
                  WHERE xid <= $1::text::xid8 ORDER BY xid DESC LIMIT 1), '');

-- name: reference_page
-- The next rows for the tills of one branch, after a cursor and below the watermark.
SELECT kind, key, payload::text AS payload, xid::text::bigint AS xid, id
  FROM reference r
 WHERE (r.xid, r.id) > ($1::text::xid8, $2::bigint)
   AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
   AND (branch_id IS NULL OR branch_id = $3)
   AND kind IN ('region', 'branch', 'category', 'product', 'price_list', 'price', 'tax', 'cashier')
 ORDER BY r.xid, r.id
 LIMIT $4;
