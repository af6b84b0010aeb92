-- name: vacuum
-- What autovacuum would come round to do for the rows that were added.
VACUUM (ANALYZE);

-- name: checkpoint
-- Brings to disk what was written so far.
CHECKPOINT;
