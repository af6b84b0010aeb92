-- Moving months of the trail out of a database. Each spans the branches of one database: so does the trail.

-- name: months
-- The months that have partitions, oldest first.
SELECT DISTINCT replace(right(c.relname, 7), '_', '-') AS month
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent IN ('public.audit_change'::regclass, 'public.audit_transaction'::regclass)
 ORDER BY 1;

-- name: extent
-- How many rows a month has, and between which transactions they lie.
SELECT (SELECT count(*) FROM public.audit_transaction WHERE at >= $1 AND at < $2) AS transactions,
       count(*) AS changes,
       least(min(c.xid), (SELECT min(xid) FROM public.audit_transaction WHERE at >= $1 AND at < $2))::text AS first,
       greatest(max(c.xid), (SELECT max(xid) FROM public.audit_transaction WHERE at >= $1 AND at < $2))::text AS last
  FROM public.audit_change AS c WHERE c.at >= $1 AND c.at < $2;

-- name: heads_over
-- Heads over transactions $2 to $3 behind the head $1, with their manifests and where each begins.
SELECT h.number, h.head, h.signature, l.leaves, h.watermark::text AS watermark,
       coalesce((SELECT p.watermark::text FROM public.seal_head p WHERE p.number < h.number
                  ORDER BY p.number DESC LIMIT 1), '0') AS start
  FROM public.seal_head h JOIN public.seal_leaves l USING (number)
 WHERE h.number > $1 AND h.watermark > $2::text::xid8
   AND h.number <= (SELECT min(number) FROM public.seal_head WHERE watermark > $3::text::xid8)
 ORDER BY h.number LIMIT $4;

-- name: wait_little
-- Who waits for a lock makes those behind wait as well; a till must not notice.
SELECT set_config('lock_timeout', $1, true);

-- name: archive_month
-- Takes a month out of the database, and says where it is.
SELECT archive_month($1, $2, $3, $4, $5, $6, $7, $8);
