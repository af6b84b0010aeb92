-- What a shard records of its tables, and which of them only grow: nearly all.

CALL append_only('device_key');
CALL append_only('device_journal');
CALL append_only('push');
CALL append_only('journal_fork');
CALL append_only('opened_case');
CALL append_only('sale');
CALL append_only('sale_line');
CALL append_only('sale_payment');
CALL append_only('stock_adjustment');
CALL append_only('ledger_line');
CALL append_only('till_event');
CALL append_only('reference_history');

-- Running totals change with every push, each by what the append-only rows of that push sum up to, which
-- `octonext verify` compares. Recording them again would cost the checkouts much and tell nothing; a change
-- that comes from anywhere else is recorded row by row.
CALL audit_kept_table('stock_balance', ARRAY['ingest_push']);
CALL audit_kept_table('account_balance', ARRAY['ingest_push']);
CALL audit_kept_table('shift', ARRAY['ingest_push']);
CALL audit_kept_table('device_head', ARRAY['ingest_push', 'begin_session', 'note_silent_tills']);

-- The copy of head office's rows, whose every change was recorded there, and which `octonext verify` compares.
-- A page that is applied leaves one event; whatever else changes the copy is recorded row by row.
CALL audit_kept_table('reference', ARRAY['apply_reference'], 'payload.pin_hash');
CALL audit_kept_table('feed_cursor', ARRAY['apply_reference']);
