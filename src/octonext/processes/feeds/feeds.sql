-- What a reset, and a restored head office, need of the databases. Numbers span the branches: head
-- office gives them once for the whole chain.

-- name: known_numbers
-- The largest numbers that a shard has seen: in its copy of head office's rows, and of tills that spoke.
SELECT coalesce(max(key::int) FILTER (WHERE kind = 'region'), 0) AS region,
       greatest(max(key::int) FILTER (WHERE kind = 'branch'), (SELECT max(branch_id) FROM device_head), 0)
           AS branch,
       greatest(max(key::int) FILTER (WHERE kind = 'device'), (SELECT max(device_id) FROM device_head), 0)
           AS device
  FROM reference
 WHERE kind IN ('region', 'branch', 'device');

-- name: lock_numbers
-- Nobody creates a region, branch or till while the numbers are raised.
LOCK TABLE region, branch, device IN SHARE ROW EXCLUSIVE MODE;

-- name: next_numbers
-- The largest numbers that head office has given, or has reserved for itself; 0 before the first one.
SELECT (SELECT last_value - (NOT is_called)::int FROM region_region_id_seq) AS region,
       (SELECT last_value - (NOT is_called)::int FROM branch_branch_id_seq) AS branch,
       (SELECT last_value - (NOT is_called)::int FROM device_device_id_seq) AS device;

-- name: raise_number
-- The next number that head office gives is larger than this one.
SELECT setval(pg_get_serial_sequence($1::text, $1::text || '_id'), $2::bigint);
