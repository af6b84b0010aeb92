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
            $16::pushed_count[], $17::pushed_shift[], $18::pushed_customer[], $19::found_case[]) AS r OFFSET 0) AS pushed;

-- name: rescued_clock
-- How wrong the clock of a till was whose journal another one hands over.
SELECT rescued_clock($1, $2);

-- name: receipt
-- One sale or return of any branch of the shard: a customer brings goods back to the shop that is nearest.
SELECT kind::text AS kind, till_at, currency, abs(total) AS total, abs(tax) AS tax,
       CASE kind WHEN 'sale' THEN rounding ELSE -rounding END AS rounding, customer_id
  FROM sale WHERE branch_id = $1 AND device_id = $2 AND seq = $3;

-- name: receipt_lines
-- Its lines, positive as the journal has them.
SELECT line_no, product_id, abs(quantity) AS quantity, unit_price, discount, tax_code, rate_ppm,
       abs(tax) AS tax, abs(total) AS total
  FROM sale_line WHERE branch_id = $1 AND device_id = $2 AND seq = $3 ORDER BY line_no;

-- name: receipt_returns
-- What has come back of it by now, at any till of the shard.
SELECT l.product_id, l.original_line, -l.quantity AS quantity
  FROM sale s
  JOIN sale_line l USING (branch_id, device_id, seq, posted_at)
 WHERE s.original_branch_id = $1 AND s.original_device_id = $2 AND s.original_seq = $3
 ORDER BY s.posted_at, l.branch_id, l.device_id, l.seq, l.line_no;

-- name: note_contacts
-- Notes which tills are connected.
SELECT note_contacts($1::integer[], $2::integer[]);

-- name: note_silent_tills
-- Notes who has gone silent; how many are new.
SELECT note_silent_tills($1, $2);

-- name: silent_tills
-- Who is silent now.
SELECT branch_id, device_id, code, head_seq, told_seq, seen_at, received_at, open_shift, silent_since, why
  FROM silent_tills($1, $2);

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
   AND kind IN ('region', 'branch', 'category', 'product', 'price_list', 'price', 'tax', 'cashier', 'till_settings')
 ORDER BY r.xid, r.id
 LIMIT $4;

-- name: reference_count
-- How many rows of that kind there still are behind a cursor.
SELECT count(*)
  FROM reference r
 WHERE (r.xid, r.id) > ($1::text::xid8, $2::bigint)
   AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
   AND (branch_id IS NULL OR branch_id = $3)
   AND kind IN ('region', 'branch', 'category', 'product', 'price_list', 'price', 'tax', 'cashier', 'till_settings');

-- name: customer_head
-- The newest customer below the watermark; of all branches: who is known in one shop is known in the next.
SELECT xid::text::bigint AS xid, id
  FROM customer c
 WHERE c.xid < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY c.xid DESC, c.id DESC
 LIMIT 1;

-- name: customer_mark
-- What the history of this shard was at a transaction, by the newest push: only a push changes a customer.
SELECT coalesce((SELECT left(md5(encode(hash, 'hex') || extract(epoch FROM posted_at)), 12) FROM push
                  WHERE xid <= $1::text::xid8 ORDER BY xid DESC LIMIT 1), '');

-- name: customer_page
-- The next customers after a cursor and below the watermark.
SELECT 'customer' AS kind, customer_id::text AS key, jsonb_build_object(
           'customer_id', customer_id, 'name', name, 'phone', phone, 'email', email,
           'vat_number', vat_number, 'note', note)::text AS payload,
       xid::text::bigint AS xid, id
  FROM customer c
 WHERE (c.xid, c.id) > ($1::text::xid8, $2::bigint)
   AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY c.xid, c.id
 LIMIT $3;

-- name: customer_count
-- How many customers there still are behind a cursor.
SELECT count(*)
  FROM customer c
 WHERE (c.xid, c.id) > ($1::text::xid8, $2::bigint)
   AND c.xid < pg_snapshot_xmin(pg_current_snapshot());

-- name: begin_sign_in
-- Counts a sign-in and says whether the PIN may be looked at; see schema/shard/0011_sign_in.sql.
SELECT status, wait_ms, user_id, pin_hash, cashier_failures, device_failures
  FROM begin_sign_in($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: set_actor
-- Names who acts for the rest of the transaction: a lane, for whose pushes it is not needed, does not.
SELECT set_config('octonext.actor', $1, true);

-- name: end_sign_in
-- Takes the count of a right PIN back.
SELECT end_sign_in($1, $2, $3);
