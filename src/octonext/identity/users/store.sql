-- Users and roles at head office. They belong to no branch.

-- name: insert_user
-- A new user.
INSERT INTO user_account (user_id, name, full_name, password_hash, regions) VALUES ($1, $2, $3, $4, $5);

-- name: add_roles
-- Roles that a user has from now on.
INSERT INTO user_role (user_id, role) SELECT $1, r FROM unnest($2::text[]) AS r ON CONFLICT DO NOTHING;

-- name: remove_roles
-- Roles that a user no longer has.
DELETE FROM user_role WHERE user_id = $1 AND role <> ALL ($2::text[]);

-- name: change_user
-- New values of a user; null leaves one as it is, and $4 says whether the limit to regions changes.
UPDATE user_account SET full_name = coalesce($2, full_name),
                        regions = CASE WHEN $4 THEN $3::text[] ELSE regions END
WHERE user_id = $1 RETURNING user_id;

-- name: switch_user
-- Lets a user sign in, or no more.
UPDATE user_account SET active = $2 WHERE user_id = $1 AND active <> $2 RETURNING user_id;

-- name: set_password
-- A new password.
UPDATE user_account SET password_hash = $2 WHERE user_id = $1 RETURNING name;

-- name: user_name
-- Under which name somebody signs in.
SELECT name FROM user_account WHERE user_id = $1;

-- name: password_hash
-- What the password of somebody who may sign in is compared with.
SELECT name, password_hash FROM user_account WHERE user_id = $1 AND active;

-- name: end_sessions
-- Everything that was opened with a user's password, but for one session, if any.
UPDATE api_token SET revoked_at = $2
WHERE user_id = $1 AND revoked_at IS NULL AND token_id IS DISTINCT FROM $3;

-- name: get_user
-- One user, without the password.
SELECT u.user_id, u.name, u.full_name, u.regions, u.active, u.created_at,
       ARRAY (SELECT r.role FROM user_role AS r WHERE r.user_id = u.user_id ORDER BY r.role) AS roles,
       ARRAY (SELECT s.scope FROM user_scope AS s WHERE s.user_id = u.user_id ORDER BY s.scope) AS scopes
FROM user_account AS u WHERE u.user_id = $1;

-- name: list_users
-- A page of users by name, without their passwords.
SELECT u.user_id, u.name, u.full_name, u.regions, u.active, u.created_at,
       ARRAY (SELECT r.role FROM user_role AS r WHERE r.user_id = u.user_id ORDER BY r.role) AS roles,
       ARRAY (SELECT s.scope FROM user_scope AS s WHERE s.user_id = u.user_id ORDER BY s.scope) AS scopes
FROM user_account AS u WHERE u.name > $1 ORDER BY u.name LIMIT $2;

-- name: lock_role
-- Holds a role while what it may do changes: a cashier who gets it meanwhile waits, and is published with
-- the new permissions.
SELECT name FROM role WHERE name = $1 FOR UPDATE;

-- name: remove_till_permissions
-- What a role may no longer do at a till.
DELETE FROM role_permission AS p USING permission AS n
WHERE p.role = $1 AND n.name = p.permission AND n.used = 'till' AND p.permission <> ALL ($2::text[]);

-- name: add_till_permissions
-- What a role may do at a till from now on.
INSERT INTO role_permission (role, permission)
SELECT $1, n.name FROM permission AS n WHERE n.used = 'till' AND n.name = ANY ($2::text[])
ON CONFLICT DO NOTHING;

-- name: list_roles
-- Every role, or the one of a name, with what it may do.
SELECT r.name, r.description,
       ARRAY (SELECT p.permission FROM role_permission AS p JOIN permission AS n ON n.name = p.permission
              WHERE p.role = r.name AND n.used = 'till' ORDER BY p.permission) AS till_permissions,
       ARRAY (SELECT p.permission FROM role_permission AS p JOIN permission AS n ON n.name = p.permission
              WHERE p.role = r.name AND n.used = 'api' ORDER BY p.permission) AS scopes
FROM role AS r WHERE $1::text IS NULL OR r.name = $1 ORDER BY r.name;
