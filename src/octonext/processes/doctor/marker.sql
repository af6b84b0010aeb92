-- A marker that reaches the disk and leaves nothing behind that anybody reads. It belongs to no branch.

-- name: write_row
-- A row with the marker, as a large object: real data files without a table of its own. Its number.
SELECT lo_from_bytea(0, $1::bytea) AS number;

-- name: write_log
-- The marker in the write-ahead log, in plain even where page images are compressed.
SELECT pg_logical_emit_message(true, 'octonext_doctor', $1::text);

-- name: flush
-- Everything to the disk.
CHECKPOINT;

-- name: forget_row
-- The row goes again.
SELECT lo_unlink($1::oid);
