-- Users, cashiers and tokens at head office. A person may work in many branches, a token in all.

-- name: create_first_user
-- The administrator of a new installation; nothing when there is any user already.
WITH made AS (
    INSERT INTO user_account (user_id, name, password_hash)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM user_account)
    ON CONFLICT (name) DO NOTHING
    RETURNING user_id
), entitled AS (
    INSERT INTO user_role (user_id, role) SELECT user_id, 'administrator' FROM made
)
SELECT user_id FROM made;

-- name: has_user
-- Whether there is any user, so that nothing is hashed in vain.
SELECT EXISTS (SELECT FROM user_account);

-- name: replace_password
-- A new password of an administrator, who may sign in with it even if switched off or demoted before.
WITH changed AS (
    UPDATE user_account SET password_hash = $2, active = true, regions = NULL WHERE name = $1
    RETURNING user_id
), entitled AS (
    INSERT INTO user_role (user_id, role) SELECT user_id, 'administrator' FROM changed ON CONFLICT DO NOTHING
)
SELECT user_id FROM changed;

-- name: find_user
-- Who signs in under a name.
SELECT u.user_id, u.password_hash, u.regions,
       ARRAY (SELECT s.scope FROM user_scope AS s WHERE s.user_id = u.user_id ORDER BY s.scope) AS scopes
FROM user_account AS u WHERE u.name = $1 AND u.active;

-- name: hold_user
-- Whether somebody may still sign in with the password of this hash; whoever would change that waits for us.
SELECT true FROM user_account WHERE user_id = $1 AND password_hash = $2 AND active FOR SHARE;

-- name: unknown_regions
-- Which of these codes no region has.
SELECT asked FROM unnest($1::text[]) AS asked
WHERE NOT EXISTS (SELECT FROM region AS r WHERE r.code = asked) ORDER BY asked;

-- name: insert_token
-- A new token; only its digest is kept.
INSERT INTO api_token (token_id, digest, name, scopes, user_id, expires_at, regions)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING token_id, name, scopes, regions, created_at, expires_at, revoked_at;

-- name: list_tokens
-- A page of tokens, oldest first (their ids are ordered by time).
SELECT token_id, name, scopes, regions, created_at, expires_at, revoked_at FROM api_token
WHERE token_id > $1 ORDER BY token_id LIMIT $2;

-- name: revoke_token
-- A token that works no more; the first revocation's time stays.
UPDATE api_token SET revoked_at = coalesce(revoked_at, $2) WHERE token_id = $1
RETURNING token_id, name, scopes, regions, created_at, expires_at, revoked_at;

-- name: revoke_tokens_of_user
-- Everything that was opened with a user's old password; tokens for programs belong to nobody and stay.
UPDATE api_token SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL;

-- name: find_token
-- The living token of a digest. A session may what its user may now, whatever that was when it began.
SELECT t.digest, t.token_id, t.name, t.user_id, t.expires_at, t.regions, u.regions AS user_regions,
       CASE WHEN t.user_id IS NULL THEN t.scopes
            ELSE ARRAY (SELECT s.scope FROM user_scope AS s WHERE s.user_id = t.user_id) END AS scopes
FROM api_token AS t LEFT JOIN user_account AS u USING (user_id)
WHERE t.digest = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
  AND coalesce(u.active, true);

-- name: load_tokens
-- Every living token, newest first, as many as a cache takes.
SELECT t.digest, t.token_id, t.name, t.user_id, t.expires_at, t.regions, u.regions AS user_regions,
       CASE WHEN t.user_id IS NULL THEN t.scopes
            ELSE ARRAY (SELECT s.scope FROM user_scope AS s WHERE s.user_id = t.user_id) END AS scopes
FROM api_token AS t LEFT JOIN user_account AS u USING (user_id)
WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
  AND coalesce(u.active, true)
ORDER BY t.token_id DESC LIMIT $1;

-- name: insert_cashier
-- A new cashier.
INSERT INTO cashier (user_id, region_id, code, name_en, name_ar, role, pin_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: change_cashier
-- New values of a cashier; null leaves one as it is.
UPDATE cashier SET name_en = coalesce($2, name_en), name_ar = coalesce($3, name_ar),
                   role = coalesce($4, role), pin_hash = coalesce($5, pin_hash),
                   active = coalesce($6, active)
WHERE user_id = $1 RETURNING region_id;

-- name: remove_cashier_branches
-- Branches where a cashier no longer works.
DELETE FROM cashier_branch WHERE user_id = $1 AND branch_id <> ALL ($2::int[]);

-- name: add_cashier_branches
-- Branches where a cashier works from now on.
INSERT INTO cashier_branch (user_id, branch_id, region_id)
SELECT $1, b, $3 FROM unnest($2::int[]) AS b ON CONFLICT DO NOTHING;

-- name: get_cashier
-- One cashier, without the PIN.
SELECT c.user_id, c.region_id, c.code, c.name_en, c.name_ar, c.role, c.active,
       ARRAY (SELECT b.branch_id FROM cashier_branch AS b WHERE b.user_id = c.user_id
              ORDER BY b.branch_id) AS branch_ids
FROM cashier AS c WHERE c.user_id = $1;

-- name: list_cashiers
-- A page of cashiers, without their PINs, of one region or of all.
SELECT c.user_id, c.region_id, c.code, c.name_en, c.name_ar, c.role, c.active,
       ARRAY (SELECT b.branch_id FROM cashier_branch AS b WHERE b.user_id = c.user_id
              ORDER BY b.branch_id) AS branch_ids
FROM cashier AS c
WHERE c.user_id > $1 AND ($3::int IS NULL OR c.region_id = $3) ORDER BY c.user_id LIMIT $2;
