-- The statements of sealing and verifying. They span the branches of one database on purpose: a seal is over a
-- database. A reader of a sealed table gives each row as one record in binary form, key first and time last;
-- what the record is hashed to is computed by the caller, never here. Only functions of pg_catalog are called.

-- name: look
-- Where the database stands: everything below the watermark is final, whatever order the commits came in.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS watermark,
       pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
       clock_timestamp() AS database_clock, pg_postmaster_start_time() AS started_at,
       (SELECT system_identifier::text FROM pg_control_system()) AS system,
       CASE WHEN pg_is_in_recovery() THEN 0
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END AS timeline,
       (SELECT number FROM public.seal_canary) AS canary;

-- name: newest_head
-- The head that the next one follows.
SELECT number, head, signature, edge FROM public.seal_head ORDER BY number DESC LIMIT 1;

-- name: bound_push
-- The first transaction behind as many entries as one head takes; null when there are fewer.
SELECT xid::text FROM (
    SELECT xid, sum(last_seq - first_seq + 1) OVER (ORDER BY xid
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before, row_number() OVER (ORDER BY xid) AS n
      FROM (SELECT xid, first_seq, last_seq FROM public.push
             WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8 ORDER BY xid LIMIT $4::integer + 1) page) counted
 WHERE before >= $3::bigint OR n > $4::integer
 ORDER BY counted.xid LIMIT 1;

-- name: bound_audit
-- The same for changes.
SELECT xid::text FROM (
    SELECT xid, sum(changes) OVER (ORDER BY xid
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before, row_number() OVER (ORDER BY xid) AS n
      FROM (SELECT t.xid, (SELECT count(*) FROM public.audit_change c WHERE c.at = t.at AND c.xid = t.xid) AS changes
              FROM public.audit_transaction t
             WHERE t.xid >= $1::text::xid8 AND t.xid < $2::text::xid8
             ORDER BY t.xid LIMIT $4::integer + 1) page) counted
 WHERE before >= $3::bigint OR n > $4::integer
 ORDER BY counted.xid LIMIT 1;

-- name: read_push
-- Accepted pushes.
SELECT p.xid::text::bigint AS xid,
       record_send(ROW(p.xid, p.branch_id, p.device_id, p.first_seq, p.last_seq, p.hash, p.posted_at)) AS record
  FROM public.push p
 WHERE p.xid >= $1::text::xid8 AND p.xid < $2::text::xid8
 ORDER BY p.xid, p.branch_id, p.device_id, p.first_seq;

-- name: read_device_journal
-- The journal entries of those pushes, as one array for each push: an answer of few rows is quick to make and to read.
SELECT p.xid::text::bigint AS xid, ARRAY(
        SELECT record_send(ROW(t.branch_id, t.device_id, t.seq, t.hash, t.key_id, t.kind, t.bytes,
                   t.ciphertext, t.outcome::text, t.reason, t.till_at, t.hlc, t.received_at))
          FROM public.device_journal t
         WHERE t.branch_id = p.branch_id AND t.device_id = p.device_id
           AND t.seq BETWEEN p.first_seq AND p.last_seq AND t.received_at = p.posted_at
         ORDER BY t.seq) AS records
  FROM public.push p
 WHERE p.xid >= $1::text::xid8 AND p.xid < $2::text::xid8
 ORDER BY p.xid, p.branch_id, p.device_id, p.first_seq;

-- name: read_ledger_line
-- The ledger lines of those pushes, as one array for each push.
SELECT p.xid::text::bigint AS xid, ARRAY(
        SELECT record_send(ROW(t.branch_id, t.device_id, t.seq, t.line_no, t.account, t.debit,
                   t.credit, t.currency, t.business_date, t.posted_at))
          FROM public.ledger_line t
         WHERE t.branch_id = p.branch_id AND t.device_id = p.device_id
           AND t.seq BETWEEN p.first_seq AND p.last_seq AND t.posted_at = p.posted_at
         ORDER BY t.seq, t.line_no) AS records
  FROM public.push p
 WHERE p.xid >= $1::text::xid8 AND p.xid < $2::text::xid8
 ORDER BY p.xid, p.branch_id, p.device_id, p.first_seq;

-- name: read_audit_transaction
-- Who changed something audited.
SELECT t.xid::text::bigint AS xid,
       record_send(ROW(t.xid, t.actor_kind, t.actor_id, t.actor_name, t.actor_ip, t.device_id, t.key_thumbprint,
           t.user_agent, t.app_version, t.request_id, t.claim, t.login_role, t.session_role, t.set_role,
           t.client_addr, t.application_name, t.backend_pid, t.replication_role, t.at)) AS record
  FROM public.audit_transaction t
 WHERE t.xid >= $1::text::xid8 AND t.xid < $2::text::xid8
 ORDER BY t.xid, t.at;

-- name: read_audit_change
-- What those transactions changed.
SELECT t.xid::text::bigint AS xid, c.record, c.key, c.before, c.after
  FROM public.audit_transaction t CROSS JOIN LATERAL (
        SELECT a.id, record_send(ROW(a.xid, a.id, a.table_name, a.operation, a.at)) AS record,
               a.key::text AS key, a.before::text AS before, a.after::text AS after
          FROM public.audit_change a
         WHERE a.at = t.at AND a.xid = t.xid
        OFFSET 0) c
 WHERE t.xid >= $1::text::xid8 AND t.xid < $2::text::xid8
 ORDER BY t.xid, t.at, c.id;

-- name: orphans_device_journal
-- Entries that no push accounts for.
SELECT record_send(ROW(t.branch_id, t.device_id, t.seq, t.hash, t.key_id, t.kind, t.bytes,
           t.ciphertext, t.outcome::text, t.reason, t.till_at, t.hlc, t.received_at)) AS record
  FROM public.device_journal t
 WHERE NOT EXISTS (SELECT FROM public.push p
                    WHERE p.branch_id = t.branch_id AND p.device_id = t.device_id
                      AND p.posted_at = t.received_at AND t.seq BETWEEN p.first_seq AND p.last_seq);

-- name: orphans_ledger_line
-- Ledger lines that no push accounts for.
SELECT record_send(ROW(t.branch_id, t.device_id, t.seq, t.line_no, t.account, t.debit,
           t.credit, t.currency, t.business_date, t.posted_at)) AS record
  FROM public.ledger_line t
 WHERE NOT EXISTS (SELECT FROM public.push p
                    WHERE p.branch_id = t.branch_id AND p.device_id = t.device_id
                      AND p.posted_at = t.posted_at AND t.seq BETWEEN p.first_seq AND p.last_seq);

-- name: orphans_audit_change
-- Changes that no transaction of the trail accounts for.
SELECT record_send(ROW(a.xid, a.id, a.table_name, a.operation, a.at)) AS record,
       a.key::text AS key, a.before::text AS before, a.after::text AS after
  FROM public.audit_change a
 WHERE NOT EXISTS (SELECT FROM public.audit_transaction t WHERE t.at = a.at AND t.xid = a.xid);

-- name: canaries
-- Every step of the canary that the trail shows.
SELECT (a.after ->> 'number')::bigint AS number, a.xid::text::bigint AS xid
  FROM public.audit_change a
 WHERE a.table_name = 'seal_canary' AND a.operation IN ('insert', 'update') AND a.after ? 'number'
 ORDER BY a.xid;

-- name: replicas
-- Transactions in which ordinary triggers and foreign keys slept.
SELECT t.xid::text AS xid, t.at, t.login_role, t.session_role, t.application_name
  FROM public.audit_transaction t WHERE t.replication_role <> 'origin' ORDER BY t.xid;

-- name: insert_head
-- Appends a head if the one that it follows is still the newest; no row when another sealer was first.
INSERT INTO public.seal_head (number, head, signature, hash, tree_size, edge, watermark, sealed_at, catalogue)
SELECT $1, $2, $3, $4, $5, $6, $7::text::xid8, $8, $9
 WHERE (SELECT max(number) FROM public.seal_head) IS NOT DISTINCT FROM $10::bigint
   AND ($10::bigint IS NULL OR EXISTS (SELECT FROM public.seal_head WHERE number = $10 AND sha256(head) = $11))
RETURNING number;

-- name: insert_leaves
-- The head's manifest, in the same transaction.
INSERT INTO public.seal_leaves (number, leaves) VALUES ($1, $2);

-- name: insert_catalogue
-- The catalogue that the head speaks of, when it is new.
INSERT INTO public.seal_catalogue (digest, items) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: write_canary
-- The canary's next step.
UPDATE public.seal_canary SET number = number + 1, written_at = now() RETURNING number;

-- name: heads_after
-- Heads behind a number with what belongs to them, for copying and verifying.
SELECT h.number, h.head, h.signature, h.edge, l.leaves,
       CASE WHEN h.catalogue IS DISTINCT FROM (SELECT p.catalogue FROM public.seal_head p
                                                WHERE p.number < h.number ORDER BY p.number DESC LIMIT 1)
            THEN (SELECT c.items FROM public.seal_catalogue c WHERE c.digest = h.catalogue) END AS catalogue
  FROM public.seal_head h LEFT JOIN public.seal_leaves l USING (number)
 WHERE h.number > $1
 ORDER BY h.number
 LIMIT $2;

-- name: head_hash
-- Hash of one head, to compare with a copy; of its bytes, whatever the column beside them says.
SELECT sha256(head) AS hash FROM public.seal_head WHERE number = $1;

-- name: newest_copy
-- The newest copy of a database's heads that this database holds.
SELECT number, sha256(head) AS hash FROM public.seal_head_copy WHERE database = $1 ORDER BY number DESC LIMIT 1;

-- name: copies_before
-- Copies of a database's heads below a number, newest first, without their leaves.
SELECT number, head, signature FROM public.seal_head_copy
 WHERE database = $1 AND number < $2 ORDER BY number DESC LIMIT $3;

-- name: insert_copy
-- Keeps a copy of a head; a number that is there already stays as it is.
INSERT INTO public.seal_head_copy (database, number, head, signature, hash, leaves, catalogue)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING;

-- name: copies_after
-- Copies of a database's heads behind a number.
SELECT number, head, signature, leaves, catalogue FROM public.seal_head_copy
 WHERE database = $1 AND number > $2 ORDER BY number LIMIT $3;

-- name: register_key
-- Registers a public key; once.
INSERT INTO public.seal_key (database, key_id, public_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: keys
-- The registered keys of a database.
SELECT key_id, public_key FROM public.seal_key WHERE database = $1;

-- name: archives
-- Months whose rows are in an archive.
SELECT table_name, partition_name, from_at, until_at, row_count, file_name, file_sha256, tree_size, signature
  FROM public.seal_archive;

-- name: leaves_between
-- Heads and manifests, for whoever looks for the leaves of some rows.
SELECT h.number, h.tree_size, l.leaves
  FROM public.seal_head h JOIN public.seal_leaves l USING (number)
 WHERE h.number > $1 ORDER BY h.number LIMIT $2;

-- name: canary_recorded
-- Whether the trail shows what this very transaction did to the canary.
SELECT EXISTS (
    SELECT FROM public.audit_change a
     WHERE a.at = now() AND a.xid = pg_current_xact_id() AND a.table_name = 'seal_canary'
       AND a.after ->> 'number' = $1::bigint::text);

-- name: beyond
-- Rows that claim a transaction which is still to come.
SELECT 'push' AS table_name, xid::text::bigint AS xid, format('%s-%s-%s', xid, branch_id, device_id) AS key
  FROM public.push WHERE xid >= $1::text::xid8
UNION ALL
SELECT 'audit_transaction', xid::text::bigint, xid::text FROM public.audit_transaction WHERE xid >= $1::text::xid8
 ORDER BY 2 LIMIT 100;

-- name: beyond_audit
-- The same where there are no pushes.
SELECT 'audit_transaction' AS table_name, xid::text::bigint AS xid, xid::text AS key
  FROM public.audit_transaction WHERE xid >= $1::text::xid8 ORDER BY 2 LIMIT 100;

-- name: holds_copy
-- Whether a copy of a head is here.
SELECT EXISTS (SELECT FROM public.seal_head_copy WHERE database = $1 AND hash = $2);

-- name: breaks
-- Heads that do not follow the one before them, with its number: a loss, or the acceptance of one.
SELECT number, head, signature, before FROM (
    SELECT number, head, signature, coalesce(lag(number) OVER (ORDER BY number), 0) AS before,
           lag(sha256(head)) OVER (ORDER BY number) AS hash_before
      FROM public.seal_head) heads
 WHERE number <> before + 1
    OR position(convert_to('previous ' || encode(coalesce(hash_before, '\x'), 'hex'), 'UTF8') IN head) = 0
 ORDER BY number;

-- name: newest_number
-- The highest number of a head; 0 without one.
SELECT coalesce(max(number), 0) FROM public.seal_head;
