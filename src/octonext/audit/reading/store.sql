-- Reading the trail of one database. Each statement is planned for its very arguments (see store.py): what
-- is null here falls away before the plan is chosen.

-- name: prepare_reading
-- Who reads, for the record of it; a deadline of our own, far below the lane's; no plan for arguments in general; and no reading of a whole
-- month because its statistics are old: what is looked for is rare, and the indexes know where it is not.
SELECT set_config('statement_timeout', $1, true), set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('enable_seqscan', 'off', true), set_config('octonext.actor', $2, true);

-- name: page
-- Rows before a place, newest first. The first comparison with it only tells PostgreSQL which months to skip.
-- A change whose transaction row is missing is shown all the same: somebody wrote it past the triggers.
SELECT c.at, c.xid::text AS xid, c.id, c.table_name, c.operation, c.key::text AS key,
       c.before::text AS before, c.after::text AS after,
       t.actor_kind, t.actor_id, t.actor_name, host(t.actor_ip) AS actor_ip, t.device_id, t.key_thumbprint,
       t.user_agent, t.app_version, t.request_id, t.claim,
       t.login_role, t.session_role, t.set_role, host(t.client_addr) AS client_addr, t.application_name,
       t.backend_pid, t.replication_role
FROM audit_change AS c LEFT JOIN audit_transaction AS t ON t.at = c.at AND t.xid = c.xid
WHERE c.at <= $1::timestamptz AND (c.at, c.xid, c.id) < ($1::timestamptz, $2::text::xid8, $3::bigint)
  AND ($4::timestamptz IS NULL OR c.at >= $4::timestamptz)
  AND ($5::timestamptz IS NULL OR c.at < $5::timestamptz)
  AND ($6::text IS NULL OR c.table_name = $6::text)
  AND ($7::text IS NULL OR c.key::text = $7::text::jsonb::text)
  AND ($8::text IS NULL OR c.operation = $8::text)
  AND ($9::text IS NULL OR (c.table_name = 'event' AND c.key::text = jsonb_build_object('event', $9::text)::text))
  AND ($10::text IS NULL OR t.actor_id = $10::text OR t.actor_name = $10::text)
  AND ($11::text IS NULL OR t.actor_kind = $11::text)
  AND ($12::int IS NULL OR t.device_id = $12::int)
  AND ($13::cidr IS NULL OR t.actor_ip <<= $13::cidr OR t.client_addr <<= $13::cidr)
  AND ($14::text IS NULL OR c.xid = $14::text::xid8)
ORDER BY c.at DESC, c.xid DESC, c.id DESC
LIMIT $15;

-- name: record_reading
-- That, by whom and for what the trail was read, and how many rows of it were given.
SELECT audit_event('trail_read', $1::text::jsonb);
