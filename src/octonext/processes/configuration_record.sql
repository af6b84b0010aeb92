-- name: replace_digests
-- The digests of a machine's configuration as they are now; the keys that were added, changed or removed.
WITH given AS (
    SELECT * FROM unnest($2::text[], $3::bytea[]) AS g (key, digest)
), removed AS (
    DELETE FROM configuration_key c
     WHERE c.machine = $1 AND NOT EXISTS (SELECT FROM given g WHERE g.key = c.key)
    RETURNING c.key
), written AS (
    INSERT INTO configuration_key AS c (machine, key, digest)
    SELECT $1, g.key, g.digest FROM given g
    ON CONFLICT (machine, key) DO UPDATE SET digest = excluded.digest WHERE c.digest <> excluded.digest
    RETURNING c.key
)
SELECT key FROM removed UNION ALL SELECT key FROM written;
