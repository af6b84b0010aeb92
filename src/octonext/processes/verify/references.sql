-- Head office's master data, and each shard's copy of it.

-- name: region
-- The id of a region at head office.
SELECT region_id FROM region WHERE code = $1;

-- name: reference_cursor
-- How far a shard has applied head office's rows.
SELECT xid::text AS xid, id FROM feed_cursor WHERE feed = 'reference';

-- name: reference_at_hq
-- Head office's rows for a region; whether the shard's cursor has passed each.
SELECT kind, key, sha256(convert_to(coalesce(payload::text, ''), 'UTF8')) AS digest,
       (xid, id) <= ($2::text::xid8, $3::bigint) AS is_due
  FROM reference WHERE region_id IS NULL OR region_id = $1
 ORDER BY kind COLLATE "C", key COLLATE "C";

-- name: reference_at_shard
-- The shard's copy.
SELECT kind, key, sha256(convert_to(coalesce(payload::text, ''), 'UTF8')) AS digest, true AS is_due
  FROM reference ORDER BY kind COLLATE "C", key COLLATE "C";
