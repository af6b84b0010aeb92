-- Heads on their way to reporting; see feed.py.

-- name: heads_snapshot
-- When and in which snapshot we look.
SELECT statement_timestamp() AS read_at, pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
       pg_snapshot_xmax(pg_current_snapshot())::text AS xmax;

-- name: copy_heads
-- A page of heads, without their leaves.
SELECT xid, number AS id, $4::text AS source, number, tree_size, sealed_at AT TIME ZONE 'UTC' AS sealed_at,
       encode(hash, 'hex') AS hash, convert_from(head, 'UTF8') AS head, encode(signature, 'hex') AS signature
  FROM public.seal_head
 WHERE (xid, number) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY xid, number LIMIT $3::integer;

-- name: last_head
-- The place of the last head of such a page, and how many there are.
SELECT xid::text AS xid, number AS id, count FROM (
    SELECT xid, number, count(*) OVER () AS count FROM (
        SELECT xid, number FROM public.seal_head
         WHERE (xid, number) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY xid, number LIMIT $3::integer) page) counted
 ORDER BY xid DESC, number DESC LIMIT 1;
