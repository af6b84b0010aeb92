-- The directory at head office. Every statement here spans branches: this is what finds them.

-- name: insert_organisation
-- A new legal entity.
INSERT INTO organisation (organisation_id, code, name_en, name_ar) VALUES ($1, $2, $3, $4)
RETURNING organisation_id, code, name_en, name_ar;

-- name: list_organisations
-- A page of legal entities by code.
SELECT organisation_id, code, name_en, name_ar FROM organisation
WHERE code > $1 ORDER BY code LIMIT $2;

-- name: insert_region
-- A new region.
INSERT INTO region (code, jurisdiction, currency, time_zone, name_en, name_ar)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING region_id, code, jurisdiction, currency, time_zone, name_en, name_ar;

-- name: list_regions
-- A page of regions by number.
SELECT region_id, code, jurisdiction, currency, time_zone, name_en, name_ar FROM region
WHERE region_id > $1 ORDER BY region_id LIMIT $2;

-- name: register_shard
-- A shard as the settings name it now; its jurisdiction is compared by the caller.
INSERT INTO shard AS s (shard_id, region_code, jurisdiction, sync_public_key) VALUES ($1, $2, $3, $4)
ON CONFLICT (shard_id) DO UPDATE
SET region_code = excluded.region_code, sync_public_key = excluded.sync_public_key
WHERE s.jurisdiction = excluded.jurisdiction
RETURNING shard_id;

-- name: shard_jurisdiction
-- Whose law a registered shard is under.
SELECT jurisdiction FROM shard WHERE shard_id = $1;

-- name: list_shards
-- A page of shards with how many branches write to each.
SELECT s.shard_id, s.region_code, s.jurisdiction, count(b.branch_id) AS branch_count
FROM shard AS s LEFT JOIN branch AS b USING (shard_id)
WHERE s.shard_id > $1 GROUP BY s.shard_id ORDER BY s.shard_id LIMIT $2;

-- name: placement
-- The codes and jurisdictions of a region and of a shard, to explain a refusal before it happens.
SELECT (SELECT code FROM region WHERE region_id = $1) AS region_code,
       (SELECT jurisdiction FROM region WHERE region_id = $1) AS region_jurisdiction,
       (SELECT region_code FROM shard WHERE shard_id = $2) AS shard_region_code,
       (SELECT jurisdiction FROM shard WHERE shard_id = $2) AS shard_jurisdiction;

-- name: insert_branch
-- A new branch, under its region's jurisdiction.
INSERT INTO branch (organisation_id, region_id, shard_id, jurisdiction, code, name_en, name_ar)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING branch_id;

-- name: get_branch
-- One branch with what it has from its region.
SELECT b.branch_id, b.organisation_id, b.region_id, b.shard_id, b.code, b.name_en, b.name_ar,
       b.jurisdiction, r.currency, r.time_zone, b.active
FROM branch AS b JOIN region AS r USING (region_id) WHERE b.branch_id = $1;

-- name: list_branches
-- A page of branches by number.
SELECT b.branch_id, b.organisation_id, b.region_id, b.shard_id, b.code, b.name_en, b.name_ar,
       b.jurisdiction, r.currency, r.time_zone, b.active
FROM branch AS b JOIN region AS r USING (region_id)
WHERE b.branch_id > $1 ORDER BY b.branch_id LIMIT $2;

-- name: change_branch
-- New names or state of a branch; null leaves a value as it is.
UPDATE branch SET name_en = coalesce($2, name_en), name_ar = coalesce($3, name_ar),
                  active = coalesce($4, active)
WHERE branch_id = $1 RETURNING branch_id;

-- name: lock_branch
-- Holds a branch while a till's code is chosen, so that two tills do not get the same.
SELECT branch_id FROM branch WHERE branch_id = $1 FOR NO KEY UPDATE;

-- name: next_till_code
-- The code after the highest T<number> of a branch.
SELECT 'T' || lpad((coalesce(max(substr(code, 2)::int), 0) + 1)::text,
                   greatest(2, length((coalesce(max(substr(code, 2)::int), 0) + 1)::text)), '0')
FROM device WHERE branch_id = $1 AND code ~ '^T[0-9]{1,7}$';

-- name: insert_till
-- A till that no machine is yet.
INSERT INTO device (branch_id, code, name) VALUES ($1, $2, $3)
RETURNING device_id, branch_id, code, name, status, reason, enrolled_at;

-- name: get_till
-- One till.
SELECT device_id, branch_id, code, name, status, reason, enrolled_at FROM device WHERE device_id = $1;

-- name: list_tills
-- A page of tills by number, of one branch or of all.
SELECT device_id, branch_id, code, name, status, reason, enrolled_at FROM device
WHERE device_id > $1 AND ($3::int IS NULL OR branch_id = $3) ORDER BY device_id LIMIT $2;

-- name: set_enrolment
-- The one code that enrols a till; an older one stops working.
INSERT INTO enrolment (device_id, code_digest, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (device_id) DO UPDATE
SET code_digest = excluded.code_digest, expires_at = excluded.expires_at, created_at = now();

-- name: use_enrolment
-- Spends a code: whoever deletes the row has it, so it serves once however many try at a time.
DELETE FROM enrolment WHERE code_digest = $1 AND expires_at > $2 RETURNING device_id;

-- name: enrol_till
-- A pending till becomes the machine that holds this key.
UPDATE device SET status = 'enrolled', public_key = $2, share_key = $3, footprint = $4::jsonb,
                  name = CASE WHEN $5 = '' THEN name ELSE $5 END, enrolled_at = $6
WHERE device_id = $1 AND status = 'pending' RETURNING share_generation;

-- name: enrolled_till
-- Everything a till is told once it is enrolled.
SELECT d.device_id, d.code AS device_code, b.branch_id, b.code AS branch_code,
       b.name_en, b.name_ar, b.region_id, b.shard_id, s.sync_public_key, b.jurisdiction,
       r.currency, r.time_zone
FROM device AS d JOIN branch AS b USING (branch_id) JOIN region AS r USING (region_id)
     JOIN shard AS s USING (shard_id)
WHERE d.device_id = $1;

-- name: revoke_till
-- A till that may not sync any more. Of one that was stolen, no share that it ever had is derived again.
UPDATE device SET status = 'revoked', reason = CASE WHEN reason = 'stolen' THEN reason ELSE $2 END,
                  share_generation = share_generation
                      + CASE WHEN $2 = 'stolen' AND reason IS DISTINCT FROM 'stolen' THEN 1 ELSE 0 END
WHERE device_id = $1
RETURNING device_id, branch_id, code, name, status, reason, enrolled_at;

-- name: drop_enrolment
-- A revoked till's unused code opens nothing.
DELETE FROM enrolment WHERE device_id = $1;

-- name: unlock_till
-- Wrong PINs at an enrolled till before now count no more.
UPDATE device SET unlocked_at = now() WHERE device_id = $1 AND status = 'enrolled'
RETURNING device_id, branch_id, code, name, status, reason, enrolled_at;
