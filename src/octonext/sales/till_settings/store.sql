-- Settings of tills at head office.

-- name: get_till_settings
-- The settings of a region or a branch.
SELECT settings::text FROM till_settings WHERE scope = $1 AND id = $2;

-- name: region_of
-- The region of a region, or of a branch, if there is such a one.
SELECT region_id FROM region WHERE $1 = 'region' AND region_id = $2
UNION ALL
SELECT region_id FROM branch WHERE $1 = 'branch' AND branch_id = $2;

-- name: put_till_settings
-- The settings of a region or a branch, in place of those before.
INSERT INTO till_settings (scope, id, region_id, branch_id, settings)
VALUES ($1, $2, $3, CASE WHEN $1 = 'branch' THEN $2::int END, $4::text::jsonb)
ON CONFLICT (scope, id) DO UPDATE SET settings = excluded.settings;
