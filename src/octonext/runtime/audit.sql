-- name: set_actor
-- Names who acts for the rest of the transaction; see runtime.actor.claim_of.
SELECT set_config('octonext.actor', $1, true);

-- name: record_event
-- One event of the audit trail, by whoever acts in this transaction.
SELECT audit_event($1, $2::text::jsonb);
